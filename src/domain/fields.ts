import type { AnyId } from './ids.ts';
import { isUuid, storedId } from './ids.ts';
import { Rejection } from './rejection.ts';

export type WorkStatus = 'active' | 'inactive';
export type LicenseStatus = 'active' | 'inactive';
export type LicenseType = 'bycount' | 'bytime';
export type EndReason = 'command' | 'exhausted' | 'expired';
export type DeactivationReason = EndReason | 'deleted';
export type Phase = 'current' | 'overage' | 'grace' | 'ready' | 'scheduled' | 'exhausted' | 'expired';

export const WORK_STATUSES: readonly WorkStatus[] = ['active', 'inactive'];
export const LICENSE_TYPES: readonly LicenseType[] = ['bycount', 'bytime'];

/** 2001-01-01T00:00:00.000Z. Nothing that this service handles is older; a time in seconds instead of milliseconds looks older. */
export const EARLIEST_TIME = 978_307_200_000;
/** 9999-12-31T23:59:59.999Z, the last time that every store and client of ours can write. */
export const LATEST_TIME = 253_402_300_799_999;
export const MAX_REQUESTS_LIMIT = 1e12;
export const MAX_COUNT_REQUESTS = 1e9;
export const MAX_TEXT = 1_000;

// Each check throws Rejection('InvalidCommand', …, field).

/** Any well-formed UUID, whatever its version; lower-cased. */
export function id<T extends AnyId>(value: string, field: string): T {
  if (isUuid(value)) return storedId<T>(value);
  const lowerCase = value.toLowerCase();
  if (isUuid(lowerCase)) return storedId<T>(lowerCase);
  throw invalid(field, 'must be a UUID');
}

/** Trimmed and NFC; the length is that of the result, in code points. */
export function text(value: string, field: string, min: number, max: number): string {
  // First, because PostgreSQL stores neither, and trimming or normalising could hide them.
  if (value.includes('\u0000')) throw invalid(field, 'must not contain U+0000');
  if (!value.isWellFormed()) throw invalid(field, 'must not contain a lone surrogate');
  const normal = value.trim().normalize('NFC');
  if (normal.length < min || isLongerThan(normal, max))
    throw invalid(field, `must be ${min} to ${max} characters long`);
  return normal;
}

export function optionalText(value: string | null, field: string): string | null {
  return value === null ? null : text(value, field, 0, MAX_TEXT);
}

export function name(value: string): string {
  return text(value, 'name', 1, 200);
}

export function phone(value: string): string {
  return text(value, 'phone', 0, 50);
}

/** Empty, or plausible: one @, something before it, and a name with a dot after it. Nobody checks whether it can be reached. */
export function email(value: string): string {
  const address = text(value, 'email', 0, 254);
  if (address !== '' && !PLAUSIBLE_EMAIL.test(address)) throw invalid('email', 'must be empty or an e-mail address');
  return address;
}

export function integer(value: number, field: string, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max)
    throw invalid(field, `must be a whole number from ${min} to ${max}`);
  return value;
}

/** Milliseconds since the epoch, UTC. */
export function time(value: number, field: string): number {
  if (!Number.isInteger(value) || value < 0 || value > LATEST_TIME)
    throw invalid(field, 'must be a time of the years 1970 to 9999');
  return value;
}

/** The same, but not before 2001: for what happened while this service existed. */
export function recentTime(value: number, field: string): number {
  if (!Number.isInteger(value) || value < EARLIEST_TIME || value > LATEST_TIME)
    throw invalid(field, 'must be a time of the years 2001 to 9999, in milliseconds');
  return value;
}

export function oneOf<T extends string>(value: string, field: string, listed: readonly T[]): T {
  const found = listed.find((item) => item === value);
  if (found === undefined) throw invalid(field, `must be one of ${listed.join(', ')}`);
  return found;
}

export function invalid(field: string, fault: string): Rejection {
  return new Rejection('InvalidCommand', `The field ${field} ${fault}.`, field);
}

const PLAUSIBLE_EMAIL = /^[^\s@\p{Cc}]+@[^\s@.\p{Cc}]+(?:\.[^\s@.\p{Cc}]+)+$/u;

/** Counts code points only where the number of UTF-16 units leaves the answer open. */
function isLongerThan(value: string, max: number): boolean {
  if (value.length <= max) return false;
  if (value.length > 2 * max) return true;
  let codePoints = 0;
  for (const _ of value) codePoints += 1;
  return codePoints > max;
}
