import { activate } from './activation.ts';
import type { ChangeLicenseTerms, RenewLicense } from './commands.ts';
import { consequences } from './consequences.ts';
import { withNewCount } from './counts.ts';
import { isExhausted, periodStartOf, replaced, type License } from './license.ts';
import { Rejection } from './rejection.ts';
import { licenseState } from './subdivision-events.ts';
import { findLicense, withLicenses } from './subdivision.ts';
import { rejectUnfit, rejectUnfitRenewal, termsOf, type Terms } from './terms.ts';
import { follow, inTime, start } from './time.ts';

/**
 * @throws Rejection LicenseNotFound, InvalidCommand for what only the license shows, LicenseChanged, ExpiryNotLater, LimitBelowUsage, and
 * with `activate` those of an activation
 */
export const renewLicense = inTime((s, command: RenewLicense, now, windows) => {
  const before = findLicense(s, command.licenseId);
  const expiresAt = command.expiresAt ?? before.expiresAt;
  const requestsLimit = command.requestsLimit ?? before.requestsLimit;
  rejectUnfitRenewal(before.type, requestsLimit, expiresAt, before.terms);
  rejectChanged(before, command.expectedTermsVersion);
  if (
    expiresAt !== before.expiresAt &&
    before.expiresAt !== null &&
    expiresAt !== null &&
    expiresAt <= before.expiresAt
  )
    throw expiryNotLater(before, 'its present one');
  rejectPast(before, expiresAt, now);

  const counted = command.resetUsage ? withNewCount(before, now, windows) : before;
  const renewed = withTerms(counted, before.terms, expiresAt, requestsLimit, now);
  if (isExhausted(renewed)) throw limitBelowUsage(renewed);
  const state = withLicenses(s, replaced(s.licenses, renewed), s.activeLicenseId);
  const followed = follow(
    { state, events: [{ type: 'licensing.events.LicenseRenewed', data: licenseState(state, renewed, now) }] },
    (renewedState) => consequences(renewedState, before, renewed, now),
  );
  if (!command.activate) return followed;
  return follow(followed, (settled) =>
    activate(settled, findLicense(settled, renewed.licenseId), now, settled.suspended),
  );
});

/**
 * @throws Rejection LicenseNotFound, InvalidCommand for what only the license shows, LicenseChanged, ExpiryNotLater, LimitBelowUsage unless
 * the command exhausts the license then
 */
export const changeLicenseTerms = inTime((s, command: ChangeLicenseTerms, now, windows) => {
  const before = findLicense(s, command.licenseId);
  const { expiresAt, startsAt } = command;
  const requestsLimit = command.requestsLimit ?? before.requestsLimit;
  const isActive = before.status === 'active';
  // A start that has been is left as it was.
  const terms = termsOf({ ...command, startsAt: isActive ? before.terms.startsAt : startsAt });
  rejectUnfit(before.type, requestsLimit, expiresAt, terms);
  rejectChanged(before, command.expectedTermsVersion);
  rejectPast(before, expiresAt, now);

  const changed = withTerms(before, terms, expiresAt, requestsLimit, now);
  if (isExhausted(changed) && command.whenBelowUsage === 'reject') throw limitBelowUsage(changed);
  const state = withLicenses(s, replaced(s.licenses, changed), s.activeLicenseId);
  const followed = follow(
    { state, events: [{ type: 'licensing.events.LicenseTermsChanged', data: licenseState(state, changed, now) }] },
    (changedState) => consequences(changedState, before, changed, now),
  );
  // A booking whose start was moved to now, or taken away, begins with the command and not before it.
  if (!changed.progress.scheduled || (startsAt !== null && startsAt > now)) return followed;
  return follow(followed, (settled) => start(settled, findLicense(settled, changed.licenseId), now, now, windows));
});

/** The license under new terms. Its usage and its count stay. */
function withTerms(
  license: License,
  terms: Terms,
  expiresAt: number | null,
  requestsLimit: number | null,
  now: number,
): License {
  const { activatedAt, progress } = license;
  const isSameExpiry = expiresAt === license.expiresAt;
  const isSamePeriod = terms.period === license.terms.period && terms.periodAnchor === license.terms.periodAnchor;
  return {
    ...license,
    expiresAt,
    requestsLimit,
    terms,
    termsVersion: license.termsVersion + 1,
    progress: {
      ...progress,
      noticedMs: isSameExpiry ? progress.noticedMs : null,
      inGrace: progress.inGrace && expiresAt !== null && expiresAt <= now,
      periodStartsAt: isSamePeriod ? progress.periodStartsAt : periodStartOf(terms, activatedAt, now),
    },
  };
}

function rejectChanged({ licenseId, termsVersion }: License, expected: number | null): void {
  if (expected !== null && expected !== termsVersion) {
    throw new Rejection('LicenseChanged', `The terms of license ${licenseId} are of version ${termsVersion}.`);
  }
}

/** An expiry that stays may lie in the past. */
function rejectPast(license: License, expiresAt: number | null, now: number): void {
  if (expiresAt !== null && expiresAt !== license.expiresAt && expiresAt <= now) throw expiryNotLater(license, 'now');
}

function expiryNotLater({ licenseId }: License, than: string): Rejection {
  return new Rejection('ExpiryNotLater', `The expiry of license ${licenseId} would not be later than ${than}.`);
}

function limitBelowUsage({ licenseId, usedRequests }: License): Rejection {
  return new Rejection('LimitBelowUsage', `License ${licenseId} has used ${usedRequests} requests already.`);
}
