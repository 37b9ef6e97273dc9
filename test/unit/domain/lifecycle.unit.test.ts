import type {
  ChangeLicenseTerms,
  CorrectStatisticRow,
  CreateLicense,
  RenewLicense,
} from '../../../src/domain/commands.ts';
import { correctStatisticRow } from '../../../src/domain/correction.ts';
import type { Change } from '../../../src/domain/events.ts';
import type { StatisticRow } from '../../../src/domain/statistic-row.ts';
import {
  activateLicense,
  createLicense,
  deactivateLicense,
  updateLicense,
  updateSubdivision,
} from '../../../src/domain/subdivision-commands.ts';
import type { Subdivision } from '../../../src/domain/subdivision.ts';
import { changeLicenseTerms, renewLicense } from '../../../src/domain/terms-commands.ts';
import { NO_TERMS, type Terms } from '../../../src/domain/terms.ts';
import { advance } from '../../../src/domain/time.ts';
import {
  addRow,
  aSubdivision,
  bycount,
  bytime,
  DAY,
  dataOf,
  licenseId,
  MINUTE,
  NOW,
  ofLicense,
  refusal,
  row,
  rowId,
  SECOND,
  SUBDIVISION,
  TENANT,
  typesOf,
  working,
} from './given.ts';

// The tables of lifecycle.md, row by row. NOW is noon of 15 January 2026; license 1 is the one with terms, license 2 a plain one.

const HOUR = 60 * MINUTE;
const END = NOW + 10 * DAY;

type Given = Partial<Terms> & Partial<Pick<CreateLicense, 'expiresAt' | 'requestsLimit'>>;

/** bycount, 100 requests. */
const counted = (given: Given): CreateLicense => ({ ...bycount(1, 100), ...given });
/** bytime, until END. */
const timed = (given: Given): CreateLicense => ({ ...bytime(1, END), ...given });

const created = (...licenses: readonly CreateLicense[]): Subdivision =>
  [...licenses, bycount(2, 10)].reduce((s, license) => createLicense(s, license, NOW).state, aSubdivision());
const active = (license: CreateLicense): Subdivision => activateLicense(created(license), ofLicense(1), NOW).state;

const first = (s: Subdivision) => s.licenses[0];
const at = (s: Subdivision, now: number): Change<Subdivision> => advance(s, now) ?? { state: s, events: [] };
const use = (s: Subdivision, count: number, created: number, now = created) =>
  addRow(s, row(count, created), false, now);
const renew = (s: Subdivision, changes: Partial<RenewLicense>, now: number) =>
  renewLicense(
    s,
    {
      ...ofLicense(1),
      ...{ expiresAt: null, requestsLimit: null, resetUsage: false, activate: false, expectedTermsVersion: null },
      ...changes,
    },
    now,
  );
const change = (s: Subdivision, changes: Partial<ChangeLicenseTerms>, now: number) =>
  changeLicenseTerms(
    s,
    {
      ...{ ...ofLicense(1), ...NO_TERMS, requestsLimit: null, expiresAt: null },
      ...{ whenBelowUsage: 'reject', expectedTermsVersion: null },
      ...changes,
    },
    now,
  );
const correct = (s: Subdivision, of: StatisticRow | undefined, changes: Partial<CorrectStatisticRow>, now: number) =>
  correctStatisticRow(
    s,
    {
      ...{ tenantId: TENANT, subdivisionId: SUBDIVISION, statisticRowId: rowId(1) },
      ...{ countRequests: 0, reason: 'billed twice', reactivate: false },
      ...changes,
    },
    of,
    now,
  );
const suspend = (s: Subdivision, now: number) =>
  updateSubdivision(
    s,
    {
      ...{ tenantId: TENANT, subdivisionId: SUBDIVISION, name: 'North', location: '' },
      ...{ linkToSubdivisionProcessingDomain: null, workStatus: 'inactive' },
    },
    now,
  ).state;

