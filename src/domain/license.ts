import type { CreateLicense, UpdateLicense } from './commands.ts';
import type { LicenseStatus, LicenseType } from './fields.ts';
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
  };
}

export function renamed(license: License, command: UpdateLicense): License {
  return { ...license, name: command.name, description: command.description };
}

export function activated(license: License, now: number): License {
  return { ...license, status: 'active', activatedAt: license.activatedAt ?? now, deactivatedAt: null };
}

export function deactivated(license: License, now: number): License {
  return { ...license, status: 'inactive', deactivatedAt: now };
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

/** Whether the limit is reached. A bytime license has none. */
export function isExhausted(license: License): boolean {
  return license.requestsLimit !== null && license.usedRequests >= license.requestsLimit;
}

// A subdivision's licenses, sorted by id.

export function licenseOf(licenses: readonly License[], licenseId: LicenseId): License | undefined {
  for (const license of licenses) if (license.licenseId === licenseId) return license;
  return undefined;
}

export function inserted(licenses: readonly License[], license: License): readonly License[] {
  return [...licenses, license].sort((a, b) => (a.licenseId < b.licenseId ? -1 : 1));
}

export function replaced(licenses: readonly License[], license: License): readonly License[] {
  if (licenses.length === 1) return [license];
  return licenses.map((other) => (other.licenseId === license.licenseId ? license : other));
}
