import type { License } from '../../../src/domain/license.ts';
import type { StatisticRow } from '../../../src/domain/statistic-row.ts';
import type { Subdivision } from '../../../src/domain/subdivision.ts';
import type { Tenant } from '../../../src/domain/tenant.ts';
import { StaleRead } from '../../../src/ports/errors.ts';

// What the tables of PostgreSQL refuse by constraints (migrations/), for the tables in memory.

/** @throws StaleRead unless it holds */
export function constrain(holds: boolean, constraint: string): void {
  if (!holds) throw new StaleRead(`a row violates the constraint '${constraint}'`);
}

export function constrainTenant({ name, address, email, phone, version }: Tenant): void {
  constrain(version > 0, 'version');
  constrainText(name, 1, 200, 'name');
  constrainText(address, 0, 1_000, 'address');
  constrainText(email, 0, 254, 'email');
  constrainText(phone, 0, 50, 'phone');
}

export function constrainSubdivision(subdivision: Subdivision): void {
  const { licenses, activeLicenseId } = subdivision;
  constrain(subdivision.version > 0, 'version');
  constrainText(subdivision.name, 1, 200, 'name');
  constrainText(subdivision.location, 0, 1_000, 'location');
  constrainText(subdivision.linkToSubdivisionProcessingDomain ?? '', 0, 1_000, 'link');
  licenses.forEach(constrainLicense);
  const active = licenses.filter(({ status }) => status === 'active');
  constrain(active.length <= 1, 'one active license');
  constrain(activeLicenseId === null || activeLicenseId === active[0]?.licenseId, 'active license');
  constrain(subdivision.workStatus === 'inactive' || activeLicenseId !== null, 'work status');
}

function constrainLicense(license: License): void {
  const { type, status, requestsLimit, usedRequests, expiresAt, activatedAt, deactivatedAt, terms, progress } = license;
  constrainText(license.name, 1, 200, 'name');
  constrainText(license.description, 0, 1_000, 'description');
  constrain(usedRequests >= 0, 'used requests');
  constrain(requestsLimit === null || (requestsLimit >= 1 && requestsLimit <= 1e12), 'requests limit');
  constrain((type === 'bycount') === (requestsLimit !== null), 'bycount has a limit');
  constrain(type !== 'bytime' || expiresAt !== null, 'bytime has an end');
  constrain(terms.period === null || type === 'bycount', 'period');
  constrain((terms.overagePercent !== null) === (terms.overage === 'percent'), 'overage');
  constrain(!progress.scheduled || status === 'inactive', 'scheduled');
  constrain(!progress.inGrace || status === 'active', 'in grace');
  if (status === 'inactive') return;
  constrain(activatedAt !== null && deactivatedAt === null, 'activated');
  const mayExceed = terms.overage === 'percent' || terms.overage === 'unlimited';
  constrain(requestsLimit === null || usedRequests < requestsLimit || mayExceed, 'not exhausted');
}

export function constrainStatisticRow({ countRequests }: StatisticRow): void {
  constrain(countRequests >= 0 && countRequests <= 1e9, 'count requests');
}

/** Lengths in characters, not in UTF-16 units. */
function constrainText(text: string, min: number, max: number, constraint: string): void {
  const length = text.length <= max ? text.length : [...text].length;
  constrain(length >= min && length <= max && !text.includes('\u0000'), constraint);
}
