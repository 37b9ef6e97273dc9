import type { Data } from '../support/collect.ts';
import { currentOf, isUsedUp, nextBoundary } from './counts.ts';
import type { Happening, License, Subdivision } from './state.ts';

// What the events of a subdivision say.

/** When something happens: by the message's time, or by time itself, which was due at `due`. Milliseconds since the epoch. */
export interface Moment {
  readonly now: number;
  readonly due?: number;
}

/** The due time, or the message's. */
export function timeOf({ now, due }: Moment): number {
  return due ?? now;
}

export function workStatusOf({ suspended, activeLicenseId }: Subdivision): 'active' | 'inactive' {
  return activeLicenseId === null || suspended ? 'inactive' : 'active';
}

/** When a license ends, its grace included; Infinity: never. */
export function endOf({ expiresAt, terms }: License): number {
  return (expiresAt ?? Number.POSITIVE_INFINITY) + (terms.graceMs ?? 0);
}

/** One that has made room for another while it was in grace has ended with that. */
export function hasEnded(license: License, at: number): boolean {
  const { status, endedBy, expiresAt } = license;
  return at >= endOf(license) || (status === 'inactive' && endedBy === 'expired' && at >= (expiresAt ?? at + 1));
}

export function phaseOf(license: License, at: number): string {
  const { status, inGrace, requestsLimit, scheduled, endedBy } = license;
  if (status === 'active') {
    if (inGrace) return 'grace';
    const goesOn = license.terms.overage === 'percent' || license.terms.overage === 'unlimited';
    return goesOn && currentOf(license).usedRequests >= (requestsLimit ?? Infinity) ? 'overage' : 'current';
  }
  if (scheduled) return 'scheduled';
  if (hasEnded(license, at)) return 'expired';
  // A command may keep one with a period from coming back; then it is told as ready.
  const isKeptBack = endedBy === 'command' && license.terms.period !== null;
  return isUsedUp(license) && !isKeptBack ? 'exhausted' : 'ready';
}

export function ofSubdivision(name: string, subdivision: Subdivision, { now }: Moment): Happening {
  const { licenses: _, suspended: __, settledAt: ___, ...told } = subdivision;
  const { tenantId, subdivisionId } = subdivision;
  return {
    ...{ type: `licensing.events.${name}`, key: tenantId, subject: subdivisionId },
    data: { ...told, workStatus: workStatusOf(subdivision), occurredAt: now },
  };
}

export function ofLicense(
  name: string,
  subdivision: Subdivision,
  license: License,
  moment: Moment,
  more: Data = {},
): Happening {
  const { tenantId, subdivisionId, activeLicenseId, version } = subdivision;
  const { licenseId, name: called, description, type, status, requestsLimit, createdAt, expiresAt } = license;
  const { activatedAt, deactivatedAt, terms, termsVersion } = license;
  const { usedRequests, periodStartsAt } = currentOf(license);
  return {
    ...{ type: `licensing.events.${name}`, key: tenantId, subject: subdivisionId },
    data: {
      ...{ tenantId, subdivisionId, licenseId, name: called, description, type, status, requestsLimit, usedRequests },
      ...{ createdAt, expiresAt, activatedAt, deactivatedAt, ...terms, termsVersion, periodStartsAt },
      ...{ periodEndsAt: nextBoundary(license), phase: phaseOf(license, timeOf(moment)) },
      ...{ workStatus: workStatusOf(subdivision), activeLicenseId, version },
      ...{ effectiveAt: moment.due ?? null, occurredAt: moment.now, ...more },
    },
  };
}

/** Ends a license, if it is active, and whatever would make it active by itself; and tells it. */
export function deactivate(
  subdivision: Subdivision,
  license: License,
  reason: 'command' | 'exhausted' | 'expired' | 'deleted',
  moment: Moment,
): Happening {
  if (subdivision.activeLicenseId === license.licenseId) subdivision.activeLicenseId = null;
  Object.assign(license, { status: 'inactive', scheduled: false, inGrace: false, deactivatedAt: timeOf(moment) });
  if (reason !== 'deleted') license.endedBy = reason;
  return ofLicense('LicenseDeactivated', subdivision, license, moment, { reason });
}
