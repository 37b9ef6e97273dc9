import type { CreateLicense, UpdateLicense } from './commands.ts';
import { invalid, type EndReason, type LicenseStatus, type LicenseType, type Phase } from './fields.ts';
import type { LicenseId } from './ids.ts';
import { Rejection } from './rejection.ts';

/** A part of its subdivision: it changes only through it. Times are milliseconds since the epoch, UTC. */
export type License = {
  readonly licenseId: LicenseId;
  readonly name: string;
  readonly description: string;
  readonly type: LicenseType;
  readonly status: LicenseStatus;
  /** null exactly for bytime */
  readonly requestsLimit: number | null;
  /** across all activations, for both types */
  readonly usedRequests: number;
  readonly createdAt: number;
  /** null exactly for bycount */
  readonly expiresAt: number | null;
  /** the first activation, kept for ever: rows count from there on */
  readonly activatedAt: number | null;
  /** the last deactivation; null while active */
  readonly deactivatedAt: number | null;
  /** what the last deactivation came of; null while active, and where nobody knows any more */
  readonly endReason: EndReason | null;
};

export const DEFAULT_LIFETIME_MS = 30 * 24 * 60 * 60 * 1_000;

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
    expiresAt: command.type === 'bytime' ? (command.expiresAt ?? now + DEFAULT_LIFETIME_MS) : null,
    activatedAt: null,
    deactivatedAt: null,
    endReason: null,
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

export function activated(license: License, now: number): License {
  return {
    ...license,
    status: 'active',
    activatedAt: license.activatedAt ?? now,
    deactivatedAt: null,
    endReason: null,
  };
}

export function deactivated(license: License, at: number, endReason: EndReason): License {
  return { ...license, status: 'inactive', deactivatedAt: at, endReason };
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
  };
}

/**
 * A bycount license never expires.
 * @throws Rejection LicenseExpired when the license ends at or before `at`
 */
export function rejectExpired(license: License, at: number): void {
  if (license.expiresAt !== null && at >= license.expiresAt) {
    throw new Rejection('LicenseExpired', `License ${license.licenseId} has expired.`);
  }
}

/** What a license is in, by a time that is not behind what was applied of it. */
export function phaseOf(license: License, at: number): Phase {
  if (license.status === 'active') return 'current';
  if (license.expiresAt !== null && at >= license.expiresAt) return 'expired';
  return isExhausted(license) ? 'exhausted' : 'ready';
}

/** Whether the limit is reached. A bytime license has none. */
export function isExhausted(license: License): boolean {
  return license.requestsLimit !== null && license.usedRequests >= license.requestsLimit;
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
