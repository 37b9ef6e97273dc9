import type { Batch, Consumer, TopicPartition } from '../../ports/consumer.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { asError } from '../as-error.ts';
import type { Queued } from './lane-queue.ts';
import type { Histories } from '../histories.ts';
import { idOf } from '../partition-id.ts';

/** A partition in the present assignment. Each offset is where it goes on. */
interface Progress extends TopicPartition {
  /** After all that was handed to its lane, and after all that the lane has finished. While they differ, messages are pending. */
  taken: number | undefined;
  finished: number | undefined;
  /** What the next commit tells; undefined: the group has it already. */
  due: number | undefined;
}

/**
 * How far each partition is, and what of it may be committed: what its lane has finished, or how far it was read while none of its
 * messages is pending. A lane works a partition off in order, so its last finished message is the end of a contiguous stretch.
 */
export class Offsets {
  private readonly consumer: Consumer;
  private readonly telemetry: Telemetry;
  private epoch = 0;
  private histories: Histories | undefined;
  private readonly partitions = new Map<string, Progress>();
  /** The commit under way, and the one that all who ask meanwhile wait for. */
  private committing: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  constructor(consumer: Consumer, telemetry: Telemetry) {
    this.consumer = consumer;
    this.telemetry = telemetry;
  }

  get currentEpoch(): number {
    return this.epoch;
  }

  /** A new assignment. What was finished before it and is not committed comes again; the inbox knows it. */
  assigned(): void {
    this.epoch += 1;
    this.histories = undefined;
    this.partitions.clear();
    this.telemetry.waitEnded('offset commit');
  }

  /** What is decided of the new assignment is known: from here on commits tell it. */
  opened(histories: Histories): void {
    this.histories = histories;
  }

  /** The messages of this batch are handed to their lane. */
  take(batch: Batch): void {
    this.progressOf(batch).taken = batch.nextOffset;
  }

  /**
   * A fetch brought no message: that is progress too, unless messages of the partition are pending. Then nothing is remembered, since the
   * next fetch tells the same.
   */
  pass(batch: Batch): void {
    const { nextOffset } = batch;
    const progress = this.progressOf(batch);
    if (progress.taken !== progress.finished || progress.finished === nextOffset) return;
    progress.taken = nextOffset;
    progress.finished = nextOffset;
    progress.due = nextOffset;
  }

  finish(messages: readonly Queued[]): void {
    let progress: Progress | undefined;
    for (const { received, nextOffset, epoch } of messages) {
      if (epoch !== this.epoch) continue;
      if (progress === undefined || progress.partition !== received.partition || progress.topic !== received.topic) {
        progress = this.progressOf(received);
      }
      progress.finished = nextOffset;
      progress.due = nextOffset;
    }
  }

  /**
   * Commits all that is due, one commit at a time. While one is under way, however long that takes, all who ask wait for the same next
   * one. A failure is told, and the next call tries again.
   */
  async commit(): Promise<void> {
    if (this.committing === undefined) {
      this.committing = this.commitDue().finally(() => (this.committing = undefined));
      return this.committing;
    }
    this.next ??= this.committing.then(() => {
      this.next = undefined;
      return this.commit();
    });
    return this.next;
  }

  private async commitDue(): Promise<void> {
    const { epoch, histories } = this;
    const due = [...this.partitions.values()].flatMap((progress) => {
      const { topic, partition, due: offset } = progress;
      return offset === undefined ? [] : [{ progress, place: { topic, partition, offset } }];
    });
    if (due.length === 0) return;
    for (const { progress } of due) progress.due = undefined;
    try {
      await this.consumer.commit(due.map(({ place }) => ({ ...place, metadata: histories?.metadataOf(place) ?? '' })));
      this.telemetry.waitEnded('offset commit');
    } catch (error) {
      if (epoch !== this.epoch) return; // its assignment is over: nobody waits for it
      this.telemetry.waiting('offset commit', asError(error));
      for (const { progress, place } of due) progress.due ??= place.offset;
    }
  }

  private progressOf(place: TopicPartition): Progress {
    const id = idOf(place);
    let progress = this.partitions.get(id);
    if (progress === undefined) {
      const { topic, partition } = place;
      progress = { topic, partition, taken: undefined, finished: undefined, due: undefined };
      this.partitions.set(id, progress);
    }
    return progress;
  }
}
