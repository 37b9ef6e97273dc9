import type { Data } from '../support/collect.ts';
import type { Happening, License, Subdivision } from './state.ts';

// What the events of a subdivision say.

/** What they say of terms. */
const NO_TERMS = {
  ...{ startsAt: null, graceMs: null, overage: null, overagePercent: null, usageThresholds: null },
  ...{ noticesBeforeExpiry: null, period: null, periodAnchor: null, termsVersion: null },
  ...{ periodStartsAt: null, periodEndsAt: null },
};

/** When something happens: by the message's time, or by time itself, which was due at `due`. Milliseconds since the epoch. */
export interface Moment {
  readonly now: number;
  readonly due?: number;
}

export function workStatusOf({ suspended, activeLicenseId }: Subdivision): 'active' | 'inactive' {
  return activeLicenseId === null || suspended ? 'inactive' : 'active';
}

export function hasEnded({ expiresAt }: License, at: number): boolean {
  return expiresAt !== null && at >= expiresAt;
}

export function isUsedUp({ requestsLimit, usedRequests }: License): boolean {
  return requestsLimit !== null && usedRequests >= requestsLimit;
}

export function phaseOf(license: License, at: number): string {
  if (license.status === 'active') return 'current';
  if (hasEnded(license, at)) return 'expired';
  return isUsedUp(license) ? 'exhausted' : 'ready';
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
  { now, due }: Moment,
  more: Data = {},
): Happening {
  const { tenantId, subdivisionId, activeLicenseId, version } = subdivision;
  const { endedBy: _, ...told } = license;
  return {
    ...{ type: `licensing.events.${name}`, key: tenantId, subject: subdivisionId },
    data: {
      ...{ tenantId, subdivisionId, ...told, workStatus: workStatusOf(subdivision), activeLicenseId, version },
      ...NO_TERMS,
      ...{ phase: phaseOf(license, due ?? now), effectiveAt: due ?? null, occurredAt: now, ...more },
    },
  };
}

/** Ends the active license, and tells it. */
export function deactivate(
  subdivision: Subdivision,
  license: License,
  reason: 'command' | 'exhausted' | 'expired' | 'deleted',
  moment: Moment,
): Happening {
  license.status = 'inactive';
  license.deactivatedAt = moment.due ?? moment.now;
  if (reason !== 'deleted') license.endedBy = reason;
  subdivision.activeLicenseId = null;
  return ofLicense('LicenseDeactivated', subdivision, license, moment, { reason });
}
