import { decisionChanged, decisionMayDiffer, entitlementOf } from '../domain/entitlement.ts';
import type { SubdivisionKey } from '../ports/repositories.ts';
import type { SubdivisionChange } from './tables/store.ts';

/**
 * Of what a unit changes, the subdivisions whose entitlement is owed from now on, sorted. A subdivision that is new is owed, and so is the tombstone of a
 * deleted one. Rows that were only counted are told by a few comparisons: they are the many.
 * @param at when the transaction began. Both states are judged by one time, so that time alone is no change
 */
export function owedEntitlements(changes: readonly SubdivisionChange[], at: number): readonly SubdivisionKey[] {
  const owed: SubdivisionKey[] = [];
  for (const { key, before, after } of changes) {
    if (before !== undefined && after !== undefined) {
      if (!decisionMayDiffer(before, after)) continue;
      if (!decisionChanged(entitlementOf(before, at), entitlementOf(after, at))) continue;
    }
    owed.push(key);
  }
  return owed.length < 2 ? owed : owed.sort(byId);
}

function byId(a: SubdivisionKey, b: SubdivisionKey): number {
  if (a.tenantId !== b.tenantId) return a.tenantId < b.tenantId ? -1 : 1;
  return a.subdivisionId < b.subdivisionId ? -1 : 1;
}
