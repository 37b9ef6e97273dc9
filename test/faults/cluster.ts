import type { KafkaService } from '../../stack/kafka.ts';
import type { Stack } from '../../stack/stack.ts';
import { activeController, electPreferredLeaders } from '../support/kafka-requests.ts';
import { unlessNotYet } from '../support/world-offsets.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';
import { down } from './fault-case.ts';

// Helpers for cases with three brokers: who leads which partition, and how leadership is moved.

const OFFSETS_TOPIC = '__consumer_offsets';
const SOON_MS = 60_000;

type Cluster = Pick<Stack, 'brokers'>;

export interface PartitionState {
  readonly partition: number;
  readonly leader: number;
  /** The first of them is the preferred leader. */
  readonly replicas: readonly number[];
  readonly inSync: readonly number[];
}

export function brokerOf({ brokers }: Cluster, nodeId: number): KafkaService {
  const found = brokers.find((broker) => broker.nodeId === nodeId);
  if (found === undefined) throw new Error(`no broker is node ${nodeId}`);
  return found;
}

/** The partitions of a topic, as the living brokers see them; asks again while leaders are being elected. */
export async function stateOf({ admin }: Pick<World, 'admin'>, topic: string): Promise<readonly PartitionState[]> {
  return until(`the leaders of ${topic} are told`, async () => {
    const metadata = await unlessNotYet(admin.fetchTopicMetadata({ topics: [topic] }));
    const partitions = metadata?.topics[0]?.partitions;
    if (partitions?.some(({ leader }) => leader < 0) === true) return undefined;
    return partitions?.map(({ partitionId, leader, replicas, isr }) => ({
      partition: partitionId,
      leader,
      replicas,
      inSync: isr,
    }));
  });
}

/** Stops the only broker that has these partitions of a topic, by default all. Resolves when nobody leads them. */
export async function downWithAllReplicas(
  world: World,
  cluster: Cluster,
  nodeId: number,
  topic: string,
  isIts: (partition: number) => boolean = () => true,
): Promise<void> {
  await reassigned(world, topic, ({ partition, replicas }) => (isIts(partition) ? [nodeId] : replicas));
  await down(brokerOf(cluster, nodeId));
  await until(`nobody leads ${topic}`, async () => {
    const found = await unlessNotYet(world.admin.fetchTopicMetadata({ topics: [topic] }));
    return found?.topics[0]?.partitions.every(({ partitionId, leader }) => leader < 0 === isIts(partitionId));
  });
}

export async function leadersOf(world: Pick<World, 'admin'>, topic: string): Promise<readonly number[]> {
  const state = await stateOf(world, topic);
  return [...state].sort((a, b) => a.partition - b.partition).map(({ leader }) => leader);
}

/** Waits until those who lead a topic are as wanted. Brokers learn of it one after the other, and any of them may be asked. */
export async function untilLed(
  world: Pick<World, 'admin'>,
  topic: string,
  asWanted: (leaders: readonly number[]) => boolean,
): Promise<void> {
  await until(`others lead ${topic}`, async () => asWanted(await leadersOf(world, topic)), SOON_MS);
}

/** The node that coordinates all groups: their offsets are in one partition. */
export async function coordinatorOf(world: Pick<World, 'admin'>): Promise<number> {
  const [leader] = await leadersOf(world, OFFSETS_TOPIC);
  if (leader === undefined) throw new Error('nobody coordinates');
  return leader;
}

/** The node that leads most of a topic. */
export async function leaderOfMost(world: Pick<World, 'admin'>, topic: string): Promise<number> {
  const leaders = await leadersOf(world, topic);
  const counts = [...Map.groupBy(leaders, (leader) => leader)].map(([leader, some]) => [some.length, leader] as const);
  const most = counts.sort((a, b) => b[0] - a[0])[0];
  if (most === undefined) throw new Error(`${topic} has no partitions`);
  return most[1];
}

export async function controllerOf(cluster: Cluster): Promise<number> {
  const alive = cluster.brokers.find(({ pid }) => pid !== undefined);
  if (alive === undefined) throw new Error('all brokers are down');
  return until('the quorum has a leader', () => activeController(alive.port).catch(() => undefined));
}

/** Every replica of everything that the world uses is in sync with its leader. */
export async function wholeAgain(world: World, { brokers }: Cluster): Promise<void> {
  const topics = [...world.allTopics, OFFSETS_TOPIC];
  let missing = '';
  const whole = async (): Promise<boolean> => {
    for (const topic of topics) {
      const behind = (await stateOf(world, topic)).find(({ inSync }) => inSync.length < brokers.length);
      if (behind === undefined) continue;
      missing = `${topic}/${behind.partition} is in sync on ${behind.inSync.join()}`;
      return false;
    }
    return true;
  };
  await until('all replicas are in sync', whole, SOON_MS, () => missing);
}

/** Kills a broker; resolves when others lead its partitions. */
export async function killed(world: World, cluster: Cluster, nodeId: number): Promise<void> {
  await brokerOf(cluster, nodeId).kill();
  await noLongerLeads(world, nodeId);
}

/** Stops a broker gracefully, so that it hands over its partitions, and starts it again. Resolves when it has caught up. */
export async function restarted(world: World, cluster: Cluster, nodeId: number): Promise<void> {
  const broker = brokerOf(cluster, nodeId);
  await down(broker);
  await noLongerLeads(world, nodeId);
  await broker.start();
  await wholeAgain(world, cluster);
}

async function noLongerLeads(world: World, nodeId: number): Promise<void> {
  const topics = [...world.allTopics, OFFSETS_TOPIC];
  const led = async (): Promise<boolean> => {
    const states = await Promise.all(topics.map((topic) => leadersOf(world, topic)));
    return states.flat().every((leader) => leader !== nodeId && leader >= 0);
  };
  await until(`node ${nodeId} leads nothing any more`, led, SOON_MS);
}

/** Assigns other replicas to the partitions of a topic, in this order of preference. Resolves when they are in sync. */
export async function reassigned(
  world: World,
  topic: string,
  replicasOf: (state: PartitionState) => readonly number[],
): Promise<void> {
  const wanted = new Map((await stateOf(world, topic)).map((state) => [state.partition, replicasOf(state)]));
  await world.admin.alterPartitionReassignments({
    topics: [
      {
        topic,
        partitionAssignment: [...wanted].map(([partition, replicas]) => ({ partition, replicas: [...replicas] })),
      },
    ],
  });
  await until(
    `${topic} is reassigned`,
    async () =>
      (await stateOf(world, topic)).every(({ partition, replicas, inSync, leader }) => {
        const those = wanted.get(partition) ?? [];
        return replicas.join() === those.join() && inSync.length === those.length && those.includes(leader);
      }),
    SOON_MS,
  );
}

/** Resolves when the first replica of each partition leads it. */
export async function electedPreferred(world: World, { brokers }: Cluster, topic: string): Promise<void> {
  const [any] = brokers;
  if (any === undefined) throw new Error('there is no broker');
  const partitions = (await stateOf(world, topic)).map(({ partition }) => partition);
  await electPreferredLeaders(any.port, topic, partitions);
  await until(
    `the preferred replicas lead ${topic}`,
    async () => (await stateOf(world, topic)).every(({ leader, replicas }) => leader === replicas[0]),
    SOON_MS,
  );
}
