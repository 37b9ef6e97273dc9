import type { EventOf, LicenseState, SubdivisionState } from './events.ts';
import type { DeactivationReason } from './fields.ts';
import { phaseOf, type License } from './license.ts';
import type { StatisticRow } from './statistic-row.ts';
import { NO_TERMS } from './terms.ts';

// What a subdivision's events carry. Their version is that of the state they are given.

export function subdivisionState(s: Omit<SubdivisionState, 'occurredAt'>, occurredAt: number): SubdivisionState {
  return {
    tenantId: s.tenantId,
    subdivisionId: s.subdivisionId,
    name: s.name,
    location: s.location,
    linkToSubdivisionProcessingDomain: s.linkToSubdivisionProcessingDomain,
    workStatus: s.workStatus,
    activeLicenseId: s.activeLicenseId,
    version: s.version,
    occurredAt,
  };
}

/** @param effectiveAt the due time, when time did it */
export function licenseState(
  s: LicenseHolder,
  license: License,
  occurredAt: number,
  effectiveAt: number | null = null,
): LicenseState {
  return {
    tenantId: s.tenantId,
    subdivisionId: s.subdivisionId,
    licenseId: license.licenseId,
    name: license.name,
    description: license.description,
    type: license.type,
    status: license.status,
    requestsLimit: license.requestsLimit,
    usedRequests: license.usedRequests,
    createdAt: license.createdAt,
    expiresAt: license.expiresAt,
    activatedAt: license.activatedAt,
    deactivatedAt: license.deactivatedAt,
    ...NO_TERMS,
    termsVersion: null,
    phase: phaseOf(license, occurredAt),
    periodStartsAt: null,
    periodEndsAt: null,
    effectiveAt,
    workStatus: s.workStatus,
    activeLicenseId: s.activeLicenseId,
    version: s.version,
    occurredAt,
  };
}

export function licenseDeactivated(
  s: LicenseHolder,
  license: License,
  reason: DeactivationReason,
  occurredAt: number,
  effectiveAt: number | null = null,
): LicenseDeactivated {
  return {
    type: 'licensing.events.LicenseDeactivated',
    data: { ...licenseState(s, license, occurredAt, effectiveAt), reason },
  };
}

/** @param license the row's, after the row */
export function statisticRowAdded(
  s: LicenseHolder,
  row: StatisticRow,
  license: License,
  occurredAt: number,
): StatisticRowAdded {
  return {
    type: 'licensing.events.StatisticRowAdded',
    data: {
      tenantId: row.tenantId,
      subdivisionId: row.subdivisionId,
      licenseId: row.licenseId,
      statisticRowId: row.statisticRowId,
      created: row.created,
      countRequests: row.countRequests,
      counted: row.counted,
      usedRequests: license.usedRequests,
      requestsLimit: license.requestsLimit,
      periodStartsAt: null,
      version: s.version,
      occurredAt,
    },
  };
}

type StatisticRowAdded = EventOf<'licensing.events.StatisticRowAdded'>;
type LicenseDeactivated = EventOf<'licensing.events.LicenseDeactivated'>;
type LicenseHolder = Pick<LicenseState, 'tenantId' | 'subdivisionId' | 'workStatus' | 'activeLicenseId' | 'version'>;
