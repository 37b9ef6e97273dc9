import type { OutboxEffect, OutboxLane, OutboxRow, OwedRow, SeqRange } from '../../ports/unit-of-work.ts';
import { Adoptions } from './adoptions.ts';

/** One life of a lane as a writer of outbox rows: its id, the next number, and what of it is published and deleted. */
export class LaneOutbox implements OutboxLane {
  readonly id: string;
  readonly living = true;
  private next = 0;
  private publishedTo = 0;
  private deletedTo = 0;
  private readonly adoptions = new Adoptions();

  private readonly known: Map<string, LaneOutbox>;

  /** @param known the outboxes of this process, by id; this one joins them, and leaves by `forget` */
  constructor(id: string, known: Map<string, LaneOutbox>) {
    this.id = id;
    this.known = known;
    known.set(id, this);
  }

  forget(): void {
    this.known.delete(this.id);
  }

  isPublished(lane: string, seq: number): boolean {
    const outbox = this.known.get(lane);
    return outbox !== undefined && seq < outbox.publishedTo;
  }

  hasAdopted(row: OwedRow): boolean {
    return this.adoptions.has(row);
  }

  take(count: number): number {
    const first = this.next;
    this.next += count;
    return first;
  }

  /** Rows are published in the order of their numbers; numbers that were taken by a transaction that failed are gaps. */
  published(rows: readonly OutboxRow[]): void {
    const last = rows.at(-1);
    if (last !== undefined) this.publishedTo = last.seq + 1;
  }

  get owesDeletion(): boolean {
    return this.publishedTo > this.deletedTo;
  }

  get delivered(): SeqRange | undefined {
    return this.owesDeletion ? { from: this.deletedTo, to: this.publishedTo } : undefined;
  }

  /** A transaction of this lane is committed. */
  committed({ outbox, deleted }: OutboxEffect): void {
    if (deleted !== undefined) this.deletionCommitted(deleted);
    this.adoptions.add(outbox);
  }

  /** These delivered rows are no longer stored. */
  deletionCommitted({ to }: SeqRange): void {
    this.deletedTo = Math.max(this.deletedTo, to);
  }
}
