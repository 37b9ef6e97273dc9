import { activate } from './activation.ts';
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
import { deactivated, inserted, licenseOf, newLicense, phaseOf, removed, renamed, replaced } from './license.ts';
import { Rejection } from './rejection.ts';
import { licenseDeactivated, licenseState, subdivisionState } from './subdivision-events.ts';
import { activeLicense, findLicense, fromStored, nextVersion, withLicenses, type Subdivision } from './subdivision.ts';
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

/** @throws Rejection LicenseInactive: `active` needs an active license */
export const updateSubdivision = inTime((s, command: UpdateSubdivision, now) => {
  if (command.workStatus === 'active') {
    if (s.activeLicenseId === null)
      throw new Rejection('LicenseInactive', `Subdivision ${s.subdivisionId} has no active license.`);
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

/** Lifts a suspension. @throws Rejection LicenseNotFound, and those of `activate` */
export const activateLicense = inTime((s, command: ActivateSubdivisionLicense, now) =>
  activate(s, findLicense(s, command.licenseId), now, false),
);

/**
 * Also takes a booking back, and keeps what has a period and is exhausted from coming back.
 * @throws Rejection LicenseNotFound, LicenseInactive
 */
export const deactivateLicense = inTime((s, command: DeactivateSubdivisionLicense, now) => {
  const before = findLicense(s, command.licenseId);
  const phase = phaseOf(before, now);
  // Late rows may use up what time has ended, and that does not come back.
  const comesBack = phase === 'exhausted' && before.endReason === 'exhausted' && before.terms.period !== null;
  const waits = phase === 'scheduled' || comesBack;
  if (before.status === 'inactive' && !waits)
    throw new Rejection('LicenseInactive', `License ${before.licenseId} is not active.`);
  const license = deactivated(before, now, 'command');
  const activeLicenseId = before.status === 'active' ? null : s.activeLicenseId;
  const state = withLicenses(s, replaced(s.licenses, license), activeLicenseId);
  return { state, events: [licenseDeactivated(state, license, 'command', now)] };
});
