import type { AddStatisticRow } from './commands.ts';
import type { Change } from './events.ts';
import { deactivated, isExhausted, rejectExpired, replaced, withUsage, type License } from './license.ts';
import { Rejection } from './rejection.ts';
import { MAX_AHEAD_MS, newStatisticRow, type StatisticRow } from './statistic-row.ts';
import { licenseDeactivated, statisticRowAdded, subdivisionState } from './subdivision-events.ts';
import { activeLicense, nextVersion, withCounted, withLicenses, type Subdivision } from './subdivision.ts';
import { settle, timeOf } from './time.ts';

/** What becomes of rows that come late, in milliseconds. */
export type UsageWindows = {
  /** how long after the end of a license a row of before it may come */
  readonly lateUsage: number;
};

/**
 * Runs for every row that comes in, so it allocates only what it gives back.
 * @param alreadyExists whether the subdivision has a row of this id or of this `created`
 * @throws Rejection SubdivisionInactive, LicenseExpired, StatisticRowInFuture, StatisticRowAlreadyExists
 */
export function addStatisticRow(
  s: Subdivision,
  command: AddStatisticRow,
  alreadyExists: boolean,
  now: number,
  windows: UsageWindows,
): Change<Subdivision> & { readonly row: StatisticRow } {
  const at = timeOf(s, now);
  const upTo = Math.min(command.created, at);
  if (s.due === null || s.due.at > upTo) return count(s, command, alreadyExists, at, windows);
  const settled = settle(nextVersion(s), upTo, at);
  const counted = count({ ...settled.state, version: s.version }, command, alreadyExists, at, windows);
  return { ...counted, events: [...settled.events, ...counted.events] };
}

/** @param s settled, with the version of before */
function count(
  s: Subdivision,
  command: AddStatisticRow,
  alreadyExists: boolean,
  at: number,
  windows: UsageWindows,
): Change<Subdivision> & { readonly row: StatisticRow } {
  const license = licenseFor(s, command, at, windows);
  if (license === undefined)
    throw new Rejection('SubdivisionInactive', `Subdivision ${s.subdivisionId} is not active.`);
  if (license.status === 'active') rejectExpired(license, command.created);
  if (command.created > at + MAX_AHEAD_MS) {
    throw new Rejection(
      'StatisticRowInFuture',
      `Statistic row ${command.statisticRowId} was created more than 5 minutes in the future.`,
    );
  }
  if (alreadyExists) {
    throw new Rejection(
      'StatisticRowAlreadyExists',
      `Subdivision ${s.subdivisionId} already has statistic row ${command.statisticRowId}, or one of the same time.`,
    );
  }

  const row = newStatisticRow(command, license);
  // A bytime license has no limit: what goes beyond the exact integers stays at the last of them.
  const used = withUsage(
    license,
    row.counted ? Math.min(license.usedRequests + row.countRequests, Number.MAX_SAFE_INTEGER) : license.usedRequests,
  );
  const state = withCounted(s, replaced(s.licenses, used));
  if (used.status === 'inactive' || !isExhausted(used)) {
    return { state, events: [statisticRowAdded(state, row, used, at)], row };
  }
  const ended = deactivated(used, at, 'exhausted');
  const after = withLicenses(state, replaced(state.licenses, ended), null);
  return {
    state: after,
    events: [
      statisticRowAdded(after, row, ended, at),
      licenseDeactivated(after, ended, 'exhausted', at),
      { type: 'licensing.events.SubdivisionLicenseExpired', data: subdivisionState(after, at) },
    ],
    row,
  };
}

/** The license that a row belongs to: one that time has ended since, if the row comes from before its end and not too late; else the active one. */
function licenseFor(
  s: Subdivision,
  { created }: AddStatisticRow,
  at: number,
  { lateUsage }: UsageWindows,
): License | undefined {
  if (s.suspended) return undefined;
  if (s.lateBefore !== null && created < s.lateBefore && s.lateBefore >= at - lateUsage) {
    const late = endedByTime(s.licenses, created, at - lateUsage);
    if (late !== undefined) return late;
  }
  return activeLicense(s);
}

/** The license that was ended by time last, of those that lasted at `created` and ended no earlier than `since`. */
function endedByTime(licenses: readonly License[], created: number, since: number): License | undefined {
  let latest: License | undefined;
  for (const license of licenses) {
    const { endReason, activatedAt, deactivatedAt } = license;
    if (endReason !== 'expired' || activatedAt === null || deactivatedAt === null) continue;
    if (created < activatedAt || created >= deactivatedAt || deactivatedAt < since) continue;
    if (latest === undefined || deactivatedAt > (latest.deactivatedAt ?? 0)) latest = license;
  }
  return latest;
}
