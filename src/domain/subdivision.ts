import type {
  ActivateSubdivisionLicense,
  CreateLicense,
  CreateSubdivision,
  DeactivateSubdivisionLicense,
  DeleteLicense,
  UpdateLicense,
  UpdateSubdivision,
} from './commands.ts';
import type { Change, DomainEvent, SubdivisionState, Tombstone } from './events.ts';
import type { WorkStatus } from './fields.ts';
import type { LicenseId } from './ids.ts';
import {
  activated,
  deactivated,
  inserted,
  isExhausted,
  licenseOf,
  newLicense,
  rejectExpired,
  removed,
  renamed,
  replaced,
} from './license.ts';
import type { License } from './license.ts';
import { Rejection } from './rejection.ts';
import { licenseDeactivated, licenseState, subdivisionState } from './subdivision-events.ts';

/**
 * Invariants: at most one license is active, and it is the one that `activeLicenseId` names; `workStatus` active implies that there
 * is one. A subdivision that is inactive and has an active license is suspended.
 */
export type Subdivision = Omit<SubdivisionState, 'occurredAt'> & {
  /** sorted by licenseId */
  readonly licenses: readonly License[];
};

export function createSubdivision(command: CreateSubdivision, now: number): Change<Subdivision> {
  const state: Subdivision = {
    tenantId: command.tenantId,
    subdivisionId: command.subdivisionId,
    name: command.name,
    location: command.location,
    linkToSubdivisionProcessingDomain: command.linkToSubdivisionProcessingDomain,
    workStatus: 'inactive',
    activeLicenseId: null,
    licenses: [],
    version: 1,
  };
  return { state, events: [{ type: 'licensing.events.SubdivisionCreated', data: subdivisionState(state, now) }] };
}

/** @throws Rejection LicenseInactive, LicenseExpired: `active` needs an active license that still lasts */
export function updateSubdivision(s: Subdivision, command: UpdateSubdivision, now: number): Change<Subdivision> {
  if (command.workStatus === 'active') {
    const license = activeLicense(s);
    if (license === undefined)
      throw new Rejection('LicenseInactive', `Subdivision ${s.subdivisionId} has no active license.`);
    rejectExpired(license, now);
  }
  const state: Subdivision = {
    ...s,
    name: command.name,
    location: command.location,
    linkToSubdivisionProcessingDomain: command.linkToSubdivisionProcessingDomain,
    workStatus: command.workStatus ?? s.workStatus,
    version: s.version + 1,
  };
  return { state, events: [{ type: 'licensing.events.SubdivisionUpdated', data: subdivisionState(state, now) }] };
}

export function deleteSubdivision(s: Subdivision, now: number): Change<Tombstone> {
  const events: DomainEvent[] = [];
  let last = withLicenses(s, s.licenses, s.workStatus, s.activeLicenseId);
  const active = activeLicense(s);
  if (active !== undefined) {
    const license = deactivated(active, now);
    last = withLicenses(s, replaced(s.licenses, license), 'inactive', null);
    events.push(licenseDeactivated(last, license, 'deleted', now));
  }
  for (const license of last.licenses) {
    events.push({ type: 'licensing.events.LicenseDeleted', data: licenseState(last, license, now) });
  }
  events.push({ type: 'licensing.events.SubdivisionDeleted', data: subdivisionState(last, now) });
  return { state: { version: last.version }, events };
}

/** @throws Rejection LicenseAlreadyExists, for this subdivision's; the handler checks the rest of the tenant and the tombstones */
export function createLicense(s: Subdivision, command: CreateLicense, now: number): Change<Subdivision> {
  if (licenseOf(s.licenses, command.licenseId) !== undefined)
    throw new Rejection('LicenseAlreadyExists', `License ${command.licenseId} already exists.`);
  const license = newLicense(command, now);
  const state = withLicenses(s, inserted(s.licenses, license), s.workStatus, s.activeLicenseId);
  return { state, events: [{ type: 'licensing.events.LicenseCreated', data: licenseState(state, license, now) }] };
}

