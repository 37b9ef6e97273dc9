import type { CreateLicense, UpdateLicense } from './commands.ts';
import { invalid, type EndReason, type LicenseStatus, type LicenseType, type Phase } from './fields.ts';
import type { LicenseId } from './ids.ts';
import { Rejection } from './rejection.ts';
import { defaultExpiry, hardLimitOf, periodHolding, termsOf, type Terms } from './terms.ts';

/** A part of its subdivision: it changes only through it. Times are milliseconds since the epoch, UTC. */
export type License = {
  readonly licenseId: LicenseId;
  readonly name: string;
  readonly description: string;
  readonly type: LicenseType;
  readonly status: LicenseStatus;
  /** null exactly for bytime */
  readonly requestsLimit: number | null;
  /** that of the current count, across activations */
  readonly usedRequests: number;
  readonly createdAt: number;
  /** never null for bytime */
  readonly expiresAt: number | null;
  /** the first activation, kept for ever: rows count from there on */
  readonly activatedAt: number | null;
  /** the last deactivation; null while active */
  readonly deactivatedAt: number | null;
  /** what the last deactivation came of; null while active, and where nobody knows any more */
  readonly endReason: EndReason | null;
  readonly terms: Terms;
  /** 1, one more with each renewal or change of terms */
  readonly termsVersion: number;
  readonly progress: Progress;
};

/** How far a license has come by its terms. */
export type Progress = {
  /** activates itself at `startsAt` */
  readonly scheduled: boolean;
  /** whether the first activation was by time: then a row of that very time counts, too */
  readonly startedByTime: boolean;
  readonly inGrace: boolean;
  /** the nearest notice before the present `expiresAt` that was told; null: none */
  readonly noticedMs: number | null;
  /** of the current period; null without one, and before the first activation */
  readonly periodStartsAt: number | null;
  /** the current count: numbered from 0; what it holds begins here, null: at the beginning of time */
  readonly countNumber: number;
  readonly countStartsAt: number | null;
  /** whether `LicenseOverageStarted` was told in the current count */
  readonly overageTold: boolean;
  /** counts that rows and corrections may still change, oldest first */
  readonly closedCounts: readonly ClosedCount[];
};

/** A count that a period's end or a reset has closed. It holds the rows of `startsAt` <= time < `endsAt`. */
export type ClosedCount = {
  readonly number: number;
  readonly startsAt: number | null;
  readonly endsAt: number;
  readonly usedRequests: number;
  readonly periodStartsAt: number | null;
};

export const NO_PROGRESS: Progress = Object.freeze({
  scheduled: false,
  startedByTime: false,
  inGrace: false,
  noticedMs: null,
  periodStartsAt: null,
  countNumber: 0,
  countStartsAt: null,
  overageTold: false,
  closedCounts: [],
});

export function newLicense(command: CreateLicense, now: number): License {
  return {
    licenseId: command.licenseId,
    name: command.name,
    description: command.description,
    type: command.type,
    status: 'inactive',
    requestsLimit: command.requestsLimit,
    usedRequests: 0,
    createdAt: now,
    expiresAt: command.expiresAt ?? (command.type === 'bytime' ? defaultExpiry(now, command) : null),
    activatedAt: null,
    deactivatedAt: null,
    endReason: null,
    terms: termsOf(command),
    termsVersion: 1,
    progress: NO_PROGRESS,
  };
}

/**
 * The last check of the fields of CreateLicense. It needs the message's time, so the handler makes it, before it looks anything up.
 * @throws Rejection InvalidCommand when the license would end at or before `now`
 */
export function rejectEnded({ expiresAt }: CreateLicense, now: number): void {
  if (expiresAt !== null && expiresAt <= now) throw invalid('expiresAt', 'must lie in the future');
}

export function renamed(license: License, command: UpdateLicense): License {
  return { ...license, name: command.name, description: command.description };
}

/** @param byTime whether its terms did it, not a command */
export function activated(license: License, at: number, byTime = false): License {
  const { activatedAt, terms, progress } = license;
  const isFirst = activatedAt === null;
  return {
    ...license,
    status: 'active',
    activatedAt: activatedAt ?? at,
    deactivatedAt: null,
    endReason: null,
    progress: {
      ...progress,
      scheduled: false,
      startedByTime: isFirst ? byTime : progress.startedByTime,
      periodStartsAt: progress.periodStartsAt ?? periodStartOf(terms, activatedAt ?? at, at),
    },
  };
}

export function deactivated(license: License, at: number, endReason: EndReason): License {
  const { progress } = license;
  return {
    ...license,
    status: 'inactive',
    deactivatedAt: at,
    endReason,
    progress: progress.inGrace || progress.scheduled ? { ...progress, inGrace: false, scheduled: false } : progress,
  };
}

/** Spelled out, not spread: it runs for every statistic row. */
export function withUsage(license: License, usedRequests: number): License {
  return {
    licenseId: license.licenseId,
    name: license.name,
    description: license.description,
    type: license.type,
    status: license.status,
    requestsLimit: license.requestsLimit,
    usedRequests,
    createdAt: license.createdAt,
    expiresAt: license.expiresAt,
    activatedAt: license.activatedAt,
    deactivatedAt: license.deactivatedAt,
    endReason: license.endReason,
    terms: license.terms,
    termsVersion: license.termsVersion,
    progress: license.progress,
  };
}

export function withProgress(license: License, progress: Partial<Progress>): License {
  return { ...license, progress: { ...license.progress, ...progress } };
}

/** When time ends it, grace included; null: never. */
export function endOf({ expiresAt, terms }: License): number | null {
  return expiresAt === null ? null : expiresAt + (terms.graceMs ?? 0);
}

