import type { TopicPartition } from './consumer.ts';

/** How far the database has decided a partition for a consumer group. */
export interface DecidedOffset extends TopicPartition {
  /** A UUID for one unbroken line of decisions. Another one begins where the group's offset was not committed by a worker. */
  readonly history: string;
  /** Of each message before this offset the database knows how it ended. */
  readonly decided: number;
}

/** What a transaction does to a partition. It builds on all messages before `from`, and decides those before `to`. */
export interface Step extends TopicPartition {
  readonly history: string;
  readonly from: number;
  readonly to: number;
}

/** What a transaction decides for one consumer group. */
export interface Decision {
  readonly group: string;
  readonly steps: readonly Step[];
}

/** A row that is to change, as it was read; undefined: there was none. */
export interface DecidedChange {
  readonly before: DecidedOffset | undefined;
  readonly after: DecidedOffset;
}

export interface DecidedOffsets {
  /** All partitions of a group. `server` tells one server, one start of it and one database from others. */
  read(group: string): Promise<{ readonly server: string; readonly offsets: readonly DecidedOffset[] }>;
  /** Changes the rows that are still as they were read. @returns whether all were */
  change(group: string, changes: readonly DecidedChange[]): Promise<boolean>;
}
