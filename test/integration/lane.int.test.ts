import { NO_HEADERS } from '../../src/adapters/record-headers.ts';
import { randomUUID } from 'node:crypto';
import { TooMuchAtOnce } from '../../src/ports/errors.ts';
import type { OutgoingMessage } from '../../src/ports/messages.ts';
import { KnexOutboxMaintenance } from '../../src/uow/outbox-maintenance.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import { Lane } from '../../src/worker/lane.ts';
import type { Queued } from '../../src/worker/intake/lane-queue.ts';
import type { Task } from '../../src/worker/task.ts';
import * as a from '../support/builders.ts';
import { addUsers } from '../support/contract/subject.ts';
import { connect, createTestDatabase, type TestDatabase } from '../support/database.ts';
import { Gate, noneIdle } from '../support/faults.ts';
import { aDispatcher, aTask, cloudEvents, contextOf, TOPICS } from '../support/tasks.ts';
import { silentTelemetry } from '../support/telemetry.ts';

const TOPIC = TOPICS.commands;

/** More than what is read at a stretch. */
const LARGE_CHUNK = 300;

describe('a lane', () => {
  let database: TestDatabase;
  let world: World;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  beforeEach(async () => {
    await database.clear();
    world = new World(database);
  });

  afterEach(() => world.stop());
  afterAll(() => database.drop());

  it('publishes what its messages say in their order, chunk after chunk, and owes nothing when idle', async () => {
    const numbers = Array.from({ length: 20 }, (_, i) => i);
    world.push(...numbers);
    await world.finished(20);
    expect(world.published).toEqual(numbers.map((n) => `accepted ${n}`));
    await world.owesNothing();
    expect(await database.db('users')).toHaveLength(20);
  });

  it.each([0, 3, 7])('buries exactly the message that the database refuses: %i of a chunk of 8', async (poison) => {
    world.poisonous.add(poison);
    const numbers = [0, 1, 2, 3, 4, 5, 6, 7];
    world.push(...numbers);
    await world.finished(8);
    expect(world.published).toEqual(numbers.map((n) => (n === poison ? `dead ${n}` : `accepted ${n}`)));
    expect(await database.db('dead_letters').select('offset', 'reason', 'exception')).toEqual([
      { offset: poison, reason: 'FlushFailed', exception: 'StaleRead' },
    ]);
    expect(await database.db('inbox').where('outcome', 'dead')).toHaveLength(1);
    expect(await database.db('users')).toHaveLength(7);
    await world.owesNothing();
  });

  it('dead-letters a message whose handler throws, at once and without a trace of it, and goes on', async () => {
    world.throwing.add(1);
    world.push(0, 1, 2);
    await world.finished(3);
    expect(world.published).toEqual(['accepted 0', 'dead 1', 'accepted 2']);
    expect(await database.db('dead_letters').pluck('reason')).toEqual(['HandlerFailed']);
    expect(await database.db('users').orderBy('user_id').pluck('user_id')).toEqual([a.userId(0), a.userId(2)]);
    expect(world.runs).toBe(1);
  });

  it('parks the tenant of a message that the database refuses: what comes after it waits, in its chunk and later', async () => {
    world.tenantOf = (offset) => (offset % 2 === 0 ? 1 : 2);
    world.poisonous.add(2);
    world.push(0, 1, 2, 3, 4, 5, 6, 7);
    await world.finished(8);
    world.push(8, 9);
    await world.finished(10);
    const letters = await database.db('dead_letters').orderBy('letter_id').select('offset', 'reason');
    expect(letters.map(({ offset, reason }) => [offset, reason])).toEqual([
      [2, 'FlushFailed'],
      [4, 'ParkedBehind'],
      [6, 'ParkedBehind'],
      [8, 'ParkedBehind'],
    ]);
    expect(world.published.filter((said) => said.startsWith('accepted'))).toHaveLength(6);
  });

  it.each([
    [true, ['UndecodableMessage', 'ParkedBehind']],
    [false, ['UndecodableMessage']],
  ])('an undecodable message parks the id that is its Kafka key, if it is told to: %s', async (told, reasons) => {
    await world.stop();
    world = new World(database, { parkUndecodable: told });
    world.tenantOf = () => 1;
    world.undecodable.add(0);
    world.keyOf = () => a.tenantId(1).toUpperCase();
    world.push(0, 1);
    await world.finished(2);
    expect(await database.db('dead_letters').orderBy('letter_id').pluck('reason')).toEqual(reasons);
  });

  it('halves a chunk that takes so long that the server ends its transaction, and again, until it does not', async () => {
    await world.stop();
    const db = connect(database.url, { idleInTransactionTimeout: 1_000 });
    world = new World(database, { db });
    world.tooMany = 3;
    world.push(0, 1, 2, 3, 4, 5, 6, 7);
    await world.finished(8);
    expect(world.published).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((n) => `accepted ${n}`));
    // Once may be a busy moment: all of them twice, then each half twice, then quarters.
    expect(world.runs).toBe(2 + 2 * (2 + 2));
    await world.stop();
    await db.destroy();
  });

  it('halves a chunk that would load more than one transaction may hold, at once, until it does not', async () => {
    world.heavy = 3;
    world.push(0, 1, 2, 3, 4, 5, 6, 7);
    await world.finished(8);
    expect(world.published).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((n) => `accepted ${n}`));
    expect(world.runs).toBe(1 + 2 * (1 + 2));
  });

  it('does not finish what is not published: a failing publication is repeated, in order', async () => {
    world.refusedPublications = 2;
    world.push(0, 1);
    await world.finished(2);
    world.push(2);
    await world.finished(3);
    expect(world.attempts).toEqual([
      ['accepted 0', 'accepted 1'],
      ['accepted 0', 'accepted 1'],
      ['accepted 0', 'accepted 1'],
      ['accepted 2'],
    ]);
    await world.owesNothing();
  });

  it('commits the next chunk while one is being published, and publishes it after that one', async () => {
    const gate = (world.gate = new Gate());
    world.push(0);
    await gate.reached;
    world.push(1);
    await until(async () => (await database.db('outbox')).length === 2);
    expect(world.attempts).toHaveLength(1);
    world.gate = undefined;
    gate.open();
    await world.finished(2);
    expect(world.published).toEqual(['accepted 0', 'accepted 1']);
    await world.owesNothing();
  });

  it('handles a message once, however often it comes', async () => {
    world.push(0, 1, 0);
    await world.finished(3);
    world.push(1, 0, 2);
    await world.finished(6);
    expect(world.published).toEqual(['accepted 0', 'accepted 1', 'accepted 2']);
  });

  it('knows the message whose id was taken for as long as it may come again, however old the first one is', async () => {
    world.idOf = () => 0;
    world.push(0);
    await world.finished(1);
    await world.age();
    world.push(1);
    await world.finished(2);
    await world.prune();
    world.push(1, 0);
    await world.finished(4);
    expect(world.published).toEqual(['accepted 0', 'dead 1']);
    expect(await database.db('dead_letters').select('offset', 'reason')).toEqual([{ offset: 1, reason: 'IdReused' }]);
  });

  it('makes no second letter of a message that the inbox has forgotten', async () => {
    world.idOf = (offset) => (offset === 1 ? 0 : offset);
    world.push(0, 1);
    await world.finished(2);
    await world.age();
    await world.prune();
    world.undecodable.add(1);
    world.push(2, 1, 3);
    await world.finished(5);
    expect(world.published).toEqual(['accepted 0', 'dead 1', 'accepted 2', 'accepted 3']);
    expect(await database.db('dead_letters').pluck('reason')).toEqual(['IdReused']);
    expect(await database.db('inbox').where('outcome', 'dead')).toHaveLength(1);
  });

  it('goes on as another lane after a reset, and leaves what it owes to the relay', async () => {
    const gate = (world.gate = new Gate());
    world.push(0);
    await gate.reached;
    const before = world.lane.livingOutbox;
    world.lane.reset();
    expect(world.lane.livingOutbox).not.toBe(before);
    world.gate = undefined;
    gate.open();
    world.push(1);
    await until(() => Promise.resolve(world.published.includes('accepted 1')));
    expect(world.published).toEqual(['accepted 0', 'accepted 1']);
    await world.owesNothing();
  });
});