describe('startsAt', () => {
  const START = NOW + DAY;
  const booked = (given: Given = {}) =>
    activateLicense(created(counted({ startsAt: START, ...given })), ofLicense(1), NOW);

  test('activated ahead of it, the license is scheduled, and nobody is active', () => {
    expect(typesOf(booked())).toEqual(['LicenseScheduled']);
    expect(dataOf(booked())).toMatchObject([{ phase: 'scheduled', status: 'inactive', startsAt: START }]);
    expect(booked().state).toMatchObject({ workStatus: 'inactive', activeLicenseId: null, due: { at: START } });
  });

  test('due: LicenseActivated, by the due time', () => {
    const started = at(booked().state, START + HOUR);
    expect(typesOf(started)).toEqual(['LicenseActivated']);
    const times = { activatedAt: START, effectiveAt: START, occurredAt: START + HOUR };
    expect(dataOf(started)).toMatchObject([{ ...times, phase: 'current', workStatus: 'active' }]);
  });

  test('rows of that very time count, and none of before it', () => {
    const started = at(booked().state, START).state;
    expect(dataOf(use(started, 5, START))).toMatchObject([{ counted: true, usedRequests: 5 }]);
    expect(dataOf(use(started, 5, START - 1, START))).toMatchObject([{ counted: false }]);
    expect(dataOf(use(working(bycount(1, 100)), 5, NOW))).toMatchObject([{ counted: false }]);
  });

  test('due while another is active: LicenseStartBlocked, ready', () => {
    const other = activateLicense(booked().state, ofLicense(2), NOW).state;
    const blocked = at(other, START);
    expect(typesOf(blocked)).toEqual(['LicenseStartBlocked']);
    expect(dataOf(blocked)).toMatchObject([{ phase: 'ready', activeLicenseId: licenseId(2) }]);
    expect(blocked.state.due).toBeNull();
  });

  test('due with nothing left: LicenseStartBlocked, exhausted', () => {
    const used = use(active(counted({ requestsLimit: 200 })), 80, NOW + 1).state;
    const idle = deactivateLicense(used, ofLicense(1), NOW + 2).state;
    const again = activateLicense(change(idle, { startsAt: START }, NOW + 3).state, ofLicense(1), NOW + 4).state;
    const out = change(again, { startsAt: START, requestsLimit: 50, whenBelowUsage: 'exhaust' }, NOW + 5).state;
    const blocked = at(out, START);
    expect(typesOf(blocked)).toEqual(['LicenseStartBlocked']);
    expect(dataOf(blocked)).toMatchObject([{ phase: 'exhausted', status: 'inactive' }]);
  });

  test('due while another is in grace: that one ends for it', () => {
    const s = active(timed({ expiresAt: NOW + HOUR, graceMs: 3 * DAY }));
    const next = createLicense(s, { ...bycount(3, 100), startsAt: START }, NOW).state;
    const both = activateLicense(next, ofLicense(3), NOW).state;
    const handed = at(both, START);
    expect(typesOf(handed)).toEqual([
      'LicenseGraceStarted',
      'LicenseDeactivated',
      'SubdivisionLicenseExpired',
      'LicenseActivated',
    ]);
    expect(dataOf(handed)).toMatchObject([
      { effectiveAt: NOW + HOUR, phase: 'grace' },
      { effectiveAt: START, phase: 'expired', reason: 'expired' },
      {},
      { effectiveAt: START, licenseId: licenseId(3) },
    ]);
  });

  test('in the instant in which another ends, the end comes first', () => {
    const s = active(timed({ expiresAt: START }));
    const both = activateLicense(
      createLicense(s, { ...bycount(3, 100), startsAt: START }, NOW).state,
      ofLicense(3),
      NOW,
    );
    expect(typesOf(at(both.state, START))).toEqual([
      'LicenseDeactivated',
      'SubdivisionLicenseExpired',
      'LicenseActivated',
    ]);
  });

  test('a booking is refused twice, and taken back by a command', () => {
    expect(refusal(() => activateLicense(booked().state, ofLicense(1), NOW))).toBe('LicenseAlreadyScheduled');
    const back = deactivateLicense(booked().state, ofLicense(1), NOW + 1);
    expect(typesOf(back)).toEqual(['LicenseDeactivated']);
    expect(dataOf(back)).toMatchObject([{ reason: 'command', phase: 'ready' }]);
    expect(back.state.due).toBeNull();
  });

  test('a start leaves a suspension', () => {
    const started = at(suspend(booked().state, NOW), START);
    expect(started.state).toMatchObject({ suspended: true, workStatus: 'inactive', activeLicenseId: licenseId(1) });
  });

  test('of a bytime license without expiresAt, 30 days run from it', () => {
    const s = createLicense(aSubdivision(), { ...bytime(1, null), startsAt: START }, NOW).state;
    expect(first(s)?.expiresAt).toBe(START + 30 * DAY);
  });
});

