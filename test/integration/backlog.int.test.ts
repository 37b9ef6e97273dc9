import { randomUUID } from 'node:crypto';
import type { Backlog } from '../../src/ports/backlog.ts';
import { openLetters } from '../../src/repos/tables/backlog.ts';
import { KnexBacklog } from '../../src/uow/backlog.ts';
import * as a from '../support/builders.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const MINUTE = 60_000;

let database: TestDatabase;
let time = 0;
let backlog: KnexBacklog;

beforeAll(async () => (database = await createTestDatabase()));
beforeEach(async () => {
  await database.clear();
  backlog = new KnexBacklog(database.db, () => time);
});
afterAll(() => database.drop());

it('finds nothing where nothing waits, and each reason of letters all the same', async () => {
  const none = { count: 0, oldestMs: 0 };
  const found = await backlog.read();
  expect(found).toMatchObject({ outbox: none, parkedKeys: none, timers: none, entitlements: none });
  expect([...found.deadLetters.values()]).toEqual(Array.from({ length: 8 }, () => none));
});

it('counts messages that are owed one by one and in chunks, and tells how long the first of a lane has stayed', async () => {
  const [lane, other] = [randomUUID(), randomUUID()];
  for (const seq of [4, 5]) {
    await database.db('outbox').insert({ lane, seq, topic: 'events', headers: Buffer.alloc(0) });
  }
  await database.db('outbox_chunks').insert({ lane: other, seq: 9, messages: 40, body: Buffer.alloc(1) });
  time = 1_000;
  expect((await backlog.read()).outbox).toEqual({ count: 42, oldestMs: 0 });
  time = 5_000;
  expect((await backlog.read()).outbox).toEqual({ count: 42, oldestMs: 4_000 });
  await database.db('outbox').where({ lane, seq: 4 }).del();
  await database.db('outbox_chunks').del();
  time = 6_000;
  expect((await backlog.read()).outbox).toEqual({ count: 1, oldestMs: 0 });
});

it('counts open letters by reason, and parked keys', async () => {
  await letter({ reason: 'UnknownType', ago: 2 * MINUTE });
  await letter({ reason: 'UnknownType', ago: MINUTE });
  await letter({ reason: 'HandlerFailed', ago: MINUTE });
  await letter({ reason: 'HandlerFailed', ago: 9 * MINUTE, state: 'discarded' });
  const [parked, free] = [randomUUID(), randomUUID()];
  await database.db.raw(
    `INSERT INTO parked_keys (key, parked, parked_at) VALUES (?::uuid, true, now() - interval '3 minutes'), (?::uuid, false, now())`,
    [parked, free],
  );
  const found = await backlog.read();
  expectOldest(found.deadLetters.get('UnknownType'), 2, 2 * MINUTE);
  expectOldest(found.deadLetters.get('HandlerFailed'), 1, MINUTE);
  expect(found.deadLetters.get('IdReused')).toEqual({ count: 0, oldestMs: 0 });
  expectOldest(found.parkedKeys, 1, 3 * MINUTE);
});

it('tells of each reason, however many letters another has', async () => {
  for (const reason of ['HandlerFailed', 'HandlerFailed', 'UnknownType']) await letter({ reason });
  const found = await openLetters(database.db, ['HandlerFailed', 'IdReused', 'UnknownType'], 1);
  expect(found).toMatchObject([
    { reason: 'HandlerFailed', count: 1 },
    { reason: 'UnknownType', count: 1 },
  ]);
});

it('counts timers that are due, in whichever state, but none of a parked key', async () => {
  await timer(1, { ago: MINUTE });
  await timer(2, { ago: 2 * MINUTE, isNotice: true });
  await timer(3, { ago: 3 * MINUTE, queued: true });
  await timer(4, { ago: -MINUTE });
  await timer(5, { ago: 9 * MINUTE, tenant: 2 });
  await database.db.raw('INSERT INTO parked_keys (key) VALUES (?::uuid)', [a.tenantId(2)]);
  expectOldest((await backlog.read()).timers, 3, 3 * MINUTE);
});

it('counts changes of entitlements that are due, and no repetitions', async () => {
  await entitlement(1, { ago: MINUTE });
  await entitlement(2, { ago: 9 * MINUTE, isRepetition: true });
  await entitlement(3, { ago: -MINUTE });
  expectOldest((await backlog.read()).entitlements, 1, MINUTE);
});

function expectOldest(waiting: Backlog['timers'] | undefined, count: number, ago: number): void {
  expect(waiting?.count).toBe(count);
  expect(waiting?.oldestMs).toBeGreaterThanOrEqual(ago);
  expect(waiting?.oldestMs).toBeLessThan(ago + MINUTE);
}

async function letter({ reason = '', ago = 0, state = 'open' }): Promise<void> {
  const resolved = state === 'open' ? 'NULL' : 'now()';
  await database.db.raw(
    `INSERT INTO dead_letters (topic, partition, "offset", "timestamp", source, message_id, identity, headers, reason, message,
       exception, state, created_at, resolved_at)
     VALUES ('commands', 0, (random() * 1e9)::bigint, now(), '', 'id', ?::uuid, '', ?, '', '', ?, now() - ? * interval '1 millisecond', ${resolved})`,
    [randomUUID(), reason, state, ago],
  );
}

async function timer(subdivision: number, { ago = 0, tenant = 1, isNotice = false, queued = false }): Promise<void> {
  await database.db.raw(
    `INSERT INTO subdivision_timers (tenant_id, subdivision_id, due_at, is_notice, queued_at)
     VALUES (?::uuid, ?::uuid, now() - ? * interval '1 millisecond', ?, ${queued ? 'now()' : 'NULL'})`,
    [a.tenantId(tenant), a.subdivisionId(subdivision), ago, isNotice],
  );
}

async function entitlement(subdivision: number, { ago = 0, isRepetition = false }): Promise<void> {
  await database.db.raw(
    `INSERT INTO entitlements (tenant_id, subdivision_id, owed_at, is_repetition)
     VALUES (?::uuid, ?::uuid, now() - ? * interval '1 millisecond', ?)`,
    [a.tenantId(1), a.subdivisionId(subdivision), ago, isRepetition],
  );
}
