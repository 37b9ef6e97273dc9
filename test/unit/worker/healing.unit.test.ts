import { NO_HEADERS } from '../../../src/adapters/record-headers.ts';
import { randomUUID } from 'node:crypto';
import type { Batch, Beginning, CommittedOffset, Consumer, TopicPartition } from '../../../src/ports/consumer.ts';
import type { DecidedOffset } from '../../../src/ports/decided-offsets.ts';
import type { Topics } from '../../../src/ports/topics.ts';
import type { Unit, UnitMessage } from '../../../src/ports/unit-of-work.ts';
import type { Dispatcher } from '../../../src/worker/dispatcher.ts';
import { metadataOf } from '../../../src/worker/histories.ts';
import { Worker } from '../../../src/worker/intake/worker.ts';
import { idOf } from '../../../src/worker/partition-id.ts';
import type { LevelGate } from '../../../src/worker/level-gate.ts';
import type { Planner } from '../../../src/worker/planner.ts';
import { NAMELESS, Task } from '../../../src/worker/task.ts';
import type { UserLookUps } from '../../../src/worker/user-look-ups.ts';
import * as a from '../../support/builders.ts';
import { Gate } from '../../support/faults.ts';
import { InMemoryDecidedOffsets } from '../../support/in-memory/decided-offsets.ts';
import { InMemoryOutboxMaintenance } from '../../support/in-memory/unit-of-work.ts';
import { InMemoryWorld } from '../../support/in-memory/world.ts';
import { notingWaits, silentTelemetry } from '../../support/telemetry.ts';
import { NO_ENTITLEMENTS, RARE_PUBLICATIONS } from '../../support/entitlements.ts';
import { NO_TIMERS, RARE_SWEEPS } from '../../support/timers.ts';

const TOPICS: Topics = { commands: 'c', users: 'u', events: 'e', rejections: 'r', userLookUps: 'l', entitlements: 'n' };
const GROUP = 'workers';
const PLACE: TopicPartition = { topic: TOPICS.commands, partition: 0 };
const HISTORY = randomUUID();
const WITHIN_MS = 3_000;

describe('a worker whose assignment is not opened yet', () => {
  it('leaves what was fetched with its fetcher, beats meanwhile, and takes it once the database has told', async () => {
    const gate = new Gate();
    const { hand, taken, beats } = given({ committed: () => gate.pass().then(() => []) });
    const handed = hand(0, 2);
    await gate.reached;
    await until(() => beats() > 0);
    expect(taken).toEqual([]);
    gate.open();
    await handed;
    expect(taken).toEqual(['0+2']);
  });

  it('leaves what was fetched from behind the decisions of the database, and reads from there', async () => {
    const { hand, taken, seeks } = given({ row: 3, committed: async () => [commit(8)] });
    await hand(8, 2);
    expect(taken).toEqual([]);
    expect(seeks).toEqual([3]);
    await hand(3, 2);
    expect(taken).toEqual(['3+2']);
  });
});

it('waits for nobody any more in an opening that another one has replaced', async () => {
  const { worker, waiting } = given({
    committed: async () => {
      throw new Error('the coordinator is away');
    },
  });
  await until(() => waiting().length > 0);
  expect(waiting()).toEqual(['broker']);
  worker.assigned([]); // more workers than partitions: nobody is asked
  await until(() => waiting().length === 0);
});

describe('a worker below which the database is replaced by an older one', () => {
  it('decides nothing new before what is lost: the chunk is dropped, and its partition goes back', async () => {
    const { worker, hand, seeks, fallBack, seekedTo, decided, healed } = given({
      row: 0,
      committed: async () => [commit(0)],
    });
    worker.start();
    await hand(0, 4);
    await decided(4);
    await fallBack(1);
    await hand(4, 2);
    await seekedTo(0);
    expect(seeks).toEqual([0]); // what was not committed comes again, and what is lost with it
    expect(healed).toEqual([3]);
    await hand(0, 6);
    await decided(6);
    await worker.stop();
  });

  it('notices it without anything new', async () => {
    const { worker, hand, fallBack, seekedTo, decided } = given({
      row: 0,
      committed: async () => [commit(0)],
      lookInterval: 1,
    });
    worker.start();
    await hand(0, 4);
    await decided(4);
    await fallBack(2);
    await seekedTo(0);
    await worker.stop();
  });
});