describe('expiresAt, of bycount too', () => {
  test('ends it', () => {
    const ended = at(active(counted({ expiresAt: END })), END);
    expect(typesOf(ended)).toEqual(['LicenseDeactivated', 'SubdivisionLicenseExpired']);
    expect(dataOf(ended)).toMatchObject([{ reason: 'expired', phase: 'expired', effectiveAt: END }, {}]);
  });

  test('with grace: LicenseGraceStarted, rows go on, then the end', () => {
    const s = active(counted({ expiresAt: END, graceMs: DAY }));
    const grace = at(s, END + HOUR);
    expect(typesOf(grace)).toEqual(['LicenseGraceStarted']);
    expect(dataOf(grace)).toMatchObject([{ phase: 'grace', status: 'active', effectiveAt: END }]);
    expect(typesOf(use(grace.state, 5, END + HOUR))).toEqual(['StatisticRowAdded']);
    expect(refusal(() => use(grace.state, 5, END + DAY, END + DAY - 1))).toBe('LicenseExpired');
    const ended = at(grace.state, END + DAY);
    expect(dataOf(ended)).toMatchObject([{ effectiveAt: END + DAY, deactivatedAt: END + DAY, phase: 'expired' }, {}]);
  });

  test('a late worker tells both, in order of time', () => {
    expect(typesOf(at(active(counted({ expiresAt: END, graceMs: DAY })), END + 5 * DAY))).toEqual([
      'LicenseGraceStarted',
      'LicenseDeactivated',
      'SubdivisionLicenseExpired',
    ]);
  });

  test('notices: the nearest of those that have passed, each once', () => {
    const s = active(timed({ noticesBeforeExpiry: [7 * DAY, 3 * DAY, DAY] }));
    expect(s.due).toEqual({ at: END - 7 * DAY, isNotice: true });
    const told = at(s, END - 2 * DAY);
    expect(typesOf(told)).toEqual(['LicenseExpiringSoon']);
    expect(dataOf(told)).toMatchObject([{ noticeMs: 3 * DAY, effectiveAt: END - 3 * DAY }]);
    expect(told.state.due).toEqual({ at: END - DAY, isNotice: true });
    expect(typesOf(at(told.state, END - DAY))).toEqual(['LicenseExpiringSoon']);
  });

  test('a notice that has passed at the activation comes with it', () => {
    const s = created(timed({ noticesBeforeExpiry: [7 * DAY, DAY] }));
    const late = activateLicense(s, ofLicense(1), END - 2 * DAY);
    expect(typesOf(late)).toEqual(['LicenseActivated', 'LicenseExpiringSoon']);
    const again = activateLicense(
      deactivateLicense(late.state, ofLicense(1), END - 2 * DAY).state,
      ofLicense(1),
      END - 2 * DAY,
    );
    expect(typesOf(again)).toEqual(['LicenseActivated']);
  });

  test('a ready license passes it without an event, and the next message sees it', () => {
    const s = created(timed({}));
    expect(s.due).toBeNull();
    const seen = updateLicense(s, { ...ofLicense(1), name: 'Old', description: '' }, END);
    expect(dataOf(seen)).toMatchObject([{ phase: 'expired' }]);
    expect(refusal(() => activateLicense(s, ofLicense(1), END))).toBe('LicenseExpired');
  });
});

