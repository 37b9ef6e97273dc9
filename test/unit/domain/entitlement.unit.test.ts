import fc from 'fast-check';
import type { CreateLicense } from '../../../src/domain/commands.ts';
import { caughtUp, DEFAULT_WINDOWS } from '../../../src/domain/counts.ts';
import { decisionChanged, entitlementOf, type Entitlement } from '../../../src/domain/entitlement.ts';
import { isExhausted, type License } from '../../../src/domain/license.ts';
import {
  activateLicense,
  createLicense,
  deactivateLicense,
  deleteLicense,
  updateLicense,
  updateSubdivision,
} from '../../../src/domain/subdivision-commands.ts';
import { fromStored, type Subdivision } from '../../../src/domain/subdivision.ts';
import { changeLicenseTerms } from '../../../src/domain/terms-commands.ts';
import { NO_TERMS, type Terms } from '../../../src/domain/terms.ts';
import { advance } from '../../../src/domain/time.ts';
import {
  addRow,
  aSubdivision,
  bycount,
  bytime,
  DAY,
  licenseId,
  MINUTE,
  NOW,
  ofLicense,
  row,
  SECOND,
  SUBDIVISION,
  TENANT,
  withLicenses,
  working,
} from './given.ts';

const END = NOW + 10 * DAY;

test('an active license decides: from its first activation, until its end', () => {
  expect(entitlementOf(working(bytime(1, END)), NOW + SECOND)).toEqual({
    ...{ tenantId: TENANT, subdivisionId: SUBDIVISION, version: 3, allowed: true, reason: 'active' },
    ...{ licenseId: licenseId(1), phase: 'current', validFrom: NOW, validUntil: END },
    ...{ requestsLimit: null, hardLimit: null, usedRequests: 0, periodEndsAt: null, issuedAt: NOW + SECOND },
  });
});

test('the first activation is told after later ones, too', () => {
  const paused = deactivateLicense(working(bycount(1, 100)), ofLicense(1), NOW + MINUTE).state;
  const again = activateLicense(paused, ofLicense(1), NOW + DAY).state;
  expect(entitlementOf(again, NOW + DAY)).toMatchObject({ allowed: true, validFrom: NOW, validUntil: null });
});

test('overage and grace are allowed, up to the hard limit and the end of the grace', () => {
  const s = working({ ...bycount(1, 100), expiresAt: END, graceMs: DAY, overage: 'percent', overagePercent: 50 });
  const over = addRow(s, row(120), false, NOW + SECOND).state;
  const told = { allowed: true, validUntil: END + DAY, requestsLimit: 100, hardLimit: 150, usedRequests: 120 };
  expect(entitlementOf(over, NOW + MINUTE)).toMatchObject({ ...told, reason: 'overage', phase: 'overage' });
  expect(entitlementOf(advanced(over, END), END)).toMatchObject({ ...told, reason: 'grace', phase: 'grace' });
});

test('a booking holds if something is left at its start, be it of a period until then', () => {
  const periods = fc.constantFrom('day', 'week', 'month', 'year', null);
  fc.assert(
    fc.property(periods, fc.integer({ min: 0, max: 150 }), fc.integer({ min: 1, max: 800 }), (period, used, days) => {
      const booked = bookedWithPast(1, NOW + days * DAY, period, used);
      const license = booked.licenses[0]!;
      const left = !isExhausted(caughtUp(license, NOW + days * DAY, DEFAULT_WINDOWS));
      expect(entitlementOf(booked, NOW + MINUTE).reason === 'scheduled').toBe(left);
    }),
  );
});

test('a booking that begins in eight thousand years is told as any other, without a look at each period until then', () => {
  const from = Date.UTC(9999, 11, 31);
  const booked = bookedWithPast(1, from, 'day', 100);
  let looks = 0;
  const terms = new Proxy(booked.licenses[0]!.terms, {
    get: (all, name) => {
      looks += 1;
      return Reflect.get(all, name) as unknown;
    },
  });
  const watched = { ...booked, licenses: booked.licenses.map((license) => ({ ...license, terms })) };
  expect(entitlementOf(watched, NOW + MINUTE)).toMatchObject({ allowed: true, reason: 'scheduled', validFrom: from });
  expect(looks).toBeLessThan(100);
});

