import type { Consumer } from 'kafkajs';
import type { OffsetsCluster } from './fetches.ts';

/** How far a fetch has read a partition. */
export interface Position {
  /** Where to go on. Control records and records of aborted transactions lie before it, too. */
  readonly nextOffset: number;
  /** The last stable offset: where the first transaction begins that was open at the time of the fetch, or the end of the partition. */
  readonly stableOffset: number;
}

/** The place from which a partition was to be read is gone: retention has deleted it, or the partition was cut off. */
export interface OutOfRange {
  readonly topic: string;
  readonly partition: number;
  /** Where it would have gone on, and where it goes on instead. */
  readonly from: number;
  readonly to: number;
}

/** Of the answer to a fetch. */
export interface FetchedPartition {
  readonly lastStableOffset?: string;
}

export declare class Batch {
  readonly topic: string;
  readonly partition: number;
  readonly fetchedOffset: string;
  readonly highWatermark: string;
  readonly rawMessages: readonly unknown[];
  constructor(topic: string, fetchedOffset: string, partition: FetchedPartition);
  isEmpty(): boolean;
  lastOffset(): string;
}

/** kafkajs makes a new one for each assignment, so that it stands for the assignment here. */
export interface OffsetManager {
  /** The broker that takes its commits. */
  coordinator: unknown;
  nextOffset(topic: string, partition: number): { toString(): string };
  resolveOffset(last: { readonly topic: string; readonly partition: number; readonly offset: string }): void;
}

interface Offsets {
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly unknown[] }[];
}

export interface ConsumerGroup {
  readonly offsetManager: OffsetManager;
  /** Where partitions are to be read from by the next fetch. */
  readonly seekOffset: { clear(): void };
  readonly cluster: OffsetsCluster;
  readonly topicConfigurations: Readonly<Record<string, { readonly fromBeginning?: boolean }>>;
  readonly instrumentationEmitter: { emit(event: string, payload: OutOfRange): void };
  /** By topic and partition the replica that the leader has told to be nearer. */
  readonly preferredReadReplicasPerTopicPartition: Readonly<
    Record<string, Record<number, { readonly nodeId: number }> | undefined>
  >;
  getNodeIds(): readonly string[];
  findReadReplicaForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, number[]>>;
  seek(place: { readonly topic: string; readonly partition: number; readonly offset: string }): void;
  /** Called by each fetch. */
  seekOffsets(assigned: readonly object[]): Promise<void>;
  fetch(nodeId: string): Promise<readonly Batch[]>;
  commitOffsets(offsets?: Offsets): Promise<void>;
  recoverFromOffsetOutOfRange(place: { readonly topic: string; readonly partition: number }): Promise<void>;
}

