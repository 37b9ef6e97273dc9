import { readersOf } from '../../../src/adapters/avro/readers.ts';
import { correctStatisticRow } from '../../../src/domain/correction.ts';
import { MOST_USED } from '../../../src/domain/counts.ts';
import { activateLicense, deactivateLicense, updateSubdivision } from '../../../src/domain/subdivision-commands.ts';
import type { Subdivision } from '../../../src/domain/subdivision.ts';
import { SCHEMAS } from '../../../src/generated/schemas.ts';
import {
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
  SUBDIVISION,
  TENANT,
  typesOf,
  withLicenses,
  working,
  addRow,
} from './given.ts';

const AVRO = readersOf(SCHEMAS);
const isEncodable = (type: string, data: object) => AVRO.get(type)?.type.isValid(data);
const add = (s: Subdivision, count: number, created = NOW + 1, now = NOW) => addRow(s, row(count, created), false, now);
const answer = (s: Subdivision, created: number, now = NOW, alreadyExists = false) =>
  refusal(() => addRow(s, row(1, created), alreadyExists, now));

test('a row counts on the active license', () => {
  const before = working(bycount(1, 100), bycount(2, 100));
  const change = add(before, 30);
  const ids = { tenantId: TENANT, subdivisionId: SUBDIVISION, licenseId: licenseId(1), statisticRowId: rowId(1) };
  const added = { ...ids, created: NOW + 1, countRequests: 30, counted: true };
  const version = before.version + 1;
  expect(change.row).toEqual({ ...added, countNumber: null });
  expect(change.state).toEqual({
    ...before,
    licenses: [{ ...before.licenses[0], usedRequests: 30 }, before.licenses[1]],
    version,
  });
  const data = { ...added, usedRequests: 30, requestsLimit: 100, periodStartsAt: null, version, occurredAt: NOW };
  expect(change.events).toEqual([{ type: 'licensing.events.StatisticRowAdded', data }]);
});

test('50 then 51 of 100: two rows, and the license is deactivated', () => {
  const half = add(working(bycount(1, 100)), 50).state;
  const change = add(half, 51, NOW + 2, NOW + DAY);
  expect(change.row).toMatchObject({ countRequests: 51, counted: true });
  expect(change.state).toMatchObject({ workStatus: 'inactive', activeLicenseId: null });
  expect(change.state.licenses[0]).toMatchObject({ status: 'inactive', usedRequests: 101, deactivatedAt: NOW + DAY });
  expect(typesOf(change)).toEqual(['StatisticRowAdded', 'LicenseDeactivated', 'SubdivisionLicenseExpired']);
  const version = half.version + 1;
  const idle = { workStatus: 'inactive', activeLicenseId: null, version, occurredAt: NOW + DAY };
  expect(dataOf(change)).toMatchObject([
    { usedRequests: 101, requestsLimit: 100, version },
    { ...idle, usedRequests: 101, status: 'inactive', reason: 'exhausted', activatedAt: NOW, deactivatedAt: NOW + DAY },
    { ...idle, name: 'North' },
  ]);
});

test.each([
  [99, 'active'],
  [100, 'inactive'],
  [1_000, 'inactive'],
])('%i of 100: %s', (count, workStatus) => {
  expect(add(working(bycount(1, 100)), count).state.workStatus).toBe(workStatus);
});

test('a row of no requests is kept and changes only the version', () => {
  const before = working(bycount(1, 100));
  expect(add(before, 0).state).toEqual({ ...before, version: before.version + 1 });
});

test('a row created at or before the first activation is kept and counts nothing', () => {
  const before = working(bycount(1, 100));
  for (const created of [0, NOW]) {
    const change = add(before, 100, created);
    expect(change.row.counted).toBe(false);
    expect(change.state).toEqual({ ...before, version: before.version + 1 });
    expect(typesOf(change)).toEqual(['StatisticRowAdded']);
    expect(dataOf(change)).toMatchObject([{ counted: false, usedRequests: 0, countRequests: 100 }]);
  }
});

