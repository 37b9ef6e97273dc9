import type { Fields } from './fields.ts';
import type { License, Terms } from './state.ts';

// The terms of a license: each by itself, and against each other.

const DAY = 24 * 60 * 60 * 1_000;

export const NO_TERMS: Terms = {
  ...{ startsAt: null, graceMs: null, overage: null, overagePercent: null },
  ...{ usageThresholds: null, noticesBeforeExpiry: null, period: null, periodAnchor: null },
};

/** Reads terms one by one. */
export function readTerms(fields: Fields): Terms {
  const optional = <T>(field: string, read: (field: string) => T): T | null =>
    fields.isNull(field) ? null : read(field);
  return {
    startsAt: fields.optionalTime('startsAt'),
    graceMs: optional('graceMs', (field) => fields.number(field, 0, 366 * DAY)),
    overage: optional('overage', (field) => fields.oneOf(field, 'stop', 'percent', 'unlimited')),
    overagePercent: optional('overagePercent', (field) => fields.number(field, 1, 1_000)),
    usageThresholds: optional('usageThresholds', (field) => fields.numbers(field, 1, 1_100, (a, b) => a < b)),
    noticesBeforeExpiry: optional('noticesBeforeExpiry', (field) =>
      fields.numbers(field, 1, 36_600 * DAY, (a, b) => a > b),
    ),
    period: optional('period', (field) => fields.oneOf(field, 'day', 'week', 'month', 'year')),
    periodAnchor: fields.optionalTime('periodAnchor'),
  };
}

/** What a license is, as far as its terms have to fit it. */
type Bearer = Pick<License, 'type' | 'requestsLimit' | 'expiresAt' | 'terms'>;

/** Refuses terms that contradict each other, or the rest of the license. What asks for nothing contradicts nothing. */
export function judgeTerms(fields: Fields, { type, requestsLimit, expiresAt, terms }: Bearer): void {
  const { startsAt, graceMs, overage, overagePercent, usageThresholds, noticesBeforeExpiry, period } = terms;
  const asks = (list: readonly number[] | null): boolean => list !== null && list.length > 0;
  const isCounted = requestsLimit !== null;
  if (startsAt !== null && expiresAt !== null && startsAt >= expiresAt) fields.refuse('startsAt');
  if (graceMs !== null && graceMs > 0 && expiresAt === null) fields.refuse('graceMs');
  if ((overage === 'percent' || overage === 'unlimited') && !isCounted) fields.refuse('overage');
  if ((overagePercent !== null) !== (overage === 'percent')) fields.refuse('overagePercent');
  if (asks(usageThresholds) && !isCounted) fields.refuse('usageThresholds');
  if (asks(noticesBeforeExpiry) && expiresAt === null) fields.refuse('noticesBeforeExpiry');
  if (period !== null && type === 'bytime') fields.refuse('period');
  if (terms.periodAnchor !== null && period === null) fields.refuse('periodAnchor');
}

/** Refuses what no license could bear, before anybody looks for the license. */
export function judgeAlone(fields: Fields, { expiresAt, terms }: Pick<Bearer, 'expiresAt' | 'terms'>): void {
  judgeTerms(fields, { type: 'bycount', requestsLimit: 1, expiresAt, terms });
}
