import type { AddStatisticRow, CreateLicense } from '../../../src/domain/commands.ts';
import type { Change, DomainEvent } from '../../../src/domain/events.ts';
import { storedId } from '../../../src/domain/ids.ts';
import type { LicenseId, StatisticRowId, SubdivisionId, TenantId, UserId } from '../../../src/domain/ids.ts';
import { InvalidOutsideEvent, Rejection } from '../../../src/domain/rejection.ts';
import { activateLicense, createLicense, createSubdivision } from '../../../src/domain/subdivision-commands.ts';
import type { Subdivision } from '../../../src/domain/subdivision.ts';
import { NO_TERMS } from '../../../src/domain/terms.ts';
import { addStatisticRow } from '../../../src/domain/usage.ts';

export const NOW = Date.UTC(2026, 0, 15, 12);
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const DAY = 24 * 60 * MINUTE;

export const TENANT = storedId<TenantId>('10000000-0000-4000-8000-000000000001');
export const SUBDIVISION = storedId<SubdivisionId>('20000000-0000-4000-8000-000000000001');
export const USER = storedId<UserId>('50000000-0000-4000-8000-000000000001');

export function licenseId(number: number): LicenseId {
  return storedId<LicenseId>(`30000000-0000-4000-8000-${String(number).padStart(12, '0')}`);
}

export function rowId(number: number): StatisticRowId {
  return storedId<StatisticRowId>(`40000000-0000-4000-8000-${String(number).padStart(12, '0')}`);
}

export function aSubdivision(): Subdivision {
  return createSubdivision(
    {
      tenantId: TENANT,
      subdivisionId: SUBDIVISION,
      name: 'North',
      location: 'Oslo',
      linkToSubdivisionProcessingDomain: null,
    },
    NOW,
  ).state;
}

export function bycount(number: number, requestsLimit: number): CreateLicense {
  return { ...license(number), ...NO_TERMS, type: 'bycount', requestsLimit, expiresAt: null };
}

export function bytime(number: number, expiresAt: number | null): CreateLicense {
  return { ...license(number), ...NO_TERMS, type: 'bytime', requestsLimit: null, expiresAt };
}

/** A subdivision with these licenses, created at NOW. */
export function withLicenses(...commands: readonly CreateLicense[]): Subdivision {
  return commands.reduce((s, command) => createLicense(s, command, NOW).state, aSubdivision());
}

/** The same, and the first of them activated at NOW. */
export function working(...commands: readonly CreateLicense[]): Subdivision {
  return activateLicense(withLicenses(...commands), ofLicense(1), NOW).state;
}

export function ofLicense(number: number) {
  return { tenantId: TENANT, subdivisionId: SUBDIVISION, licenseId: licenseId(number) };
}

export function row(countRequests: number, created: number = NOW + SECOND): AddStatisticRow {
  return { tenantId: TENANT, subdivisionId: SUBDIVISION, statisticRowId: rowId(1), created, countRequests };
}

export function addRow(s: Subdivision, command: AddStatisticRow, alreadyExists: boolean, now: number) {
  return addStatisticRow(s, command, alreadyExists, now);
}

export function typesOf(change: Change<unknown>): readonly string[] {
  return change.events.map((event) => event.type.replace('licensing.events.', ''));
}

export function dataOf(change: Change<unknown>): readonly DomainEvent['data'][] {
  return change.events.map((event) => event.data);
}

/** The code and field that an action is refused with; fails when it is not refused. */
export function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof Rejection) return error.field === null ? error.code : `${error.code} ${error.field}`;
    if (error instanceof InvalidOutsideEvent) return `InvalidOutsideEvent ${error.field}`;
    throw error;
  }
  return 'accepted';
}

function license(number: number) {
  return { ...ofLicense(number), name: `License ${number}`, description: 'of the year' };
}
