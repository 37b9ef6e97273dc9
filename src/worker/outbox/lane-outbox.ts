import { OUTBOX_CHUNKS, type Levels } from '../../ports/levels.ts';
import type { OutboxEffect, OutboxLane, OutboxRow, OwedRow, SeqRange } from '../../ports/unit-of-work.ts';
import { Adoptions } from './adoptions.ts';

/** The outbox of a lane under one id: the next number, up to where its rows are published, and up to where they are deleted. */
export class LaneOutbox implements OutboxLane {
  readonly id: string;
  readonly living = true;
  private next = 0;
  private publishedTo = 0;
  private deletedTo = 0;
  private readonly adoptions = new Adoptions();

  private readonly known: Map<string, LaneOutbox>;
  private readonly levels: Levels;

  /** @param known the outboxes of this process by id; this one adds itself, and `forget` removes it */
  constructor(id: string, known: Map<string, LaneOutbox>, levels: Levels) {
    this.id = id;
    this.known = known;
    this.levels = levels;
    known.set(id, this);
  }

  get writesChunks(): boolean {
    return this.levels.mayWrite(OUTBOX_CHUNKS);
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

  /** These rows are published, and so is everything with a lower number. A transaction that failed leaves a gap in the numbers. */
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
