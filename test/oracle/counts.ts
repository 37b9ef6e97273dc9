import { boundaryAfter, boundaryAtOrBefore } from './calendar.ts';
import type { Count, License } from './state.ts';

// The counts of a license: what was used in which time.

const DAY = 24 * 60 * 60 * 1_000;
/** CORRECTION_WINDOW_MS, the longer of the two windows. */
export const CORRECTION_WINDOW = 35 * DAY;

export function newCount(from: number | null = null, periodStartsAt: number | null = null): Count {
  return { from, to: null, periodStartsAt, usedRequests: 0, overageTold: false };
}

export function currentOf({ counts }: License): Count {
  const current = counts.at(-1);
  if (current === undefined) throw new Error('a license has a count');
  return current;
}

/** At which usage a license is exhausted; Infinity: at none. */
export function hardLimitOf({ requestsLimit, terms }: Pick<License, 'requestsLimit' | 'terms'>): number {
  if (requestsLimit === null || terms.overage === 'unlimited') return Number.POSITIVE_INFINITY;
  const percent = terms.overage === 'percent' ? (terms.overagePercent ?? 0) : 0;
  return Math.floor((requestsLimit * (100 + percent)) / 100);
}

export function isUsedUp(license: License): boolean {
  return currentOf(license).usedRequests >= hardLimitOf(license);
}

/** Closes the current count and opens the next. */
export function openCount(license: License, at: number, periodStartsAt: number | null): Count {
  const closed = currentOf(license);
  closed.to = at;
  license.counts.push(newCount(at, periodStartsAt));
  return closed;
}

function anchorOf({ terms, activatedAt }: License): number | null {
  return terms.periodAnchor ?? activatedAt;
}

/** The end of the current period; null without one. */
export function nextBoundary(license: License): number | null {
  const { periodStartsAt } = currentOf(license);
  const anchor = anchorOf(license);
  if (license.terms.period === null || anchor === null || periodStartsAt === null) return null;
  return boundaryAfter(anchor, license.terms.period, periodStartsAt);
}

/** The beginning of the period that holds a time; null without one, or before the first activation. */
export function periodAt(license: License, at: number): number | null {
  const anchor = anchorOf(license);
  if (license.terms.period === null || anchor === null || license.activatedAt === null) return null;
  return boundaryAtOrBefore(anchor, license.terms.period, at);
}

/** What time alone has changed without an event: the periods of a license that is inactive and not waiting for the next one. */
export function passPeriods(license: License, now: number): void {
  for (let end = nextBoundary(license); end !== null && end <= now; end = nextBoundary(license)) {
    openCount(license, end, end);
  }
}

/**
 * The place of the count that holds a time; undefined when it is kept no more. A message by a clock that is behind may open a count at a time
 * that a closed one holds, too: then the current one comes first, and the others in their order.
 */
export function countAt({ counts }: License, at: number, now: number): number | undefined {
  const holds = ({ from, to }: Count): boolean => (from ?? at) <= at && at < (to ?? Number.POSITIVE_INFINITY);
  const current = counts.length - 1;
  const place = counts.slice(current).some(holds) ? current : counts.findIndex(holds);
  const to = counts[place]?.to ?? null;
  return place === -1 || (to !== null && to < now - CORRECTION_WINDOW) ? undefined : place;
}