describe('overage', () => {
  test('stop: the limit is the end', () => {
    expect(typesOf(use(active(counted({ overage: 'stop' })), 100, NOW + 1))).toEqual([
      'StatisticRowAdded',
      'LicenseDeactivated',
      'SubdivisionLicenseExpired',
    ]);
  });

  test('percent: LicenseOverageStarted at the limit, once a count, the end at the hard limit', () => {
    const s = active(counted({ overage: 'percent', overagePercent: 10 }));
    const over = use(s, 100, NOW + 1);
    expect(typesOf(over)).toEqual(['StatisticRowAdded', 'LicenseOverageStarted']);
    expect(dataOf(over)[1]).toMatchObject({ phase: 'overage', status: 'active' });
    expect(typesOf(use(over.state, 9, NOW + 2))).toEqual(['StatisticRowAdded']);
    const end = use(over.state, 10, NOW + 2);
    expect(typesOf(end)).toEqual(['StatisticRowAdded', 'LicenseDeactivated', 'SubdivisionLicenseExpired']);
    expect(dataOf(end)[1]).toMatchObject({ phase: 'exhausted', reason: 'exhausted' });
  });

  test('unlimited never ends', () => {
    expect(typesOf(use(active(counted({ overage: 'unlimited' })), 1e9, NOW + 1))).toEqual([
      'StatisticRowAdded',
      'LicenseOverageStarted',
    ]);
  });

  test('grace outranks it', () => {
    const over = use(active(counted({ overage: 'unlimited', expiresAt: END, graceMs: DAY })), 100, NOW + 1).state;
    expect(dataOf(at(over, END))).toMatchObject([{ phase: 'grace' }]);
  });
});

describe('usageThresholds', () => {
  const s = active(counted({ usageThresholds: [50, 80, 100] }));

  test('all that one message has crossed come in one event; exactly 100 % counts', () => {
    const change = use(s, 80, NOW + 1);
    expect(typesOf(change)).toEqual(['StatisticRowAdded', 'LicenseThresholdReached']);
    expect(dataOf(change)[1]).toMatchObject({ thresholds: [50, 80] });
    const end = use(change.state, 20, NOW + 2);
    expect(typesOf(end)).toEqual([
      'StatisticRowAdded',
      'LicenseThresholdReached',
      'LicenseDeactivated',
      'SubdivisionLicenseExpired',
    ]);
    expect(dataOf(end)[1]).toMatchObject({ thresholds: [100] });
    expect(typesOf(use(change.state, 1, NOW + 2))).toEqual(['StatisticRowAdded']);
  });

  test('a correction below clears them, and they can be reached again', () => {
    const added = use(s, 80, NOW + 1);
    const fallen = correct(added.state, added.row, { countRequests: 60 }, NOW + 2);
    expect(typesOf(fallen)).toEqual(['StatisticRowCorrected', 'LicenseThresholdCleared']);
    expect(dataOf(fallen)[1]).toMatchObject({ thresholds: [80] });
    expect(typesOf(use(fallen.state, 20, NOW + 3))).toEqual(['StatisticRowAdded', 'LicenseThresholdReached']);
  });
});

