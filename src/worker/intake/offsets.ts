import type { Batch, Consumer, TopicPartition } from '../../ports/consumer.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { asError } from '../as-error.ts';
import type { Queued } from './lane-queue.ts';
import { idOf } from './partition-id.ts';

/**
 * What may be committed: the offsets that lanes have finished, of the assignment that is valid now, and where a partition was read to while
 * nothing of it is pending. A lane works a partition off in order, so its last finished message is the end of a contiguous stretch.
 */
export class Offsets {
  private readonly consumer: Consumer;
  private readonly telemetry: Telemetry;
  private epoch = 0;
  /** Per partition, in this epoch: where it goes on after what was taken, and after what is finished. Apart: something is pending. */
  private readonly taken = new Map<string, number>();
  private readonly done = new Map<string, number>();
  private readonly finished = new Map<string, TopicPartition & { readonly offset: number }>();
  /** The commit under way, and the one that whoever asks meanwhile waits for. */
  private committing: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  constructor(consumer: Consumer, telemetry: Telemetry) {
    this.consumer = consumer;
    this.telemetry = telemetry;
  }

  get currentEpoch(): number {
    return this.epoch;
  }

  /** A new assignment: what was finished before it comes again, and is known by the inbox. */
  assigned(): void {
    this.epoch += 1;
    this.taken.clear();
    this.done.clear();
    this.finished.clear();
    this.telemetry.waitEnded('offset commit');
  }

  take(batch: Batch): void {
    this.taken.set(idOf(batch), batch.nextOffset);
  }

  /**
   * A stretch without messages, or nothing at all: progress too, once nothing of the partition is pending. Until then there is nothing to
   * remember, since the next fetch tells of it again.
   */
  pass(batch: Batch): void {
    const { topic, partition, nextOffset } = batch;
    const id = idOf(batch);
    const done = this.done.get(id);
    if (this.taken.get(id) !== done || done === nextOffset) return;
    this.taken.set(id, nextOffset);
    this.done.set(id, nextOffset);
    this.finished.set(id, { topic, partition, offset: nextOffset });
  }

  finish(messages: readonly Queued[]): void {
    for (const { received, nextOffset, epoch } of messages) {
      if (epoch !== this.epoch) continue;
      const { topic, partition } = received;
      const id = idOf(received);
      this.finished.set(id, { topic, partition, offset: nextOffset });
      this.done.set(id, nextOffset);
    }
  }

  /**
   * Commits what is finished and not yet committed, one commit at a time. While one is under way, however long that takes, all who ask
   * wait for the same next one. A failure is told and tried again at the next call.
   */
  async commit(): Promise<void> {
    if (this.committing === undefined) {
      this.committing = this.commitFinished().finally(() => (this.committing = undefined));
      return this.committing;
    }
    this.next ??= this.committing.then(() => {
      this.next = undefined;
      return this.commit();
    });
    return this.next;
  }

  private async commitFinished(): Promise<void> {
    const { epoch } = this;
    const offsets = [...this.finished.values()];
    if (offsets.length === 0) return;
    this.finished.clear();
    try {
      await this.consumer.commit(offsets);
      this.telemetry.waitEnded('offset commit');
    } catch (error) {
      if (epoch !== this.epoch) return; // of an assignment that is over: nobody waits for it
      this.telemetry.waiting('offset commit', asError(error));
      for (const one of offsets) {
        const id = idOf(one);
        if (!this.finished.has(id)) this.finished.set(id, one);
      }
    }
  }
}
