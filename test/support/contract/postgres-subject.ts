import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { KnexDeadLetters } from '../../../src/uow/dead-letters.ts';
import { KnexDecidedOffsets } from '../../../src/uow/decided-offsets.ts';
import { KnexUnitOfWork } from '../../../src/uow/unit-of-work.ts';
import { owedIn } from '../owed.ts';
import type { Subject } from './subject.ts';

/** The unit of work over a database, whatever leads there. The tables are to be empty. */
export function postgresSubject(db: Knex): Subject {
  return {
    unitOfWork: new KnexUnitOfWork(db, randomUUID),
    letters: new KnexDeadLetters(db),
    decidedOffsets: new KnexDecidedOffsets(db),
    outbox: async () => (await owedIn(db)).map(({ lane, seq, value }) => ({ lane, seq, text: String(value) })),
    clock: async () => {
      const sql = `SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now`;
      const { rows } = await db.raw<{ rows: readonly { readonly now: string }[] }>(sql);
      return Number(rows[0]?.now);
    },
    forgetMessages: async () => {
      await db('inbox').del();
    },
    deadLetters: () => db('dead_letters').orderBy('letter_id').pluck('offset'),
  };
}
