import { periodEndOf, withProgress, type ClosedCount, type License } from './license.ts';
import { MAX_AHEAD_MS } from './statistic-row.ts';

// Usage is counted. A license has one current count; the end of a period or a reset closes it and opens the next. A row remembers the
// number of its count, and what comes late changes only that.

/** For how long things of the past can still change, in milliseconds. The same for all workers. */
export type Windows = {
  /** how long after the end of a license by time a row of before it is taken */
  readonly lateUsage: number;
  /** how long after its `created` a row can be corrected */
  readonly correction: number;
};

const DAY = 24 * 60 * 60 * 1_000;
export const DEFAULT_WINDOWS: Windows = { lateUsage: DAY, correction: 35 * DAY };

/** Closes the current count and opens the next. @param at the end of the one and the beginning of the other */
export function withNewCount(license: License, at: number, windows: Windows): License {
  const { progress, usedRequests } = license;
  const closed: ClosedCount = {
    number: progress.countNumber,
    startsAt: progress.countStartsAt,
    endsAt: at,
    usedRequests,
    periodStartsAt: progress.periodStartsAt,
  };
  const since = correctableSince(at, windows);
  return {
    ...withProgress(license, {
      countNumber: progress.countNumber + 1,
      countStartsAt: at,
      overageTold: false,
      closedCounts: [...progress.closedCounts, closed].filter(({ endsAt }) => endsAt >= since),
    }),
    usedRequests: 0,
  };
}

/** Ends the current period of a license that has one. */
export function withNextPeriod(license: License, windows: Windows): License {
  const at = periodEndOf(license);
  return at === null ? license : withProgress(withNewCount(license, at, windows), { periodStartsAt: at });
}

/** What happens to an inactive license without anybody being told: its periods go on. */
export function caughtUp(license: License, upTo: number, windows: Windows): License {
  let caught = license;
  for (let end = periodEndOf(caught); end !== null && end <= upTo; end = periodEndOf(caught))
    caught = withNextPeriod(caught, windows);
  return caught;
}

/**
 * A license without a limit may be used for ever. What goes beyond stays here: the greatest number that can be told, since avsc writes no long
 * that is greater.
 */
export const MOST_USED = Number.MAX_SAFE_INTEGER - 1;

/** A count as a row sees it. */
export type Count = Pick<ClosedCount, 'number' | 'usedRequests' | 'periodStartsAt'>;

/** Counts that were closed before this are kept no more. */
export function keptSince(now: number, { lateUsage, correction }: Windows): number {
  return now - Math.max(lateUsage, correction);
}

/** The same for corrections: the `created` of a row, from which its window runs, may lie behind the end of its count. */
export function correctableSince(now: number, windows: Windows): number {
  return keptSince(now, windows) - MAX_AHEAD_MS;
}

/** The count that holds this time. @param since see `keptSince` @returns undefined when it is kept no more */
export function countHolding(license: License, at: number, since: number): Count | undefined {
  const { countStartsAt, closedCounts } = license.progress;
  if (countStartsAt === null || at >= countStartsAt) return currentCount(license);
  const held = closedCounts.find(({ startsAt, endsAt }) => (startsAt === null || at >= startsAt) && at < endsAt);
  return held !== undefined && held.endsAt >= since ? held : undefined;
}

/** The count of this number. @param since see `correctableSince` @returns undefined when it is kept no more */
export function countNumbered(license: License, number: number, since: number): Count | undefined {
  const { countNumber, closedCounts } = license.progress;
  if (number === countNumber) return currentCount(license);
  return closedCounts.find((closed) => closed.number === number && closed.endsAt >= since);
}

/** Adds to a closed count. */
export function withClosedUsage(license: License, number: number, usedRequests: number): License {
  const closedCounts = license.progress.closedCounts.map((closed) =>
    closed.number === number ? { ...closed, usedRequests } : closed,
  );
  return withProgress(license, { closedCounts });
}

export function currentCount({ usedRequests, progress: { countNumber, periodStartsAt } }: License): Count {
  return { number: countNumber, usedRequests, periodStartsAt };
}
