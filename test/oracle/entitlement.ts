import type { Data } from '../support/collect.ts';
import { hardLimitOf, isUsedUp, nextBoundary, passPeriods } from './counts.ts';
import { byId, type License, type Subdivision } from './state.ts';
import { endOf, phaseOf } from './told.ts';

// What the record of a subdivision says to services that decide by themselves.

/** @param at when it was issued, in milliseconds since the epoch */
export function entitlementOf(subdivision: Subdivision, at: number): Data {
  const { tenantId, subdivisionId, suspended, activeLicenseId } = subdivision;
  const booked = bookings(subdivision);
  const inForce = subdivision.licenses.get(activeLicenseId ?? '') ?? booked[0];
  const license = inForce ?? lastEnded(subdivision);
  const phase = license === undefined ? null : phaseOf(license, at);
  return {
    ...{ tenantId, subdivisionId, phase, licenseId: license?.licenseId ?? null },
    allowed: inForce !== undefined && !suspended,
    reason: inForce === undefined ? reasonOfEnd(license) : suspended ? 'suspended' : reasonInForce(phase),
    validFrom: validFrom(inForce),
    validUntil: inForce === undefined ? null : finite(lastEnd(inForce, booked)),
    requestsLimit: license?.requestsLimit ?? null,
    hardLimit: license === undefined ? null : finite(hardLimitOf(license)),
    periodEndsAt: license === undefined ? null : nextBoundary(license),
  };
}

/** What starts by itself and has something left then, in the order of their starts. */
function bookings({ licenses }: Subdivision): readonly License[] {
  return [...licenses.values()]
    .filter((license) => license.scheduled && hasSomethingLeft(license, startOf(license)))
    .sort((a, b) => startOf(a) - startOf(b));
}

function hasSomethingLeft(license: License, at: number): boolean {
  const then = { ...license, counts: license.counts.map((count) => ({ ...count })) };
  passPeriods(then, at);
  return !isUsedUp(then);
}

/** The end of a license, or of the last one that follows without a gap: in its grace, or with its end. */
function lastEnd(license: License, booked: readonly License[]): number {
  const follower = booked.find(
    (next) => next !== license && startOf(next) >= (license.expiresAt ?? Infinity) && startOf(next) <= endOf(license),
  );
  return follower === undefined ? endOf(license) : lastEnd(follower, booked.slice(booked.indexOf(follower) + 1));
}

function lastEnded({ licenses }: Subdivision): License | undefined {
  const ended = byId([...licenses.values()], 'licenseId').filter(({ deactivatedAt }) => deactivatedAt !== null);
  return ended.sort((a, b) => (b.deactivatedAt ?? 0) - (a.deactivatedAt ?? 0))[0];
}

function reasonInForce(phase: string | null): string {
  return phase === 'current' || phase === null ? 'active' : phase;
}

function reasonOfEnd(license: License | undefined): string {
  if (license === undefined) return 'none';
  return license.endedBy === 'command' ? 'deactivated' : (license.endedBy ?? 'none');
}

function validFrom(license: License | undefined): number | null {
  if (license === undefined) return null;
  return license.scheduled ? license.terms.startsAt : license.activatedAt;
}

function startOf({ terms }: License): number {
  return terms.startsAt ?? Number.NEGATIVE_INFINITY;
}

/** A time or a limit that never comes is told as none. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