describe('period', () => {
  const monthly = (given: Given = {}) => active(counted({ period: 'month', ...given }));
  const FEBRUARY = Date.UTC(2026, 1, 15, 12);
  const MARCH = Date.UTC(2026, 2, 15, 12);

  test('begins with the first activation, and its end opens the next count', () => {
    const s = use(monthly(), 30, NOW + 1).state;
    expect(s.due).toEqual({ at: FEBRUARY, isNotice: false });
    const next = at(s, FEBRUARY + HOUR);
    expect(typesOf(next)).toEqual(['LicensePeriodStarted']);
    expect(dataOf(next)).toMatchObject([
      {
        ...{ closedPeriodStartsAt: NOW, closedUsedRequests: 30, usedRequests: 0 },
        ...{ periodStartsAt: FEBRUARY, periodEndsAt: MARCH, effectiveAt: FEBRUARY },
      },
    ]);
  });

  test('brings back what exhaustion has ended', () => {
    const out = use(monthly(), 100, NOW + 1).state;
    expect(out.due).toEqual({ at: FEBRUARY, isNotice: false });
    const back = at(out, FEBRUARY);
    expect(typesOf(back)).toEqual(['LicensePeriodStarted', 'LicenseActivated']);
    expect(dataOf(back)[1]).toMatchObject({ phase: 'current', activatedAt: NOW, effectiveAt: FEBRUARY });
  });

  test('but not if a command has put it aside, another is active, or it has expired', () => {
    const out = use(monthly(), 100, NOW + 1).state;
    const aside = deactivateLicense(out, ofLicense(1), NOW + 2);
    expect(dataOf(aside)).toMatchObject([{ reason: 'command', phase: 'ready' }]);
    expect(aside.state.due).toBeNull();
    const other = activateLicense(out, ofLicense(2), NOW + 2).state;
    expect(typesOf(at(other, FEBRUARY))).toEqual(['LicensePeriodStarted']);
    expect(use(monthly({ expiresAt: FEBRUARY }), 100, NOW + 1).state.due).toBeNull();
  });

  test('nor does what time has ended, though late rows use it up: there is nothing for a command to put aside', () => {
    const ended = at(active(counted({ expiresAt: NOW + HOUR })), NOW + HOUR).state;
    const monthlySince = change(ended, { period: 'month' }, NOW + HOUR).state;
    const usedUp = use(monthlySince, 100, NOW + 1, NOW + HOUR).state;
    expect(usedUp.due).toBeNull();
    expect(refusal(() => deactivateLicense(usedUp, ofLicense(1), NOW + HOUR))).toBe('LicenseInactive');
  });

  test('a row of before its end changes only the closed count, whenever it comes', () => {
    const next = at(use(monthly(), 30, NOW + 1).state, FEBRUARY).state;
    const late = use(next, 90, FEBRUARY - 1, FEBRUARY + HOUR);
    expect(typesOf(late)).toEqual(['StatisticRowAdded']);
    expect(dataOf(late)).toMatchObject([{ usedRequests: 120, counted: true, periodStartsAt: NOW }]);
    expect(late.row.countNumber).toBeNull();
    expect(first(late.state)?.usedRequests).toBe(0);
    const now = use(late.state, 5, FEBRUARY + 1, FEBRUARY + HOUR);
    expect(dataOf(now)).toMatchObject([{ usedRequests: 5, periodStartsAt: FEBRUARY }]);
    expect(now.row.countNumber).toBe(1);
  });

  test('a row that comes late, before anybody knows that the period is over, counts in it', () => {
    expect(dataOf(use(monthly(), 30, FEBRUARY - 1, FEBRUARY + HOUR))).toMatchObject([
      { usedRequests: 30, periodStartsAt: NOW },
    ]);
  });

  test('a row of a count that is kept no more is kept, and counts nothing', () => {
    let s = monthly();
    for (let month = 1; month <= 4; month += 1) s = at(s, Date.UTC(2026, month, 15, 12)).state;
    expect(dataOf(use(s, 5, NOW + 1, Date.UTC(2026, 4, 15, 13)))).toMatchObject([{ counted: false }]);
  });

  test('the periods of a license that has ended go on with the rows of another one: what comes late changes only the closed count', () => {
    const ended = at(
      active(counted({ period: 'day', expiresAt: NOW + 20 * HOUR, usageThresholds: [50] })),
      NOW + 20 * HOUR,
    );
    const other = activateLicense(ended.state, ofLicense(2), NOW + 21 * HOUR).state;
    const used = use(other, 1, NOW + 25 * HOUR).state;
    const late = use(used, 60, NOW + HOUR, NOW + 26 * HOUR);
    expect(typesOf(late)).toEqual(['StatisticRowAdded']);
    expect(dataOf(late)).toMatchObject([{ licenseId: licenseId(1), usedRequests: 60, periodStartsAt: NOW }]);
    expect(first(late.state)?.usedRequests).toBe(0);
  });

  test('an inactive license goes on without an event', () => {
    const s = deactivateLicense(use(monthly(), 30, NOW + 1).state, ofLicense(1), NOW + 2).state;
    expect(s.due).toBeNull();
    const again = activateLicense(s, ofLicense(1), MARCH + 1);
    expect(typesOf(again)).toEqual(['LicenseActivated']);
    expect(dataOf(again)).toMatchObject([{ usedRequests: 0, periodStartsAt: MARCH }]);
  });

  test('re-arms thresholds silently', () => {
    const s = use(monthly({ usageThresholds: [50] }), 60, NOW + 1).state;
    const next = at(s, FEBRUARY);
    expect(typesOf(next)).toEqual(['LicensePeriodStarted']);
    expect(typesOf(use(next.state, 50, FEBRUARY + 1))).toEqual(['StatisticRowAdded', 'LicenseThresholdReached']);
  });

  test('from the 31st: clamped to each month, always computed from the anchor', () => {
    const starts: (number | null | undefined)[] = [];
    let s = active(counted({ period: 'month', periodAnchor: Date.UTC(2025, 11, 31) }));
    for (let month = 1; month <= 4; month += 1) {
      s = at(s, Date.UTC(2026, month + 1, 0)).state;
      starts.push(first(s)?.progress.periodStartsAt);
    }
    expect(starts).toEqual([
      Date.UTC(2026, 1, 28),
      Date.UTC(2026, 2, 31),
      Date.UTC(2026, 3, 30),
      Date.UTC(2026, 4, 31),
    ]);
  });
});

