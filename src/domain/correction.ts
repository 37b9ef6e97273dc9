import { activated, hasExpired, isExhausted, licenseOf, replaced, withUsage, type License } from './license.ts';
import type { CorrectStatisticRow } from './commands.ts';
import { consequences } from './consequences.ts';
import {
  countNumbered,
  DEFAULT_WINDOWS,
  correctableSince,
  MOST_USED,
  withClosedUsage,
  type Windows,
} from './counts.ts';
import type { Change } from './events.ts';
import { Rejection } from './rejection.ts';
import type { StatisticRow } from './statistic-row.ts';
import { licenseState, statisticRowCorrected } from './subdivision-events.ts';
import { withLicenses, type Subdivision } from './subdivision.ts';
import { inTime, timeOf } from './time.ts';

/**
 * Gives a row another `countRequests`. Its license's usage moves by the difference, in the count that the row was counted in.
 * @param row as it is stored; undefined: the subdivision has none of this id
 * @throws Rejection StatisticRowNotFound, CorrectionWindowClosed
 */
export function correctStatisticRow(
  s: Subdivision,
  command: CorrectStatisticRow,
  row: StatisticRow | undefined,
  now: number,
  windows: Windows = DEFAULT_WINDOWS,
): Change<Subdivision> & { readonly row: StatisticRow } {
  const at = timeOf(s, now);
  if (row === undefined)
    throw new Rejection(
      'StatisticRowNotFound',
      `Subdivision ${s.subdivisionId} has no statistic row ${command.statisticRowId}.`,
    );
  if (at > row.created + windows.correction)
    throw new Rejection(
      'CorrectionWindowClosed',
      `Statistic row ${row.statisticRowId} was created too long ago to be corrected.`,
    );
  const corrected = inTime((settled, correction: CorrectStatisticRow) =>
    apply(settled, correction, row, at, correctableSince(at, windows)),
  )(s, command, now, windows);
  return { ...corrected, row: { ...row, countRequests: command.countRequests } };
}

function apply(
  s: Subdivision,
  command: CorrectStatisticRow,
  row: StatisticRow,
  at: number,
  since: number,
): Change<Subdivision> {
  const license = licenseOf(s.licenses, row.licenseId);
  const count = license && countNumbered(license, row.countNumber ?? 0, since);
  if (license === undefined || count === undefined) {
    return { state: s, events: [statisticRowCorrected(s, row, command, { license, count: undefined }, at)] };
  }
  const usedRequests = row.counted
    ? Math.max(0, Math.min(count.usedRequests + command.countRequests - row.countRequests, MOST_USED))
    : count.usedRequests;
  const isCurrent = count.number === license.progress.countNumber;
  const changed = isCurrent ? withUsage(license, usedRequests) : withClosedUsage(license, count.number, usedRequests);
  const state = withLicenses(s, replaced(s.licenses, changed), s.activeLicenseId);
  const told = statisticRowCorrected(state, row, command, { license: changed, count: { ...count, usedRequests } }, at);
  if (!isCurrent) return { state, events: [told] };
  const followed = consequences(state, license, changed, at);
  const back = command.reactivate ? reactivated(followed.state, license, at) : undefined;
  return { state: back?.state ?? followed.state, events: [told, ...followed.events, ...(back?.events ?? [])] };
}

/** @param before the license before the correction */
function reactivated(s: Subdivision, before: License, at: number): Change<Subdivision> | undefined {
  const license = licenseOf(s.licenses, before.licenseId);
  if (license === undefined || license.endReason !== 'exhausted' || !isExhausted(before)) return undefined;
  if (isExhausted(license) || hasExpired(license, at) || s.activeLicenseId !== null) return undefined;
  const active = activated(license, at);
  const state = withLicenses(s, replaced(s.licenses, active), active.licenseId);
  return { state, events: [{ type: 'licensing.events.LicenseActivated', data: licenseState(state, active, at) }] };
}
