import type { Admin } from 'kafkajs';
import { clusterOf } from './kafkajs.ts';
import { Outage } from './retry.ts';

export interface PartitionOffsets {
  readonly partition: number;
  /** The offset of the first record that is kept, and that of the next record to come. */
  readonly low: string;
  readonly high: string;
}

export interface TopicOffsets {
  readonly led: readonly PartitionOffsets[];
  /** Partitions that nobody leads, and so nobody tells of. */
  readonly leaderless: readonly number[];
}

/** Where the partitions of a topic begin and end. kafkajs fails as a whole where nobody leads one of them. */
export async function offsetsOf(admin: Admin, topic: string): Promise<TopicOffsets> {
  try {
    return { led: await admin.fetchTopicOffsets(topic), leaderless: [] };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'KafkaJSBrokerNotFound') throw error;
    const cluster = clusterOf(admin);
    const partitions = cluster.findTopicPartitionMetadata(topic);
    const leaderless = partitions.filter(({ leader }) => leader < 0).map(({ partitionId }) => partitionId);
    if (leaderless.length === 0) throw error;
    const led = partitions.filter(({ leader }) => leader >= 0).map(({ partitionId }) => ({ partition: partitionId }));
    if (led.length === 0) return { led: [], leaderless };
    const [ends] = await cluster.fetchTopicsOffset([{ topic, partitions: led, fromBeginning: false }]);
    const [begins] = await cluster.fetchTopicsOffset([{ topic, partitions: led, fromBeginning: true }]);
    const lows = new Map(begins?.partitions.map(({ partition, offset }) => [partition, offset]));
    return {
      led: (ends?.partitions ?? []).flatMap(({ partition, offset: high }) => {
        const low = lows.get(partition);
        return low === undefined ? [] : { partition, low, high };
      }),
      leaderless,
    };
  }
}

/** Of all partitions. @throws PartitionsWithoutLeader */
export async function offsetsOfAll(admin: Admin, topic: string): Promise<readonly PartitionOffsets[]> {
  const { led, leaderless } = await offsetsOf(admin, topic);
  if (leaderless.length > 0) throw new PartitionsWithoutLeader(topic, leaderless);
  return led;
}

class PartitionsWithoutLeader extends Outage {
  override readonly name = 'PartitionsWithoutLeader';
  /** As kafkajs says it of its own errors. */
  readonly retriable = true;

  constructor(topic: string, partitions: readonly number[]) {
    super(
      `topic ${topic}: nobody leads ${partitions.length === 1 ? 'partition' : 'partitions'} ${partitions.join(', ')}`,
    );
  }
}