/** @throws Rejection LicenseExpired */
export function rejectExpired(license: License, at: number): void {
  if (hasExpired(license, at)) throw new Rejection('LicenseExpired', `License ${license.licenseId} has expired.`);
}

/** A license that was in grace, and has made room for another, has expired with that. */
export function hasExpired(license: License, at: number): boolean {
  const { expiresAt, endReason } = license;
  const end = endOf(license);
  return end !== null && expiresAt !== null && (at >= end || (endReason === 'expired' && at >= expiresAt));
}

/** What a license is in, by a time that is not behind what was applied of it. */
export function phaseOf(license: License, at: number): Phase {
  const { progress } = license;
  if (license.status === 'active') {
    if (progress.inGrace) return 'grace';
    return allowsOverage(license) && isOver(license) ? 'overage' : 'current';
  }
  if (progress.scheduled) return 'scheduled';
  if (hasExpired(license, at)) return 'expired';
  // One with a period comes back by itself, unless a command has put it aside.
  const isPutAside = license.endReason === 'command' && license.terms.period !== null;
  return isExhausted(license) && !isPutAside ? 'exhausted' : 'ready';
}

/** Whether the limit is reached, be it the end or not. */
export function isOver({ requestsLimit, usedRequests }: License): boolean {
  return requestsLimit !== null && usedRequests >= requestsLimit;
}

export function allowsOverage({ terms: { overage } }: License): boolean {
  return overage === 'percent' || overage === 'unlimited';
}

/** Whether nothing is left. A license without a limit never ends like this. */
export function isExhausted({ requestsLimit, usedRequests, terms }: License): boolean {
  const hardLimit = hardLimitOf(requestsLimit, terms);
  return hardLimit !== null && usedRequests >= hardLimit;
}

/** When the current period ends; null: there is none. */
export function periodEndOf({ terms, activatedAt, progress: { periodStartsAt } }: License): number | null {
  const anchor = terms.periodAnchor ?? activatedAt;
  if (terms.period === null || anchor === null || periodStartsAt === null) return null;
  return periodHolding(terms.period, anchor, periodStartsAt).endsAt;
}

/** When the period begins that holds this time; null: there is none, or none yet. */
export function periodStartOf({ period, periodAnchor }: Terms, activatedAt: number | null, at: number): number | null {
  if (period === null || activatedAt === null) return null;
  return periodHolding(period, periodAnchor ?? activatedAt, at).startsAt;
}

// A subdivision's licenses, sorted by id. There may be thousands, and thousands of commands in a chunk: so a license is found by binary
// search, and a change copies the list once.

export function licenseOf(licenses: readonly License[], licenseId: LicenseId): License | undefined {
  const license = licenses[placeOf(licenses, licenseId)];
  return license?.licenseId === licenseId ? license : undefined;
}

/** @param license must not be in the list */
export function inserted(licenses: readonly License[], license: License): readonly License[] {
  return licenses.toSpliced(placeOf(licenses, license.licenseId), 0, license);
}

/** @param license takes the place of the one with its id, which must be in the list */
export function replaced(licenses: readonly License[], license: License): readonly License[] {
  if (licenses.length === 1) return [license];
  return licenses.with(placeOf(licenses, license.licenseId), license);
}

/** @param license must be in the list */
export function removed(licenses: readonly License[], license: License): readonly License[] {
  return licenses.toSpliced(placeOf(licenses, license.licenseId), 1);
}

/** A license that was created, changed or deleted. */
export type LicenseDifference = { readonly licenseId: LicenseId } & (
  | { readonly before: undefined; readonly after: License }
  | { readonly before: License; readonly after: License }
  | { readonly before: License; readonly after: undefined }
);

/** What differs between two states of a subdivision's licenses, by id. Licenses are values: one that is the same object has not changed. */
export function differencesOf(before: readonly License[], after: readonly License[]): readonly LicenseDifference[] {
  const differences: LicenseDifference[] = [];
  // Nearly always a single license has changed: skip the equal ones at both ends first.
  let old = 0;
  while (old < before.length && before[old] === after[old]) old += 1;
  let now = old;
  let oldEnd = before.length;
  let nowEnd = after.length;
  while (oldEnd > old && nowEnd > now && before[oldEnd - 1] === after[nowEnd - 1]) {
    oldEnd -= 1;
    nowEnd -= 1;
  }
  while (old < oldEnd || now < nowEnd) {
    const was = old < oldEnd ? before[old] : undefined;
    const is = now < nowEnd ? after[now] : undefined;
    if (was !== undefined && (is === undefined || was.licenseId < is.licenseId)) {
      differences.push({ licenseId: was.licenseId, before: was, after: undefined });
      old += 1;
    } else if (is !== undefined && (was === undefined || is.licenseId < was.licenseId)) {
      differences.push({ licenseId: is.licenseId, before: undefined, after: is });
      now += 1;
    } else {
      if (was !== undefined && was !== is) differences.push({ licenseId: was.licenseId, before: was, after: is });
      old += 1;
      now += 1;
    }
  }
  return differences;
}

/** Whether no license appears and none goes. */
export function haveSameIds(before: readonly License[], after: readonly License[]): boolean {
  return before.length === after.length && before.every((was, i) => was.licenseId === after[i]?.licenseId);
}

/** Index of the first license whose id is not less than this one. */
function placeOf(licenses: readonly License[], licenseId: LicenseId): number {
  let from = 0;
  let to = licenses.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    const license = licenses[middle];
    if (license !== undefined && license.licenseId < licenseId) from = middle + 1;
    else to = middle;
  }
  return from;
}