test('a row from before a later activation counts: the first one decides', () => {
  const stopped = deactivateLicense(working(bycount(1, 100)), ofLicense(1), NOW + DAY).state;
  const again = activateLicense(stopped, ofLicense(1), NOW + 2 * DAY).state;
  expect(add(again, 7, NOW + 1, NOW + 3 * DAY).state.licenses[0]?.usedRequests).toBe(7);
});

test('usage of a bytime license is counted, without a limit', () => {
  const s = add(add(working(bytime(1, null)), 1e9).state, 1e9, NOW + 2).state;
  expect(s).toMatchObject({ workStatus: 'active', licenses: [{ usedRequests: 2e9 }] });
});

test('usage never leaves the numbers that can be told, by rows or by corrections', () => {
  const s = working(bytime(1, null));
  const worn = { ...s, licenses: s.licenses.map((one) => ({ ...one, usedRequests: MOST_USED - 1 })) };
  const most = add(worn, 5);
  const correction = { ...ofLicense(1), statisticRowId: most.row.statisticRowId, countRequests: 1_000, reason: '' };
  const corrected = correctStatisticRow(most.state, { ...correction, reactivate: false }, most.row, NOW + 2);
  for (const { state, events } of [most, corrected]) {
    expect(state.licenses[0]?.usedRequests).toBe(MOST_USED);
    for (const { type, data } of events) expect([type, isEncodable(type, data)]).toEqual([type, true]);
  }
});

describe('is refused', () => {
  const ids = { tenantId: TENANT, subdivisionId: SUBDIVISION };
  const fields = { name: 'North', location: '', linkToSubdivisionProcessingDomain: null };
  const suspend = (s: Subdivision) => updateSubdivision(s, { ...ids, ...fields, workStatus: 'inactive' }, NOW).state;

  test('when the subdivision is inactive: never active, deactivated, exhausted or suspended', () => {
    const active = working(bycount(1, 10));
    expect(answer(withLicenses(bycount(1, 10)), NOW + 1)).toBe('SubdivisionInactive');
    expect(answer(deactivateLicense(active, ofLicense(1), NOW).state, NOW + 1)).toBe('SubdivisionInactive');
    expect(answer(add(active, 10).state, NOW + 2)).toBe('SubdivisionInactive');
    expect(answer(suspend(active), NOW + 1)).toBe('SubdivisionInactive');
  });

  test('when it was created at or after the end of a bytime license, whatever the clock says', () => {
    const s = working(bytime(1, NOW + DAY));
    expect(answer(s, NOW + DAY - 1, NOW + 2 * DAY)).toBe('accepted');
    expect(answer(s, NOW + DAY, NOW + 2 * DAY)).toBe('SubdivisionInactive');
    expect(answer(s, NOW + DAY, NOW + DAY)).toBe('SubdivisionInactive');
    expect(answer(s, NOW + DAY, NOW + DAY - 1)).toBe('LicenseExpired');
  });

  test('when it was created more than 5 minutes ahead of the clock', () => {
    const s = working(bycount(1, 10));
    expect(answer(s, NOW + 5 * MINUTE)).toBe('accepted');
    expect(answer(s, NOW + 5 * MINUTE + 1)).toBe('StatisticRowInFuture');
  });

  test('when it exists', () => {
    expect(answer(working(bycount(1, 10)), NOW + 1, NOW, true)).toBe('StatisticRowAlreadyExists');
  });

  test('in the order of the contract', () => {
    const active = working(bytime(1, NOW + DAY));
    expect(answer(suspend(active), NOW + DAY, NOW, true)).toBe('SubdivisionInactive');
    expect(answer(active, NOW + DAY, NOW, true)).toBe('LicenseExpired');
    expect(answer(active, NOW + DAY - 1, NOW, true)).toBe('StatisticRowInFuture');
  });
});
