import { NOW } from '../../support/builders.ts';
import type { Data } from '../../support/collect.ts';
import { bycount, bytime, DAY, GivenModel, HOUR, licenseId, MINUTE, ofLicense } from './given-model.ts';

// What the oracle says of time, in cases that were worked out by hand from the contract's pages.

const EXPIRED = ['LicenseDeactivated', 'SubdivisionLicenseExpired'];

/** License 1, active from the first minute on, ends after an hour; license 2 after a week. */
function given(): GivenModel {
  const model = new GivenModel();
  model.send(0, 'CreateLicense', bytime(1, HOUR));
  model.send(0, 'CreateLicense', bytime(2, 7 * DAY));
  model.send(0, 'CreateLicense', bycount(3, 100));
  model.send(MINUTE, 'ActivateSubdivisionLicense', ofLicense(1));
  return model;
}

const data = (model: GivenModel): readonly Data[] => model.events.map((event) => event.data);

test('a license ends at its due time, told with the time and the version of the message that finds it so', () => {
  const model = given();
  expect(model.advance(HOUR - 1)).toEqual([]);
  expect(model.advance(HOUR)).toEqual(EXPIRED);
  const due = NOW + HOUR;
  expect(data(model)).toMatchObject([
    {
      ...{ licenseId: licenseId(1), status: 'inactive', reason: 'expired', phase: 'expired' },
      ...{ deactivatedAt: due, effectiveAt: due, occurredAt: due, workStatus: 'inactive', version: 6 },
    },
    { activeLicenseId: null, workStatus: 'inactive', occurredAt: due, version: 6 },
  ]);
  expect(model.advance(2 * HOUR)).toEqual([]);
});

test('the events of what is due come before those of the message, with one version', () => {
  const model = given();
  expect(model.send(3 * HOUR, 'ActivateSubdivisionLicense', ofLicense(2))).toEqual([...EXPIRED, 'LicenseActivated']);
  expect(data(model)).toMatchObject([
    { version: 6, occurredAt: NOW + 3 * HOUR, effectiveAt: NOW + HOUR, deactivatedAt: NOW + HOUR },
    { version: 6, occurredAt: NOW + 3 * HOUR },
    { version: 6, occurredAt: NOW + 3 * HOUR, effectiveAt: null, phase: 'current', activatedAt: NOW + 3 * HOUR },
  ]);
});

test('a message that is refused has the answer of the settled state, and leaves no trace', () => {
  const model = given();
  expect(model.send(2 * HOUR, 'DeactivateSubdivisionLicense', ofLicense(1))).toEqual(['LicenseInactive']);
  expect(model.send(2 * HOUR, 'UpdateSubdivision', updated('active'))).toEqual(['LicenseInactive']);
  expect(model.send(2 * HOUR, 'ActivateSubdivisionLicense', ofLicense(1))).toEqual(['LicenseExpired']);
  expect(model.send(HOUR - 1, 'DeactivateSubdivisionLicense', ofLicense(1))).toEqual(['LicenseDeactivated']);
});

test('time never runs back behind what was applied last', () => {
  const model = given();
  model.advance(HOUR);
  expect(model.send(2 * MINUTE, 'ActivateSubdivisionLicense', ofLicense(2))).toEqual(['LicenseActivated']);
  expect(data(model)).toMatchObject([{ activatedAt: NOW + HOUR, occurredAt: NOW + HOUR }]);
  expect(model.send(2 * MINUTE, 'CreateLicense', bytime(4, HOUR))).toEqual(['InvalidCommand expiresAt']);
  expect(model.row(2 * MINUTE, HOUR + 5 * MINUTE)).toEqual(['StatisticRowAdded']);
  expect(model.row(2 * MINUTE, HOUR + 5 * MINUTE + 1)).toEqual(['StatisticRowInFuture']);
});

test('a row applies what was due when it was created, and not what became due since', () => {
  const model = given();
  expect(model.row(2 * HOUR, HOUR - 1)).toEqual(['StatisticRowAdded']);
  expect(model.row(2 * HOUR, HOUR)).toEqual(['SubdivisionInactive']);
  expect(model.row(HOUR - 1, HOUR)).toEqual(['LicenseExpired']);
  expect(model.row(HOUR - 1, DAY)).toEqual(['LicenseExpired']);
  expect(model.advance(2 * HOUR)).toEqual(EXPIRED);
  expect(data(model)).toMatchObject([{ usedRequests: 1 }, {}]);
});

