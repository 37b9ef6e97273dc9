import type { Phase } from './fields.ts';
import type { LicenseId, SubdivisionId, TenantId } from './ids.ts';
import { endOf, hasExpired, isExhausted, isOver, periodEndOf, phaseOf, type License } from './license.ts';
import { activeLicense, type Subdivision } from './subdivision.ts';
import { hardLimitOf } from './terms.ts';

export type EntitlementReason =
  'active' | 'overage' | 'grace' | 'scheduled' | 'exhausted' | 'expired' | 'deactivated' | 'suspended' | 'none';

/** Whether a subdivision may be served. Times are milliseconds since the epoch, UTC. */
export type Entitlement = {
  readonly tenantId: TenantId;
  readonly subdivisionId: SubdivisionId;
  readonly version: number;
  readonly allowed: boolean;
  readonly reason: EntitlementReason;
  /** the license that decides; null: none ever did, or those that did are deleted */
  readonly licenseId: LicenseId | null;
  readonly phase: Phase | null;
  readonly validFrom: number | null;
  /** exclusive; null: no end is known, or the license has ended */
  readonly validUntil: number | null;
  readonly requestsLimit: number | null;
  readonly hardLimit: number | null;
  readonly usedRequests: number;
  readonly periodEndsAt: number | null;
  readonly issuedAt: number;
};

/** @param at a time that is not behind what was applied of the subdivision */
export function entitlementOf(s: Subdivision, at: number): Entitlement {
  const active = activeLicense(s);
  if (active !== undefined) {
    const phase = phaseOf(active, at);
    const reason = phase === 'overage' || phase === 'grace' ? phase : 'active';
    // The first activation, also after later ones: only that is kept, and no reader asks about the time before this record.
    return inForce(s, active, reason, active.activatedAt, at);
  }
  const booked = bookings(s).at(0);
  if (booked !== undefined) return inForce(s, booked, 'scheduled', booked.terms.startsAt, at);
  const ended = lastEnded(s.licenses);
  return entitlement(s, ended, { allowed: false, reason: ended === undefined ? 'none' : endingOf(ended, at) }, at);
}

/**
 * Whether something has changed that a service decides by: then an entitlement is owed. Usage alone is no such thing, nor is a version.
 * Both as of one time, or time alone would seem to be a change of state.
 */
export function decisionChanged(before: Entitlement, after: Entitlement): boolean {
  return (
    before.allowed !== after.allowed ||
    before.reason !== after.reason ||
    before.licenseId !== after.licenseId ||
    before.phase !== after.phase ||
    before.validFrom !== after.validFrom ||
    before.validUntil !== after.validUntil ||
    before.requestsLimit !== after.requestsLimit ||
    before.hardLimit !== after.hardLimit ||
    before.periodEndsAt !== after.periodEndsAt
  );
}

/**
 * Whether it is worth a closer look if the decision has changed. Nearly always a row was only counted, and this is all that it pays: terms and
 * progress are values, so what has not changed is the same object.
 */
export function decisionMayDiffer(before: Subdivision, after: Subdivision): boolean {
  const { licenses } = after;
  if (before.suspended !== after.suspended || before.licenses.length !== licenses.length) return true;
  for (let i = 0; i < licenses.length; i += 1) {
    const was = before.licenses[i];
    const is = licenses[i];
    if (was === is || was === undefined || is === undefined) continue;
    if (
      was.licenseId !== is.licenseId ||
      was.status !== is.status ||
      was.requestsLimit !== is.requestsLimit ||
      was.expiresAt !== is.expiresAt ||
      was.activatedAt !== is.activatedAt ||
      was.deactivatedAt !== is.deactivatedAt ||
      was.endReason !== is.endReason ||
      was.terms !== is.terms ||
      was.progress !== is.progress ||
      isOver(was) !== isOver(is) ||
      isExhausted(was) !== isExhausted(is)
    )
      return true;
  }
  return false;
}

/** Of a license that is active or booked. A suspension outranks both: a start by time leaves it. */
function inForce(
  s: Subdivision,
  license: License,
  reason: EntitlementReason,
  validFrom: number | null,
  at: number,
): Entitlement {
  return entitlement(
    s,
    license,
    {
      allowed: !s.suspended,
      reason: s.suspended ? 'suspended' : reason,
      validFrom,
      validUntil: lastEnd(license, bookings(s)),
    },
    at,
  );
}

type Decision = Pick<Entitlement, 'allowed' | 'reason'> & Partial<Pick<Entitlement, 'validFrom' | 'validUntil'>>;

function entitlement(
  { tenantId, subdivisionId, version }: Subdivision,
  license: License | undefined,
  { allowed, reason, validFrom = null, validUntil = null }: Decision,
  at: number,
): Entitlement {
  return {
    tenantId,
    subdivisionId,
    version,
    allowed,
    reason,
    licenseId: license?.licenseId ?? null,
    phase: license === undefined ? null : phaseOf(license, at),
    validFrom,
    validUntil,
    requestsLimit: license?.requestsLimit ?? null,
    hardLimit: license === undefined ? null : hardLimitOf(license.requestsLimit, license.terms),
    usedRequests: license?.usedRequests ?? 0,
    periodEndsAt: license === undefined ? null : periodEndOf(license),
    issuedAt: at,
  };
}

/** In the order in which they start. One with nothing left is blocked when its time comes. */
function bookings({ licenses }: Subdivision): readonly License[] {
  return licenses.filter(isToStart).sort((a, b) => (a.terms.startsAt ?? 0) - (b.terms.startsAt ?? 0));
}

function isToStart(license: License): boolean {
  const { progress, terms } = license;
  if (!progress.scheduled || terms.startsAt === null) return false;
  // A new period begins with nothing used. How many begin until then does not matter, and of one that is booked for 9999 may be millions.
  const periodEndsAt = periodEndOf(license);
  return !isExhausted(license) || (periodEndsAt !== null && periodEndsAt <= terms.startsAt);
}

/**
 * When time ends the license, or the last of those that follow it without a gap. A booking takes over from a license whose grace it starts in,
 * or at whose very end; one that starts before is blocked.
 */
function lastEnd(license: License, booked: readonly License[]): number | null {
  let last = license;
  for (const next of booked) {
    const end = endOf(last);
    const { startsAt } = next.terms;
    if (end === null || startsAt === null || startsAt > end) break;
    if (next !== last && last.expiresAt !== null && last.expiresAt <= startsAt) last = next;
  }
  return endOf(last);
}

function lastEnded(licenses: readonly License[]): License | undefined {
  let last: License | undefined;
  for (const license of licenses) {
    const { deactivatedAt } = license;
    if (deactivatedAt !== null && deactivatedAt > (last?.deactivatedAt ?? -Infinity)) last = license;
  }
  return last;
}

/** What ended it; of one that ended before this was noted, what can be seen of it. */
function endingOf(license: License, at: number): EntitlementReason {
  switch (license.endReason) {
    case 'command':
      return 'deactivated';
    case null:
      if (hasExpired(license, at)) return 'expired';
      return isExhausted(license) ? 'exhausted' : 'deactivated';
    default:
      return license.endReason;
  }
}
