import type { Consumer } from 'kafkajs';

/**
 * The consumer of kafkajs 2.2.4, mended by src/adapters/kafkajs.ts where it is wrong or silent about positions:
 *
 * - It never tells `eachBatch` of a fetch that brought no messages: of control records, of aborted ones, of the end of a partition.
 * - It hands a batch over under a later assignment than that for which it was fetched, and repeats a failed commit under one.
 * - After an offset that is out of range it commits -2, and says nothing of what was lost.
 */
export interface Position {
  /** Where to go on after what was fetched: control records and aborted ones are behind it, too. */
  readonly nextOffset: number;
  /** The last stable offset: where the first transaction begins that was open at the time of the fetch, or the end. */
  readonly stableOffset: number;
}

/** A partition's place is not there any more: retention has deleted it, or the partition was cut off. */
export interface OutOfRange {
  readonly topic: string;
  readonly partition: number;
  /** Where it would have gone on, and where it goes on instead. */
  readonly from: number;
  readonly to: number;
}

interface FetchedPartition {
  readonly lastStableOffset?: string;
}

declare class Batch {
  readonly topic: string;
  readonly partition: number;
  readonly fetchedOffset: string;
  readonly highWatermark: string;
  readonly rawMessages: readonly unknown[];
  constructor(topic: string, fetchedOffset: string, partition: FetchedPartition);
  isEmpty(): boolean;
  lastOffset(): string;
}

/** Batches with their `Position`. */
export function withPosition(Original: typeof Batch): typeof Batch {
  return class BatchWithPosition extends Original implements Position {
    readonly stableOffset: number;

    constructor(topic: string, fetchedOffset: string, partition: FetchedPartition) {
      super(topic, fetchedOffset, partition);
      this.stableOffset = Number(partition.lastStableOffset ?? this.highWatermark);
    }

    get nextOffset(): number {
      return this.rawMessages.length === 0 ? Number(this.fetchedOffset) : Number(this.lastOffset()) + 1;
    }
  };
}

export function positionOf(batch: object): Position {
  if (!('nextOffset' in batch && 'stableOffset' in batch)) throw new TypeError('a batch that has no position');
  return { nextOffset: Number(batch.nextOffset), stableOffset: Number(batch.stableOffset) };
}

interface Offsets {
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly unknown[] }[];
}

/** kafkajs makes one for each assignment. */
declare class OffsetManager {
  nextOffset(topic: string, partition: number): { toString(): string };
  resolveOffset(last: { readonly topic: string; readonly partition: number; readonly offset: string }): void;
}

interface TopicOffsets {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
}

interface Cluster {
  fetchTopicsOffset(
    wanted: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number }[];
      readonly fromBeginning?: boolean;
    }[],
  ): Promise<readonly TopicOffsets[]>;
}

declare class ConsumerGroup {
  readonly offsetManager: OffsetManager;
  readonly cluster: Cluster;
  readonly topicConfigurations: Readonly<Record<string, { readonly fromBeginning?: boolean }>>;
  readonly instrumentationEmitter: { emit(event: string, payload: OutOfRange): void };
  fetch(nodeId: string): Promise<readonly Batch[]>;
  commitOffsets(offsets?: Offsets): Promise<void>;
  recoverFromOffsetOutOfRange(place: { readonly topic: string; readonly partition: number }): Promise<void>;
}

declare class Runner {
  readonly running: boolean;
  readonly consumerGroup: ConsumerGroup;
  readonly eachBatch: unknown;
  readonly eachBatchAutoResolve: boolean;
  handleBatch(batch: Batch): Promise<void>;
  processEachBatch(batch: Batch): Promise<void>;
  heartbeat(): Promise<void>;
  commitOffsets(offsets: Offsets): Promise<void>;
}