describe('a late row', () => {
  test('belongs to the license that time has ended since, also while another is active', () => {
    const model = given();
    model.send(2 * HOUR, 'ActivateSubdivisionLicense', ofLicense(3));
    expect(model.row(3 * HOUR, HOUR - 1, 5)).toEqual(['StatisticRowAdded']);
    expect(data(model)).toMatchObject([{ licenseId: licenseId(1), usedRequests: 5, counted: true }]);
    expect(model.row(3 * HOUR, MINUTE, 5)).toEqual(['StatisticRowAdded']);
    expect(data(model)).toMatchObject([{ licenseId: licenseId(1), usedRequests: 5, counted: false }]);
    expect(model.row(3 * HOUR, MINUTE - 1)).toEqual(['StatisticRowAdded']);
    expect(data(model)).toMatchObject([{ licenseId: licenseId(3), counted: false }]);
    expect(model.row(3 * HOUR, HOUR)).toEqual(['StatisticRowAdded']);
    expect(data(model)).toMatchObject([{ licenseId: licenseId(3), counted: false }]);
  });

  test('is late for no longer than a day', () => {
    const model = given();
    model.advance(HOUR);
    expect(model.row(HOUR + DAY, 2 * MINUTE)).toEqual(['StatisticRowAdded']);
    expect(model.row(HOUR + DAY + 1, 3 * MINUTE)).toEqual(['SubdivisionInactive']);
  });

  test('is none of a license that a command has ended', () => {
    const model = given();
    model.send(HOUR - 1, 'DeactivateSubdivisionLicense', ofLicense(1));
    expect(model.row(2 * HOUR, 2 * MINUTE)).toEqual(['SubdivisionInactive']);
  });

  test('is not taken while the subdivision is suspended', () => {
    const model = given();
    model.send(HOUR, 'UpdateSubdivision', updated('inactive'));
    expect(model.row(2 * HOUR, 2 * MINUTE)).toEqual(['SubdivisionInactive']);
  });
});

describe('a suspension', () => {
  test('stops no clock, and outlasts the license that was active', () => {
    const model = given();
    model.send(2 * MINUTE, 'UpdateSubdivision', updated('inactive'));
    expect(model.advance(HOUR)).toEqual(EXPIRED);
    expect(model.send(2 * HOUR, 'UpdateSubdivision', updated(null))).toEqual(['SubdivisionUpdated']);
    expect(data(model)).toMatchObject([{ workStatus: 'inactive' }]);
  });

  test('is kept without a license, and lifted by the next activation', () => {
    const model = new GivenModel();
    model.send(0, 'CreateLicense', bycount(3, 100));
    model.send(0, 'UpdateSubdivision', updated('inactive'));
    model.send(0, 'ActivateSubdivisionLicense', ofLicense(3));
    expect(data(model)).toMatchObject([{ workStatus: 'active' }]);
  });

  test('is lifted by UpdateSubdivision', () => {
    const model = given();
    model.send(2 * MINUTE, 'UpdateSubdivision', updated('inactive'));
    expect(data(model)).toMatchObject([{ workStatus: 'inactive' }]);
    model.send(3 * MINUTE, 'UpdateSubdivision', updated('active'));
    expect(data(model)).toMatchObject([{ workStatus: 'active' }]);
  });
});

test.each(['DeleteSubdivision', 'DeleteTenant'])('%s tells first what has ended by then', (name) => {
  const model = given();
  expect(model.send(2 * HOUR, name).slice(0, 6)).toEqual([
    ...EXPIRED,
    ...['LicenseDeleted', 'LicenseDeleted', 'LicenseDeleted', 'SubdivisionDeleted'],
  ]);
  expect(data(model)[2]).toMatchObject({ version: 6, phase: 'expired', effectiveAt: null });
});

test('the phase of an inactive license follows from its end and its use', () => {
  const model = new GivenModel();
  model.send(0, 'CreateLicense', bytime(1, HOUR));
  expect(data(model)).toMatchObject([{ phase: 'ready', effectiveAt: null }]);
  model.send(HOUR, 'UpdateLicense', { ...ofLicense(1), name: 'x', description: '' });
  expect(data(model)).toMatchObject([{ phase: 'expired', effectiveAt: null }]);
  model.send(HOUR, 'CreateLicense', bycount(2, 10));
  model.send(HOUR, 'ActivateSubdivisionLicense', ofLicense(2));
  model.row(HOUR, HOUR + 1, 10);
  expect(data(model)[1]).toMatchObject({ phase: 'exhausted', reason: 'exhausted' });
});

test('AdvanceSubdivision comes too late for a subdivision that is gone, and brings nothing', () => {
  const model = given();
  model.send(MINUTE, 'DeleteSubdivision');
  expect(model.advance(DAY)).toEqual([]);
});

function updated(workStatus: string | null): Data {
  return { name: 'North', location: '', linkToSubdivisionProcessingDomain: null, workStatus };
}
