import { randomUUID } from 'node:crypto';
import { postgresStore } from '../../src/repos/tables/postgres.ts';
import { KnexDeadLetters } from '../../src/uow/dead-letters.ts';
import { KnexOutboxMaintenance } from '../../src/uow/outbox-maintenance.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import * as a from '../support/builders.ts';
import { describeOutboxMaintenance } from '../support/contract/outbox-maintenance.contract.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waiting } from '../support/faults.ts';

const SILENCE = 60_000;

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

test('neither a silent lane is forgotten that is just writing, nor a free key whose replay that is', async () => {
  const { db } = database;
  await database.clear();
  const maintenance = new KnexOutboxMaintenance(db);
  const [lane, key] = [a.laneId(1), a.tenantId(1)];
  await db('lanes').insert({ lane, seen_at: '-infinity' });
  await db('parked_keys').insert({ key, parked: false, lane: a.laneId(2) });
  const replay = await db.transaction();
  const { parkedKeys, outbox } = postgresStore(replay);
  await parkedKeys.leave(1, [key], lane);
  await outbox.write({ lane, living: false, delivered: undefined, rows: [{ seq: 0, ...a.anEvent(key, 'owed') }] });
  try {
    await maintenance.forget(SILENCE);
    await maintenance.forgetFreedKeys();
  } finally {
    await replay.commit();
  }
  expect(await db('lanes').pluck('lane')).toEqual([lane]);
  expect(await db('parked_keys').pluck('lane')).toEqual([lane]);
  expect(await maintenance.relay(SILENCE, 9, async () => undefined)).toBe(1);
});

test('of two workers that prune at once, one does not wait for the other and leaves the rows to it', async () => {
  const { db } = database;
  await database.clear();
  const maintenance = new KnexOutboxMaintenance(db);
  const old = [1, 2, 3].map((n) => a.aMessage(n));
  await new KnexUnitOfWork(db, randomUUID).run(old, async () => undefined);
  await db.raw(`UPDATE inbox SET received_at = received_at - interval '1 hour'`);
  const held = await db.transaction();
  await held.raw('SELECT FROM inbox LIMIT 1 FOR UPDATE');
  const first = maintenance.pruneInbox(60_000, 10);
  await waiting(db, 'transactionid');
  expect(await maintenance.pruneInbox(60_000, 10)).toBe(0);
  await held.rollback();
  expect(await first).toBe(3);
  expect(await db('inbox')).toEqual([]);
});

test('a message that is renewed while it is being pruned is remembered', async () => {
  const { db } = database;
  await database.clear();
  const message = a.aMessage(1);
  const unitOfWork = new KnexUnitOfWork(db, randomUUID);
  await unitOfWork.run([message], async () => undefined);
  await db.raw(`UPDATE inbox SET received_at = received_at - interval '1 hour'`);
  let pruning: Promise<number> | undefined;
  await unitOfWork.run([a.aMessage(1, { bytes: 'others' })], async () => {
    pruning = new KnexOutboxMaintenance(db).pruneInbox(60_000, 10);
    await waiting(db, 'transactionid');
  });
  expect(await pruning).toBe(0);
  expect(await db('inbox')).toHaveLength(1);
});
