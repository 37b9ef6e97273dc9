import {
  activateLicense,
  createLicense,
  deactivateLicense,
  deleteSubdivision,
  updateLicense,
  updateSubdivision,
} from '../../../src/domain/subdivision-commands.ts';
import { fromStored, type Subdivision } from '../../../src/domain/subdivision.ts';
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
  SUBDIVISION,
  TENANT,
  typesOf,
  withLicenses,
  working,
} from './given.ts';

const END = NOW + DAY;
const ENDED = { status: 'inactive', phase: 'expired', deactivatedAt: END, effectiveAt: END, reason: 'expired' };
const expiring = (): Subdivision => working(bytime(1, END), bycount(2, 10));
const rename = (s: Subdivision, now: number) =>
  updateLicense(s, { ...ofLicense(2), name: 'Renamed', description: '' }, now);
const suspend = (s: Subdivision, now: number) =>
  updateSubdivision(
    s,
    {
      tenantId: TENANT,
      subdivisionId: SUBDIVISION,
      name: 'North',
      location: '',
      linkToSubdivisionProcessingDomain: null,
      workStatus: 'inactive',
    },
    now,
  ).state;

describe('the end of an active license', () => {
  test('is due, and of no other', () => {
    expect(expiring().due).toEqual({ at: END, isNotice: false });
    expect(withLicenses(bytime(1, END)).due).toBeNull();
    expect(working(bycount(1, 10)).due).toBeNull();
    expect(deactivateLicense(expiring(), ofLicense(1), NOW).state.due).toBeNull();
    expect(suspend(expiring(), NOW).due).toEqual({ at: END, isNotice: false });
  });

  test('comes with AdvanceSubdivision, at its due time and not before', () => {
    const before = expiring();
    expect(advance(before, END - 1)).toBeUndefined();
    const change = advance(before, END + MINUTE);
    expect(change && typesOf(change)).toEqual(['LicenseDeactivated', 'SubdivisionLicenseExpired']);
    const shared = {
      version: before.version + 1,
      occurredAt: END + MINUTE,
      workStatus: 'inactive',
      activeLicenseId: null,
    };
    expect(change && dataOf(change)).toMatchObject([{ ...ENDED, ...shared }, shared]);
    expect(change?.state).toMatchObject({ due: null, settledAt: END, lateBefore: END, workStatus: 'inactive' });
    expect(change && advance(change.state, END + DAY)).toBeUndefined();
  });

  test('comes ahead of what another message does, in one version', () => {
    const before = expiring();
    const change = rename(before, END);
    expect(typesOf(change)).toEqual(['LicenseDeactivated', 'SubdivisionLicenseExpired', 'LicenseUpdated']);
    for (const data of dataOf(change)) expect(data).toMatchObject({ version: before.version + 1, occurredAt: END });
    expect(change.state.version).toBe(before.version + 1);
    expect(typesOf(rename(before, END - 1))).toEqual(['LicenseUpdated']);
  });

  test('makes room for the next license', () => {
    expect(typesOf(activateLicense(expiring(), ofLicense(2), END))).toEqual([
      'LicenseDeactivated',
      'SubdivisionLicenseExpired',
      'LicenseActivated',
    ]);
    expect(refusal(() => activateLicense(expiring(), ofLicense(2), END - 1))).toBe('SubdivisionHasActiveLicense');
  });

  test('leaves no trace with a message that is refused', () => {
    const before = expiring();
    expect(refusal(() => activateLicense(before, ofLicense(1), END))).toBe('LicenseExpired');
    expect(refusal(() => deactivateLicense(before, ofLicense(1), END))).toBe('LicenseInactive');
    expect(before.due).toEqual({ at: END, isNotice: false });
  });

  test('comes ahead of a deletion', () => {
    expect(typesOf(deleteSubdivision(expiring(), END))).toEqual([
      'LicenseDeactivated',
      'SubdivisionLicenseExpired',
      'LicenseDeleted',
      'LicenseDeleted',
      'SubdivisionDeleted',
    ]);
  });

  test('is not brought by a row of before it, however late the row comes', () => {
    const change = addRow(expiring(), row(5, END - 1), false, END + DAY);
    expect(typesOf(change)).toEqual(['StatisticRowAdded']);
    expect(change.state.due).toEqual({ at: END, isNotice: false });
  });
});

describe('time never runs back', () => {
  test('behind what was applied', () => {
    const ended = rename(expiring(), END).state;
    const change = activateLicense(ended, ofLicense(2), NOW + MINUTE);
    expect(dataOf(change)).toMatchObject([{ activatedAt: END, occurredAt: END, effectiveAt: null }]);
    expect(dataOf(addRow(change.state, row(1, END + 1), false, NOW))).toMatchObject([
      { occurredAt: END, counted: true },
    ]);
  });

  test('and messages that run back before anything was applied are decided by their own time', () => {
    expect(dataOf(rename(rename(expiring(), NOW + MINUTE).state, NOW))).toMatchObject([{ occurredAt: NOW }]);
  });
});

