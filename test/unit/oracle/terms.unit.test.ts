import { NOW } from '../../support/builders.ts';
import type { Data } from '../../support/collect.ts';
import { bytime, DAY, GivenModel, HOUR, license, licenseId, MINUTE, ofLicense, SECOND } from './given-model.ts';

// What the oracle says of terms, bookings, grace, notices and renewals, in cases that were worked out by hand from the contract's pages.

const EXPIRED = ['LicenseDeactivated', 'SubdivisionLicenseExpired'];
const data = (model: GivenModel): readonly Data[] => model.events.map((event) => event.data);
const create = (model: GivenModel, number: number, fields: Data, at = 0): readonly string[] =>
  model.send(at, 'CreateLicense', license(number, { type: 'bycount', requestsLimit: 100, ...fields }));
const activate = (model: GivenModel, number: number, at: number): readonly string[] =>
  model.send(at, 'ActivateSubdivisionLicense', ofLicense(number));

describe('terms', () => {
  test.each<[string, Data]>([
    ['startsAt', { startsAt: NOW + HOUR, expiresAt: NOW + HOUR }],
    ['graceMs', { graceMs: 1 }],
    ['graceMs', { graceMs: 366 * DAY + 1, expiresAt: NOW + HOUR }],
    ['overage', { type: 'bytime', requestsLimit: null, overage: 'unlimited' }],
    ['overagePercent', { overagePercent: 10 }],
    ['overagePercent', { overage: 'percent' }],
    ['usageThresholds', { usageThresholds: [80, 80] }],
    ['usageThresholds', { type: 'bytime', requestsLimit: null, usageThresholds: [80] }],
    ['noticesBeforeExpiry', { noticesBeforeExpiry: [MINUTE, HOUR], expiresAt: NOW + HOUR }],
    ['noticesBeforeExpiry', { noticesBeforeExpiry: [HOUR] }],
    ['period', { type: 'bytime', requestsLimit: null, period: 'day' }],
    ['periodAnchor', { periodAnchor: NOW }],
  ])('are refused for %s: %j', (field, fields) => {
    expect(create(new GivenModel(), 1, fields)).toEqual([`InvalidCommand ${field}`]);
  });

  test('are told as they were said; a bytime license without an end has 30 days from its start', () => {
    const model = new GivenModel();
    const terms = { startsAt: NOW + DAY, graceMs: HOUR, noticesBeforeExpiry: [DAY, HOUR] };
    create(model, 1, { type: 'bytime', requestsLimit: null, ...terms });
    expect(data(model)).toMatchObject([{ ...terms, expiresAt: NOW + 31 * DAY, termsVersion: 1, phase: 'ready' }]);
  });
});

describe('a booking', () => {
  test('starts by itself, and what is created from then on counts', () => {
    const model = new GivenModel();
    create(model, 1, { startsAt: NOW + HOUR });
    expect(activate(model, 1, 0)).toEqual(['LicenseScheduled']);
    expect(data(model)).toMatchObject([{ phase: 'scheduled', status: 'inactive', activatedAt: null }]);
    expect(activate(model, 1, 0)).toEqual(['LicenseAlreadyScheduled']);
    expect(model.advance(2 * HOUR)).toEqual(['LicenseActivated']);
    expect(data(model)).toMatchObject([{ activatedAt: NOW + HOUR, effectiveAt: NOW + HOUR, phase: 'current' }]);
    model.row(2 * HOUR, HOUR);
    expect(data(model)).toMatchObject([{ counted: true }]);
    model.row(2 * HOUR, HOUR - 1);
    expect(data(model)).toMatchObject([{ counted: false }]);
  });

  test('is blocked by another active license, and takes over from one in grace', () => {
    const model = new GivenModel();
    create(model, 1, { expiresAt: NOW + HOUR, graceMs: HOUR });
    create(model, 2, { startsAt: NOW + MINUTE });
    create(model, 3, { startsAt: NOW + HOUR });
    activate(model, 1, 0);
    expect([activate(model, 2, 0), activate(model, 3, 0)]).toEqual([['LicenseScheduled'], ['LicenseScheduled']]);
    expect(model.advance(MINUTE)).toEqual(['LicenseStartBlocked']);
    expect(data(model)).toMatchObject([{ licenseId: licenseId(2), phase: 'ready', effectiveAt: NOW + MINUTE }]);
    expect(model.advance(HOUR)).toEqual(['LicenseGraceStarted', ...EXPIRED, 'LicenseActivated']);
    expect(data(model)).toMatchObject([
      { licenseId: licenseId(1), phase: 'grace' },
      { licenseId: licenseId(1), reason: 'expired', deactivatedAt: NOW + HOUR },
      { activeLicenseId: null },
      { licenseId: licenseId(3), activeLicenseId: licenseId(3) },
    ]);
  });

  test('is taken back by a deactivation', () => {
    const model = new GivenModel();
    create(model, 1, { startsAt: NOW + HOUR });
    activate(model, 1, 0);
    expect(model.send(1, 'DeactivateSubdivisionLicense', ofLicense(1))).toEqual(['LicenseDeactivated']);
    expect(data(model)).toMatchObject([{ reason: 'command', phase: 'ready' }]);
    expect(model.advance(HOUR)).toEqual([]);
  });
});

