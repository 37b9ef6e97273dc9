import type { Batch, TopicPartition } from '../../ports/consumer.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { idOf } from '../partition-id.ts';

/** A transaction that is open for longer than this is told. Healthy ones last for milliseconds; a producer's timeout is a minute by default. */
const TOLD_AFTER_MS = 10_000;
const TOLD_EVERY_MS = 60_000;

interface Held extends TopicPartition {
  readonly offset: number;
  readonly since: number;
  nextTold: number;
}

/**
 * Notices partitions that stand still because some producer's transaction is open in them: everything that can be read is read, and more
 * lies behind it. Every answer to a fetch says so, so this costs no request.
 */
export class OpenTransactions {
  private readonly telemetry: Telemetry;
  private readonly now: () => number;
  private readonly held = new Map<string, Held>();

  /** @param now a clock that only goes forward, in milliseconds */
  constructor(telemetry: Telemetry, now: () => number = () => performance.now()) {
    this.telemetry = telemetry;
    this.now = now;
  }

  /** A new assignment: forgets the partitions that other workers have now. */
  assigned(partitions: readonly TopicPartition[]): void {
    const ours = new Set(partitions.map(idOf));
    for (const id of this.held.keys()) if (!ours.has(id)) this.held.delete(id);
  }

  fetched(batch: Batch): void {
    const { topic, partition, messages, nextOffset, stableOffset, endOffset } = batch;
    const isHeld = messages.length === 0 && nextOffset === stableOffset && stableOffset < endOffset;
    if (!isHeld && this.held.size === 0) return;
    const id = idOf(batch);
    const before = this.held.get(id);
    if (before !== undefined && !(isHeld && before.offset === stableOffset)) this.release(id, before);
    if (!isHeld) return;
    const now = this.now();
    const held = this.held.get(id) ?? {
      ...{ topic, partition, offset: stableOffset },
      ...{ since: now, nextTold: now + TOLD_AFTER_MS },
    };
    this.held.set(id, held);
    if (now < held.nextTold) return;
    held.nextTold = now + TOLD_EVERY_MS;
    this.telemetry.heldBack({ ...this.told(held), records: endOffset - stableOffset });
  }

  private release(id: string, held: Held): void {
    this.held.delete(id);
    if (held.nextTold > held.since + TOLD_AFTER_MS) this.telemetry.heldBackEnded(this.told(held));
  }

  private told({ topic, partition, offset, since }: Held): Parameters<Telemetry['heldBackEnded']>[0] {
    return { topic, partition, offset, heldMs: Math.round(this.now() - since) };
  }
}