describe('a row that comes after its license was ended by time', () => {
  const ended = () => rename(expiring(), END).state;
  const usedOf = (s: Subdivision) => s.licenses.map(({ usedRequests }) => usedRequests);

  test('goes to that license, which stays ended', () => {
    const change = addRow(ended(), row(5, END - 1), false, END + MINUTE);
    expect(typesOf(change)).toEqual(['StatisticRowAdded']);
    expect(dataOf(change)).toMatchObject([{ licenseId: licenseId(1), counted: true, usedRequests: 5 }]);
    expect(usedOf(change.state)).toEqual([5, 0]);
    expect(change.state).toMatchObject({ workStatus: 'inactive', activeLicenseId: null });
  });

  test('and not to the one that is active now; later rows do', () => {
    const next = activateLicense(ended(), ofLicense(2), END + 1).state;
    expect(usedOf(addRow(next, row(5, END - 1), false, END + MINUTE).state)).toEqual([5, 0]);
    expect(usedOf(addRow(next, row(5, END + 2), false, END + MINUTE).state)).toEqual([0, 5]);
    expect(dataOf(addRow(next, row(5, END), false, END + MINUTE))).toMatchObject([{ counted: false }]);
  });

  test('is taken for as long as the window says, by its own time', () => {
    const late = (now: number) => refusal(() => addRow(ended(), row(5, END - 1), false, now));
    expect(late(END + DAY)).toBe('accepted');
    expect(late(END + DAY + 1)).toBe('SubdivisionInactive');
  });

  test('is refused when it was created at the end or after it, or the subdivision is suspended', () => {
    expect(refusal(() => addRow(ended(), row(5, END), false, END + MINUTE))).toBe('SubdivisionInactive');
    expect(refusal(() => addRow(suspend(ended(), END), row(5, END - 1), false, END))).toBe('SubdivisionInactive');
  });

  test('counts for the license that ended last, of two that were active then', () => {
    // Both began before the row: the first was deactivated in between and activated again.
    let s = activateLicense(withLicenses(bytime(1, END), bytime(2, END + DAY)), ofLicense(1), NOW).state;
    s = deactivateLicense(s, ofLicense(1), NOW + 1).state;
    s = activateLicense(s, ofLicense(2), NOW + 2).state;
    s = deactivateLicense(s, ofLicense(2), NOW + 3).state;
    s = activateLicense(s, ofLicense(1), NOW + 4).state;
    s = activateLicense(s, ofLicense(2), END).state;
    const both = advance(s, END + DAY)?.state ?? aSubdivision();
    expect(usedOf(addRow(both, row(5, NOW + MINUTE), false, END + DAY).state)).toEqual([0, 5]);
  });

  test('must be new as any other', () => {
    expect(refusal(() => addRow(ended(), row(5, END - 1), true, END))).toBe('StatisticRowAlreadyExists');
  });
});

describe('suspension', () => {
  test('is kept without an active license, and lifted by an activation', () => {
    const suspended = suspend(withLicenses(bycount(1, 10)), NOW);
    expect(suspended).toMatchObject({ suspended: true, workStatus: 'inactive' });
    expect(activateLicense(suspended, ofLicense(1), NOW).state).toMatchObject({
      suspended: false,
      workStatus: 'active',
    });
  });

  test('stops no clock', () => {
    const change = advance(suspend(expiring(), NOW), END);
    expect(change && typesOf(change)).toEqual(['LicenseDeactivated', 'SubdivisionLicenseExpired']);
    expect(change?.state.suspended).toBe(true);
  });

  test('outlasts the license that was active', () => {
    const change = deactivateLicense(suspend(expiring(), NOW), ofLicense(1), NOW).state;
    expect(change.suspended).toBe(true);
    expect(createLicense(change, bycount(3, 10), NOW).state.suspended).toBe(true);
  });
});

test('thousands of periods that end at one instant are settled in a moment', () => {
  const count = 5_000;
  const s = withLicenses(
    ...Array.from({ length: count }, (_, i) => ({ ...bycount(i + 1, 10), period: 'day' as const })),
  );
  const licenses = s.licenses.map((license) => ({
    ...license,
    usedRequests: 10,
    activatedAt: NOW,
    deactivatedAt: NOW,
    endReason: 'exhausted' as const,
    progress: { ...license.progress, periodStartsAt: NOW },
  }));
  const startedAt = performance.now();
  const change = advance(fromStored({ ...s, licenses }), END);
  expect(change?.events).toHaveLength(count + 1);
  // Looking at all of them for each would take minutes.
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});