describe('RenewLicense', () => {
  test('a later end, and the next version of the terms', () => {
    const change = renew(active(timed({})), { expiresAt: END + DAY }, NOW + 1);
    expect(typesOf(change)).toEqual(['LicenseRenewed']);
    expect(dataOf(change)).toMatchObject([{ expiresAt: END + DAY, termsVersion: 2, phase: 'current' }]);
    expect(change.state.due).toEqual({ at: END + DAY, isNotice: false });
  });

  test('ends a grace', () => {
    const grace = at(active(timed({ graceMs: DAY })), END).state;
    const change = renew(grace, { expiresAt: END + 30 * DAY }, END + HOUR);
    expect(dataOf(change)).toMatchObject([{ phase: 'current' }]);
    expect(change.state.due).toEqual({ at: END + 30 * DAY, isNotice: false });
  });

  test('tells the notices anew', () => {
    const told = at(active(timed({ noticesBeforeExpiry: [DAY] })), END - DAY).state;
    const change = renew(told, { expiresAt: END + DAY }, END - HOUR);
    expect(change.state.due).toEqual({ at: END, isNotice: true });
    expect(typesOf(renew(told, { expiresAt: END + HOUR }, END))).toEqual([
      'LicenseDeactivated',
      'SubdivisionLicenseExpired',
      'LicenseRenewed',
    ]);
    expect(typesOf(renew(told, { expiresAt: END + HOUR }, END - 1))).toEqual(['LicenseRenewed', 'LicenseExpiringSoon']);
  });

  test('of a limit: what is exhausted becomes ready, or active', () => {
    const out = use(active(counted({})), 100, NOW + 1).state;
    expect(dataOf(renew(out, { requestsLimit: 200 }, NOW + 2))).toMatchObject([{ phase: 'ready', requestsLimit: 200 }]);
    expect(typesOf(renew(out, { requestsLimit: 200, activate: true }, NOW + 2))).toEqual([
      'LicenseRenewed',
      'LicenseActivated',
    ]);
    expect(typesOf(renew(out, { resetUsage: true, activate: true }, NOW + 2))).toEqual([
      'LicenseRenewed',
      'LicenseActivated',
    ]);
  });

  test('with activate leaves a suspension', () => {
    const out = suspend(use(active(counted({})), 100, NOW + 1).state, NOW + 2);
    const renewed = renew(out, { resetUsage: true, activate: true }, NOW + 3);
    expect(typesOf(renewed)).toEqual(['LicenseRenewed', 'LicenseActivated']);
    expect(renewed.state).toMatchObject({
      suspended: true,
      workStatus: 'inactive',
      activeLicenseId: licenseId(1),
    });
  });

  test('a reset clears thresholds and opens a count', () => {
    const s = use(active(counted({ usageThresholds: [50] })), 60, NOW + 1).state;
    const change = renew(s, { resetUsage: true }, NOW + HOUR);
    expect(typesOf(change)).toEqual(['LicenseRenewed', 'LicenseThresholdCleared']);
    expect(dataOf(change)).toMatchObject([{ usedRequests: 0 }, { thresholds: [50] }]);
    expect(dataOf(use(change.state, 7, NOW + 2, NOW + HOUR))).toMatchObject([{ usedRequests: 67 }]);
    expect(dataOf(use(change.state, 7, NOW + HOUR, NOW + HOUR))).toMatchObject([{ usedRequests: 7 }]);
  });

  test.each([
    ['LicenseNotFound', { licenseId: licenseId(9) }],
    ['InvalidCommand requestsLimit', { requestsLimit: 5 }],
    ['LicenseChanged', { expectedTermsVersion: 2, expiresAt: END - 1 }],
    ['ExpiryNotLater', { expiresAt: END - 1 }],
    ['accepted', { expiresAt: END }],
    ['LicenseAlreadyActive', { activate: true }],
  ])('%s', (answer, changes) => {
    expect(refusal(() => renew(active(timed({})), changes, NOW + 1))).toBe(answer);
  });

  test('LimitBelowUsage: the hard limit after the reset', () => {
    const s = use(active(counted({})), 60, NOW + 1).state;
    expect(refusal(() => renew(s, { requestsLimit: 60 }, NOW + 2))).toBe('LimitBelowUsage');
    expect(refusal(() => renew(s, { requestsLimit: 61 }, NOW + 2))).toBe('accepted');
    expect(refusal(() => renew(s, { requestsLimit: 60, resetUsage: true }, NOW + 2))).toBe('accepted');
  });
});

