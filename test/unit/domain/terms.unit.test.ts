import fc from 'fast-check';
import { EARLIEST_TIME, LATEST_TIME } from '../../../src/domain/fields.ts';
import {
  defaultExpiry,
  hardLimitOf,
  NO_TERMS,
  parseTerms,
  periodBoundary,
  periodHolding,
  rejectUnfit,
  rejectUnfitRenewal,
  termsOf,
  type Period,
  type Terms,
} from '../../../src/domain/terms.ts';
import { DAY, NOW, refusal } from './given.ts';

const PERIODS: readonly Period[] = ['day', 'week', 'month', 'year'];
const ALL: Terms = {
  startsAt: NOW,
  graceMs: DAY,
  overage: 'percent',
  overagePercent: 20,
  usageThresholds: [50, 80, 100],
  noticesBeforeExpiry: [7 * DAY, DAY],
  period: 'month',
  periodAnchor: NOW,
};

describe('each term by itself', () => {
  const parsed = (changes: Record<string, unknown>) => refusal(() => parseTerms({ ...ALL, ...changes }));

  test('null is allowed, and what is allowed stays as it is', () => {
    expect(parseTerms(NO_TERMS)).toEqual(NO_TERMS);
    expect(parseTerms(ALL)).toEqual(ALL);
  });

  test.each<[keyof Terms, readonly unknown[], readonly unknown[]]>([
    ['startsAt', [EARLIEST_TIME, LATEST_TIME], [EARLIEST_TIME - 1, LATEST_TIME + 1, NOW + 0.5, NaN]],
    ['graceMs', [0, 366 * DAY], [-1, 366 * DAY + 1, 0.5, NaN]],
    ['overage', ['stop', 'percent', 'unlimited'], ['', 'Stop', 'none']],
    ['overagePercent', [1, 1_000], [0, 1_001, 1.5]],
    ['usageThresholds', [[], [1], [1, 1_100], ten(1)], [[0], [1_101], [1.5], [80, 80], [80, 50], [...ten(1), 11]]],
    [
      'noticesBeforeExpiry',
      [[], [1], [36_600 * DAY, 1], ten(1).reverse()],
      [[0], [36_600 * DAY + 1], [DAY + 0.5], [DAY, DAY], [DAY, 2 * DAY], [...ten(2).reverse(), 1]],
    ],
    ['period', PERIODS, ['', 'hour', 'Month']],
    ['periodAnchor', [EARLIEST_TIME, LATEST_TIME], [EARLIEST_TIME - 1, LATEST_TIME + 1, NOW + 0.5]],
  ])('%s', (term, good, bad) => {
    for (const value of good) expect([value, parsed({ [term]: value })]).toEqual([value, 'accepted']);
    for (const value of bad) expect([value, parsed({ [term]: value })]).toEqual([value, `InvalidCommand ${term}`]);
  });

  test('the first faulty one is named', () => {
    const names = Object.keys(ALL);
    const faulty = Object.fromEntries(
      names.map((name) => [name, /^(overage|period)$/.test(name) ? '?' : listOrNumber(name)]),
    );
    for (const [index, name] of names.entries()) {
      const changes = Object.fromEntries(names.slice(index).map((one) => [one, faulty[one]]));
      expect(parsed(changes)).toBe(`InvalidCommand ${name}`);
    }
  });
});

