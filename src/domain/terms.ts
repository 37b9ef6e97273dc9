import { integer, invalid, LATEST_TIME, oneOf, recentTime, type LicenseType } from './fields.ts';

export type Overage = 'stop' | 'percent' | 'unlimited';
export type Period = 'day' | 'week' | 'month' | 'year';

/** What a license is agreed on beside its limit and its end; null: nothing. Times and durations are in milliseconds, times since the epoch, UTC. */
export type Terms = {
  /** activated before it, the license waits for it */
  readonly startsAt: number | null;
  /** for how long after `expiresAt` the license goes on */
  readonly graceMs: number | null;
  /** what happens at the limit; null: `stop` */
  readonly overage: Overage | null;
  /** how far beyond the limit usage may go; set exactly with `percent` */
  readonly overagePercent: number | null;
  /** percent of the limit, ascending: each is told when usage reaches it */
  readonly usageThresholds: readonly number[] | null;
  /** how long before `expiresAt` it is told that it comes near, descending */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** after which usage is counted anew */
  readonly period: Period | null;
  /** a boundary of the periods; null: the first activation */
  readonly periodAnchor: number | null;
};

/** Those of most licenses, which share this one value. */
export const NO_TERMS: Terms = Object.freeze({
  startsAt: null,
  graceMs: null,
  overage: null,
  overagePercent: null,
  usageThresholds: null,
  noticesBeforeExpiry: null,
  period: null,
  periodAnchor: null,
});

const OVERAGES: readonly Overage[] = ['stop', 'percent', 'unlimited'];
const PERIODS: readonly Period[] = ['day', 'week', 'month', 'year'];
const DAY_MS = 24 * 60 * 60 * 1_000;
const DEFAULT_LIFETIME_MS = 30 * DAY_MS;
const MAX_GRACE_MS = 366 * DAY_MS;
/** A hundred years: the time of a notice is one that every reader and the database can tell. */
const MAX_NOTICE_MS = 100 * 366 * DAY_MS;
const MAX_OVERAGE_PERCENT = 1_000;
/** Usage ends at the hard limit, which is no higher. */
const MAX_THRESHOLD_PERCENT = 100 + MAX_OVERAGE_PERCENT;
const MAX_ITEMS = 10;

/** Terms as decoded: listed values are any text. */
type RawTerms = { readonly [Term in keyof Terms]: Terms[Term] extends string | null ? string | null : Terms[Term] };

/** The terms among the fields of a command or of a state. */
export function termsOf(fields: Terms): Terms {
  const terms = {
    startsAt: fields.startsAt,
    graceMs: fields.graceMs,
    overage: fields.overage,
    overagePercent: fields.overagePercent,
    usageThresholds: fields.usageThresholds,
    noticesBeforeExpiry: fields.noticesBeforeExpiry,
    period: fields.period,
    periodAnchor: fields.periodAnchor,
  };
  return Object.values(terms).every((term) => term === null) ? NO_TERMS : terms;
}

/**
 * Checks each of them by itself, from top to bottom.
 * @throws Rejection InvalidCommand
 */
export function parseTerms(raw: RawTerms): Terms {
  return {
    startsAt: raw.startsAt === null ? null : recentTime(raw.startsAt, 'startsAt'),
    graceMs: raw.graceMs === null ? null : integer(raw.graceMs, 'graceMs', 0, MAX_GRACE_MS),
    overage: raw.overage === null ? null : oneOf(raw.overage, 'overage', OVERAGES),
    overagePercent:
      raw.overagePercent === null ? null : integer(raw.overagePercent, 'overagePercent', 1, MAX_OVERAGE_PERCENT),
    usageThresholds: list(raw.usageThresholds, 'usageThresholds', MAX_THRESHOLD_PERCENT, 'ascending'),
    noticesBeforeExpiry: list(raw.noticesBeforeExpiry, 'noticesBeforeExpiry', MAX_NOTICE_MS, 'descending'),
    period: raw.period === null ? null : oneOf(raw.period, 'period', PERIODS),
    periodAnchor: raw.periodAnchor === null ? null : recentTime(raw.periodAnchor, 'periodAnchor'),
  };
}

/**
 * Whether terms agree with each other and with the end of the license, as far as that shows without the license. A term that asks for nothing
 * (no grace, an empty list, `stop`) needs nothing.
 * @throws Rejection InvalidCommand with the first term that does not
 */
export function rejectContradiction(expiresAt: number | null, terms: Terms): void {
  judge(expiresAt, terms, true);
}

/**
 * Whether limit, end and terms agree with each other, and fit the type of the license. Of CreateLicense this is judged with the fields; of
 * a command for a license that exists, when the license is known.
 * @param requestsLimit as it would be from now on
 * @param expiresAt likewise; where the default is not known yet, the earliest that it can be
 * @throws Rejection InvalidCommand with the first field that does not
 */
export function rejectUnfit(
  type: LicenseType,
  requestsLimit: number | null,
  expiresAt: number | null,
  terms: Terms,
): void {
  rejectLimit(type, requestsLimit);
  if (type === 'bytime' && expiresAt === null) throw invalid('expiresAt', 'is needed for a bytime license');
  judge(expiresAt, terms, type === 'bycount');
}

/**
 * The same for RenewLicense, of whose fields only these two can be at fault: the terms are those that the license has.
 * @throws Rejection InvalidCommand with requestsLimit or expiresAt
 */
