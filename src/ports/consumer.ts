import type { ReceivedMessage } from './messages.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A stretch of one partition. `nextOffset` is where to go on after all of it, control records included. */
export interface Batch extends TopicPartition {
  /** Where the fetch began that brought it. */
  readonly fetchedOffset: number;
  readonly messages: readonly ReceivedMessage[];
  readonly nextOffset: number;
}

export interface BatchFlow {
  /** To be called by who waits for room; its failure (a rebalance) is to be passed on. */
  heartbeat(): Promise<void>;
  /** Fetching goes on after this batch. To be called in the tick in which the batch is taken: a new assignment may come in the next. */
  taken(): void;
}

export interface ConsumerListener {
  /** The group has assigned partitions anew: what was handed over before and is not finished will come again. */
  assigned(partitions: readonly TopicPartition[]): void;
  /** Takes a batch, or does not: then it comes again. Called for several partitions at once. */
  batch(batch: Batch, flow: BatchFlow): Promise<void>;
  /** The consumer is out of the group, and joins it again by itself. */
  interrupted(error: Error): void;
  /** The consumer has ended. `final`: starting it again would end the same way; if not, something was out of reach. */
  crashed(error: Error, final: boolean): void;
}

export interface Consumer {
  start(listener: ConsumerListener): Promise<void>;
  /** Stops and resumes fetching from partitions; a new assignment resumes all. */
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  /** Commits the next offsets to read of partitions that are assigned now. */
  commit(offsets: readonly (TopicPartition & { readonly offset: number })[]): Promise<void>;
  /** Leaves the group. Commit first. */
  stop(): Promise<void>;
}
