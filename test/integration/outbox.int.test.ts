import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { PublicationFailed } from '../../src/ports/errors.ts';
import type { UnitOfWork } from '../../src/ports/unit-of-work.ts';
import { allOwedBy, deleteAcknowledged, owedBy } from '../../src/repos/tables/outbox.ts';
import { postgresStore } from '../../src/repos/tables/postgres.ts';
import { rowsToAdopt } from '../../src/uow/adoption.ts';
import { KnexDeadLetters } from '../../src/uow/dead-letters.ts';
import { KnexOutboxMaintenance } from '../../src/uow/outbox-maintenance.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import * as a from '../support/builders.ts';
import { inChunks } from '../support/contract/in-chunks.ts';
import { describeOutboxMaintenance, type MaintenanceSubject } from '../support/contract/outbox-maintenance.contract.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waiting } from '../support/faults.ts';
import { owedIn } from '../support/owed.ts';

const SILENCE = 60_000;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

describeOutboxMaintenance('KnexOutboxMaintenance', () => subjectOver(new KnexUnitOfWork(database.db, randomUUID)));
describeOutboxMaintenance('KnexOutboxMaintenance, of lanes that write chunks', () =>
  subjectOver(inChunks(new KnexUnitOfWork(database.db, randomUUID))),
);

async function subjectOver(unitOfWork: UnitOfWork): Promise<MaintenanceSubject> {
  const { db } = database;
  await database.clear();
  return {
    unitOfWork,
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
    owed: async () => (await owedIn(db)).map(({ value }) => String(value)),
    lanes: () => db('lanes').orderBy('lane').pluck('lane'),
  };
}

test.each([
  ['rows', false],
  ['a chunk', true],
])(
  'neither a silent lane is forgotten that is just writing %s, nor a free key whose replay that is',
  async (_, asChunk) => {
    const { db } = database;
    await database.clear();
    const maintenance = new KnexOutboxMaintenance(db);
    const [lane, key] = [a.laneId(1), a.tenantId(1)];
    await db('lanes').insert({ lane, seen_at: '-infinity' });
    await db('parked_keys').insert({ key, parked: false, lane: a.laneId(2) });
    const replay = await db.transaction();
    const { parkedKeys, outbox } = postgresStore(replay);
    await parkedKeys.leave([1], [key], lane);
    const rows = [{ seq: 0, ...a.anEvent(key, 'owed') }];
    await outbox.write({ lane, living: false, delivered: undefined, rows, asChunk });
    try {
      await maintenance.forget(SILENCE);
      await maintenance.forgetFreedKeys();
    } finally {
      await replay.commit();
    }
    expect(await db('lanes').pluck('lane')).toEqual([lane]);
    expect(await db('parked_keys').pluck('lane')).toEqual([lane]);
    expect(await maintenance.relay(SILENCE, 9, async () => undefined)).toBe(1);
  },
);

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

