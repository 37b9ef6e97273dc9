import type { Cradle } from '../container.ts';
import type { PartitionRange } from '../ports/record-reader.ts';
import { sourcesOf } from '../ports/topics.ts';

/** How far the database has decided a partition that the worker reads. */
export interface UnreadPartition {
  readonly topic: string;
  readonly partition: number;
  /** What Kafka holds: from `first`, without `end`. */
  readonly first: number;
  readonly end: number;
  /** Of each message before this offset the database knows how it ended. */
  readonly decided: number;
  /** How many offsets lie behind it. */
  readonly unread: number;
}

/**
 * Of all partitions that the worker reads, for the group of KAFKA_GROUP_ID. Read before what the database knows of a message: what is decided
 * here is known there.
 */
export async function unreadOf({
  decidedOffsets,
  recordReader,
  config,
  topics,
}: Pick<Cradle, 'decidedOffsets' | 'recordReader' | 'config' | 'topics'>): Promise<readonly UnreadPartition[]> {
  const { offsets } = await decidedOffsets.read(config.kafkaGroupId);
  const sources = sourcesOf(topics);
  // One after the other: where metadata is renewed often, since nobody leads a partition, kafkajs mixes up those who ask at a time.
  const ranges: (readonly PartitionRange[])[] = [];
  for (const topic of sources) ranges.push(await recordReader.ranges(topic));
  return ranges.flatMap((partitions, i) =>
    partitions.map(({ partition, first, end }) => {
      const topic = sources[i] ?? '';
      const row = offsets.find((one) => one.topic === topic && one.partition === partition);
      // A row beyond the end is of a topic that was there before this one: the worker begins anew.
      const decided = row === undefined || row.decided > end ? first : Math.max(first, row.decided);
      return { topic, partition, first, end, decided, unread: end - decided };
    }),
  );
}
