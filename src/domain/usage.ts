import type { AddStatisticRow } from './commands.ts';
import { consequences, hasMarks } from './consequences.ts';
import {
  countHolding,
  currentCount,
  DEFAULT_WINDOWS,
  keptSince,
  MOST_USED,
  withClosedUsage,
  type Windows,
} from './counts.ts';
import type { Change } from './events.ts';
import { endOf, isExhausted, replaced, withUsage, type License } from './license.ts';
import { Rejection } from './rejection.ts';
import { MAX_AHEAD_MS, newStatisticRow, type StatisticRow } from './statistic-row.ts';
import { statisticRowAdded } from './subdivision-events.ts';
import { activeLicense, nextVersion, withCounted, type Subdivision } from './subdivision.ts';
import { isSettled, settle, timeOf } from './time.ts';

type RowChange = Change<Subdivision> & { readonly row: StatisticRow };

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
  windows: Windows = DEFAULT_WINDOWS,
): RowChange {
  const at = timeOf(s, now);
  const upTo = Math.min(command.created, at);
  if (isSettled(s, upTo)) return count(s, command, alreadyExists, at, windows);
  const settled = settle(nextVersion(s), upTo, at, windows);
  const counted = count({ ...settled.state, version: s.version }, command, alreadyExists, at, windows);
  return { ...counted, events: [...settled.events, ...counted.events] };
}

/** @param s settled, with the version of before */
function count(
  s: Subdivision,
  command: AddStatisticRow,
  alreadyExists: boolean,
  at: number,
  windows: Windows,
): RowChange {
  const license = licenseFor(s, command.created, at, windows.lateUsage);
  if (license === undefined)
    throw new Rejection('SubdivisionInactive', `Subdivision ${s.subdivisionId} is not active.`);
  const end = license.status === 'active' ? endOf(license) : null;
  if (end !== null && command.created >= end)
    throw new Rejection('LicenseExpired', `License ${license.licenseId} has expired.`);
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

  const { countNumber, countStartsAt } = license.progress;
  if (countStartsAt !== null && Math.min(command.created, at) < countStartsAt)
    return countLate(s, command, license, at, keptSince(at, windows));
  const row = newStatisticRow(command, license, countNumber);
  const used = withUsage(license, row.counted ? sum(license.usedRequests, row.countRequests) : license.usedRequests);
  const state = withCounted(s, replaced(s.licenses, used));
  if (!hasMarks(used) && (used.status === 'inactive' || !isExhausted(used))) {
    return { state, events: [statisticRowAdded(state, row, used, currentCount(used), at)], row };
  }
  // The row is told with the state after all that follows from it.
  const after = consequences(state, license, used, at);
  const told = statisticRowAdded(after.state, row, used, currentCount(used), at);
  return { state: after.state, events: [told, ...after.events], row };
}

/** A row of a count that is closed changes only that. */
function countLate(s: Subdivision, command: AddStatisticRow, license: License, at: number, since: number): RowChange {
  const closed = countHolding(license, Math.min(command.created, at), since);
  const row = newStatisticRow(command, license, closed?.number);
  const usedRequests = sum(closed?.usedRequests ?? 0, row.counted ? row.countRequests : 0);
  const changed = closed !== undefined && row.counted ? withClosedUsage(license, closed.number, usedRequests) : license;
  const state = withCounted(s, replaced(s.licenses, changed));
  const count = closed === undefined ? currentCount(license) : { ...closed, usedRequests };
  return { state, events: [statisticRowAdded(state, row, license, count, at)], row };
}

function sum(usedRequests: number, countRequests: number): number {
  return Math.min(usedRequests + countRequests, MOST_USED);
}

/** The license that a row belongs to: one that time has ended since, if the row comes from before its end and not too late; else the active one. */
function licenseFor(s: Subdivision, created: number, at: number, lateUsage: number): License | undefined {
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