describe('a worker that another database has forgotten, while nobody tells where a partition begins', () => {
  const OTHER: TopicPartition = { topic: TOPICS.commands, partition: 1 };
  const commits = [commit(8), { ...commit(6), ...OTHER }];
  const leaderless = { ...PLACE, unknown: new Error('nobody leads it') };

  it('works the others off, takes nothing of that one, and opens it once somebody tells', async () => {
    let beginning: Beginning = leaderless;
    const beginnings = async (places: readonly TopicPartition[]) =>
      places.map((place): Beginning => (place.partition === 0 ? beginning : { ...place, offset: 2 }));
    const { worker, hand, taken, seeks, seekedTo, waiting, held, decidedOf, healed } = given({
      ...{ committed: async () => commits, beginnings, places: [PLACE, OTHER] },
    });
    worker.start();
    await until(() => waiting().includes('partition leaders'));
    expect([seeks, healed]).toEqual([[2], [4]]);
    await hand(2, 4, OTHER);
    await until(async () => (await decidedOf(OTHER))?.decided === 6);
    await hand(8, 1); // somebody leads it again, and it is fetched from where the group stands
    expect([taken, held()]).toEqual([['2+4'], ['c/0']]);
    expect(await decidedOf(PLACE)).toBeUndefined();

    beginning = { ...PLACE, offset: 5 };
    await seekedTo(5);
    expect([held(), waiting(), healed]).toEqual([[], [], [4, 3]]);
    await hand(5, 3);
    await until(async () => (await decidedOf(PLACE))?.decided === 8);
    expect(taken).toEqual(['2+4', '5+3']);
    await worker.stop();
  });

  it('waits for it no longer once the group has assigned anew', async () => {
    const { worker, waiting } = given({ committed: async () => commits, beginnings: async () => [leaderless] });
    await until(() => waiting().includes('partition leaders'));
    worker.assigned([]);
    await until(() => waiting().length === 0);
  });
});

it.each(['before', 'after'])(
  'begins another history of a partition that was cut off, %s it is opened',
  async (when) => {
    const gate = new Gate();
    const { worker, hand, seekedTo, row } = given({ row: 9, committed: () => gate.pass().then(() => [commit(9)]) });
    if (when === 'after') gate.open();
    const handed = hand(9, 1);
    if (when === 'after') await handed;
    else await gate.reached;
    worker.reset({ ...PLACE, from: 10, to: 0 });
    gate.open();
    await seekedTo(0);
    await handed;
    expect(await row()).toMatchObject({ decided: 0 });
    expect((await row())?.history).not.toBe(HISTORY);
  },
);

function commit(offset: number): CommittedOffset {
  return { ...PLACE, offset, metadata: metadataOf({ history: HISTORY, decided: offset }) };
}