describe('ChangeLicenseTerms', () => {
  test('takes the whole set, and tells what follows', () => {
    const s = use(active(counted({ usageThresholds: [90] })), 60, NOW + 1).state;
    const changed = change(s, { usageThresholds: [50, 70] }, NOW + 2);
    expect(typesOf(changed)).toEqual(['LicenseTermsChanged', 'LicenseThresholdReached']);
    expect(dataOf(changed)).toMatchObject([{ termsVersion: 2, usageThresholds: [50, 70] }, { thresholds: [50] }]);
    expect(first(change(changed.state, {}, NOW + 3).state)?.terms).toEqual(NO_TERMS);
  });

  test('a limit below the usage is refused, or exhausts', () => {
    const s = use(active(counted({})), 60, NOW + 1).state;
    expect(refusal(() => change(s, { requestsLimit: 60 }, NOW + 2))).toBe('LimitBelowUsage');
    expect(typesOf(change(s, { requestsLimit: 60, whenBelowUsage: 'exhaust' }, NOW + 2))).toEqual([
      'LicenseTermsChanged',
      'LicenseDeactivated',
      'SubdivisionLicenseExpired',
    ]);
  });

  test('a changed period keeps what was used', () => {
    const s = use(active(counted({})), 60, NOW + 1).state;
    const changed = change(s, { period: 'day' }, NOW + HOUR);
    expect(dataOf(changed)).toMatchObject([
      { usedRequests: 60, periodAnchor: null, periodStartsAt: NOW, periodEndsAt: NOW + DAY },
    ]);
  });

  test('a booking whose start is moved begins then; moved to now or before, with the command', () => {
    const booked = activateLicense(created(counted({ startsAt: NOW + DAY })), ofLicense(1), NOW).state;
    expect(change(booked, { startsAt: NOW + HOUR }, NOW + 1).state.due?.at).toBe(NOW + HOUR);
    const begun = change(booked, { startsAt: NOW - DAY }, NOW + 1);
    expect(typesOf(begun)).toEqual(['LicenseTermsChanged', 'LicenseActivated']);
    expect(dataOf(begun)[1]).toMatchObject({ activatedAt: NOW + 1 });
  });

  test.each([
    ['LicenseNotFound', { licenseId: licenseId(9) }],
    ['InvalidCommand expiresAt', {}],
    ['InvalidCommand period', { expiresAt: END, period: 'day' as const }],
    ['accepted', { expiresAt: END, startsAt: NOW + SECOND }],
    ['LicenseChanged', { expiresAt: NOW, expectedTermsVersion: 7 }],
    ['ExpiryNotLater', { expiresAt: NOW + 1 }],
    ['accepted', { expiresAt: NOW + 2 }],
  ])('%s', (answer, changes) => {
    expect(refusal(() => change(active(timed({})), changes, NOW + 1))).toBe(answer);
  });
});

