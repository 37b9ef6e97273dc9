import type { ReceivedMessage } from './messages.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The part of one partition that a fetch has brought. It may hold no message, or be empty. */
export interface Batch extends TopicPartition {
  readonly messages: readonly ReceivedMessage[];
  /** The offset behind all of it, control records and aborted records included. */
  readonly nextOffset: number;
  /** How far the partition can be read, and where it ends. Between them lies an open transaction. */
  readonly stableOffset: number;
  readonly endOffset: number;
}

/** A partition no longer holds the offset `from`, so reading goes on at `to`. */
export interface Reset extends TopicPartition {
  readonly from: number;
  readonly to: number;
}

export interface BatchFlow {
  /** To be called while a batch waits for room. When it throws (a rebalance), the caller has to pass the error on. */
  heartbeat(): Promise<void>;
  /** Fetching goes on behind this batch. To be called in the tick that takes the batch, since a new assignment may come in the next one. */
  taken(): void;
}

export interface ConsumerListener {
  /** The group has assigned partitions anew. Messages that were handed over before and are not finished come again. */
  assigned(partitions: readonly TopicPartition[]): void;
  /** Takes the batch, or leaves it, and then it comes again. Called for several partitions at once, and for each that was fetched. */
  batch(batch: Batch, flow: BatchFlow): Promise<void>;
  /** Retention has removed messages before they were read, or a partition was cut off: it goes on from its beginning. */
  reset(reset: Reset): void;
  /** The consumer has dropped out of the group, and joins it again by itself. */
  interrupted(error: Error): void;
  /** The consumer has ended. `final`: it would end the same way again. Otherwise some server was out of reach, and a start may succeed. */
  crashed(error: Error, final: boolean): void;
}

export interface Consumer {
  start(listener: ConsumerListener): Promise<void>;
  /** Stops and resumes fetching from a partition. A new assignment resumes all of them. */
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  /** Commits where each partition goes on. Skips partitions that are not assigned now. */
  commit(offsets: readonly (TopicPartition & { readonly offset: number })[]): Promise<void>;
  /** Leaves the group. Commit first. */
  stop(): Promise<void>;
}
