import type { OutboxLane, OwedRow } from '../ports/unit-of-work.ts';
import type { Store } from '../repos/tables/store.ts';
import type { Debt } from './debts.ts';

/**
 * The rows that a lane has to write again, ahead of its own: what other lanes still owe, by these debts. A row that this lane wrote first,
 * or adopted before, is left out: its rows are published in their order, whoever publishes them, and lanes that take turns would send each
 * other ever longer copies. So is a row that this process knows to be published.
 */
export async function rowsToAdopt(
  { outbox }: Store,
  debts: readonly Debt[],
  lane: OutboxLane,
): Promise<readonly OwedRow[]> {
  const others = debtsOfOthers(debts, lane.id);
  if (others.length === 0) return [];
  const owed = await outbox.owed(others);
  const adopted = new Set<string>();
  return owed.filter((row) => {
    const { origin } = row;
    const id = `${origin.lane}/${origin.seq}`;
    if (origin.lane === lane.id || adopted.has(id) || lane.hasAdopted(row)) return false;
    if (lane.isPublished(row.lane, row.seq) || lane.isPublished(origin.lane, origin.seq)) return false;
    adopted.add(id);
    return true;
  });
}

/** Each debt of another lane, once. */
function debtsOfOthers(
  debts: readonly Debt[],
  own: string,
): readonly { readonly lane: string; readonly key: string }[] {
  const others = new Map<string, { readonly lane: string; readonly key: string }>();
  for (const { lane, key } of debts) {
    if (lane !== null && lane !== own) others.set(lane + key, { lane, key });
  }
  return [...others.values()];
}