describe('a lane that is behind', () => {
  let database: TestDatabase;
  let world: World;
  const numbers = Array.from({ length: 3 * LARGE_CHUNK }, (_, i) => i);

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  beforeEach(async () => {
    await database.clear();
    world = new World(database, { chunkMaxMessages: LARGE_CHUNK });
  });

  afterEach(() => world.stop());
  afterAll(() => database.drop());

  /** Holds the first chunk in its transaction. */
  async function holdTransaction(): Promise<Gate> {
    const gate = (world.transactionGate = new Gate());
    world.push(...numbers.slice(0, LARGE_CHUNK));
    await gate.reached;
    world.transactionGate = undefined;
    return gate;
  }

  it('reads the next chunk while one is in its transaction, in its order, and no smaller one', async () => {
    const gate = await holdTransaction();
    expect(world.planned).toEqual(numbers.slice(0, LARGE_CHUNK));
    world.push(...numbers.slice(LARGE_CHUNK, 2 * LARGE_CHUNK - 1));
    world.push(...numbers.slice(2 * LARGE_CHUNK - 1));
    await until(() => Promise.resolve(world.planned.length === 2 * LARGE_CHUNK));
    expect(world.runs).toBe(1);
    gate.open();
    await world.finished(3 * LARGE_CHUNK);
    expect(world.planned).toEqual(numbers);
    expect(world.published).toEqual(numbers.map((n) => `accepted ${n}`));
    expect(world.runs).toBe(3);
  });

  it('drops what it has read when the group is assigned anew', async () => {
    const gate = await holdTransaction();
    world.push(...numbers.slice(LARGE_CHUNK, 2 * LARGE_CHUNK));
    await until(() => Promise.resolve(world.planned.length === 2 * LARGE_CHUNK));
    world.lane.reset();
    gate.open();
    world.push(...numbers.slice(2 * LARGE_CHUNK));
    await world.finished(2 * LARGE_CHUNK);
    const kept = numbers.filter((n) => n < LARGE_CHUNK || n >= 2 * LARGE_CHUNK);
    expect(world.published).toEqual(kept.map((n) => `accepted ${n}`));
  });

  it('ends for what it could not read, but only after the chunk before it', async () => {
    const gate = await holdTransaction();
    world.unreadable = 2 * LARGE_CHUNK - 1;
    world.push(...numbers.slice(LARGE_CHUNK, 2 * LARGE_CHUNK));
    await until(() => Promise.resolve(world.planned.length >= 2 * LARGE_CHUNK - 1));
    expect(world.failures).toEqual([]);
    gate.open();
    await until(() => Promise.resolve(world.failures.length > 0));
    await world.finished(LARGE_CHUNK);
    expect(world.failures.splice(0)).toEqual([new Error('unreadable')]);
  });
});

