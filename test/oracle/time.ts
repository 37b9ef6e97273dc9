import { isUsedUp, nextBoundary, openCount, passPeriods, periodAt, currentOf } from './counts.ts';
import { byId, copyOf, pair, type Happening, type License, type State, type Subdivision } from './state.ts';
import { deactivate, endOf, hasEnded, ofLicense, ofSubdivision, timeOf, type Moment } from './told.ts';

// What time does to a subdivision, and how each of its messages comes to it.

/** What is due in a subdivision at a time, in milliseconds since the epoch. */
export interface Due {
  readonly at: number;
  readonly isNotice: boolean;
  /** At one instant, what ends comes before what starts. */
  readonly rank: number;
  readonly happen: (moment: Moment) => readonly Happening[];
}

/**
 * The earliest thing that is due in a subdivision, however late it is.
 * @param upTo of the notices that have passed by then, the nearest alone is due
 */
export function nextDue(subdivision: Subdivision, upTo?: number): Due | undefined {
  return allDue(subdivision, upTo)[0];
}

/** What is due in a subdivision as it stands, the earliest first. */
export function allDue(subdivision: Subdivision, upTo = Number.NEGATIVE_INFINITY): readonly Due[] {
  // Most of thousands wait for nothing.
  const waiting = [...subdivision.licenses.values()].filter(
    (license) => license.status === 'active' || license.scheduled || waitsForPeriod(license),
  );
  return byId(waiting, 'licenseId')
    .flatMap((license) => duesOf(subdivision, license, upTo))
    .sort((a, b) => a.at - b.at || a.rank - b.rank);
}

function duesOf(subdivision: Subdivision, license: License, upTo: number): readonly Due[] {
  const { status, scheduled, terms } = license;
  const due = (at: number | null, rank: number, happen: Due['happen'], isNotice = false): readonly Due[] =>
    at === null || at === Number.POSITIVE_INFINITY ? [] : [{ at, rank, isNotice, happen }];
  if (scheduled) return due(terms.startsAt, 4, (moment) => start(subdivision, license, moment));
  const period = due(nextBoundary(license), 3, (moment) => endPeriod(subdivision, license, moment));
  if (status === 'active') {
    const graceStarts = license.inGrace || (terms.graceMs ?? 0) === 0 ? null : license.expiresAt;
    return [
      ...due(endOf(license), 0, (moment) => expire(subdivision, license, moment)),
      ...due(graceStarts, 1, (moment) => {
        license.inGrace = true;
        return [ofLicense('LicenseGraceStarted', subdivision, license, moment)];
      }),
      ...noticeOf(license, upTo).flatMap(({ at, noticeMs }) =>
        due(
          at,
          2,
          (moment) => {
            license.noticedMs = noticeMs;
            return [ofLicense('LicenseExpiringSoon', subdivision, license, moment, { noticeMs })];
          },
          true,
        ),
      ),
      ...period,
    ];
  }
  return waitsForPeriod(license) ? period.filter(({ at }) => !hasEnded(license, at)) : [];
}

/** Whether exhaustion has ended it, and the end of its period brings it back. */
export function waitsForPeriod(license: License): boolean {
  return (
    license.status === 'inactive' &&
    license.endedBy === 'exhausted' &&
    isUsedUp(license) &&
    license.terms.period !== null
  );
}

/** The notice that is due next, and when: the nearest of those that have passed, or the next one. */
function noticeOf(
  { terms, expiresAt, noticedMs, inGrace }: License,
  upTo: number,
): readonly { at: number; noticeMs: number }[] {
  if (expiresAt === null || inGrace) return [];
  const untold = (terms.noticesBeforeExpiry ?? []).filter((noticeMs) => noticeMs < (noticedMs ?? Infinity));
  const dated = untold.map((noticeMs) => ({ noticeMs, at: expiresAt - noticeMs })).sort((a, b) => a.at - b.at);
  const notice = dated.findLast(({ at }) => at <= upTo) ?? dated[0];
  return notice === undefined ? [] : [notice];
}

