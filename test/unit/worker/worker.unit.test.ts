import { NO_HEADERS } from '../../../src/adapters/record-headers.ts';
import { randomUUID } from 'node:crypto';
import type { Batch, ConsumerListener, TopicPartition } from '../../../src/ports/consumer.ts';
import type { OutboxMaintenance } from '../../../src/ports/outbox-maintenance.ts';
import type { Producer } from '../../../src/ports/producer.ts';
import type { Topics } from '../../../src/ports/topics.ts';
import type { Dispatcher } from '../../../src/worker/dispatcher.ts';
import type { LevelGate } from '../../../src/worker/level-gate.ts';
import type { Planner } from '../../../src/worker/planner.ts';
import type { UserLookUps } from '../../../src/worker/user-look-ups.ts';
import { Worker } from '../../../src/worker/intake/worker.ts';
import * as a from '../../support/builders.ts';
import { InMemoryDatabase } from '../../support/in-memory/database.ts';
import { InMemoryDecidedOffsets } from '../../support/in-memory/decided-offsets.ts';
import { silentTelemetry } from '../../support/telemetry.ts';
import { NO_ENTITLEMENTS, RARE_PUBLICATIONS } from '../../support/entitlements.ts';
import { NO_TIMERS, RARE_SWEEPS } from '../../support/timers.ts';
import { until } from '../../support/world-until.ts';

const TOPICS: Topics = { commands: 'c', users: 'u', events: 'e', rejections: 'r', userLookUps: 'l', entitlements: 'n' };
const COMMANDS: TopicPartition = { topic: TOPICS.commands, partition: 0 };
const LOOK_UPS: TopicPartition = { topic: TOPICS.userLookUps, partition: 0 };

describe('a worker', () => {
  it('takes so much into a lane, and pauses its partition once the lane has stood still for a heartbeat', async () => {
    const { taken, paused, hand } = given({ heartbeatInterval: 1 });
    await hand(COMMANDS, 4);
    let heartbeats = 0;
    await hand(COMMANDS, 1, () => (heartbeats += 1));
    expect(heartbeats).toBe(1);
    expect(taken).toEqual(['c 4']);
    expect(paused).toEqual([COMMANDS]);
  });

  it('resumes the partition of a lane that has stood still as soon as it moves', async () => {
    const { worker, hand, resumed } = given({ heartbeatInterval: 1 });
    await hand(COMMANDS, 4);
    await hand(COMMANDS, 1);
    worker.start();
    await expect(resumed).resolves.toEqual(COMMANDS);
    await worker.stop();
  });

  it('takes nothing of an assignment that ends while there is no room', async () => {
    const { worker, taken, paused, hand } = given({ heartbeatInterval: 600_000 });
    await hand(COMMANDS, 4);
    const waiting = hand(COMMANDS, 1);
    worker.assigned([COMMANDS]);
    await waiting;
    expect(taken).toEqual(['c 4']);
    expect(paused).toEqual([]);
  });

  it('hands a batch over as soon as there is room, without waiting for the next heartbeat', async () => {
    const { worker, taken, hand } = given({ heartbeatInterval: 600_000 });
    await hand(COMMANDS, 4);
    const waiting = hand(COMMANDS, 1);
    worker.start();
    await waiting;
    expect(taken).toEqual(['c 4', 'c 1']);
    await worker.stop();
  });

  it('bounds what waits for the user domain by itself, and pauses the look-ups alone', async () => {
    const { taken, paused, hand } = given({});
    await hand(LOOK_UPS, 2);
    await hand(LOOK_UPS, 1);
    await hand(COMMANDS, 3);
    await hand(COMMANDS, 1);
    expect(taken).toEqual(['l 2', 'c 3', 'c 1']);
    expect(paused).toEqual([LOOK_UPS]);
  });

  it('goes on behind a stretch without messages, whether its lane has room or not', async () => {
    const { taken, paused, hand } = given({});
    await hand(LOOK_UPS, 2);
    await hand(LOOK_UPS, 0);
    expect(taken).toEqual(['l 2', 'l 0']);
    expect(paused).toEqual([]);
  });

  it('resumes the look-ups once there is room', async () => {
    const { worker, paused, hand, resumed } = given({});
    await hand(LOOK_UPS, 2);
    await hand(LOOK_UPS, 1);
    worker.start();
    await expect(resumed).resolves.toEqual(LOOK_UPS);
    expect(paused).toEqual([LOOK_UPS]);
    await worker.stop();
  });
});

describe('a worker whose consumer has crashed', () => {
  it('joins again after a while that grows, and tells of one wait until it is in the group', async () => {
    const { worker, told, joined } = given({ crashes: 3 });
    worker.crashed(new Error('no such member'), false);
    await joined;
    expect(told).toEqual(['waiting broker', 'waiting broker', 'waiting broker', 'waiting broker', 'ended broker']);
    await worker.stop();
  });

  it('tells that it is out of the group while kafkajs joins by itself', () => {
    const { worker, told } = given({});
    worker.interrupted(new Error('no broker'));
    worker.assigned([COMMANDS]);
    expect(told).toEqual(['waiting broker', 'ended broker']);
  });

  it('ends when starting it again would end the same way', async () => {
    const { worker } = given({});
    const error = new Error('refused');
    worker.crashed(error, true);
    await expect(worker.failure).resolves.toBe(error);
  });
});

it('tells of a broker that keeps its connections and says nothing', async () => {
  const { worker, told } = given({ lookInterval: 1, brokerSilence: 5 });
  worker.start();
  await until('the silence is told', () => told.includes('waiting broker to answer'));
  await worker.stop();
});

