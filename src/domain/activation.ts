import type { Change } from './events.ts';
import { activated, isExhausted, rejectExpired, replaced, withProgress, type License } from './license.ts';
import { Rejection } from './rejection.ts';
import { licenseState } from './subdivision-events.ts';
import { withLicenses, type Subdivision } from './subdivision.ts';

/**
 * By command: activates the license, or books it if it starts later.
 * @param s holds `license`, with the version of the message
 * @param suspended whether the subdivision is suspended from now on
 * @throws Rejection LicenseAlreadyActive, LicenseAlreadyScheduled, SubdivisionHasActiveLicense, LicenseExpired, LicenseExhausted
 */
export function activate(s: Subdivision, license: License, now: number, suspended: boolean): Change<Subdivision> {
  const { startsAt } = license.terms;
  const isBooking = startsAt !== null && startsAt > now;
  if (license.status === 'active')
    throw new Rejection('LicenseAlreadyActive', `License ${license.licenseId} is active already.`);
  if (license.progress.scheduled)
    throw new Rejection('LicenseAlreadyScheduled', `License ${license.licenseId} is scheduled already.`);
  if (s.activeLicenseId !== null && !isBooking) {
    throw new Rejection(
      'SubdivisionHasActiveLicense',
      `Subdivision ${s.subdivisionId} has an active license already, ${s.activeLicenseId}.`,
    );
  }
  rejectExpired(license, now);
  if (isExhausted(license))
    throw new Rejection('LicenseExhausted', `License ${license.licenseId} has no requests left.`);
  if (isBooking) {
    const booked = withProgress(license, { scheduled: true });
    const state = withLicenses(s, replaced(s.licenses, booked), s.activeLicenseId, suspended);
    return { state, events: [{ type: 'licensing.events.LicenseScheduled', data: licenseState(state, booked, now) }] };
  }
  const active = activated(license, now);
  const state = withLicenses(s, replaced(s.licenses, active), active.licenseId, suspended);
  return { state, events: [{ type: 'licensing.events.LicenseActivated', data: licenseState(state, active, now) }] };
}
