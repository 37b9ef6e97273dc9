import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { SubdivisionKey } from '../../../src/ports/repositories.ts';
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
    timers: async () => {
      const { rows } = await db.raw<{ rows: readonly StoredTimer[] }>(
        `SELECT tenant_id AS "tenantId", subdivision_id AS "subdivisionId", due_at AS "dueAt", is_notice AS "isNotice",
           queued_at IS NOT NULL AS "isQueued" FROM subdivision_timers ORDER BY tenant_id, subdivision_id`,
      );
      return rows.map(({ dueAt, isNotice, ...timer }) => ({ ...timer, due: { at: dueAt.getTime(), isNotice } }));
    },
    queueTimers: async () => {
      await db('subdivision_timers').update({ queued_at: db.fn.now(), resent: true });
    },
    putTimer: async ({ tenantId, subdivisionId }, { at, isNotice }) => {
      const row = { due_at: new Date(at), is_notice: isNotice };
      await db('subdivision_timers').insert({ tenant_id: tenantId, subdivision_id: subdivisionId, ...row });
    },
    takeOwedEntitlements: async () => {
      const sql = `DELETE FROM entitlements WHERE NOT is_repetition
        RETURNING tenant_id AS "tenantId", subdivision_id AS "subdivisionId"`;
      const { rows } = await db.raw<{ rows: readonly SubdivisionKey[] }>(sql);
      return rows.toSorted((a, b) => (a.subdivisionId < b.subdivisionId ? -1 : 1));
    },
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

interface StoredTimer extends SubdivisionKey {
  readonly dueAt: Date;
  readonly isNotice: boolean;
  readonly isQueued: boolean;
}
