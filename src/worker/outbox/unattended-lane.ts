import type { OutboxLane, OutboxRow, OwedRow } from '../../ports/unit-of-work.ts';
import { Adoptions } from './adoptions.ts';

/** The lane of runs that nobody publishes for, one after the other: its rows go to the relay at once. */
export class UnattendedLane implements OutboxLane {
  readonly id: string;
  readonly living = false;
  /** It holds no partition, and so nobody tells it what others can read. */
  readonly writesChunks = false;
  readonly delivered = undefined;
  private readonly adoptions = new Adoptions();
  private next = 0;

  constructor(id: string) {
    this.id = id;
  }

  take(count: number): number {
    const first = this.next;
    this.next += count;
    return first;
  }

  isPublished(): boolean {
    return false;
  }

  hasAdopted(row: OwedRow): boolean {
    return this.adoptions.has(row);
  }

  /** The transaction that wrote these rows is committed. */
  committed(rows: readonly OutboxRow[]): void {
    this.adoptions.add(rows);
  }
}
