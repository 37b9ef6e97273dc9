import { setImmediate as immediate } from 'node:timers/promises';
import { positionOf } from '../../../src/adapters/kafkajs/positions.ts';
import { Gate } from '../../support/faults.ts';
import { mendedModule } from './given-kafkajs.ts';

interface FetchedPartition {
  readonly messages?: readonly { readonly offset: string; readonly isControlRecord: boolean }[];
  readonly highWatermark?: string;
  readonly lastStableOffset?: string;
  readonly preferredReadReplica?: number;
}

interface ConsumerGroup {
  offsetManager: unknown;
  readonly subscriptionState: { assign(assignment: readonly object[]): void };
  seek(place: { readonly topic: string; readonly partition: number; readonly offset: string }): void;
  fetch(nodeId: string): Promise<readonly object[]>;
  recoverFromFetch(error: Error): Promise<void>;
}

interface Runner {
  running: boolean;
  fetchManager: { stop(): Promise<void> };
  stop(): Promise<void>;
  retrier: (work: () => Promise<void>) => Promise<void>;
  handleBatch(batch: object): Promise<void>;
  commitOffsets(offsets: object): Promise<void>;
}

interface Handed {
  readonly batch: { readonly messages: readonly unknown[]; readonly highWatermark: string };
  readonly resolveOffset: (offset: string) => void;
}

const load = (path: string) => mendedModule<new (options?: object) => unknown>(`src/${path}`);
const [Group, OffsetManager] = [load('consumer/consumerGroup.js'), load('consumer/offsetManager/index.js')];
const [RunnerClass, Emitter] = [load('consumer/runner.js'), load('instrumentation/emitter.js')];

const record = (offset: number) => ({ offset: String(offset), isControlRecord: false });
const marker = (offset: number) => ({ offset: String(offset), isControlRecord: true });

describe('a fetch', () => {
  it.each([
    ['control records', { messages: [marker(5), marker(6)], highWatermark: '7' }, [7, 7, 7]],
    ['nothing, at the end', { highWatermark: '5', lastStableOffset: '5' }, [5, 5, 5]],
    ['nothing, before an open transaction', { highWatermark: '9', lastStableOffset: '5' }, [5, 5, 9]],
  ])('that brought %s is handed over with its position', async (_, brought, expected) => {
    const { fetchAndHandOver, handed } = given({ brought });
    await fetchAndHandOver();
    expect(handed.map(({ batch }) => batch.messages)).toEqual([[]]);
    const [place] = handed.map(({ batch }) => ({ ...positionOf(batch), end: Number(batch.highWatermark) }));
    expect([place?.nextOffset, place?.stableOffset, place?.end]).toEqual(expected);
  });

  it('goes on behind what was resolved, control records at its end included', async () => {
    const { fetchAndHandOver, handed, asked } = given({ brought: { messages: [record(5), record(6), marker(7)] } });
    await fetchAndHandOver();
    const [first] = handed;
    first?.resolveOffset(String(positionOf(first.batch).nextOffset - 1));
    await fetchAndHandOver();
    expect(asked).toEqual(['5', '8']);
  });

  it('goes on behind control records only once they were resolved: they may be of an assignment that is over', async () => {
    const { fetchAndHandOver, handed, asked } = given({ brought: { messages: [marker(5)] } });
    await fetchAndHandOver();
    await fetchAndHandOver();
    handed[0]?.resolveOffset('5');
    await fetchAndHandOver();
    expect(asked).toEqual(['5', '5', '6']);
  });

  it('is not handed over when the group was joined anew before its answer came', async () => {
    const brought = { messages: [record(5)] };
    const { join, fetch, fetchAndHandOver, handed, asked, answer } = given({ brought, slow: true });
    const late = fetchAndHandOver();
    await answer.reached;
    join();
    // The new assignment goes on at the same offset, so the late answer fits by its place.
    const next = fetch();
    while (asked.length < 2) await immediate();
    answer.open();
    await Promise.all([late, next]);
    expect(handed).toEqual([]);
    await fetchAndHandOver();
    expect(handed).toHaveLength(1);
  });

  it('is not handed over when another broker, which leads by now, has brought the same before it', async () => {
    const { fetch, fetchAndHandOver, runner, handed } = given({ brought: { messages: [record(5)] } });
    const slower = await fetch();
    await fetchAndHandOver();
    handed[0]?.resolveOffset('5');
    for (const batch of slower) await runner.handleBatch(batch);
    expect(handed).toHaveLength(1);
  });

  it('without messages is none of the business of who leaves it to kafkajs how far he has come', async () => {
    const { fetchAndHandOver, handed } = given({ brought: { highWatermark: '9' }, eachBatchAutoResolve: true });
    await fetchAndHandOver();
    expect(handed).toEqual([]);
  });
});