export interface Runner {
  running: boolean;
  readonly consumerGroup: ConsumerGroup & { leave(): Promise<void> };
  readonly eachBatch: unknown;
  readonly eachBatchAutoResolve: boolean;
  readonly fetchManager: { stop(): Promise<void> };
  stop(): Promise<void>;
  waitForConsumer(): Promise<void>;
  handleBatch(batch: Batch): Promise<void>;
  processEachBatch(batch: Batch): Promise<void>;
  heartbeat(): Promise<void>;
  commitOffsets(offsets: Offsets): Promise<void>;
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

/** @throws TypeError when the batch is none of `withPosition` */
export function positionOf(batch: object): Position {
  if (!('nextOffset' in batch && 'stableOffset' in batch)) throw new TypeError('a batch that has no position');
  const { nextOffset, stableOffset } = batch;
  if (!isOffset(nextOffset)) throw new TypeError(`a batch whose nextOffset is ${String(nextOffset)}`);
  if (!isOffset(stableOffset)) throw new TypeError(`a batch whose stableOffset is ${String(stableOffset)}`);
  return { nextOffset, stableOffset };
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** Under which assignment places were sought, a batch was fetched, and offsets were to be committed. */
const soughtUnder = new WeakMap<ConsumerGroup, OffsetManager>();
const fetchedUnder = new WeakMap<Batch, OffsetManager>();
const committedUnder = new WeakMap<Offsets, OffsetManager>();

/** A batch belongs to the assignment for which it was fetched: `handOverEverything` drops those of an earlier one. */
export function fetchUnderOneAssignment({ prototype }: { readonly prototype: ConsumerGroup }): void {
  const { fetch } = prototype;
  prototype.fetch = async function fetchFor(this: ConsumerGroup, nodeId): Promise<readonly Batch[]> {
    const { offsetManager } = this;
    const batches = await fetch.call(this, nodeId);
    for (const batch of batches) fetchedUnder.set(batch, offsetManager);
    return batches;
  };
}

/**
 * Forgets what was sought under an earlier assignment. kafkajs keeps it until the partition is fetched from: one that was taken away before
 * that, and comes back much later, would go on there, behind messages that were never read.
 */
export function seekUnderOneAssignment({ prototype }: { readonly prototype: ConsumerGroup }): void {
  const { seek, seekOffsets } = prototype;
  prototype.seek = function seekFor(this: ConsumerGroup, place): void {
    forgetEarlierSeeks(this);
    seek.call(this, place);
  };
  prototype.seekOffsets = async function goWhereItIsSought(this: ConsumerGroup, assigned): Promise<void> {
    forgetEarlierSeeks(this);
    await seekOffsets.call(this, assigned);
  };
}

function forgetEarlierSeeks(group: ConsumerGroup): void {
  const { offsetManager, seekOffset } = group;
  if (soughtUnder.get(group) === offsetManager) return;
  soughtUnder.set(group, offsetManager);
  seekOffset.clear();
}

/**
 * Hands over batches without messages, too, and drops those that come too late. There is a fetcher for each broker: one may wait for its
 * answer while another joins the group anew, and then brings a batch from behind what was dropped at the join. And while the leader of a
 * partition moves, two fetchers may read it at the same time: what the slower one brings was taken from the faster one.
 */
export function handOverEverything({ prototype }: { readonly prototype: Runner }): void {
  const { handleBatch } = prototype;
  prototype.handleBatch = async function handOver(this: Runner, batch): Promise<void> {
    const { offsetManager } = this.consumerGroup;
    if (fetchedUnder.get(batch) !== offsetManager) return;
    if (offsetManager.nextOffset(batch.topic, batch.partition).toString() !== batch.fetchedOffset) return;
    // A consumer that has kafkajs resolve its batches gets none that is empty: kafkajs would resolve the end of the partition, behind
    // transactions that are still open.
    if (!this.running || !batch.isEmpty() || !this.eachBatch || this.eachBatchAutoResolve) {
      await handleBatch.call(this, batch);
      return;
    }
    await this.processEachBatch(batch);
    await this.heartbeat();
  };
}

/** Leaves the group first, and waits for the fetches under way afterwards: the others get the partitions so much sooner. */
export function leaveAtOnce({ prototype }: { readonly prototype: Runner }): void {
  prototype.stop = async function stop(this: Runner): Promise<void> {
    if (!this.running) return;
    this.running = false;
    // In the same tick: a fetcher that goes on without a runner asks for nothing again and again, and lets nothing else have its turn.
    const fetched = this.fetchManager.stop().catch(() => undefined);
    await this.consumerGroup.leave().catch(() => undefined); // a broker that is away finds out by itself that the member is gone
    await fetched;
    await this.waitForConsumer();
  };
}

/** Notes under which assignment a commit is asked for: kafkajs may try it again after a join. */
export function rememberWhoCommits({ prototype }: { readonly prototype: Runner }): void {
  const { commitOffsets } = prototype;
  prototype.commitOffsets = async function commitFor(this: Runner, offsets): Promise<void> {
    committedUnder.set(offsets, this.consumerGroup.offsetManager);
    await commitOffsets.call(this, offsets);
  };
}

/** Leaves out a commit of an assignment that is over: it would go as one of the new generation, for partitions that others may have by now. */
export function commitUnderOneAssignment({ prototype }: { readonly prototype: ConsumerGroup }): void {
  const { commitOffsets } = prototype;
  prototype.commitOffsets = async function commitUnlessOver(this: ConsumerGroup, offsets): Promise<void> {
    const assignment = offsets && committedUnder.get(offsets);
    if (assignment === undefined || assignment === this.offsetManager) await commitOffsets.call(this, offsets);
  };
}

const OUT_OF_RANGE = 'consumer.offset_out_of_range';

/** Makes the event known to kafkajs, which refuses listeners of others. */
export function tellOutOfRange({ events }: { readonly events: Record<string, string> }): void {
  events['OFFSET_OUT_OF_RANGE'] = OUT_OF_RANGE;
}

/**
 * Goes on where the partition begins, and tells of it. The consumer commits that position as it commits others. A replica that follows
 * the leader may only be behind: then the leader is asked first.
 */
export function goOnFromTheBeginning({ prototype }: { readonly prototype: ConsumerGroup }): void {
  prototype.recoverFromOffsetOutOfRange = async function goOn(
    this: ConsumerGroup,
    { topic, partition },
  ): Promise<void> {
    const { offsetManager, cluster, topicConfigurations } = this;
    const preferred = this.preferredReadReplicasPerTopicPartition[topic];
    if (preferred?.[partition] !== undefined) {
      // kafkajs looks for a number here, where it keeps an object, and never does so itself.
      Reflect.deleteProperty(preferred, partition);
      return;
    }
    const [found] = await cluster.fetchTopicsOffset([
      { topic, partitions: [{ partition }], ...topicConfigurations[topic] },
    ]);
    const to = Number(found?.partitions[0]?.offset);
    if (offsetManager !== this.offsetManager || !Number.isInteger(to)) return; // the next fetch finds out again
    const from = Number(offsetManager.nextOffset(topic, partition));
    if (from === to) return; // a fetch from another broker met the same, was faster, and has told
    offsetManager.resolveOffset({ topic, partition, offset: String(to - 1) });
    this.instrumentationEmitter.emit(OUT_OF_RANGE, { topic, partition, from, to });
  };
}

/**
 * Reads from the leader again when the replica nearby is gone. kafkajs asks whether the leader is offline in its place, and goes on with
 * a broker that does not answer for five minutes.
 */
export function readFromWhoIsThere({ prototype }: { readonly prototype: ConsumerGroup }): void {
  const { findReadReplicaForPartitions } = prototype;
  prototype.findReadReplicaForPartitions = function find(this: ConsumerGroup, topic, partitions) {
    const preferred = this.preferredReadReplicasPerTopicPartition[topic] ?? {};
    for (const partition in preferred) {
      const isThere = this.getNodeIds().includes(String(preferred[partition]?.nodeId));
      if (!isThere) Reflect.deleteProperty(preferred, partition);
    }
    return findReadReplicaForPartitions.call(this, topic, partitions);
  };
}

/** kafkajs' types do not have this event. */
export function onOutOfRange(consumer: Consumer, listener: (place: OutOfRange) => void): void {
  const on = consumer.on as (event: string, heard: (event: { readonly payload: OutOfRange }) => void) => unknown;
  on(OUT_OF_RANGE, ({ payload }) => listener(payload));
}