it('fetches nothing any more once it stops', async () => {
  const { worker, paused } = given({});
  await worker.stop();
  expect(paused).toEqual([COMMANDS, LOOK_UPS]);
});

it('gives signs of life while its relay waits for a broker that says nothing', async () => {
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  let [isPublishing, signs] = [false, 0];
  const { worker } = given({
    relayInterval: 1,
    touch: async () => void (signs += isPublishing ? 1 : 0),
    relay: async (_, __, publish) => {
      await publish([a.anEvent('k', 'owed')]);
      return 0;
    },
    publish: async () => {
      isPublishing = true;
      await answered;
    },
  });
  worker.start();
  try {
    await until('3 signs of life', () => signs >= 3, 10_000);
  } finally {
    answer();
    await worker.stop();
  }
});

/** A worker with room for 4 commands and 2 look-ups, whose lanes find nothing to do in what they get. */
function given({
  heartbeatInterval = 600_000,
  lookInterval = 600_000,
  brokerSilence = 600_000,
  relayInterval = 600_000,
  crashes = 0,
  touch = done,
  relay = nothing,
  publish = done,
}: {
  readonly heartbeatInterval?: number;
  readonly lookInterval?: number;
  readonly brokerSilence?: number;
  readonly relayInterval?: number;
  crashes?: number;
  readonly touch?: OutboxMaintenance['touch'];
  readonly relay?: OutboxMaintenance['relay'];
  readonly publish?: Producer['publish'];
}) {
  const [taken, paused, told]: [string[], TopicPartition[], string[]] = [[], [], []];
  let join: () => void = () => undefined;
  const joined = new Promise<void>((resolve) => (join = resolve));
  // A start that does not get into the group resolves as well, and is told as a crash.
  const start = async (listener: ConsumerListener): Promise<void> => {
    if (crashes-- > 0) {
      listener.crashed(new Error('no such member'), false);
      return;
    }
    listener.assigned([COMMANDS]);
    join();
  };
  let resume: (partition: TopicPartition) => void = () => undefined;
  const resumed = new Promise<TopicPartition>((resolve) => (resume = resolve));
  const worker = new Worker(
    {
      ...{
        group: 'g',
        lookInterval,
        brokerSilence,
        lanes: 1,
        chunkMaxMessages: 2,
        queueMaxMessages: 4,
        queueMaxBytes: 1_000_000,
      },
      ...{ lookUpsMaxMessages: 1, lookUpsQueueMaxMessages: 2, commitInterval: 600_000 },
      ...{ heartbeatInterval, patience: heartbeatInterval },
      relay: { interval: relayInterval, silence: 600_000, step: 10 },
      cleaner: { interval: 600_000, pause: 1, step: 10, inboxRetention: 1, deadLetterRetention: 1 },
      timers: RARE_SWEEPS,
      entitlements: RARE_PUBLICATIONS,
    },
    {
      topics: TOPICS,
      placement: { check: () => undefined },
      consumer: {
        ...{ start, stop: done, commit: done, seek: () => undefined },
        ...{ committed: async () => [], beginnings: async () => [] },
        pause: ({ topic, partition }) => void paused.push({ topic, partition }),
        resume: ({ topic, partition }) => resume({ topic, partition }),
      },
      decidedOffsets: new InMemoryDecidedOffsets(new InMemoryDatabase({ now: () => a.NOW })),
      level: 1,
      levelGate: { assigned: () => undefined, look: done, mayWrite: () => false } as unknown as LevelGate,
      planner: { plan: async () => [] } as unknown as Planner,
      userLookUps: { plan: async () => [] } as unknown as UserLookUps,
      unitOfWork: { run: none },
      dispatcher: { dispatch: none } as unknown as Dispatcher,
      producer: { publish },
      timers: NO_TIMERS,
      entitlements: NO_ENTITLEMENTS,
      promptProducer: { publish: done },
      cloudEvents: { write: none, encodeHeaders: none },
      outboxMaintenance: {
        ...{
          deleteDelivered: done,
          touch,
          living: async () => [],
          retire: done,
          forget: done,
          forgetFreedKeys: done,
        },
        ...{ relay, pruneInbox: nothing, pruneDeadLetters: nothing, removeOrphanedRows: nothing },
        ...{ eraseOfDeleted: nothing, openOfDeleted: async () => [] },
      },
      traces: undefined,
      telemetry: silentTelemetry({
        waiting: (what) => void told.push(`waiting ${what}`),
        waitEnded: (what, waiter) => {
          if (what === 'broker' && waiter === worker && told.length > 0) told.push(`ended ${what}`);
        },
      }),
      newId: randomUUID,
    },
  );
  worker.assigned([COMMANDS, LOOK_UPS]);
  const hand = async (to: TopicPartition, count: number, heartbeat: () => void = () => undefined): Promise<void> => {
    const flow = { heartbeat: async () => heartbeat(), taken: () => void taken.push(`${to.topic} ${count}`) };
    await worker.batch(batchOf(to, count), flow);
  };
  return { worker, taken, paused, told, joined, resumed, hand };
}

function batchOf(to: TopicPartition, count: number): Batch {
  const messages = Array.from({ length: count }, (_, offset) => ({
    ...{ ...to, offset, timestamp: a.NOW, key: null, value: null, headers: NO_HEADERS },
  }));
  return { ...to, messages, nextOffset: count, stableOffset: count, endOffset: count };
}

async function done(): Promise<void> {}

async function nothing(): Promise<number> {
  return 0;
}

function none(): never {
  throw new Error('not used');
}
