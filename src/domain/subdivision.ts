import { timesOf, type Times } from './due.ts';
import type { SubdivisionState } from './events.ts';
import type { LicenseId } from './ids.ts';
import { licenseOf, type License } from './license.ts';
import { Rejection } from './rejection.ts';

/**
 * Invariants: at most one license is active, and it is the one that `activeLicenseId` names; `workStatus` is active exactly while there is
 * one and the subdivision is not suspended.
 */
export type Subdivision = StoredSubdivision & Times;

/** A subdivision without what follows from its licenses. */
export type StoredSubdivision = Omit<SubdivisionState, 'occurredAt'> & {
  /** By UpdateSubdivision, whether a license is active or not. Stops no clock. */
  readonly suspended: boolean;
  /** The latest due time that was applied: no message of the subdivision is decided by an earlier time. */
  readonly settledAt: number | null;
  /** sorted by licenseId */
  readonly licenses: readonly License[];
};

export function fromStored(s: StoredSubdivision): Subdivision {
  const { due, lateBefore, idlePeriodEndsAt } = timesOf(s.licenses);
  return {
    tenantId: s.tenantId,
    subdivisionId: s.subdivisionId,
    name: s.name,
    location: s.location,
    linkToSubdivisionProcessingDomain: s.linkToSubdivisionProcessingDomain,
    workStatus: s.workStatus,
    activeLicenseId: s.activeLicenseId,
    suspended: s.suspended,
    settledAt: s.settledAt,
    licenses: s.licenses,
    due,
    lateBefore,
    idlePeriodEndsAt,
    version: s.version,
  };
}

/** The version of the message at hand. */
export function nextVersion(s: Subdivision): Subdivision {
  return { ...s, version: s.version + 1 };
}

/** Every change of licenses but a counted row ends here. Looks at all of them. */
export function withLicenses(
  s: Subdivision,
  licenses: readonly License[],
  activeLicenseId: LicenseId | null,
  suspended = s.suspended,
): Subdivision {
  return fromStored(withStep({ ...s, suspended }, licenses, activeLicenseId));
}

/** The same in the midst of steps: what follows from the licenses is left as it was, until `withLicenses` ends them. */
export function withStep(s: Subdivision, licenses: readonly License[], activeLicenseId: LicenseId | null): Subdivision {
  const workStatus = activeLicenseId !== null && !s.suspended ? 'active' : 'inactive';
  return { ...s, workStatus, activeLicenseId, licenses };
}

/**
 * A row was counted, which no time depends on; with the next version. Fields are spelled out: it runs for every row, and all subdivisions
 * have one shape.
 */
export function withCounted(s: Subdivision, licenses: readonly License[]): Subdivision {
  return {
    tenantId: s.tenantId,
    subdivisionId: s.subdivisionId,
    name: s.name,
    location: s.location,
    linkToSubdivisionProcessingDomain: s.linkToSubdivisionProcessingDomain,
    workStatus: s.workStatus,
    activeLicenseId: s.activeLicenseId,
    suspended: s.suspended,
    settledAt: s.settledAt,
    licenses,
    due: s.due,
    lateBefore: s.lateBefore,
    idlePeriodEndsAt: s.idlePeriodEndsAt,
    version: s.version + 1,
  };
}

export function activeLicense(s: Subdivision): License | undefined {
  return s.activeLicenseId === null ? undefined : licenseOf(s.licenses, s.activeLicenseId);
}

/** @throws Rejection LicenseNotFound */
export function findLicense(s: Subdivision, licenseId: LicenseId): License {
  const license = licenseOf(s.licenses, licenseId);
  if (license === undefined)
    throw new Rejection('LicenseNotFound', `Subdivision ${s.subdivisionId} has no license ${licenseId}.`);
  return license;
}