/**
 * A batch belongs to the assignment for which it was fetched: there is a fetcher for each broker, and one that waits for its answer while
 * another joins the group anew brings a batch from behind what was dropped at the join. And as a partition's leader moves, two of them may
 * fetch it at a time: what the slower one brings was taken meanwhile.
 */
export function handOverEverything(
  { prototype: group }: { readonly prototype: ConsumerGroup },
  { prototype: runner }: { readonly prototype: Runner },
): void {
  const assignments = new WeakMap<Batch, OffsetManager>();
  const { fetch } = group;
  group.fetch = async function fetchFor(this: ConsumerGroup, nodeId): Promise<readonly Batch[]> {
    const { offsetManager } = this;
    const batches = await fetch.call(this, nodeId);
    for (const batch of batches) assignments.set(batch, offsetManager);
    return batches;
  };
  const { handleBatch } = runner;
  runner.handleBatch = async function handOver(this: Runner, batch): Promise<void> {
    const { offsetManager } = this.consumerGroup;
    if (assignments.get(batch) !== offsetManager) return;
    if (offsetManager.nextOffset(batch.topic, batch.partition).toString() !== batch.fetchedOffset) return;
    // Only to who resolves by himself: what would be resolved for him is the end of the partition, open transactions or not.
    if (!this.running || !batch.isEmpty() || !this.eachBatch || this.eachBatchAutoResolve) {
      await handleBatch.call(this, batch);
      return;
    }
    await this.processEachBatch(batch);
    await this.heartbeat();
  };
}

/** A commit that is tried again after a join would go as one of the new generation, for partitions that are another member's by now. */
export function commitUnderOneAssignment(
  { prototype: group }: { readonly prototype: ConsumerGroup },
  { prototype: runner }: { readonly prototype: Runner },
): void {
  const assignments = new WeakMap<Offsets, OffsetManager>();
  const { commitOffsets: repeat } = runner;
  runner.commitOffsets = async function commitFor(this: Runner, offsets): Promise<void> {
    assignments.set(offsets, this.consumerGroup.offsetManager);
    await repeat.call(this, offsets);
  };
  const { commitOffsets: commit } = group;
  group.commitOffsets = async function commitUnlessOver(this: ConsumerGroup, offsets): Promise<void> {
    const assignment = offsets && assignments.get(offsets);
    if (assignment === undefined || assignment === this.offsetManager) await commit.call(this, offsets);
  };
}

const OUT_OF_RANGE = 'consumer.offset_out_of_range';

/** Goes on from where the partition begins, and tells of it. Whoever commits positions commits that one too. */
export function goOnFromTheBeginning(
  events: Record<string, string>,
  { prototype: group }: { readonly prototype: ConsumerGroup },
): void {
  events['OFFSET_OUT_OF_RANGE'] = OUT_OF_RANGE;
  group.recoverFromOffsetOutOfRange = async function goOn(this: ConsumerGroup, { topic, partition }): Promise<void> {
    const { offsetManager, cluster, topicConfigurations } = this;
    const [found] = await cluster.fetchTopicsOffset([
      { topic, partitions: [{ partition }], ...topicConfigurations[topic] },
    ]);
    const to = Number(found?.partitions[0]?.offset);
    if (offsetManager !== this.offsetManager || !Number.isInteger(to)) return; // the next fetch finds out again
    const from = Number(offsetManager.nextOffset(topic, partition));
    if (from === to) return; // who fetched it from another broker at the same time was faster, and has told
    offsetManager.resolveOffset({ topic, partition, offset: String(to - 1) });
    this.instrumentationEmitter.emit(OUT_OF_RANGE, { topic, partition, from, to });
  };
}

/** The types of kafkajs know nothing of this event. */
export function onOutOfRange(consumer: Consumer, listener: (place: OutOfRange) => void): void {
  const on = consumer.on as (event: string, heard: (event: { readonly payload: OutOfRange }) => void) => unknown;
  on(OUT_OF_RANGE, ({ payload }) => listener(payload));
}