function expire(subdivision: Subdivision, license: License, moment: Moment): readonly Happening[] {
  return [
    deactivate(subdivision, license, 'expired', moment),
    ofSubdivision('SubdivisionLicenseExpired', subdivision, moment),
  ];
}

/** Begins what was booked, or tells that it can't. */
export function start(subdivision: Subdivision, license: License, moment: Moment): readonly Happening[] {
  const other = subdivision.licenses.get(subdivision.activeLicenseId ?? '');
  license.scheduled = false;
  // Its periods have gone on without an event: it may have requests again.
  passPeriods(license, timeOf(moment));
  if ((other !== undefined && !other.inGrace) || isUsedUp(license))
    return [ofLicense('LicenseStartBlocked', subdivision, license, moment)];
  const before = other === undefined ? [] : expire(subdivision, other, moment);
  return [...before, activate(subdivision, license, moment)];
}

function endPeriod(subdivision: Subdivision, license: License, moment: Moment): readonly Happening[] {
  const comesBack = waitsForPeriod(license);
  const { periodStartsAt, usedRequests } = openCount(license, timeOf(moment), timeOf(moment));
  const started = ofLicense('LicensePeriodStarted', subdivision, license, moment, {
    ...{ closedPeriodStartsAt: periodStartsAt, closedUsedRequests: usedRequests },
  });
  if (!comesBack || subdivision.activeLicenseId !== null) return [started];
  return [started, activate(subdivision, license, moment)];
}

/** Makes a license the active one, and tells it. */
export function activate(subdivision: Subdivision, license: License, moment: Moment): Happening {
  const at = timeOf(moment);
  license.startedByTime = license.activatedAt === null ? moment.due !== undefined : license.startedByTime;
  license.activatedAt ??= at;
  Object.assign(license, { status: 'active', scheduled: false, deactivatedAt: null, endedBy: null });
  currentOf(license).periodStartsAt ??= periodAt(license, at);
  passPeriods(license, at);
  subdivision.activeLicenseId = license.licenseId;
  return ofLicense('LicenseActivated', subdivision, license, moment);
}

/** A copy of a subdivision in which time has passed. It takes the place of the original unless its message is refused. */
export interface Settled {
  readonly subdivision: Subdivision;
  /** The message's time in this subdivision. */
  readonly now: number;
  /** What was due until then was applied. */
  readonly end: number;
  readonly events: readonly Happening[];
}

/**
 * Applies to a copy what is due in it. What is due has the version of the message that finds it so.
 * @param now the message's own time
 * @param upTo a row is older than its message, and applies only what was due when it was created
 */
export function settled(before: Subdivision, now: number, upTo = Number.POSITIVE_INFINITY): Settled {
  const subdivision = copyOf(before);
  subdivision.version += 1;
  const time = Math.max(now, before.settledAt ?? now);
  const end = Math.min(upTo, time);
  return { subdivision, now: time, end, events: pass(subdivision, end, time) };
}

/** @param end what is due until then is applied */
function pass(subdivision: Subdivision, end: number, now: number): readonly Happening[] {
  const events: Happening[] = [];
  for (let due = nextDue(subdivision, end); due !== undefined && due.at <= end; due = nextDue(subdivision, end)) {
    subdivision.settledAt = Math.max(due.at, subdivision.settledAt ?? due.at);
    events.push(...due.happen({ now, due: due.at }));
  }
  // What changes without an event. The licenses with events in such a case have come this far by now.
  for (const license of subdivision.licenses.values()) passPeriods(license, end);
  return events;
}

/**
 * Lets a message change a subdivision in which time has passed before. What the change has made due follows at once. A message that is
 * refused leaves the subdivision as it was.
 */
export function change(
  state: State,
  { subdivision, now, end, events }: Settled,
  decide: (subdivision: Subdivision, now: number) => readonly Happening[],
): readonly Happening[] {
  const own = decide(subdivision, now);
  const following = pass(subdivision, end, now);
  state.subdivisions.set(pair(subdivision.tenantId, subdivision.subdivisionId), subdivision);
  return [...events, ...own, ...following];
}