describe('grace', () => {
  test('begins with expiresAt, takes rows, and ends with the license', () => {
    const model = new GivenModel();
    create(model, 1, { type: 'bytime', requestsLimit: null, expiresAt: NOW + HOUR, graceMs: HOUR });
    activate(model, 1, 0);
    expect(model.advance(HOUR)).toEqual(['LicenseGraceStarted']);
    expect(data(model)).toMatchObject([{ phase: 'grace', status: 'active' }]);
    expect(model.row(HOUR, HOUR + 1)).toEqual(['StatisticRowAdded']);
    expect(model.advance(3 * HOUR)).toEqual(EXPIRED);
    expect(data(model)).toMatchObject([{ deactivatedAt: NOW + 2 * HOUR, phase: 'expired' }, {}]);
  });

  test('is where a license can still be activated', () => {
    const model = new GivenModel();
    create(model, 1, { type: 'bytime', requestsLimit: null, expiresAt: NOW + HOUR, graceMs: HOUR });
    expect(activate(model, 1, HOUR)).toEqual(['LicenseActivated', 'LicenseGraceStarted']);
    expect(activate(model, 1, 2 * HOUR)).toEqual(['LicenseExpired']);
  });
});

describe('notices', () => {
  const noticesBeforeExpiry = [30 * MINUTE, 10 * MINUTE, MINUTE];

  test('are told each at its time, and passed ones as the nearest of them', () => {
    const model = new GivenModel();
    create(model, 1, { expiresAt: NOW + HOUR, noticesBeforeExpiry });
    activate(model, 1, 0);
    expect(model.advance(30 * MINUTE)).toEqual(['LicenseExpiringSoon']);
    expect(data(model)).toMatchObject([{ noticeMs: 30 * MINUTE, effectiveAt: NOW + 30 * MINUTE }]);
    expect(model.advance(HOUR)).toEqual(['LicenseExpiringSoon', ...EXPIRED]);
    expect(data(model)[0]).toMatchObject({ noticeMs: MINUTE, effectiveAt: NOW + 59 * MINUTE });
  });

  test('are told once for an end, also across activations', () => {
    const model = new GivenModel();
    create(model, 1, { expiresAt: NOW + HOUR, noticesBeforeExpiry });
    expect(activate(model, 1, 55 * MINUTE)).toEqual(['LicenseActivated', 'LicenseExpiringSoon']);
    expect(data(model)[1]).toMatchObject({ noticeMs: 10 * MINUTE });
    model.send(55 * MINUTE, 'DeactivateSubdivisionLicense', ofLicense(1));
    expect(activate(model, 1, 56 * MINUTE)).toEqual(['LicenseActivated']);
  });
});