/** A lane on the real database, with a broker that only notes. Message n adds user n and says `accepted n`. */
class World {
  readonly lane: Lane;
  /** What the broker has, and every list that it was asked to take. */
  readonly published: string[] = [];
  readonly attempts: (readonly string[])[] = [];
  readonly poisonous = new Set<number>();
  readonly throwing = new Set<number>();
  readonly undecodable = new Set<number>();
  /** Whom message n names; null: nobody. Its Kafka key is n, unless something else is told. */
  tenantOf: (offset: number) => number | null = () => null;
  keyOf: (offset: number) => string = String;
  /** Under which id message n goes; its bytes are its own. */
  idOf: (offset: number) => number = (offset) => offset;
  refusedPublications = 0;
  /** More messages than this would load too much. */
  heavy = Infinity;
  /** More messages than this in one transaction are not done before the server ends its session. */
  tooMany = Infinity;
  runs = 0;
  gate: Gate | undefined;
  transactionGate: Gate | undefined;
  /** The messages that were turned into tasks, and one that can't be. */
  readonly planned: number[] = [];
  unreadable: number | undefined;
  readonly failures: Error[] = [];
  private readonly database: TestDatabase;
  private readonly running: Promise<void>;
  private done = 0;

  constructor(database: TestDatabase, { parkUndecodable = false, chunkMaxMessages = 8, db = database.db } = {}) {
    this.database = database;
    const unitOfWork = new KnexUnitOfWork(db, randomUUID);
    this.lane = new Lane(
      { name: 'test', chunkMaxMessages, queueMaxMessages: 100, queueMaxBytes: 1_000_000 },
      {
        unitOfWork: {
          run: async (messages, work, lane, decision, began) => {
            this.runs += 1;
            const gate = this.transactionGate;
            if (messages.length > this.heavy) throw new TooMuchAtOnce('too much');
            return unitOfWork.run(
              messages,
              async (unit) => {
                await gate?.pass();
                if (messages.length > this.tooMany) await noneIdle(this.database.db);
                return work(unit);
              },
              lane,
              decision,
              began,
            );
          },
        },
        dispatcher: aDispatcher({
          cloudEvents: cloudEvents({ byPosition: ({ offset }) => contextOf(a.aMessage(1_000 + offset).identity) }),
          parkUndecodable,
        }),
        producer: { publish: (messages) => this.publish(messages) },
        outboxMaintenance: new KnexOutboxMaintenance(database.db),
        telemetry: silentTelemetry(),
        traces: undefined,
        newId: randomUUID,
        plan: async (messages) =>
          messages.map(({ offset }) => {
            if (offset === this.unreadable) throw new Error('unreadable');
            this.planned.push(offset);
            return this.task(offset);
          }),
        finished: (messages) => void (this.done += messages.length),
        outboxes: new Map(),
        levels: a.LEVELS,
        historyLost: (error) => this.failures.push(error),
        failed: (error) => this.failures.push(error),
      },
    );
    this.running = this.lane.run();
  }

