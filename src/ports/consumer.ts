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
  /** The broker that coordinates the group has answered. Called every few seconds for as long as it does. */
  reached(): void;
  /** Takes the batch, or leaves it, and then it comes again. Called for several partitions at once, and for each that was fetched. */
  batch(batch: Batch, flow: BatchFlow): Promise<void>;
  /** Retention has removed messages before they were read, or a partition was cut off: it goes on from its beginning. */
  reset(reset: Reset): void;
  /** The consumer has dropped out of the group, and joins it again by itself. */
  interrupted(error: Error): void;
  /** The consumer has ended. `final`: it would end the same way again. Otherwise some server was out of reach, and a start may succeed. */
  crashed(error: Error, final: boolean): void;
}

/** Where the group goes on in a partition, as it was committed last. */
export interface CommittedOffset extends TopicPartition {
  /** Undefined: nothing was committed yet, or it was forgotten. */
  readonly offset: number | undefined;
  readonly metadata: string | null;
}

/** Where a partition goes on, for the group, and what whoever reads the commit is told with it. */
export interface Commit extends TopicPartition {
  readonly offset: number;
  readonly metadata: string;
}

/** The first offset that a partition still holds; or why that is not known: nobody leads the partition, say. */
export type Beginning = TopicPartition & ({ readonly offset: number } | { readonly unknown: Error });

export interface Consumer {
  start(listener: ConsumerListener): Promise<void>;
  /** Stops and resumes fetching from a partition. A new assignment resumes all of them. */
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  /** Reads on from this offset. To be called while no batch of the partition is taken. */
  seek(partition: TopicPartition, offset: number): void;
  /** Skips partitions that are not assigned now. */
  commit(commits: readonly Commit[]): Promise<void>;
  /** What the group has committed, for each partition of these topics. */
  committed(topics: readonly string[]): Promise<readonly CommittedOffset[]>;
  /** Where each of these partitions begins. One that nobody can tell of holds back no other. */
  beginnings(partitions: readonly TopicPartition[]): Promise<readonly Beginning[]>;
  /** Leaves the group. Commit first. */
  stop(): Promise<void>;
}
