import type { OutgoingMessage } from '../../ports/messages.ts';
import type { Origin, OutboxRow, OwedRow } from '../../ports/unit-of-work.ts';

/** Upper bound on remembered pairs of a lane and a key. Forgetting is safe: a row may then be adopted twice, under the same id. */
const REMEMBERED = 10_000;

/** The rows that a lane has adopted. They stand ahead of whatever the lane writes now, or are published already. */
export class Adoptions {
  /**
   * By lane and key, the number up to which the rows that the lane wrote first are adopted. One number covers all rows before it: whoever owes
   * rows of a lane has them in their order, and those that are missing there are published.
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
