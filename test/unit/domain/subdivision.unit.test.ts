import {
  createLicense,
  createSubdivision,
  deleteSubdivision,
  updateSubdivision,
} from '../../../src/domain/subdivision-commands.ts';
import type { Subdivision } from '../../../src/domain/subdivision.ts';
import {
  aSubdivision,
  bycount,
  bytime,
  DAY,
  dataOf,
  licenseId,
  NOW,
  refusal,
  SUBDIVISION,
  TENANT,
  typesOf,
  withLicenses,
  working,
} from './given.ts';

const FIELDS = { name: 'South', location: 'Rome', linkToSubdivisionProcessingDomain: 'https://south.example' };
const IDS = { tenantId: TENANT, subdivisionId: SUBDIVISION };

const update = (s: Subdivision, workStatus: 'active' | 'inactive' | null, now = NOW) =>
  updateSubdivision(s, { ...IDS, ...FIELDS, workStatus }, now);
const shown = ({
  licenses: _,
  suspended: __,
  settledAt: ___,
  due: ____,
  lateBefore: _____,
  idlePeriodEndsAt: ______,
  ...fields
}: Subdivision) => ({
  ...fields,
  occurredAt: NOW,
});

test('a new subdivision is inactive and has no licenses', () => {
  const { state, events } = createSubdivision({ ...IDS, ...FIELDS }, NOW);
  const timeless = { suspended: false, settledAt: null, due: null, lateBefore: null, idlePeriodEndsAt: null };
  const idle = { workStatus: 'inactive', activeLicenseId: null, licenses: [] };
  expect(state).toEqual({ ...IDS, ...FIELDS, ...idle, ...timeless, version: 1 });
  expect(events).toEqual([{ type: 'licensing.events.SubdivisionCreated', data: shown(state) }]);
});

describe('UpdateSubdivision', () => {
  test('replaces the fields and, without a workStatus, keeps it', () => {
    for (const before of [aSubdivision(), working(bycount(1, 10))]) {
      const { state, events } = update(before, null);
      expect(state).toEqual({ ...before, ...FIELDS, version: before.version + 1 });
      expect(events).toEqual([{ type: 'licensing.events.SubdivisionUpdated', data: shown(state) }]);
    }
  });

  test('clears the link when it is null', () => {
    const linked = update(aSubdivision(), null).state;
    const command = { ...IDS, ...FIELDS, linkToSubdivisionProcessingDomain: null, workStatus: null };
    expect(updateSubdivision(linked, command, NOW).state.linkToSubdivisionProcessingDomain).toBeNull();
  });

  test('inactive suspends: the license stays the active one', () => {
    const { state } = update(working(bycount(1, 10)), 'inactive');
    expect(state).toMatchObject({ workStatus: 'inactive', activeLicenseId: licenseId(1) });
    expect(state.licenses[0]?.status).toBe('active');
  });

  test('active ends the suspension', () => {
    expect(update(update(working(bycount(1, 10)), 'inactive').state, 'active').state.workStatus).toBe('active');
  });

  test('active needs an active license', () => {
    expect(refusal(() => update(withLicenses(bycount(1, 10)), 'active'))).toBe('LicenseInactive');
    expect(refusal(() => update(aSubdivision(), 'active'))).toBe('LicenseInactive');
  });

  test('active needs one that still lasts', () => {
    const suspended = update(working(bytime(1, NOW + DAY)), 'inactive').state;
    expect(refusal(() => update(suspended, 'active', NOW + DAY - 1))).toBe('accepted');
    expect(refusal(() => update(suspended, 'active', NOW + DAY))).toBe('LicenseInactive');
    expect(refusal(() => update(suspended, 'inactive', NOW + DAY))).toBe('accepted');
    expect(refusal(() => update(suspended, null, NOW + DAY))).toBe('accepted');
  });
});

describe('DeleteSubdivision', () => {
  test('tells the state before it, with the version of the deletion', () => {
    const before = aSubdivision();
    const { state, events } = deleteSubdivision(before, NOW);
    expect(state).toEqual({ version: 2 });
    expect(events).toEqual([{ type: 'licensing.events.SubdivisionDeleted', data: { ...shown(before), version: 2 } }]);
  });

  test('deactivates the active license, then deletes the licenses by id, then itself', () => {
    const before = working(bycount(2, 10), bycount(1, 10), bytime(3, null));
    const change = deleteSubdivision(before, NOW + DAY);
    expect(typesOf(change)).toEqual([
      'LicenseDeactivated',
      'LicenseDeleted',
      'LicenseDeleted',
      'LicenseDeleted',
      'SubdivisionDeleted',
    ]);
    const gone = { version: before.version + 1, occurredAt: NOW + DAY, workStatus: 'inactive', activeLicenseId: null };
    expect(dataOf(change)).toMatchObject([
      { ...gone, licenseId: licenseId(1), status: 'inactive', reason: 'deleted', deactivatedAt: NOW + DAY },
      { ...gone, licenseId: licenseId(1), status: 'inactive', deactivatedAt: NOW + DAY },
      { ...gone, licenseId: licenseId(2), deactivatedAt: null },
      { ...gone, licenseId: licenseId(3) },
      gone,
    ]);
    expect(dataOf(change)[1]).not.toHaveProperty('reason');
  });

  test('of a suspended one deactivates its license too', () => {
    const suspended = update(working(bycount(1, 10)), 'inactive').state;
    expect(typesOf(deleteSubdivision(suspended, NOW))).toEqual([
      'LicenseDeactivated',
      'LicenseDeleted',
      'SubdivisionDeleted',
    ]);
  });
});

test('what is changed is a new value; the old one stays', () => {
  const before = working(bycount(1, 10));
  const copy = structuredClone(before);
  createLicense(before, bycount(2, 10), NOW);
  update(before, 'inactive');
  deleteSubdivision(before, NOW);
  expect(before).toEqual(copy);
});