describe('RenewLicense', () => {
  const renew = (model: GivenModel, at: number, fields: Data): readonly string[] =>
    model.send(at, 'RenewLicense', {
      ...{ ...ofLicense(1), expiresAt: null, requestsLimit: null, resetUsage: false, activate: false, ...fields },
    });

  test('names its own field where the end would not be after the start', () => {
    const model = new GivenModel();
    create(model, 1, { startsAt: NOW + HOUR });
    expect(renew(model, 1, { expiresAt: NOW + HOUR })).toEqual(['InvalidCommand expiresAt']);
    expect(renew(model, 1, { expiresAt: NOW + HOUR + 1 })).toEqual(['LicenseRenewed']);
  });

  test('moves the end, ends the grace, and begins the notices anew', () => {
    const model = new GivenModel();
    create(model, 1, { expiresAt: NOW + HOUR, graceMs: HOUR, noticesBeforeExpiry: [MINUTE] });
    activate(model, 1, 0);
    expect(model.advance(HOUR)).toEqual(['LicenseExpiringSoon', 'LicenseGraceStarted']);
    expect(renew(model, HOUR + 1, { expiresAt: NOW + HOUR })).toEqual(['LicenseRenewed']);
    expect(data(model)).toMatchObject([{ termsVersion: 2, phase: 'grace' }]);
    expect(renew(model, HOUR + 1, { expiresAt: NOW + HOUR + 1 })).toEqual(['ExpiryNotLater']);
    expect(renew(model, HOUR + 1, { expiresAt: NOW + 2 * HOUR })).toEqual(['LicenseRenewed']);
    expect(data(model)).toMatchObject([{ termsVersion: 3, phase: 'current', expiresAt: NOW + 2 * HOUR }]);
    expect(model.advance(2 * HOUR)).toEqual(['LicenseExpiringSoon', 'LicenseGraceStarted']);
    expect(renew(model, 2 * HOUR, { expectedTermsVersion: 2 })).toEqual(['LicenseChanged']);
  });

  test('makes an ended license ready, or active', () => {
    const model = new GivenModel();
    model.send(0, 'CreateLicense', bytime(1, HOUR));
    activate(model, 1, 0);
    expect(renew(model, 2 * HOUR, { activate: true })).toEqual(['LicenseExpired']);
    expect(renew(model, 2 * HOUR, { expiresAt: NOW + 3 * HOUR })).toEqual([...EXPIRED, 'LicenseRenewed']);
    expect(data(model)[2]).toMatchObject({ phase: 'ready' });
    expect(model.row(2 * HOUR, SECOND)).toEqual(['StatisticRowAdded']);
    expect(renew(model, 2 * HOUR, { activate: true })).toEqual(['LicenseRenewed', 'LicenseActivated']);
    expect(data(model)).toMatchObject([{ termsVersion: 3 }, { termsVersion: 3, effectiveAt: null }]);
    expect(renew(model, 2 * HOUR, { requestsLimit: 5 })).toEqual(['InvalidCommand requestsLimit']);
  });

  test('resets usage, which clears thresholds', () => {
    const model = new GivenModel();
    create(model, 1, { usageThresholds: [50, 100] });
    activate(model, 1, 0);
    model.row(1, 1, 60);
    expect(renew(model, 2, { requestsLimit: 60 })).toEqual(['LimitBelowUsage']);
    expect(renew(model, 2, { requestsLimit: 200 })).toEqual(['LicenseRenewed', 'LicenseThresholdCleared']);
    expect(renew(model, 2, { requestsLimit: 61 })).toEqual(['LicenseRenewed', 'LicenseThresholdReached']);
    expect(renew(model, 3, { resetUsage: true })).toEqual(['LicenseRenewed', 'LicenseThresholdCleared']);
    expect(data(model)).toMatchObject([{ usedRequests: 0 }, { thresholds: [50] }]);
    // Of the time before the reset: it changes the closed count alone.
    expect(model.row(4, 2, 30)).toEqual(['StatisticRowAdded']);
    expect(data(model)).toMatchObject([{ usedRequests: 90, counted: true }]);
    model.row(4, 3, 31);
    expect(data(model)).toMatchObject([{ usedRequests: 31 }, { thresholds: [50] }]);
  });
});

describe('ChangeLicenseTerms', () => {
  const change = (model: GivenModel, at: number, fields: Data): readonly string[] =>
    model.send(at, 'ChangeLicenseTerms', { ...ofLicense(1), whenBelowUsage: 'reject', ...fields });

  test('sets all terms, and what follows follows', () => {
    const model = new GivenModel();
    create(model, 1, { overage: 'unlimited', usageThresholds: [50] });
    activate(model, 1, 0);
    model.row(1, 1, 100);
    expect(data(model).length).toBe(3);
    expect(change(model, 2, {})).toEqual(['LimitBelowUsage']);
    expect(change(model, 2, { overage: 'percent', overagePercent: 10, usageThresholds: [50, 90] })).toEqual([
      ...['LicenseTermsChanged', 'LicenseThresholdReached'],
    ]);
    expect(data(model)).toMatchObject([{ phase: 'overage', termsVersion: 2 }, { thresholds: [90] }]);
    expect(change(model, 2, { whenBelowUsage: 'exhaust' })).toEqual([
      ...['LicenseTermsChanged', 'LicenseDeactivated', 'SubdivisionLicenseExpired'],
    ]);
    expect(data(model)[1]).toMatchObject({ reason: 'exhausted', phase: 'exhausted', overage: null });
  });

  test('may bring the end nearer, not behind the present time', () => {
    const model = new GivenModel();
    create(model, 1, { expiresAt: NOW + DAY });
    activate(model, 1, 0);
    expect(change(model, HOUR, { expiresAt: NOW + HOUR })).toEqual(['ExpiryNotLater']);
    expect(change(model, HOUR, { expiresAt: NOW + 2 * HOUR, noticesBeforeExpiry: [DAY, MINUTE] })).toEqual([
      ...['LicenseTermsChanged', 'LicenseExpiringSoon'],
    ]);
    expect(model.advance(2 * HOUR).slice(1)).toEqual(EXPIRED);
    expect(change(model, 3 * HOUR, { expiresAt: NOW + 2 * HOUR })).toEqual(['LicenseTermsChanged']);
    expect(change(model, 3 * HOUR, {})).toEqual(['LicenseTermsChanged']);
    expect(data(model)).toMatchObject([{ phase: 'ready', expiresAt: null }]);
  });
});