  push(...offsets: readonly number[]): void {
    this.lane.push(
      offsets.map((offset): Queued => ({ received: this.receivedAt(offset), nextOffset: offset + 1, epoch: 0 })),
    );
  }

  async finished(count: number): Promise<void> {
    await until(() => Promise.resolve(this.done >= count));
    expect(this.done).toBe(count);
  }

  /** What was received so far, was received an hour ago. */
  async age(): Promise<void> {
    await this.database.db.raw(`UPDATE inbox SET received_at = received_at - interval '1 hour'`);
  }

  /** Forgets what is older than half an hour. */
  async prune(): Promise<void> {
    await new KnexOutboxMaintenance(this.database.db).pruneInbox(30 * 60_000, 1_000);
  }

  async owesNothing(): Promise<void> {
    await until(async () => (await this.database.db('outbox')).length === 0);
  }

  async stop(): Promise<void> {
    this.lane.stop();
    await this.running;
    expect(this.failures).toEqual([]);
  }

  private async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    const said = messages.map(
      ({ key, topic }) => `${topic === `${TOPIC}.dlq` ? 'dead' : 'accepted'} ${key?.toString()}`,
    );
    this.attempts.push(said);
    await this.gate?.pass();
    if (this.refusedPublications > 0) {
      this.refusedPublications -= 1;
      throw new Error('no broker');
    }
    this.published.push(...said);
  }

  private receivedAt(offset: number) {
    const [key, value] = [Buffer.from(this.keyOf(offset)), Buffer.from(`message ${offset}`)];
    return { topic: TOPIC, partition: 0, offset, timestamp: a.NOW, key, value, headers: NO_HEADERS };
  }

  private task(offset: number): Task {
    const message = a.aMessage(this.idOf(offset), { bytes: `message ${offset}` });
    const received = this.receivedAt(offset);
    if (this.undecodable.has(offset)) return aTask(offset, { message, received, handle: undefined });
    const tenant = this.tenantOf(offset);
    return aTask(offset, {
      message,
      received,
      names: { tenantId: tenant === null ? null : a.tenantId(tenant) },
      declare: (loads) => loads.user(a.userId(offset)),
      handle: async (unit) => {
        // A user of a tenant that there is not: only the database knows that this can't be.
        await addUsers(unit, a.aUser(offset, this.poisonous.has(offset) ? { tenantId: a.tenantId(9) } : {}));
        unit.outbox.add(a.anEvent(String(offset), 'accepted'));
        if (this.throwing.has(offset)) throw new Error('a bug');
        return [];
      },
    });
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come to pass');
    await new Promise(setImmediate);
  }
}
