import { boundaryAfter, boundaryAtOrBefore } from '../../oracle/calendar.ts';
import { NO_TERMS } from '../../oracle/terms.ts';
import { NOW } from '../../support/builders.ts';
import type { Data } from '../../support/collect.ts';
import { DAY, GivenModel, HOUR, license, licenseId, MINUTE, ofLicense } from './given-model.ts';

// What the oracle says of counts, in cases that were worked out by hand from the contract's pages.

const EXHAUSTED = ['LicenseDeactivated', 'SubdivisionLicenseExpired'];
const data = (model: GivenModel): readonly Data[] => model.events.map((event) => event.data);

/** License 1 of 100 requests, active. */
function given(terms: Data): GivenModel {
  const model = new GivenModel();
  model.send(0, 'CreateLicense', license(1, { type: 'bycount', requestsLimit: 100, ...terms }));
  model.send(0, 'ActivateSubdivisionLicense', ofLicense(1));
  return model;
}

describe('the calendar', () => {
  const day = (text: string): number => Date.parse(`${text}T10:00:00.000Z`);

  test.each([
    ['month', '2024-01-31', ['2024-02-29', '2024-03-31', '2024-04-30', '2024-05-31']],
    ['month', '2023-11-30', ['2023-12-30', '2024-01-30', '2024-02-29', '2024-03-30']],
    ['year', '2024-02-29', ['2025-02-28', '2026-02-28', '2027-02-28', '2028-02-29']],
    ['week', '2023-12-25', ['2024-01-01', '2024-01-08']],
    ['day', '2024-02-28', ['2024-02-29', '2024-03-01']],
  ])('has each %s from its anchor, %s', (period, anchor, boundaries) => {
    const all = [anchor, ...boundaries].map(day);
    for (const [n, boundary] of all.entries()) {
      expect(boundaryAtOrBefore(day(anchor), period, boundary)).toBe(boundary);
      if (n > 0) expect(boundaryAtOrBefore(day(anchor), period, boundary - 1)).toBe(all[n - 1]);
      if (n > 0) expect(boundaryAfter(day(anchor), period, boundary - 1)).toBe(boundary);
      // From an anchor that lies ahead.
      if (n === 0) expect(boundaryAfter(day(anchor), period, boundary - 1)).toBe(boundary);
    }
  });
});

describe('a period', () => {
  test('begins with the activation, and its end begins the next one with nothing used', () => {
    const model = given({ period: 'day', usageThresholds: [50] });
    expect(data(model)).toMatchObject([{ periodStartsAt: NOW, periodEndsAt: NOW + DAY, periodAnchor: null }]);
    model.row(1, 1, 60);
    expect(data(model)).toMatchObject([{ periodStartsAt: NOW }, { thresholds: [50] }]);
    expect(model.advance(DAY)).toEqual(['LicensePeriodStarted']);
    expect(data(model)).toMatchObject([
      { usedRequests: 0, closedPeriodStartsAt: NOW, closedUsedRequests: 60, periodStartsAt: NOW + DAY },
    ]);
    // Late: it changes what is closed, and nothing follows from that.
    expect(model.row(DAY, DAY - 1, 60)).toEqual(['StatisticRowAdded']);
    expect(data(model)).toMatchObject([{ usedRequests: 120, periodStartsAt: NOW }]);
    expect(model.row(DAY, DAY, 60)).toEqual(['StatisticRowAdded', 'LicenseThresholdReached']);
    expect(data(model)[0]).toMatchObject({ usedRequests: 60, periodStartsAt: NOW + DAY });
  });

  test('brings back what exhaustion has ended', () => {
    const model = given({ period: 'day' });
    expect(model.row(1, 1, 100)).toEqual(['StatisticRowAdded', ...EXHAUSTED]);
    expect(model.advance(DAY)).toEqual(['LicensePeriodStarted', 'LicenseActivated']);
    expect(data(model)).toMatchObject([
      { phase: 'ready' },
      { phase: 'current', activatedAt: NOW, effectiveAt: NOW + DAY },
    ]);
  });

  test('does not, if a command deactivates it, or another one is active', () => {
    const model = given({ period: 'day' });
    model.row(1, 1, 100);
    expect(model.send(2, 'DeactivateSubdivisionLicense', ofLicense(1))).toEqual(['LicenseDeactivated']);
    expect(data(model)).toMatchObject([{ reason: 'command', phase: 'ready' }]);
    expect(model.send(2, 'ActivateSubdivisionLicense', ofLicense(1))).toEqual(['LicenseExhausted']);
    expect(model.advance(DAY)).toEqual([]);
    expect(model.send(DAY, 'ActivateSubdivisionLicense', ofLicense(1))).toEqual(['LicenseActivated']);
    expect(data(model)).toMatchObject([{ usedRequests: 0, periodStartsAt: NOW + DAY }]);
    model.row(DAY, DAY + 1, 100);
    model.send(DAY, 'CreateLicense', license(2, { type: 'bycount', requestsLimit: 100 }));
    model.send(DAY, 'ActivateSubdivisionLicense', ofLicense(2));
    expect(model.advance(2 * DAY)).toEqual(['LicensePeriodStarted']);
    expect(data(model)).toMatchObject([{ licenseId: licenseId(1), activeLicenseId: licenseId(2), phase: 'ready' }]);
  });

  test('that begins at a time which a closed count holds too takes what belongs there', () => {
    const model = given({ overage: 'unlimited' });
    model.row(1, 1, 60);
    const renewal = { expiresAt: null, requestsLimit: null, resetUsage: true, activate: false };
    expect(model.send(HOUR, 'RenewLicense', { ...ofLicense(1), ...renewal })).toEqual(['LicenseRenewed']);
    // By a clock that is behind, from before the activation: so the first period ends with it, and the second begins.
    const yearly = { ...NO_TERMS, requestsLimit: null, period: 'year', whenBelowUsage: 'reject' };
    expect(model.send(-HOUR, 'ChangeLicenseTerms', { ...ofLicense(1), ...yearly })).toEqual(['LicenseTermsChanged']);
    expect(model.advance(0, 2 * HOUR)).toEqual(['LicensePeriodStarted']);
    model.row(MINUTE, MINUTE, 3);
    expect(data(model)).toMatchObject([{ usedRequests: 3, periodStartsAt: NOW }]);
  });

  test('follows its anchor, and ends with the license', () => {
    const model = given({ period: 'month', periodAnchor: NOW + DAY, expiresAt: NOW + 2 * DAY });
    expect(data(model)).toMatchObject([{ periodStartsAt: Date.UTC(2025, 11, 16, 12), periodEndsAt: NOW + DAY }]);
    expect(model.advance(40 * DAY)).toEqual(['LicensePeriodStarted', ...EXHAUSTED]);
    expect(data(model)[1]).toMatchObject({ reason: 'expired' });
  });
});

