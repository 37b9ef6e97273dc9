import { Adoptions } from '../../ports/adoptions.ts';
import type { OutboxLane, OutboxRow, OwedRow } from '../../ports/unit-of-work.ts';

/** One life of a lane as a writer of outbox rows: its id, the next number, and what of it is published and deleted. */
export class LaneOutbox implements OutboxLane {
  readonly id: string;
  readonly living = true;
  private next = 0;
  private publishedTo = 0;
  private deletedTo = 0;
  private deletingTo = 0;
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

  deletable(): { readonly from: number; readonly to: number } | undefined {
    this.deletingTo = this.publishedTo;
    return this.owesDeletion ? { from: this.deletedTo, to: this.publishedTo } : undefined;
  }

  /** The transaction that wrote these rows, and deleted what `deletable` last told, is committed. */
  committed(rows: readonly OutboxRow[]): void {
    this.deletionCommitted();
    this.adoptions.add(rows);
  }

  /** What `deletable` last told is deleted. */
  deletionCommitted(): void {
    this.deletedTo = this.deletingTo;
  }
}