test('a license that may go over its limit for ever has no hard limit', () => {
  const s = working({ ...bycount(1, 100), overage: 'unlimited' });
  expect(entitlementOf(s, NOW)).toMatchObject({ requestsLimit: 100, hardLimit: null });
});

test('with a period, it is told when it ends', () => {
  const s = working({ ...bycount(1, 100), period: 'day' });
  expect(entitlementOf(s, NOW + MINUTE)).toMatchObject({ validUntil: null, periodEndsAt: NOW + DAY });
});

test('a suspension is not allowed, whatever is active or booked', () => {
  const told = { allowed: false, reason: 'suspended', licenseId: licenseId(1) };
  expect(entitlementOf(suspended(working(bytime(1, END))), NOW)).toMatchObject({ ...told, phase: 'current' });
  const booked = suspended(working({ ...bytime(1, END), startsAt: NOW + DAY }));
  expect(entitlementOf(booked, NOW)).toMatchObject({ ...told, phase: 'scheduled', validFrom: NOW + DAY });
});

test('without an active license, the booking that starts first is allowed from its start', () => {
  const s = booking(
    working({ ...bytime(1, END), startsAt: NOW + 2 * DAY }),
    { ...bytime(2, END), startsAt: NOW + DAY },
    2,
  );
  expect(entitlementOf(s, NOW)).toMatchObject({
    ...{ allowed: true, reason: 'scheduled', licenseId: licenseId(2), phase: 'scheduled' },
    ...{ validFrom: NOW + DAY, validUntil: END },
  });
});

describe('a booking extends the validity if it follows without a gap', () => {
  const graced = working({ ...bytime(1, END), graceMs: DAY });

  test.each([
    ['at the expiry', END, END + 5 * DAY],
    ['in the grace', END + MINUTE, END + 5 * DAY],
    ['at the end of the grace', END + DAY, END + 5 * DAY],
    ['not after it', END + DAY + 1, END + DAY],
    ['not before the expiry, where the active one blocks it', END - 1, END + DAY],
  ])('%s', (_, startsAt, validUntil) => {
    const s = booking(graced, { ...bytime(2, END + 5 * DAY), startsAt });
    expect(entitlementOf(s, NOW)).toMatchObject({ licenseId: licenseId(1), validFrom: NOW, validUntil });
  });

  test('and so does one that follows the booking', () => {
    const two = booking(graced, { ...bytime(3, END + 5 * DAY), startsAt: END }, 3);
    const three = booking(two, { ...bytime(2, END + 9 * DAY), startsAt: END + 5 * DAY });
    expect(entitlementOf(three, NOW)).toMatchObject({ validUntil: END + 9 * DAY });
  });

  test('or without an end, if it has none itself', () => {
    const s = booking(graced, { ...bycount(2, 100), startsAt: END });
    expect(entitlementOf(s, NOW)).toMatchObject({ validUntil: null });
  });
});

describe('without either, what ended last is the reason', () => {
  const told = { allowed: false, validFrom: null, validUntil: null, licenseId: licenseId(1) };

  test('exhausted', () => {
    const s = addRow(working(bycount(1, 100)), row(100), false, NOW + SECOND).state;
    const ended = { ...told, reason: 'exhausted', phase: 'exhausted', usedRequests: 100, hardLimit: 100 };
    expect(entitlementOf(s, NOW + SECOND)).toMatchObject(ended);
  });

  test('expired', () => {
    const s = advanced(working(bytime(1, END)), END);
    expect(entitlementOf(s, END)).toMatchObject({ ...told, reason: 'expired', phase: 'expired' });
  });

  test('deactivated', () => {
    const s = deactivateLicense(working(bycount(1, 100)), ofLicense(1), NOW + SECOND).state;
    expect(entitlementOf(s, NOW + SECOND)).toMatchObject({ ...told, reason: 'deactivated', phase: 'ready' });
  });

  test('of several, the last one', () => {
    const first = advanced(working(bytime(1, END), bytime(2, END + DAY)), END);
    const second = activateLicense(first, ofLicense(2), END).state;
    const both = deactivateLicense(second, ofLicense(2), END + MINUTE).state;
    expect(entitlementOf(both, END + MINUTE)).toMatchObject({ licenseId: licenseId(2), reason: 'deactivated' });
    expect(entitlementOf(deleteLicense(both, ofLicense(2), END + MINUTE).state, END + MINUTE)).toMatchObject({
      ...told,
      reason: 'expired',
    });
  });

  test.each<[string, Subdivision, number]>([
    ['exhausted', addRow(working(bycount(1, 100)), row(100), false, NOW + SECOND).state, NOW + DAY],
    ['expired', advanced(working(bytime(1, END)), END), END],
    ['deactivated', deactivateLicense(working(bycount(1, 100)), ofLicense(1), NOW + SECOND).state, NOW + DAY],
  ])('of one that ended before reasons were kept, as it looks: %s', (reason, s, at) => {
    const licenses = s.licenses.map((license): License => ({ ...license, endReason: null }));
    expect(entitlementOf(fromStored({ ...s, licenses }), at)).toMatchObject({ ...told, reason });
  });
});

