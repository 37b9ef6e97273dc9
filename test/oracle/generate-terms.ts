import type { Surroundings } from './generate-tenant.ts';
import type { Terms } from './state.ts';
import { NO_TERMS } from './terms.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
/** What is due soon is due within so long of its command: the clock goes through it, and it is over before the load is sent. */
export const SOON = 4 * MINUTE;
export const LONGEST_GRACE = MINUTE;

/** The end of a license: soon, in some days, or never if it is counted. */
export function endOf({ random, time, now, isOlder }: Surroundings, byTime: boolean): number | null {
  if (!byTime && (isOlder || random.chance(0.7))) return null;
  return random.chance(0.6) ? time + random.int(1, SOON - LONGEST_GRACE) : now + random.int(5, 20) * DAY;
}

/** Terms that go with an end; now and then two of them contradict each other. */
export function termsOf({ random, time }: Surroundings, byTime: boolean, expiresAt: number | null): Terms {
  const ends = expiresAt !== null || random.chance(0.02);
  const timed = {
    startsAt: random.chance(0.3) ? time + random.int(0, MINUTE) : null,
    graceMs: ends && random.chance(0.5) ? random.int(0, LONGEST_GRACE) : null,
    noticesBeforeExpiry: ends && random.chance(0.5) ? [2 * MINUTE, MINUTE, 10 * SECOND] : null,
  };
  if (byTime && !random.chance(0.02)) return { ...NO_TERMS, ...timed };
  const overage = random.weighted({ none: 3, stop: 1, percent: 2, unlimited: 1 });
  const period = random.weighted({ none: 3, day: 2, week: 1, month: 1, year: 1 });
  return {
    ...timed,
    overage: overage === 'none' ? null : overage,
    overagePercent: overage === 'percent' ? random.int(1, 100) : null,
    usageThresholds: random.chance(0.5) ? [50, 80, 100, 110] : null,
    period: period === 'none' ? null : period,
    // Its next boundary is soon; the one after that is days away.
    periodAnchor: period !== 'none' && random.chance(0.5) ? time + random.int(1, SOON) : null,
  };
}