/** @throws Rejection LicenseNotFound */
export function updateLicense(s: Subdivision, command: UpdateLicense, now: number): Change<Subdivision> {
  const license = renamed(findLicense(s, command.licenseId), command);
  const state = withLicenses(s, replaced(s.licenses, license), s.workStatus, s.activeLicenseId);
  return { state, events: [{ type: 'licensing.events.LicenseUpdated', data: licenseState(state, license, now) }] };
}

/** @throws Rejection LicenseNotFound */
export function deleteLicense(s: Subdivision, command: DeleteLicense, now: number): Change<Subdivision> {
  const license = findLicense(s, command.licenseId);
  const others = removed(s.licenses, license);
  if (license.status === 'inactive') {
    const state = withLicenses(s, others, s.workStatus, s.activeLicenseId);
    return { state, events: [{ type: 'licensing.events.LicenseDeleted', data: licenseState(state, license, now) }] };
  }
  const last = deactivated(license, now);
  const state = withLicenses(s, others, 'inactive', null);
  return {
    state,
    events: [
      licenseDeactivated(state, last, 'deleted', now),
      { type: 'licensing.events.LicenseDeleted', data: licenseState(state, last, now) },
    ],
  };
}

/** @throws Rejection LicenseNotFound, LicenseAlreadyActive, SubdivisionHasActiveLicense, LicenseExpired, LicenseExhausted */
export function activateLicense(s: Subdivision, command: ActivateSubdivisionLicense, now: number): Change<Subdivision> {
  const before = findLicense(s, command.licenseId);
  if (before.status === 'active')
    throw new Rejection('LicenseAlreadyActive', `License ${before.licenseId} is active already.`);
  if (s.activeLicenseId !== null) {
    throw new Rejection(
      'SubdivisionHasActiveLicense',
      `Subdivision ${s.subdivisionId} has an active license already, ${s.activeLicenseId}.`,
    );
  }
  rejectExpired(before, now);
  if (isExhausted(before)) throw new Rejection('LicenseExhausted', `License ${before.licenseId} has no requests left.`);
  const license = activated(before, now);
  const state = withLicenses(s, replaced(s.licenses, license), 'active', license.licenseId);
  return { state, events: [{ type: 'licensing.events.LicenseActivated', data: licenseState(state, license, now) }] };
}

/** @throws Rejection LicenseNotFound, LicenseInactive */
export function deactivateLicense(
  s: Subdivision,
  command: DeactivateSubdivisionLicense,
  now: number,
): Change<Subdivision> {
  const before = findLicense(s, command.licenseId);
  if (before.status === 'inactive')
    throw new Rejection('LicenseInactive', `License ${before.licenseId} is not active.`);
  const license = deactivated(before, now);
  const state = withLicenses(s, replaced(s.licenses, license), 'inactive', null);
  return { state, events: [licenseDeactivated(state, license, 'command', now)] };
}

/** Every change of a license ends here, with the next version. Fields are spelled out, so that all subdivisions have one shape. */
export function withLicenses(
  s: Subdivision,
  licenses: readonly License[],
  workStatus: WorkStatus,
  activeLicenseId: LicenseId | null,
): Subdivision {
  return {
    tenantId: s.tenantId,
    subdivisionId: s.subdivisionId,
    name: s.name,
    location: s.location,
    linkToSubdivisionProcessingDomain: s.linkToSubdivisionProcessingDomain,
    workStatus,
    activeLicenseId,
    licenses,
    version: s.version + 1,
  };
}

export function activeLicense(s: Subdivision): License | undefined {
  return s.activeLicenseId === null ? undefined : licenseOf(s.licenses, s.activeLicenseId);
}

function findLicense(s: Subdivision, licenseId: LicenseId): License {
  const license = licenseOf(s.licenses, licenseId);
  if (license === undefined)
    throw new Rejection('LicenseNotFound', `Subdivision ${s.subdivisionId} has no license ${licenseId}.`);
  return license;
}