describe('terms together', () => {
  const bycount = (changes: Partial<Terms>, expiresAt: number | null = null) =>
    refusal(() => rejectUnfit('bycount', 100, expiresAt, { ...NO_TERMS, ...changes }));
  const bytime = (changes: Partial<Terms>, expiresAt: number | null = NOW + DAY) =>
    refusal(() => rejectUnfit('bytime', null, expiresAt, { ...NO_TERMS, ...changes }));

  test('a bycount license has a limit, a bytime license an end and no limit', () => {
    expect(refusal(() => rejectUnfit('bycount', null, NOW, NO_TERMS))).toBe('InvalidCommand requestsLimit');
    expect(refusal(() => rejectUnfit('bytime', 100, NOW, NO_TERMS))).toBe('InvalidCommand requestsLimit');
    expect([bycount({}), bycount({}, NOW), bytime({})]).toEqual(['accepted', 'accepted', 'accepted']);
    expect(bytime({}, null)).toBe('InvalidCommand expiresAt');
  });

  test('a renewal names the field of the command that does not fit the terms', () => {
    const renewal = (expiresAt: number, terms: Partial<Terms>, requestsLimit: number | null = null) =>
      refusal(() => rejectUnfitRenewal('bytime', requestsLimit, expiresAt, { ...NO_TERMS, ...terms }));
    expect(renewal(NOW + 1, { startsAt: NOW })).toBe('accepted');
    expect(renewal(NOW, { startsAt: NOW })).toBe('InvalidCommand expiresAt');
    expect(renewal(LATEST_TIME - DAY, { graceMs: DAY })).toBe('accepted');
    expect(renewal(LATEST_TIME - DAY + 1, { graceMs: DAY })).toBe('InvalidCommand expiresAt');
    expect(renewal(NOW, { startsAt: NOW }, 5)).toBe('InvalidCommand requestsLimit');
  });

  test('startsAt lies before expiresAt', () => {
    for (const judged of [bycount, bytime]) {
      expect(judged({ startsAt: NOW }, NOW + 1)).toBe('accepted');
      expect(judged({ startsAt: NOW }, NOW)).toBe('InvalidCommand startsAt');
    }
    expect(bycount({ startsAt: LATEST_TIME })).toBe('accepted');
  });

  test('grace and notices need an end, and the grace has one itself', () => {
    expect(bycount({ graceMs: 1 })).toBe('InvalidCommand graceMs');
    expect(bycount({ noticesBeforeExpiry: [DAY] })).toBe('InvalidCommand noticesBeforeExpiry');
    expect(bycount({ graceMs: 1, noticesBeforeExpiry: [DAY] }, NOW)).toBe('accepted');
    expect(bytime({ graceMs: DAY }, LATEST_TIME - DAY)).toBe('accepted');
    expect(bytime({ graceMs: DAY }, LATEST_TIME - DAY + 1)).toBe('InvalidCommand graceMs');
  });

  test('overagePercent comes with percent, and only with it', () => {
    expect(bycount({ overage: 'percent', overagePercent: 1 })).toBe('accepted');
    for (const terms of [
      { overage: 'percent' },
      { overage: 'stop', overagePercent: 1 },
      { overage: 'unlimited', overagePercent: 1 },
      { overagePercent: 1 },
    ] as const)
      expect(bycount(terms)).toBe('InvalidCommand overagePercent');
  });

  test('overage, thresholds and periods need a limit', () => {
    expect(bytime({ overage: 'unlimited' })).toBe('InvalidCommand overage');
    expect(bytime({ overage: 'percent', overagePercent: 1 })).toBe('InvalidCommand overage');
    expect(bytime({ usageThresholds: [80] })).toBe('InvalidCommand usageThresholds');
    expect(bytime({ period: 'day' })).toBe('InvalidCommand period');
    expect(bycount({ overage: 'unlimited', usageThresholds: [80], period: 'day' })).toBe('accepted');
  });

  test('an anchor needs a period', () => {
    expect(bycount({ periodAnchor: NOW })).toBe('InvalidCommand periodAnchor');
    expect(bycount({ period: 'day', periodAnchor: NOW })).toBe('accepted');
  });

  test('a term that asks for nothing needs nothing', () => {
    const nothing = { graceMs: 0, overage: 'stop', usageThresholds: [], noticesBeforeExpiry: [] } as const;
    expect([bycount(nothing), bytime(nothing)]).toEqual(['accepted', 'accepted']);
  });

  test('any set of terms is judged by the rules above alone', () => {
    const some = fc.record({
      startsAt: fc.option(fc.constantFrom(NOW - DAY, NOW, NOW + DAY)),
      graceMs: fc.option(fc.constantFrom(0, DAY)),
      overage: fc.option(fc.constantFrom('stop', 'percent', 'unlimited')),
      overagePercent: fc.option(fc.constant(10)),
      usageThresholds: fc.option(fc.constantFrom([], [80])),
      noticesBeforeExpiry: fc.option(fc.constantFrom([], [DAY])),
      period: fc.option(fc.constantFrom(...PERIODS)),
      periodAnchor: fc.option(fc.constant(NOW)),
    });
    const type = fc.constantFrom('bycount', 'bytime');
    fc.assert(
      fc.property(type, fc.option(fc.constant(100)), fc.option(fc.constant(NOW)), some, (of, limit, end, terms) => {
        const faults = [
          (of === 'bycount') !== (limit !== null) && 'requestsLimit',
          of === 'bytime' && end === null && 'expiresAt',
          end !== null && terms.startsAt !== null && terms.startsAt >= end && 'startsAt',
          end === null && terms.graceMs === DAY && 'graceMs',
          of === 'bytime' && ['percent', 'unlimited'].includes(terms.overage ?? '') && 'overage',
          (terms.overage === 'percent') !== (terms.overagePercent !== null) && 'overagePercent',
          of === 'bytime' && terms.usageThresholds?.length === 1 && 'usageThresholds',
          end === null && terms.noticesBeforeExpiry?.length === 1 && 'noticesBeforeExpiry',
          of === 'bytime' && terms.period !== null && 'period',
          terms.period === null && terms.periodAnchor !== null && 'periodAnchor',
        ];
        const first = faults.find((fault) => fault !== false);
        expect(refusal(() => rejectUnfit(of, limit, end, terms))).toBe(
          first === undefined ? 'accepted' : `InvalidCommand ${first}`,
        );
      }),
      { numRuns: 5_000 },
    );
  });
});

