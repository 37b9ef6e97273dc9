import type {
  ActivateSubdivisionLicense,
  CreateLicense,
  CreateSubdivision,
  DeactivateSubdivisionLicense,
  DeleteLicense,
  UpdateLicense,
  UpdateSubdivision,
} from './commands.ts';
import type { Change, DomainEvent, Tombstone } from './events.ts';
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
import { activeLicense, fromStored, nextVersion, withLicenses, type Subdivision } from './subdivision.ts';
import { inTime, settle, timeOf } from './time.ts';

export function createSubdivision(command: CreateSubdivision, now: number): Change<Subdivision> {
  const state = fromStored({
    tenantId: command.tenantId,
    subdivisionId: command.subdivisionId,
    name: command.name,
    location: command.location,
    linkToSubdivisionProcessingDomain: command.linkToSubdivisionProcessingDomain,
    workStatus: 'inactive',
    activeLicenseId: null,
    suspended: false,
    settledAt: null,
    licenses: [],
    version: 1,
  });
  return { state, events: [{ type: 'licensing.events.SubdivisionCreated', data: subdivisionState(state, now) }] };
}

/** @throws Rejection LicenseInactive, LicenseExpired: `active` needs an active license that still lasts */
export const updateSubdivision = inTime((s, command: UpdateSubdivision, now) => {
  if (command.workStatus === 'active') {
    const license = activeLicense(s);
    if (license === undefined)
      throw new Rejection('LicenseInactive', `Subdivision ${s.subdivisionId} has no active license.`);
    rejectExpired(license, now);
  }
  const suspended = command.workStatus === null ? s.suspended : command.workStatus === 'inactive';
  const state: Subdivision = {
    ...withLicenses(s, s.licenses, s.activeLicenseId, suspended),
    name: command.name,
    location: command.location,
    linkToSubdivisionProcessingDomain: command.linkToSubdivisionProcessingDomain,
  };
  return { state, events: [{ type: 'licensing.events.SubdivisionUpdated', data: subdivisionState(state, now) }] };
});

export function deleteSubdivision(s: Subdivision, now: number): Change<Tombstone> {
  const at = timeOf(s, now);
  const settled = settle(nextVersion(s), at, at);
  const events: DomainEvent[] = [...settled.events];
  let last = settled.state;
  const active = activeLicense(last);
  if (active !== undefined) {
    const license = deactivated(active, at, 'command');
    last = withLicenses(last, replaced(last.licenses, license), null);
    events.push(licenseDeactivated(last, license, 'deleted', at));
  }
  for (const license of last.licenses) {
    events.push({ type: 'licensing.events.LicenseDeleted', data: licenseState(last, license, at) });
  }
  events.push({ type: 'licensing.events.SubdivisionDeleted', data: subdivisionState(last, at) });
  return { state: { version: last.version }, events };
}

/** @throws Rejection LicenseAlreadyExists, for this subdivision's; the handler checks the rest of the tenant and the tombstones */
export const createLicense = inTime((s, command: CreateLicense, now) => {
  if (licenseOf(s.licenses, command.licenseId) !== undefined)
    throw new Rejection('LicenseAlreadyExists', `License ${command.licenseId} already exists.`);
  const license = newLicense(command, now);
  const state = withLicenses(s, inserted(s.licenses, license), s.activeLicenseId);
  return { state, events: [{ type: 'licensing.events.LicenseCreated', data: licenseState(state, license, now) }] };
});

/** @throws Rejection LicenseNotFound */
export const updateLicense = inTime((s, command: UpdateLicense, now) => {
  const license = renamed(findLicense(s, command.licenseId), command);
  const state = withLicenses(s, replaced(s.licenses, license), s.activeLicenseId);
  return { state, events: [{ type: 'licensing.events.LicenseUpdated', data: licenseState(state, license, now) }] };
});

/** @throws Rejection LicenseNotFound */
export const deleteLicense = inTime((s, command: DeleteLicense, now) => {
  const license = findLicense(s, command.licenseId);
  const others = removed(s.licenses, license);
  if (license.status === 'inactive') {
    const state = withLicenses(s, others, s.activeLicenseId);
    return { state, events: [{ type: 'licensing.events.LicenseDeleted', data: licenseState(state, license, now) }] };
  }
  const last = deactivated(license, now, 'command');
  const state = withLicenses(s, others, null);
  return {
    state,
    events: [
      licenseDeactivated(state, last, 'deleted', now),
      { type: 'licensing.events.LicenseDeleted', data: licenseState(state, last, now) },
    ],
  };
});

/** @throws Rejection LicenseNotFound, LicenseAlreadyActive, SubdivisionHasActiveLicense, LicenseExpired, LicenseExhausted */
export const activateLicense = inTime((s, command: ActivateSubdivisionLicense, now) => {
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
  const state = withLicenses(s, replaced(s.licenses, license), license.licenseId, false);
  return { state, events: [{ type: 'licensing.events.LicenseActivated', data: licenseState(state, license, now) }] };
});

/** @throws Rejection LicenseNotFound, LicenseInactive */
export const deactivateLicense = inTime((s, command: DeactivateSubdivisionLicense, now) => {
  const before = findLicense(s, command.licenseId);
  if (before.status === 'inactive')
    throw new Rejection('LicenseInactive', `License ${before.licenseId} is not active.`);
  const license = deactivated(before, now, 'command');
  const state = withLicenses(s, replaced(s.licenses, license), null);
  return { state, events: [licenseDeactivated(state, license, 'command', now)] };
});

function findLicense(s: Subdivision, licenseId: LicenseId): License {
  const license = licenseOf(s.licenses, licenseId);
  if (license === undefined)
    throw new Rejection('LicenseNotFound', `Subdivision ${s.subdivisionId} has no license ${licenseId}.`);
  return license;
}