test('a seek that no fetch has taken up ends with its assignment', async () => {
  const { join, seek, fetch, asked } = given({});
  seek('9');
  await fetch();
  seek('20');
  join();
  await fetch();
  expect(asked).toEqual(['9', '5']);
  seek('30');
  join();
  seek('7');
  await fetch();
  expect(asked).toEqual(['9', '5', '7']);
});

test('a commit is made under the generation of its time, or not at all', async () => {
  const { join, runner, committed } = given({});
  const offsets = { topics: [{ topic: 't', partitions: [{ partition: 0, offset: '7' }] }] };
  await runner.commitOffsets(offsets);
  expect(committed).toEqual([[1, '7']]);
  // Tried again after a join, as kafkajs does after a failure.
  runner.retrier = async (work) => {
    join();
    await work();
  };
  await runner.commitOffsets(offsets);
  expect(committed).toEqual([[1, '7']]);
});

test('an offset that is out of range leads to the beginning of the partition; that is told, and nothing committed', async () => {
  const { fetchAndHandOver, asked, committed, told, missOnce } = given({ earliest: '300' });
  missOnce();
  await fetchAndHandOver();
  await fetchAndHandOver();
  expect(asked).toEqual(['5', '300']);
  expect(told).toEqual([{ topic: 't', partition: 0, from: 5, to: 300 }]);
  expect(committed).toEqual([]);
});

test('an offset that two brokers find out of range at the same time is told once', async () => {
  const { fetch, recover, told } = given({ earliest: '300' });
  await fetch();
  await recover();
  await recover();
  expect(told).toEqual([{ topic: 't', partition: 0, from: 5, to: 300 }]);
});

describe('a replica nearby', () => {
  const given2 = async () => {
    const all = given({ brought: { preferredReadReplica: 2 } });
    await all.fetch('1');
    await all.fetch('2');
    expect(all.nodesAsked).toEqual(['1', '2']);
    return all;
  };

  it('that lacks an offset may only be behind: the leader is asked, and nothing counts as lost', async () => {
    const { fetch, missOnce, nodesAsked, told, asked } = await given2();
    missOnce();
    await fetch('2');
    await fetch('2');
    await fetch('1');
    expect(nodesAsked).toEqual(['1', '2', '2', '1']);
    expect(new Set(asked)).toEqual(new Set(['5']));
    expect(told).toEqual([]);
  });

  it('that is gone is read from no more', async () => {
    const { fetch, nodes, nodesAsked } = await given2();
    nodes.delete('2');
    await fetch('1');
    expect(nodesAsked).toEqual(['1', '2', '1']);
  });
});

test('a member that stops has left before its fetches end, so that the others need not wait for them', async () => {
  const { runner, left, answer } = given({ slow: true });
  let fetches = true;
  runner.fetchManager = {
    stop: async () => {
      fetches = false;
      await answer.pass();
    },
  };
  const stopped = runner.stop();
  // kafkajs' fetchers would go round without a pause.
  expect(fetches).toBe(false);
  await answer.reached;
  expect(left).toEqual(['m']);
  answer.open();
  await stopped;
});

