import type { TopicPartition } from './consumer.ts';
import type { ReceivedMessage } from './messages.ts';

/** What a partition holds: the offsets from `first`, without `end`. */
export interface PartitionRange {
  readonly partition: number;
  readonly first: number;
  readonly end: number;
}

export interface Place extends TopicPartition {
  readonly offset: number;
}

export interface FetchedRecords extends TopicPartition {
  /** From the place that was asked for; without control records and those of aborted transactions. */
  readonly records: readonly ReceivedMessage[];
  /** Where to go on. The place that was asked for: there is nothing behind it that is committed. */
  readonly next: number;
}

/** Reads topics at any place, as nobody: without a group, and without a trace. */
export interface RecordReader {
  /** Sorted by partition. @throws ConfigurationError when there is no such topic */
  ranges(topic: string): Promise<readonly PartitionRange[]>;
  /** By partition, the first offset whose record was written at this time (milliseconds since the epoch) or later; the end, if there is none. */
  offsetsAt(topic: string, time: number): Promise<ReadonlyMap<number, number>>;
  /** The number of the partition where records with this key belong. */
  partitionOf(key: Buffer, partitions: number): number;
  /** One look at each of these places. @param maxBytes of each partition; a batch comes as a whole, however large it is */
  fetch(places: readonly Place[], maxBytes: number): Promise<readonly FetchedRecords[]>;
  close(): Promise<void>;
}
