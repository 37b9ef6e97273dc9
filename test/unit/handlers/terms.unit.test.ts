import type { License } from '../../../src/domain/license.ts';
import * as a from '../../support/builders.ts';
import { given, type Thing } from '../../support/given.ts';
import { command, type CommandData } from '../../support/load.ts';

const KEY = { tenantId: a.tenantId(1), subdivisionId: a.subdivisionId(1) };
const OF_LICENSE = { ...KEY, licenseId: a.licenseId(1) };
const DAY = 24 * 60 * 60 * 1_000;

/** Tenant 1 with subdivision 1, whose active license it is. */
function active(changes: Partial<License> = {}): readonly Thing[] {
  return [a.aTenant(1), a.aSubdivision(1, a.licensed(a.anActiveLicense(1, changes)))];
}

test('CreateLicense keeps its terms', () => {
  const terms = {
    ...{
      startsAt: a.NOW + DAY,
      graceMs: DAY,
      overage: 'percent' as const,
      overagePercent: 10,
      usageThresholds: [80, 100],
    },
    ...{ noticesBeforeExpiry: [DAY], period: 'month' as const, periodAnchor: a.NOW },
  };
  const agreed = { name: 'Pro', description: '', type: 'bycount', requestsLimit: 100, expiresAt: a.NOW + 9 * DAY };
  return given(a.aTenant(1), a.aSubdivision(1))
    .when(command('CreateLicense', { ...OF_LICENSE, ...agreed, ...terms }))
    .brings(['LicenseCreated', { ...terms, expiresAt: a.NOW + 9 * DAY, termsVersion: 1, phase: 'ready' }]);
});

describe('RenewLicense', () => {
  const renew = (changes: Partial<CommandData<'RenewLicense'>>) =>
    command('RenewLicense', { ...OF_LICENSE, resetUsage: false, activate: false, ...changes });

  test('stores and tells what was renewed', () =>
    given(...active({ usedRequests: 60 }))
      .when(renew({ requestsLimit: 500, resetUsage: true }))
      .brings(['LicenseRenewed', { requestsLimit: 500, usedRequests: 0, termsVersion: 2, version: 2 }]));

  test('names what the license does not allow', async () => {
    await given(...active({ type: 'bytime', requestsLimit: null, expiresAt: a.NOW + DAY }))
      .when(renew({ requestsLimit: 5 }))
      .isRejected('InvalidCommand', 'requestsLimit');
    await given(...active())
      .when(renew({ expectedTermsVersion: 2 }))
      .isRejected('LicenseChanged');
    await given(a.aTenant(1)).when(renew({})).isRejected('SubdivisionNotFound');
  });
});

describe('ChangeLicenseTerms', () => {
  const change = (changes: Partial<CommandData<'ChangeLicenseTerms'>>) =>
    command('ChangeLicenseTerms', { ...OF_LICENSE, whenBelowUsage: 'reject', ...changes });

  test('stores and tells the whole set', () =>
    given(...active({ usedRequests: 60 }))
      .when(change({ usageThresholds: [50], expiresAt: a.NOW + DAY, graceMs: DAY }))
      .brings(
        ['LicenseTermsChanged', { usageThresholds: [50], graceMs: DAY, termsVersion: 2 }],
        ['LicenseThresholdReached', { thresholds: [50] }],
      ));

  test('refuses a limit below the usage', () =>
    given(...active({ usedRequests: 60 }))
      .when(change({ requestsLimit: 60 }))
      .isRejected('LimitBelowUsage'));
});

describe('CorrectStatisticRow', () => {
  const correct = (countRequests: number, changes: Partial<CommandData<'CorrectStatisticRow'>> = {}) =>
    command('CorrectStatisticRow', {
      ...{ ...KEY, statisticRowId: a.rowId(1), countRequests, reason: 'billed twice', reactivate: false },
      ...changes,
    });
  const row = command('AddStatisticRow', { ...KEY, statisticRowId: a.rowId(1), created: a.NOW + 1, countRequests: 60 });

  test('stores and tells the row and its usage', () =>
    given(...active())
      .after(row)
      .when(correct(20))
      .brings(['StatisticRowCorrected', { countRequestsBefore: 60, countRequests: 20, usedRequests: 20 }]));

  test('goes on from an earlier correction', () =>
    given(...active())
      .after(row, correct(20))
      .when(correct(30))
      .brings(['StatisticRowCorrected', { countRequestsBefore: 20, countRequests: 30, usedRequests: 30 }]));

  test('does not find the row of another subdivision', () =>
    given(...active(), a.aSubdivision(2))
      .after(row)
      .when(correct(20, { subdivisionId: a.subdivisionId(2) }))
      .isRejected('StatisticRowNotFound'));
});