/** A consumer of one partition whose group has committed 5, with all of kafkajs but its cluster. */
function given({
  brought = {},
  slow = false,
  earliest = '0',
  eachBatchAutoResolve = false,
}: {
  readonly brought?: FetchedPartition;
  readonly slow?: boolean;
  readonly earliest?: string;
  readonly eachBatchAutoResolve?: boolean;
}) {
  const [handed, asked, told]: [Handed[], string[], object[]] = [[], [], []];
  const committed: (readonly [generation: number, offset: string])[] = [];
  const [nodes, nodesAsked, left] = [new Set(['1', '2']), [] as string[], [] as string[]];
  const answer = new Gate();
  if (!slow) answer.open();
  let misses = false;
  const broker = {
    isConnected: () => true,
    offsetFetch: async () => ({ responses: [{ topic: 't', partitions: [{ partition: 0, offset: '5' }] }] }),
    offsetCommit: async (commit: {
      readonly groupGenerationId: number;
      readonly topics: readonly { readonly partitions: readonly { readonly offset: string }[] }[];
    }) => {
      committed.push([commit.groupGenerationId, String(commit.topics[0]?.partitions[0]?.offset)]);
    },
    heartbeat: async () => undefined,
    leaveGroup: async ({ memberId }: { readonly memberId: string }) => void left.push(memberId),
    fetch: async ({
      topics,
    }: {
      readonly topics: readonly { readonly partitions: readonly { readonly fetchOffset: string }[] }[];
    }) => {
      asked.push(String(topics[0]?.partitions[0]?.fetchOffset));
      await answer.pass();
      if (misses) {
        misses = false;
        throw outOfRange();
      }
      const partition = { partition: 0, messages: [], highWatermark: '100', abortedTransactions: [], ...brought };
      return { responses: [{ topicName: 't', partitions: [partition] }] };
    },
  };
  const committedOffsets = {};
  const cluster = {
    refreshMetadataIfNecessary: async () => undefined,
    findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }],
    findBroker: async ({ nodeId }: { readonly nodeId: string }) => {
      nodesAsked.push(nodeId);
      return broker;
    },
    getNodeIds: () => [...nodes],
    committedOffsets: () => committedOffsets,
    fetchTopicsOffset: async () => [{ topic: 't', partitions: [{ partition: 0, offset: earliest }] }],
  };
  const silent: Readonly<Record<string, () => unknown>> = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  const logger: typeof silent = { ...silent, namespace: () => logger };
  const instrumentationEmitter = new Emitter() as {
    addListener(event: string, heard: (event: { readonly payload: object }) => void): void;
  };
  instrumentationEmitter.addListener('consumer.offset_out_of_range', ({ payload }) => told.push(payload));
  const topicConfigurations = { t: { fromBeginning: true } };
  const around = { cluster, topicConfigurations, instrumentationEmitter, logger, autoCommit: false, groupId: 'g' };
  const group = new Group({ ...around, topics: ['t'], retry: {} }) as ConsumerGroup;
  Object.assign(group, { memberId: 'm', coordinator: broker });
  let generationId = 0;
  const join = (): void => {
    generationId += 1;
    group.subscriptionState.assign([{ topic: 't', partitions: [0] }]);
    group.offsetManager = new OffsetManager({
      ...around,
      ...{ coordinator: broker, generationId, memberId: 'm', memberAssignment: { t: [0] } },
    });
  };
  join();
  const runner = new RunnerClass({
    ...{ ...around, consumerGroup: group, concurrency: 1, retry: { retries: 0 }, eachBatchAutoResolve },
    eachBatch: async (payload: Handed) => void handed.push(payload),
  }) as Runner;
  runner.running = true;
  return {
    ...{ handed, asked, told, committed, answer, runner, join, nodes, nodesAsked, left },
    missOnce: () => (misses = true),
    seek: (offset: string) => group.seek({ topic: 't', partition: 0, offset }),
    fetch: (nodeId = '1') => group.fetch(nodeId),
    recover: () => group.recoverFromFetch(outOfRange()),
    fetchAndHandOver: async () => {
      for (const batch of await group.fetch('1')) await runner.handleBatch(batch);
    },
  };
}

function outOfRange(): Error {
  return Object.assign(new Error('out of range'), { name: 'KafkaJSOffsetOutOfRange', topic: 't', partition: 0 });
}
