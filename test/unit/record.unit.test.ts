import { randomUUID } from 'node:crypto';
import { completeRecord } from '../../src/cli/record.ts';

const [T, S, R] = [randomUUID(), randomUUID(), randomUUID()];
const ROW = { tenantId: T, subdivisionId: S, statisticRowId: R, countRequests: 1 };
const FILL_INS = { newId: () => 'new', now: () => 0 };

function created(time: unknown): unknown {
  return completeRecord('licensing.commands.AddStatisticRow', { ...ROW, created: time }, FILL_INS)['created'];
}

test.each([
  ['2027-02-28', 1_803_772_800_000],
  ['2028-02-29T12:00:00Z', 1_835_438_400_000],
  ['2026-12-31T23:59:59.5+02:00', 1_798_754_399_500],
  [1_700_000_000_000, 1_700_000_000_000],
])('a time that there is: %s', (time, milliseconds) => {
  expect(created(time)).toBe(milliseconds);
});

test.each([
  '2027-02-30',
  '2027-02-29',
  '2027-04-31T10:00:00Z',
  '2100-02-29',
  '2027-13-01',
  '2027-00-10',
  '2027-01-00',
  '2027-01-01T25:00:00Z',
  '2027-01-01T10:00:00',
  'today',
  1.5,
])('a time that there is not: %s', (time) => {
  expect(() => created(time)).toThrow(/created must be a time/);
});

test('an id is a UUID, in capitals too', () => {
  const withTenant = (tenantId: unknown) =>
    completeRecord('licensing.commands.AddStatisticRow', { ...ROW, tenantId }, FILL_INS)['tenantId'];
  expect(withTenant(T.toUpperCase())).toBe(T.toUpperCase());
  for (const odd of ['t', '', `${T} `, `{${T}}`, 7]) {
    expect(() => withTenant(odd)).toThrow(/^tenantId must be a UUID in quotes/);
  }
});

test('what is sent again under its id has to be given whole', () => {
  expect(() => completeRecord('licensing.commands.CreateTenant', { name: 'Acme' }, undefined)).toThrow(
    /^CreateTenant lacks tenantId, userId; with --id/,
  );
  const { statisticRowId, ...rest } = { ...ROW, created: 0 };
  expect(completeRecord('licensing.commands.AddStatisticRow', { ...rest, statisticRowId }, undefined)).toEqual({
    ...ROW,
    created: 0,
  });
  expect(() => completeRecord('licensing.commands.AddStatisticRow', ROW, undefined)).toThrow(
    /lacks created; with --id/,
  );
});

describe('a list', () => {
  const LICENSE = { tenantId: T, subdivisionId: S, licenseId: randomUUID(), name: 'Gold', type: 'bycount' };
  const thresholds = (usageThresholds: unknown) =>
    completeRecord('licensing.commands.CreateLicense', { ...LICENSE, usageThresholds }, FILL_INS)['usageThresholds'];

  test('is taken in brackets, and may be empty, null or left out', () => {
    expect([thresholds([80, 100]), thresholds([]), thresholds(null)]).toEqual([[80, 100], [], null]);
    expect(thresholds(undefined)).toBeNull();
  });

  test.each([
    [80, /^usageThresholds must be a list in brackets/],
    ['80, 100', /^usageThresholds must be a list in brackets/],
    [[80, '100'], /^each of usageThresholds must be a whole number/],
    [[80, null], /^each of usageThresholds must be a whole number/],
    [[80.5], /^each of usageThresholds must be a whole number/],
  ])('is not %j', (given, message) => {
    expect(() => thresholds(given)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(message),
        details: expect.arrayContaining([expect.stringMatching(/usageThresholds +list of whole numbers or null/)]),
      }),
    );
  });
});
