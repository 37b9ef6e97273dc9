import { randomUUID } from 'node:crypto';
import { KnexDeadLetters } from '../../src/uow/dead-letters.ts';
import { KnexOutboxMaintenance } from '../../src/uow/outbox-maintenance.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import { describeOutboxMaintenance } from '../support/contract/outbox-maintenance.contract.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

describeOutboxMaintenance('KnexOutboxMaintenance', async () => {
  const { db } = database;
  await database.clear();
  return {
    unitOfWork: new KnexUnitOfWork(db, randomUUID),
    maintenance: new KnexOutboxMaintenance(db),
    letters: new KnexDeadLetters(db),
    ageLetter: async (letterId, by) => {
      await db.raw(
        `UPDATE dead_letters SET resolved_at = resolved_at - ? * interval '1 millisecond' WHERE letter_id = ?`,
        [by, letterId],
      );
    },
    parkedKeyRows: async () => (await db('parked_keys')).length,
    ageLane: async (lane, by) => {
      await db.raw(`UPDATE lanes SET seen_at = seen_at - ? * interval '1 millisecond' WHERE lane = ?`, [by, lane]);
    },
    ageMessage: async (hash, by) => {
      await db.raw(
        `UPDATE inbox SET received_at = received_at - ? * interval '1 millisecond' WHERE identity = ?::uuid`,
        [by, hash],
      );
    },
    owed: async () => {
      const rows = await db('outbox').select('value').orderBy(['lane', 'seq']);
      return rows.map(({ value }: { readonly value: Buffer }) => value.toString());
    },
    lanes: () => db('lanes').orderBy('lane').pluck('lane'),
  };
});