describe('of lanes that write rows at one time and chunks at another', () => {
  const KEY = a.tenantId(1);
  let db: Knex;
  let maintenance: KnexOutboxMaintenance;

  beforeEach(async () => {
    ({ db } = database);
    await database.clear();
    maintenance = new KnexOutboxMaintenance(db);
  });

  it('what is owed comes in the order of its numbers', async () => {
    await writes(1, 0, 'a', 'b');
    await writesChunk(1, 2, 'c', 'd');
    await writes(1, 4, 'e');
    await writesChunk(2, 0, 'x');
    const owed = await postgresStore(db).outbox.owed([1, 2].map((n) => ({ lane: a.laneId(n), key: KEY })));
    expect(a.textsOf(owed)).toEqual(['a', 'b', 'c', 'd', 'e', 'x']);
    expect(owed.map(({ lane, seq }) => [lane, seq])).toEqual(owed.map(({ origin }) => [origin.lane, origin.seq]));
  });

  it('the relay publishes it in that order, rows and chunks apart', async () => {
    await writes(1, 0, 'a', 'b');
    await writesChunk(1, 2, 'c', 'd');
    await writes(1, 4, 'e');
    expect([await relayed(9), await relayed(9), await relayed(9), await relayed(9)]).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e'],
      [],
    ]);
    expect(await owedIn(db)).toEqual([]);
  });

  it('what a relay could not publish of a chunk is not owed again, when its lane has published and deleted it meanwhile', async () => {
    await writesChunk(1, 0, 'a', 'b');
    const failing = maintenance.relay(SILENCE, 9, async ([first]) => {
      await maintenance.deleteDelivered(a.laneId(1), 0, 2);
      throw new PublicationFailed(first === undefined ? [] : [first], new Error('no room'));
    });
    await expect(failing).rejects.toThrow('no room');
    expect(await owedIn(db)).toEqual([]);
  });

  describe.each(['outbox', 'outbox_chunks'])('whoever reads what is owed and has to wait for %s', (table) => {
    it('adopts what a relay turns from a chunk into rows meanwhile, once', async () => {
      const debts = [{ lane: a.laneId(1), key: KEY }];
      const adopted = await whileAChunkBecomesRows(table, () =>
        db.transaction((trx) => rowsToAdopt(postgresStore(trx), debts, new a.TestLane(2))),
      );
      const texts = a.textsOf(adopted);
      expect(texts.filter((text) => text !== 'acknowledged')).toEqual(['left', 'c', 'd']);
    });

    it('publishes what another relay turns from a chunk into rows meanwhile ahead of the next chunk', async () => {
      const { messages } = await whileAChunkBecomesRows(table, () => owedBy(db, a.laneId(1), 9));
      expect(a.textsOf(messages)).toContain('left');
    });

    it('tells what a relay turns from a chunk into rows meanwhile, once', async () => {
      const owed = await whileAChunkBecomesRows(table, () => allOwedBy(db, a.laneId(1)));
      const texts = a.textsOf(owed);
      expect(texts.filter((text) => text !== 'acknowledged')).toEqual(['left', 'c', 'd']);
    });
  });

  it('a lane that owes a chunk is found again, though a worker that knows no chunks has forgotten it', async () => {
    await writesChunk(1, 0, 'a');
    await db('lanes').del();
    expect(await relayed(9)).toEqual([]);
    await maintenance.forget(SILENCE);
    expect(await relayed(9)).toEqual(['a']);
  });

  it('what a transaction owes is divided where one row of it would be too large', async () => {
    const large = Array.from({ length: 9 }, (_, i) => String(i).repeat(1 << 19)); // headers and value: 1 MB
    await writesChunk(1, 0, ...large);
    const chunks = await db('outbox_chunks').orderBy('seq').select('seq', 'messages');
    expect(chunks).toEqual([0, 3, 6].map((seq) => ({ seq, messages: 3 })));
    expect((await owedIn(db)).map(({ seq, value }) => [seq, String(value)])).toEqual([...large.entries()]);
  });

  it('a damaged chunk is told by its place', async () => {
    await writesChunk(1, 5, 'a');
    await db('outbox_chunks').update({ body: Buffer.from([1, 2, 3, 4, 5, 6]) });
    const damaged = `the row (${a.laneId(1)}, 5) of outbox_chunks is damaged`;
    await expect(postgresStore(db).outbox.owed([{ lane: a.laneId(1), key: KEY }])).rejects.toThrow(damaged);
    await expect(relayed(9)).rejects.toThrow(damaged);
  });

  const writes = (lane: number, seq: number, ...texts: readonly string[]) => write(lane, seq, texts, false);
  const writesChunk = (lane: number, seq: number, ...texts: readonly string[]) => write(lane, seq, texts, true);

  async function write(lane: number, seq: number, texts: readonly string[], asChunk: boolean): Promise<void> {
    const rows = texts.map((text, i) => ({ seq: seq + i, ...a.anEvent(KEY, text) }));
    await postgresStore(db).outbox.write({ lane: a.laneId(lane), living: false, delivered: undefined, rows, asChunk });
  }

  /** Reads what lane 1 owes, in two chunks, while a relay that has published a part of the first one holds this table. */
  async function whileAChunkBecomesRows<T>(table: string, read: () => Promise<T>): Promise<T> {
    await writesChunk(1, 0, 'acknowledged', 'left');
    await writesChunk(1, 2, 'c', 'd');
    const relay = await db.transaction();
    const owed = await owedBy(relay, a.laneId(1), 9);
    await relay.raw('LOCK TABLE ?? IN ACCESS EXCLUSIVE MODE', [table]);
    const reading = read();
    try {
      await waiting(db, 'relation');
      await deleteAcknowledged(relay, owed, new Set(owed.messages.slice(0, 1)));
    } finally {
      await relay.commit();
    }
    return reading;
  }

  async function relayed(limit: number): Promise<readonly string[]> {
    let published: readonly string[] = [];
    await maintenance.relay(SILENCE, limit, async (messages) => void (published = a.textsOf(messages)));
    return published;
  }
});
