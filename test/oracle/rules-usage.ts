import { CORRECTION_WINDOW, countAt, currentOf, isUsedUp } from './counts.ts';
import { Refused } from './fields.ts';
import { activeOf, finder, type Rule } from './rules-subdivision.ts';
import { pair, type Happening, type License, type Row, type Subdivision } from './state.ts';
import { activate, change } from './time.ts';
import { hasEnded } from './told.ts';
import { marksOf, usageChanged } from './usage.ts';

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
      const { tenantId, subdivisionId } = subdivision;
      const license = licenseOf(subdivision, created, now);
      if (created > now + FIVE_MINUTES) throw new Refused('StatisticRowInFuture');
      const [key, at] = [pair(tenantId, statisticRowId), `${tenantId}/${subdivisionId}/${created}`];
      if (state.rows.has(key) || state.rowTimes.has(at)) throw new Refused('StatisticRowAlreadyExists');
      const kept = countAt(license, Math.min(created, now), now);
      const count = kept ?? license.counts.length - 1;
      const counted = kept !== undefined && isCounted(license, created);
      const { licenseId } = license;
      const row: Row = { tenantId, subdivisionId, licenseId, statisticRowId, created, countRequests, counted, count };
      state.rows.set(key, row);
      state.rowTimes.add(at);
      return use(subdivision, license, 'StatisticRowAdded', row, counted ? countRequests : 0, now);
    });
  },

  CorrectStatisticRow(state, fields, time) {
    const find = finder(state, fields, time);
    const statisticRowId = fields.id('statisticRowId');
    const countRequests = fields.number('countRequests', 0, 1e9);
    const reason = fields.text('reason');
    const reactivate = fields.flag('reactivate');
    return change(state, find(), (subdivision, now) => {
      const row = state.rows.get(pair(subdivision.tenantId, statisticRowId));
      if (row?.subdivisionId !== subdivision.subdivisionId) throw new Refused('StatisticRowNotFound');
      if (now > row.created + CORRECTION_WINDOW) throw new Refused('CorrectionWindowClosed');
      const countRequestsBefore = row.countRequests;
      const license = subdivision.licenses.get(row.licenseId);
      const counted = row.counted && license !== undefined;
      const more = { countRequestsBefore, reason };
      row.countRequests = countRequests;
      if (license === undefined) {
        const told = { usedRequests: 0, requestsLimit: null, periodStartsAt: null };
        return [ofRow('StatisticRowCorrected', subdivision, { ...row, counted }, told, now, more)];
      }
      const wasExhausted = license.status === 'inactive' && license.endedBy === 'exhausted' && isUsedUp(license);
      const difference = counted ? countRequests - countRequestsBefore : 0;
      const events = use(subdivision, license, 'StatisticRowCorrected', row, difference, now, more);
      const isBack = wasExhausted && !isUsedUp(license) && !hasEnded(license, now);
      const comesBack = reactivate && isBack && activeOf(subdivision) === undefined;
      return comesBack ? [...events, activate(subdivision, license, { now })] : events;
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

function isCounted({ activatedAt, startedByTime }: License, created: number): boolean {
  return activatedAt !== null && (created > activatedAt || (startedByTime && created === activatedAt));
}

/** Changes the count of a row, and tells what follows: nothing when the count is closed. */
function use(
  subdivision: Subdivision,
  license: License,
  name: string,
  row: Row,
  difference: number,
  now: number,
  more: object = {},
): readonly Happening[] {
  const count = license.counts[row.count] ?? currentOf(license);
  const before = marksOf(license);
  count.usedRequests += difference;
  const { usedRequests, periodStartsAt } = count;
  const told = { usedRequests, periodStartsAt, requestsLimit: license.requestsLimit };
  const event = ofRow(name, subdivision, row, told, now, more);
  return count === currentOf(license) ? [event, ...usageChanged(subdivision, license, before, { now })] : [event];
}

function ofRow(
  name: string,
  { version }: Subdivision,
  { count: _, ...row }: Row,
  told: {
    readonly usedRequests: number;
    readonly requestsLimit: number | null;
    readonly periodStartsAt: number | null;
  },
  now: number,
  more: object,
): Happening {
  const { tenantId, subdivisionId } = row;
  return {
    ...{ type: `licensing.events.${name}`, key: tenantId, subject: subdivisionId },
    data: { ...row, ...told, version, occurredAt: now, ...more },
  };
}