describe('CorrectStatisticRow', () => {
  test('moves the usage by the difference; 0 voids', () => {
    const added = use(active(counted({})), 60, NOW + 1);
    const change = correct(added.state, added.row, { countRequests: 0 }, NOW + 2);
    expect(dataOf(change)).toMatchObject([
      { countRequestsBefore: 60, countRequests: 0, counted: true, usedRequests: 0, reason: 'billed twice' },
    ]);
    expect(change.row.countRequests).toBe(0);
  });

  test('up to the limit exhausts; below it again is ready, or active with reactivate', () => {
    const added = use(active(counted({})), 60, NOW + 1);
    const out = correct(added.state, added.row, { countRequests: 100 }, NOW + 2);
    expect(typesOf(out)).toEqual(['StatisticRowCorrected', 'LicenseDeactivated', 'SubdivisionLicenseExpired']);
    const ready = correct(out.state, out.row, { countRequests: 99 }, NOW + 3);
    expect(typesOf(ready)).toEqual(['StatisticRowCorrected']);
    expect(dataOf(updateLicense(ready.state, { ...ofLicense(1), name: 'A', description: '' }, NOW + 4))).toMatchObject([
      { phase: 'ready' },
    ]);
    expect(typesOf(correct(out.state, out.row, { countRequests: 99, reactivate: true }, NOW + 3))).toEqual([
      'StatisticRowCorrected',
      'LicenseActivated',
    ]);
    const other = activateLicense(out.state, ofLicense(2), NOW + 3).state;
    expect(typesOf(correct(other, out.row, { countRequests: 99, reactivate: true }, NOW + 3))).toEqual([
      'StatisticRowCorrected',
    ]);
  });

  test('with reactivate leaves a suspension', () => {
    const added = use(active(counted({})), 100, NOW + 1);
    const back = correct(suspend(added.state, NOW + 2), added.row, { countRequests: 99, reactivate: true }, NOW + 3);
    expect(typesOf(back)).toEqual(['StatisticRowCorrected', 'LicenseActivated']);
    expect(back.state).toMatchObject({ suspended: true, workStatus: 'inactive', activeLicenseId: licenseId(1) });
  });

  test('with reactivate brings no license back beyond its end', () => {
    const added = use(active(counted({ expiresAt: END })), 100, NOW + 1);
    const correction = { countRequests: 99, reactivate: true };
    expect(typesOf(correct(added.state, added.row, correction, END - 1))).toEqual([
      'StatisticRowCorrected',
      'LicenseActivated',
    ]);
    expect(typesOf(correct(added.state, added.row, correction, END))).toEqual(['StatisticRowCorrected']);
  });

  test('of a closed count changes only that', () => {
    const added = use(active(counted({ period: 'day', usageThresholds: [50] })), 60, NOW + 1);
    const next = at(added.state, NOW + DAY).state;
    const change = correct(next, added.row, { countRequests: 40 }, NOW + DAY + 1);
    expect(typesOf(change)).toEqual(['StatisticRowCorrected']);
    expect(dataOf(change)).toMatchObject([{ usedRequests: 40, periodStartsAt: NOW }]);
    expect(first(change.state)?.usedRequests).toBe(0);
  });

  test('of a license that is deleted counts nothing', () => {
    const added = use(active(counted({})), 60, NOW + 1);
    const gone = { ...added.row, licenseId: licenseId(9) };
    expect(dataOf(correct(added.state, gone, { countRequests: 1 }, NOW + 2))).toMatchObject([
      { counted: false, usedRequests: 0 },
    ]);
  });

  test('is refused without its row, and when the window has closed', () => {
    const added = use(active(counted({})), 60, NOW + 1);
    expect(refusal(() => correct(added.state, undefined, {}, NOW + 2))).toBe('StatisticRowNotFound');
    expect(refusal(() => correct(added.state, added.row, {}, NOW + 1 + 35 * DAY))).toBe('accepted');
    expect(refusal(() => correct(added.state, added.row, {}, NOW + 2 + 35 * DAY))).toBe('CorrectionWindowClosed');
  });
});