/** A worker over tables in memory, whose messages change nothing but what is decided. */
function given({
  row,
  committed,
  lookInterval = 600_000,
  places = [PLACE],
  beginnings = async (asked) => asked.map((place) => ({ ...place, offset: 0 })),
}: {
  /** What the database has decided at first. */
  readonly row?: number;
  readonly committed: () => Promise<readonly CommittedOffset[]>;
  readonly lookInterval?: number;
  readonly places?: readonly TopicPartition[];
  readonly beginnings?: Consumer['beginnings'];
}) {
  const paused = new Set<string>();
  const { database, unitOfWork } = new InMemoryWorld();
  const decidedOffsets = new InMemoryDecidedOffsets(database);
  const [taken, seeks, healed]: [string[], number[], number[]] = [[], [], []];
  const { waiting, telemetry } = notingWaits();
  let beaten = 0;
  const find = async (): Promise<DecidedOffset | undefined> => (await decidedOffsets.read(GROUP)).offsets[0];
  const put = async (after: DecidedOffset): Promise<void> => {
    await decidedOffsets.change(GROUP, [{ before: await find(), after }]);
  };
  const done = async (): Promise<void> => undefined;
  const worker = new Worker(
    {
      ...{
        group: GROUP,
        lookInterval,
        brokerSilence: 600_000,
        lanes: 1,
        chunkMaxMessages: 10,
        queueMaxMessages: 10,
        queueMaxBytes: 1_000_000,
      },
      ...{
        lookUpsMaxMessages: 1,
        lookUpsQueueMaxMessages: 2,
        commitInterval: 600_000,
        heartbeatInterval: 1,
        patience: 1,
      },
      relay: { interval: 600_000, silence: 1_000, step: 10 },
      cleaner: { interval: 600_000, pause: 1, step: 10, inboxRetention: 1, deadLetterRetention: 1 },
      timers: RARE_SWEEPS,
      entitlements: RARE_PUBLICATIONS,
    },
    {
      topics: TOPICS,
      placement: { check: () => undefined },
      consumer: {
        ...{ start: done, stop: done, commit: done, committed, beginnings },
        pause: (place) => void paused.add(idOf(place)),
        resume: (place) => void paused.delete(idOf(place)),
        seek: (_, offset) => void seeks.push(offset),
      },
      ...{ decidedOffsets, unitOfWork, level: 1 },
      levelGate: { assigned: () => undefined, look: done, mayWrite: () => false } as unknown as LevelGate,
      planner: {
        plan: async (messages: readonly UnitMessage['received'][]) => messages.map(taskAt),
      } as unknown as Planner,
      userLookUps: { plan: async () => [] } as unknown as UserLookUps,
      dispatcher: {
        dispatch: async (tasks: readonly Task[], unit: Unit) =>
          tasks.map((task) => {
            if (unit.seen(task) === undefined) unit.settle(task, 'accepted');
            return { what: 'accepted' };
          }),
      } as unknown as Dispatcher,
      producer: { publish: done },
      timers: NO_TIMERS,
      entitlements: NO_ENTITLEMENTS,
      promptProducer: { publish: done },
      cloudEvents: { write: none, encodeHeaders: none },
      outboxMaintenance: new InMemoryOutboxMaintenance(database),
      traces: undefined,
      telemetry: silentTelemetry({ ...telemetry, healing: ({ messages }) => void healed.push(messages) }),
      newId: randomUUID,
    },
  );
  const ready = row === undefined ? Promise.resolve() : put({ ...PLACE, history: HISTORY, decided: row });
  const opened = ready.then(() => worker.assigned(places));
  return {
    ...{ worker, taken, seeks, healed, waiting, row: find },
    beats: () => beaten,
    held: () => [...paused],
    decidedOf: async (place: TopicPartition) =>
      (await decidedOffsets.read(GROUP)).offsets.find((row) => idOf(row) === idOf(place)),
    async hand(offset: number, count: number, place = PLACE) {
      await opened;
      const flow = { heartbeat: async () => void (beaten += 1), taken: () => void taken.push(`${offset}+${count}`) };
      await worker.batch(batchOf(offset, count, place), flow);
    },
    fallBack: async (decided: number) => put({ ...PLACE, history: HISTORY, decided }),
    seekedTo: async (offset: number) => until(() => seeks.at(-1) === offset),
    decided: async (offset: number) => until(async () => (await find())?.decided === offset),
  };
}

function batchOf(from: number, count: number, place: TopicPartition): Batch {
  const messages = Array.from({ length: count }, (_, i) => ({
    ...{ ...place, offset: from + i, timestamp: a.NOW, key: null, value: null, headers: NO_HEADERS },
  }));
  const end = from + count;
  return { ...place, messages, nextOffset: end, stableOffset: end, endOffset: end };
}

function taskAt(received: UnitMessage['received']): Task {
  const { identity, digest } = a.aMessage(received.offset);
  const context = { identity, causationId: identity.id, correlationId: null, traceparent: null, key: null };
  const handler = { parse: (raw: unknown) => raw, declare: () => undefined, handle: () => [] };
  const plan = { kind: 'handle' as const, handler, message: undefined };
  return new Task(
    { key: null, value: null, headers: NO_HEADERS, ...received },
    context,
    digest,
    'test',
    NAMELESS,
    plan,
  );
}

function none(): never {
  throw new Error('nothing is to be written');
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${WITHIN_MS} ms`);
    await new Promise(setImmediate);
  }
}
