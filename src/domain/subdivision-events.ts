import type { EventOf, LicenseState, SubdivisionState } from './events.ts';
import type { DeactivationReason } from './fields.ts';
import type { CorrectStatisticRow } from './commands.ts';
import type { Count } from './counts.ts';
import { periodEndOf, phaseOf, type License } from './license.ts';
import type { StatisticRow } from './statistic-row.ts';

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
    startsAt: license.terms.startsAt,
    graceMs: license.terms.graceMs,
    overage: license.terms.overage,
    overagePercent: license.terms.overagePercent,
    usageThresholds: license.terms.usageThresholds,
    noticesBeforeExpiry: license.terms.noticesBeforeExpiry,
    period: license.terms.period,
    periodAnchor: license.terms.periodAnchor,
    termsVersion: license.termsVersion,
    phase: phaseOf(license, effectiveAt ?? occurredAt),
    periodStartsAt: license.progress.periodStartsAt,
    periodEndsAt: periodEndOf(license),
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

/**
 * @param license the row's, after the row
 * @param count the one that the row went into, after it
 */
export function statisticRowAdded(
  s: LicenseHolder,
  row: StatisticRow,
  license: License,
  count: Pick<Count, 'usedRequests' | 'periodStartsAt'>,
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
      usedRequests: count.usedRequests,
      requestsLimit: license.requestsLimit,
      periodStartsAt: count.periodStartsAt,
      version: s.version,
      occurredAt,
    },
  };
}

/**
 * @param row before the correction
 * @param of its license and its count after the correction; undefined: they are kept no more, and nothing is counted
 */
export function statisticRowCorrected(
  s: LicenseHolder,
  row: StatisticRow,
  { countRequests, reason }: CorrectStatisticRow,
  { license, count }: { readonly license: License | undefined; readonly count: Count | undefined },
  occurredAt: number,
): EventOf<'licensing.events.StatisticRowCorrected'> {
  return {
    type: 'licensing.events.StatisticRowCorrected',
    data: {
      tenantId: row.tenantId,
      subdivisionId: row.subdivisionId,
      licenseId: row.licenseId,
      statisticRowId: row.statisticRowId,
      created: row.created,
      countRequests,
      countRequestsBefore: row.countRequests,
      counted: row.counted && count !== undefined,
      usedRequests: count?.usedRequests ?? 0,
      requestsLimit: license?.requestsLimit ?? null,
      periodStartsAt: count?.periodStartsAt ?? null,
      reason,
      version: s.version,
      occurredAt,
    },
  };
}

type StatisticRowAdded = EventOf<'licensing.events.StatisticRowAdded'>;
type LicenseDeactivated = EventOf<'licensing.events.LicenseDeactivated'>;
type LicenseHolder = Pick<LicenseState, 'tenantId' | 'subdivisionId' | 'workStatus' | 'activeLicenseId' | 'version'>;
