import type { OutgoingMessage } from '../../ports/messages.ts';
import type { Origin, OutboxRow, OwedRow } from '../../ports/unit-of-work.ts';

/** Of so many pairs of a lane and a key it is remembered what was adopted. All of it may be forgotten: some is adopted once more then. */
const REMEMBERED = 10_000;

/** What a lane has adopted: it stands ahead of whatever the lane writes now, or is published. */
export class Adoptions {
  /**
   * Up to which number what a lane wrote first under a key is adopted. One number tells of all before it: whoever owes some of them has
   * them in their order, and what is missing there is published.
   */
  private readonly upTo = new Map<string, number>();

  has(row: OwedRow): boolean {
    return row.origin.seq <= (this.upTo.get(originOf(row, row.origin)) ?? -1);
  }

  /** The transaction that wrote these rows is committed. */
  add(rows: readonly OutboxRow[]): void {
    if (this.upTo.size > REMEMBERED) this.upTo.clear();
    for (const row of rows) {
      if (row.origin === undefined) continue;
      const id = originOf(row, row.origin);
      this.upTo.set(id, Math.max(row.origin.seq, this.upTo.get(id) ?? -1));
    }
  }
}

function originOf({ key }: OutgoingMessage, { lane }: Origin): string {
  return `${lane}/${String(key)}`;
}
