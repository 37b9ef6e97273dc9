import type { AddStatisticRow } from './commands.ts';
import type { Change } from './events.ts';
import { deactivated, isExhausted, rejectExpired, replaced, withUsage } from './license.ts';
import { Rejection } from './rejection.ts';
import { MAX_AHEAD_MS, newStatisticRow, type StatisticRow } from './statistic-row.ts';
import { licenseDeactivated, statisticRowAdded, subdivisionState } from './subdivision-events.ts';
import { activeLicense, withLicenses, type Subdivision } from './subdivision.ts';

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
): Change<Subdivision> & { readonly row: StatisticRow } {
  const active = s.workStatus === 'active' ? activeLicense(s) : undefined;
  if (active === undefined) throw new Rejection('SubdivisionInactive', `Subdivision ${s.subdivisionId} is not active.`);
  rejectExpired(active, command.created);
  if (command.created > now + MAX_AHEAD_MS) {
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

  const row = newStatisticRow(command, active);
  // A bytime license has no limit: what goes beyond the exact integers stays at the last of them.
  const used = withUsage(
    active,
    row.counted ? Math.min(active.usedRequests + row.countRequests, Number.MAX_SAFE_INTEGER) : active.usedRequests,
  );
  if (!isExhausted(used)) {
    const state = withLicenses(s, replaced(s.licenses, used), s.workStatus, s.activeLicenseId);
    return { state, events: [statisticRowAdded(state, row, used, now)], row };
  }
  const license = deactivated(used, now);
  const state = withLicenses(s, replaced(s.licenses, license), 'inactive', null);
  return {
    state,
    events: [
      statisticRowAdded(state, row, license, now),
      licenseDeactivated(state, license, 'exhausted', now),
      { type: 'licensing.events.SubdivisionLicenseExpired', data: subdivisionState(state, now) },
    ],
    row,
  };
}
