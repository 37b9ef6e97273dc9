import type { Consumer, TopicPartition } from '../ports/consumer.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { asError } from './as-error.ts';
import type { Queued } from './lane.ts';

/**
 * What may be committed: the offsets that lanes have finished, of the assignment that is valid now. A lane works a partition off in
 * order, so its last finished message is the end of a contiguous stretch.
 */
export class Offsets {
  private readonly consumer: Consumer;
  private readonly telemetry: Telemetry;
  private epoch = 0;
  private readonly finished = new Map<string, TopicPartition & { readonly offset: number }>();
  private committing: Promise<void> = Promise.resolve();

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
    this.finished.clear();
  }

  finish(messages: readonly Queued[]): void {
    for (const { received, nextOffset, epoch } of messages) {
      if (epoch !== this.epoch) continue;
      const { topic, partition } = received;
      this.finished.set(`${topic}/${partition}`, { topic, partition, offset: nextOffset });
    }
  }

  /** Commits what is finished and not yet committed, one commit at a time. A failure is told and tried again at the next call. */
  async commit(): Promise<void> {
    this.committing = this.committing.then(() => this.commitFinished());
    return this.committing;
  }

  private async commitFinished(): Promise<void> {
    const { epoch } = this;
    const offsets = [...this.finished.values()];
    if (offsets.length === 0) return;
    this.finished.clear();
    try {
      await this.consumer.commit(offsets);
      this.telemetry.recovered('offset commit');
    } catch (error) {
      this.telemetry.waiting('offset commit', asError(error));
      if (epoch !== this.epoch) return;
      for (const one of offsets) {
        const id = `${one.topic}/${one.partition}`;
        if (!this.finished.has(id)) this.finished.set(id, one);
      }
    }
  }
}