export function rejectUnfitRenewal(
  type: LicenseType,
  requestsLimit: number | null,
  expiresAt: number | null,
  { startsAt, graceMs }: Terms,
): void {
  rejectLimit(type, requestsLimit);
  if (expiresAt === null) return;
  if (startsAt !== null && startsAt >= expiresAt) throw invalid('expiresAt', 'must lie after startsAt');
  if (expiresAt + (graceMs ?? 0) > LATEST_TIME)
    throw invalid('expiresAt', 'must leave graceMs an end in the year 9999');
}

/** In the order of the fields. @param isCounted whether the license has a limit */
function judge(expiresAt: number | null, terms: Terms, isCounted: boolean): void {
  const { startsAt, graceMs, overage, overagePercent, usageThresholds, noticesBeforeExpiry, period } = terms;
  if (expiresAt !== null && startsAt !== null && startsAt >= expiresAt)
    throw invalid('startsAt', 'must lie before expiresAt');
  if (graceMs !== null && graceMs > 0) {
    if (expiresAt === null) throw invalid('graceMs', 'needs expiresAt');
    if (expiresAt + graceMs > LATEST_TIME) throw invalid('graceMs', 'must end in the year 9999 or before');
  }
  if (!isCounted && overage !== null && overage !== 'stop') throw invalid('overage', 'needs a limit');
  if (overage === 'percent' && overagePercent === null) throw invalid('overagePercent', 'is needed with percent');
  if (overage !== 'percent' && overagePercent !== null) throw invalid('overagePercent', 'needs percent as overage');
  if (!isCounted && isAsked(usageThresholds)) throw invalid('usageThresholds', 'needs a limit');
  if (expiresAt === null && isAsked(noticesBeforeExpiry)) throw invalid('noticesBeforeExpiry', 'needs expiresAt');
  if (!isCounted && period !== null) throw invalid('period', 'is not allowed for a bytime license');
  if (period === null && terms.periodAnchor !== null) throw invalid('periodAnchor', 'needs a period');
}

/** @throws Rejection InvalidCommand when a license of this type has no limit but should, or has one but should not */
export function rejectLimit(type: LicenseType, requestsLimit: number | null): void {
  if (type === 'bycount' && requestsLimit === null) throw invalid('requestsLimit', 'is needed for a bycount license');
  if (type === 'bytime' && requestsLimit !== null)
    throw invalid('requestsLimit', 'is not allowed for a bytime license');
}

/** When a bytime license ends that does not say it itself. Milliseconds since the epoch, UTC, as are its parameters. */
export function defaultExpiry(createdAt: number, { startsAt }: Terms): number {
  return Math.max(createdAt, startsAt ?? createdAt) + DEFAULT_LIFETIME_MS;
}

/** The usage at which a license ends; null: it has no limit, or may exceed it for ever. */
export function hardLimitOf(requestsLimit: number | null, { overage, overagePercent }: Terms): number | null {
  if (overage === null || overage === 'stop' || requestsLimit === null) return requestsLimit;
  return overage === 'unlimited' ? null : Math.floor((requestsLimit * (100 + (overagePercent ?? 0))) / 100);
}

/**
 * When the period with this number begins; the one that begins at the anchor is number 0, those before it are negative. Always computed
 * from the anchor, so that a month's length shortens no later period: 31 January, 28 February, 31 March.
 * @param anchor milliseconds since the epoch, UTC, as is what it returns; not before 1970
 */
export function periodBoundary(period: Period, anchor: number, number: number): number {
  if (period === 'day') return anchor + number * DAY_MS;
  if (period === 'week') return anchor + number * 7 * DAY_MS;
  const date = new Date(anchor);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth() + number * (period === 'year' ? 12 : 1);
  const length = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const days = Math.min(date.getUTCDate(), length) - 1;
  return Date.UTC(year, month, 1) + days * DAY_MS + (anchor % DAY_MS);
}

/** The period in which this time lies: `startsAt` <= `at` < `endsAt`. Milliseconds since the epoch, UTC. */
export function periodHolding(
  period: Period,
  anchor: number,
  at: number,
): { readonly startsAt: number; readonly endsAt: number } {
  const number = numberNear(period, anchor, at);
  const boundary = periodBoundary(period, anchor, number);
  return boundary > at
    ? { startsAt: periodBoundary(period, anchor, number - 1), endsAt: boundary }
    : { startsAt: boundary, endsAt: periodBoundary(period, anchor, number + 1) };
}

/** The number of the period that begins on the same day, in the same week, month or year, which may be later on it. */
function numberNear(period: Period, anchor: number, at: number): number {
  if (period === 'day') return Math.floor((at - anchor) / DAY_MS);
  if (period === 'week') return Math.floor((at - anchor) / (7 * DAY_MS));
  const [from, to] = [new Date(anchor), new Date(at)];
  const years = to.getUTCFullYear() - from.getUTCFullYear();
  return period === 'year' ? years : years * 12 + to.getUTCMonth() - from.getUTCMonth();
}

function list(
  values: readonly number[] | null,
  field: string,
  max: number,
  order: 'ascending' | 'descending',
): readonly number[] | null {
  if (values === null) return null;
  if (values.length > MAX_ITEMS) throw invalid(field, `must have at most ${MAX_ITEMS} values`);
  for (const [index, value] of values.entries()) {
    integer(value, field, 1, max);
    const before = values[index - 1];
    if (before !== undefined && (order === 'ascending' ? before >= value : before <= value))
      throw invalid(field, `must be ${order}, each value once`);
  }
  return values;
}

function isAsked(values: readonly number[] | null): boolean {
  return values !== null && values.length > 0;
}