test('licenses without terms share one value', () => {
  expect(termsOf({ ...NO_TERMS })).toBe(NO_TERMS);
  for (const [term, value] of Object.entries(ALL)) {
    const other = Object(value) === value ? [] : value;
    expect(termsOf({ ...NO_TERMS, [term]: other })).toEqual({ ...NO_TERMS, [term]: other });
  }
  const more = { ...ALL, name: 'Basic' };
  expect(termsOf(more)).toEqual(ALL);
});

test('a bytime license lasts 30 days from its creation, or from its start if that is later', () => {
  const at = (startsAt: number | null) => defaultExpiry(NOW, { ...NO_TERMS, startsAt }) - NOW;
  expect([at(null), at(NOW - DAY), at(NOW + DAY)]).toEqual([30 * DAY, 30 * DAY, 31 * DAY]);
});

describe('the hard limit', () => {
  const of = (limit: number | null, overage: Terms['overage'], overagePercent: number | null = null) =>
    hardLimitOf(limit, { ...NO_TERMS, overage, overagePercent });

  test('is the limit itself, higher by so many percent, or none', () => {
    expect([of(100, null), of(100, 'stop'), of(100, 'percent', 20)]).toEqual([100, 100, 120]);
    expect([of(100, 'unlimited'), of(null, null)]).toEqual([null, null]);
  });

  test('is rounded down, exactly', () => {
    expect([of(1, 'percent', 99), of(3, 'percent', 50), of(7, 'percent', 15)]).toEqual([1, 4, 8]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e12 }), fc.integer({ min: 1, max: 1_000 }), (limit, percent) => {
        expect(of(limit, 'percent', percent)).toBe(Number((BigInt(limit) * BigInt(100 + percent)) / 100n));
      }),
    );
  });
});

describe('periods', () => {
  const boundaries = (period: Period, anchor: string, numbers: readonly number[]) =>
    numbers.map((number) => new Date(periodBoundary(period, Date.parse(anchor), number)).toISOString().slice(0, 16));

  test('months begin on the day of the anchor, or on the last of a shorter month', () => {
    expect(boundaries('month', '2027-01-31T10:30Z', [-2, -1, 0, 1, 2, 3, 13])).toEqual([
      '2026-11-30T10:30',
      '2026-12-31T10:30',
      '2027-01-31T10:30',
      '2027-02-28T10:30',
      '2027-03-31T10:30',
      '2027-04-30T10:30',
      '2028-02-29T10:30',
    ]);
  });

  test('years from a 29 February begin on it, or on the 28th', () => {
    expect(boundaries('year', '2028-02-29T23:59Z', [-4, -1, 0, 1, 4, 72])).toEqual([
      '2024-02-29T23:59',
      '2027-02-28T23:59',
      '2028-02-29T23:59',
      '2029-02-28T23:59',
      '2032-02-29T23:59',
      '2100-02-28T23:59',
    ]);
  });

  test('days and weeks are of one length', () => {
    expect(boundaries('day', '2028-02-28T06:00Z', [-1, 1, 2])).toEqual([
      '2028-02-27T06:00',
      '2028-02-29T06:00',
      '2028-03-01T06:00',
    ]);
    expect(boundaries('week', '2028-12-31T06:00Z', [-1, 1])).toEqual(['2028-12-24T06:00', '2029-01-07T06:00']);
  });

  const anyTime = fc.integer({ min: EARLIEST_TIME, max: Date.UTC(2100, 0) });

  test('follow each other without a gap, and each time lies in one', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PERIODS),
        anyTime,
        anyTime,
        fc.integer({ min: -900, max: 900 }),
        (period, anchor, at, n) => {
          const { startsAt, endsAt } = periodHolding(period, anchor, at);
          expect(startsAt).toBeLessThanOrEqual(at);
          expect(endsAt).toBeGreaterThan(at);
          expect(periodHolding(period, anchor, endsAt).startsAt).toBe(endsAt);
          expect(periodHolding(period, anchor, startsAt - 1).endsAt).toBe(startsAt);
          const own = { startsAt: periodBoundary(period, anchor, n), endsAt: periodBoundary(period, anchor, n + 1) };
          expect(periodHolding(period, anchor, own.startsAt)).toEqual(own);
          expect(periodHolding(period, anchor, own.endsAt - 1)).toEqual(own);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

/** Ten values. */
function ten(from: number): number[] {
  return Array.from({ length: 10 }, (_, index) => from + index);
}

function listOrNumber(name: string): unknown {
  return name === 'usageThresholds' || name === 'noticesBeforeExpiry' ? [0] : -1;
}