describe('overage', () => {
  test('goes on to the hard limit', () => {
    const model = given({ overage: 'percent', overagePercent: 10, usageThresholds: [80, 100] });
    expect(model.row(1, 1, 100)).toEqual(['StatisticRowAdded', 'LicenseThresholdReached', 'LicenseOverageStarted']);
    expect(data(model)).toMatchObject([{}, { thresholds: [80, 100], phase: 'overage' }, { phase: 'overage' }]);
    expect(model.row(1, 2, 9)).toEqual(['StatisticRowAdded']);
    expect(model.row(1, 3, 1)).toEqual(['StatisticRowAdded', ...EXHAUSTED]);
    expect(data(model)[1]).toMatchObject({ usedRequests: 110, reason: 'exhausted', phase: 'exhausted' });
  });

  test('without a limit has no end', () => {
    const model = given({ overage: 'unlimited' });
    expect(model.row(1, 1, 1e6)).toEqual(['StatisticRowAdded', 'LicenseOverageStarted']);
    expect(model.row(1, 2, 1e6)).toEqual(['StatisticRowAdded']);
  });
});

describe('CorrectStatisticRow', () => {
  const correct = (model: GivenModel, at: number, statisticRowId: unknown, fields: Data): readonly string[] =>
    model.send(at, 'CorrectStatisticRow', { statisticRowId, reason: 'wrong meter', reactivate: false, ...fields });

  test('changes what is used, and what follows from it', () => {
    const model = given({ usageThresholds: [50] });
    model.row(1, 1, 60);
    const row = data(model)[0]?.['statisticRowId'];
    expect(correct(model, MINUTE, row, { countRequests: 40 })).toEqual([
      'StatisticRowCorrected',
      'LicenseThresholdCleared',
    ]);
    expect(data(model)).toMatchObject([
      {
        countRequestsBefore: 60,
        countRequests: 40,
        usedRequests: 40,
        counted: true,
        reason: 'wrong meter',
        requestsLimit: 100,
      },
      { thresholds: [50] },
    ]);
    expect(correct(model, MINUTE, row, { countRequests: 100 })).toEqual([
      ...['StatisticRowCorrected', 'LicenseThresholdReached', ...EXHAUSTED],
    ]);
    expect(correct(model, MINUTE, row, { countRequests: 0 })).toEqual([
      'StatisticRowCorrected',
      'LicenseThresholdCleared',
    ]);
    expect(data(model)[1]).toMatchObject({ phase: 'ready' });
    expect(correct(model, 36 * DAY, row, { countRequests: 1 })).toEqual(['CorrectionWindowClosed']);
    expect(correct(model, 0, licenseId(9), { countRequests: 1 })).toEqual(['StatisticRowNotFound']);
  });

  test('reactivates what it takes below the limit', () => {
    const model = given({});
    model.row(1, 1, 100);
    const row = data(model)[0]?.['statisticRowId'];
    expect(correct(model, HOUR, row, { countRequests: 99, reactivate: true })).toEqual([
      ...['StatisticRowCorrected', 'LicenseActivated'],
    ]);
    model.send(HOUR, 'DeleteLicense', ofLicense(1));
    expect(correct(model, HOUR, row, { countRequests: 0, reactivate: true })).toEqual(['StatisticRowCorrected']);
    expect(data(model)).toMatchObject([{ counted: false, countRequestsBefore: 99 }]);
  });
});