test.each([
  ['without licenses', aSubdivision()],
  ['with a license that was never active', withLicenses(bycount(1, 100))],
])('%s there is no reason to allow anything', (_, s) => {
  const nothing = { requestsLimit: null, hardLimit: null, usedRequests: 0, periodEndsAt: null };
  expect(entitlementOf(s, NOW)).toMatchObject({
    ...{ allowed: false, reason: 'none', licenseId: null, phase: null, validFrom: null, validUntil: null },
    ...nothing,
  });
});

describe('what a service decides by has', () => {
  const before = working({ ...bycount(1, 100), overage: 'unlimited' });
  const changed = (after: Subdivision): boolean =>
    decisionChanged(entitlementOf(before, NOW + MINUTE), entitlementOf(after, NOW + MINUTE));

  test('not changed with a counted row, nor with a name', () => {
    expect(changed(addRow(before, row(99), false, NOW + SECOND).state)).toBe(false);
    expect(changed(updateLicense(before, { ...ofLicense(1), name: 'x', description: '' }, NOW).state)).toBe(false);
  });

  test('changed with the row that reaches the limit, with a suspension and with an end', () => {
    expect(changed(addRow(before, row(100), false, NOW + SECOND).state)).toBe(true);
    expect(changed(suspended(before))).toBe(true);
    expect(changed(deactivateLicense(before, ofLicense(1), NOW).state)).toBe(true);
  });

  test.each<[keyof Entitlement, Partial<Entitlement>]>([
    ['allowed', { allowed: false }],
    ['reason', { reason: 'grace' }],
    ['licenseId', { licenseId: licenseId(2) }],
    ['phase', { phase: 'grace' }],
    ['validFrom', { validFrom: NOW + 1 }],
    ['validUntil', { validUntil: END }],
    ['requestsLimit', { requestsLimit: 101 }],
    ['hardLimit', { hardLimit: 101 }],
    ['periodEndsAt', { periodEndsAt: END }],
  ])('changed with %s', (_, change) => {
    const was = entitlementOf(before, NOW);
    expect(decisionChanged(was, { ...was, ...change })).toBe(true);
  });
});

function advanced(s: Subdivision, now: number): Subdivision {
  return advance(s, now)?.state ?? s;
}

function suspended(s: Subdivision): Subdivision {
  const described = { name: 'North', location: 'Oslo', linkToSubdivisionProcessingDomain: null };
  return updateSubdivision(
    s,
    { tenantId: TENANT, subdivisionId: SUBDIVISION, ...described, workStatus: 'inactive' },
    NOW,
  ).state;
}

/** The license is created and activated, which books it. */
function booking(s: Subdivision, license: CreateLicense, number = 2): Subdivision {
  return activateLicense(createLicense(s, license, NOW).state, ofLicense(number), NOW).state;
}

/** Of a license by count that was active before, has used so much of 100 in its period, and is booked now. */
function bookedWithPast(number: number, startsAt: number, period: Terms['period'], usedRequests: number): Subdivision {
  const [of, terms] = [ofLicense(number), { ...NO_TERMS, period }];
  let s = createLicense(aSubdivision(), { ...bycount(number, 100), ...terms }, NOW).state;
  s = deactivateLicense(activateLicense(s, of, NOW).state, of, NOW).state;
  const keeping = {
    requestsLimit: null,
    expiresAt: null,
    whenBelowUsage: 'reject',
    expectedTermsVersion: null,
  } as const;
  s = changeLicenseTerms(s, { ...of, ...keeping, ...terms, startsAt }, NOW).state;
  s = activateLicense(s, of, NOW).state;
  return { ...s, licenses: s.licenses.map((license) => ({ ...license, usedRequests })) };
}
