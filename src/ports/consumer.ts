import type { ReceivedMessage } from './messages.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What a fetch has brought of one partition: a stretch of it, perhaps without any message, perhaps nothing at all. */
export interface Batch extends TopicPartition {
  readonly messages: readonly ReceivedMessage[];
  /** Where to go on after all of it, control records and aborted ones included. */
  readonly nextOffset: number;
  /** Up to where the partition can be read, and where it ends. An open transaction is what lies between them. */
  readonly stableOffset: number;
  readonly endOffset: number;
}

/** A partition goes on from `to`, since it does not hold what stood at `from` any more. */
export interface Reset extends TopicPartition {
  readonly from: number;
  readonly to: number;
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
  /** Takes a batch, or does not: then it comes again. Called for several partitions at once, and for each that was fetched. */
  batch(batch: Batch, flow: BatchFlow): Promise<void>;
  /** Retention was faster than the worker, or a partition was cut off: it goes on from its beginning. */
  reset(reset: Reset): void;
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
