import { Refused } from './fields.ts';
import { activeOf, finder, type Rule } from './rules-subdivision.ts';
import { pair, type License, type Row, type Subdivision } from './state.ts';
import { change } from './time.ts';
import { deactivate, hasEnded, isUsedUp, ofSubdivision } from './told.ts';

// The contract's rules for statistic rows.

const FIVE_MINUTES = 5 * 60 * 1_000;
/** LATE_USAGE_WINDOW_MS */
const LATE_USAGE_WINDOW = 24 * 60 * 60 * 1_000;

export const USAGE_RULES = {
  AddStatisticRow(state, fields, time) {
    const find = finder(state, fields, time);
    const statisticRowId = fields.id('statisticRowId');
    const created = fields.recentTime('created');
    const countRequests = fields.number('countRequests', 0, 1e9);
    return change(state, find(created), (subdivision, now) => {
      const { tenantId, subdivisionId, version } = subdivision;
      const license = licenseOf(subdivision, created, now);
      if (created > now + FIVE_MINUTES) throw new Refused('StatisticRowInFuture');
      const [key, at] = [pair(tenantId, statisticRowId), `${tenantId}/${subdivisionId}/${created}`];
      if (state.rows.has(key) || state.rowTimes.has(at)) throw new Refused('StatisticRowAlreadyExists');
      const { licenseId, requestsLimit, activatedAt } = license;
      const counted = activatedAt !== null && created > activatedAt;
      const row: Row = { tenantId, subdivisionId, licenseId, statisticRowId, created, countRequests, counted };
      state.rows.set(key, row);
      state.rowTimes.add(at);
      if (counted) license.usedRequests += countRequests;
      const data = {
        ...row,
        usedRequests: license.usedRequests,
        requestsLimit,
        periodStartsAt: null,
        version,
        occurredAt: now,
      };
      const added = { type: 'licensing.events.StatisticRowAdded', key: tenantId, subject: subdivisionId, data };
      if (license.status === 'inactive' || !isUsedUp(license)) return [added];
      return [
        added,
        deactivate(subdivision, license, 'exhausted', { now }),
        ofSubdivision('SubdivisionLicenseExpired', subdivision, { now }),
      ];
    });
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** The license that a row belongs to: one that time has ended and that was there when the row was created, else the active one. */
function licenseOf(subdivision: Subdivision, created: number, now: number): License {
  // A suspended subdivision takes no row, whenever it was created: nobody knows any more since when it is suspended.
  if (subdivision.suspended) throw new Refused('SubdivisionInactive');
  const late = [...subdivision.licenses.values()]
    .filter((license) => isLateFor(license, created, now))
    .sort((a, b) => Number(b.deactivatedAt) - Number(a.deactivatedAt));
  const license = late[0] ?? activeOf(subdivision);
  if (license === undefined) throw new Refused('SubdivisionInactive');
  if (license.status === 'active' && hasEnded(license, created)) throw new Refused('LicenseExpired');
  return license;
}

function isLateFor({ status, endedBy, activatedAt, deactivatedAt }: License, created: number, now: number): boolean {
  if (status === 'active' || endedBy !== 'expired' || activatedAt === null || deactivatedAt === null) return false;
  return activatedAt <= created && created < deactivatedAt && deactivatedAt >= now - LATE_USAGE_WINDOW;
}
