import type { EntitlementMessage } from './messages.ts';

/** What a subdivision may do, as the worker last decided. */
export type Entitlement = Omit<EntitlementMessage, 'tenantId' | 'subdivisionId'>;

export interface Decision {
  readonly allowed: boolean;
  /** The entitlement's, or one of the reader's own: `stale` (it could not follow the topic for too long), `unknown` (no such subdivision). */
  readonly reason: string;
}

type Terms = Pick<Entitlement, 'allowed' | 'reason' | 'validFrom' | 'validUntil'>;

/** The reader's rule for one entitlement at a time; what is not valid yet is `scheduled`, what is not any more is `expired`. */
export function decide(entitlement: Terms | undefined, at: number): Decision {
  if (entitlement === undefined) return { allowed: false, reason: 'unknown' };
  const { allowed, reason, validFrom, validUntil } = entitlement;
  if (allowed && validUntil !== null && at >= validUntil) return { allowed: false, reason: 'expired' };
  if (allowed && validFrom !== null && at < validFrom) return { allowed: false, reason: 'scheduled' };
  return { allowed, reason };
}

type Age = Pick<Entitlement, 'epoch' | 'version' | 'issuedAt'>;

/** Whether a record replaces another of its key. One that is older does not: a copy that was sent twice may come late. */
export function replaces(next: Age, present: Age): boolean {
  if (next.epoch !== present.epoch) return next.epoch > present.epoch;
  if (next.version !== present.version) return next.version > present.version;
  return next.issuedAt >= present.issuedAt;
}
