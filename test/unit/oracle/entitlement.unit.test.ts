import { NOW } from '../../support/builders.ts';
import { bycount, bytime, DAY, GivenModel, HOUR, license, licenseId, MINUTE, ofLicense } from './given-model.ts';

// What the oracle says that services are told, in cases that were worked out by hand from the contract's pages.

/** License 1, active, with an end in an hour and a grace of a minute. */
function given(): GivenModel {
  const model = new GivenModel();
  model.send(0, 'CreateLicense', { ...bytime(1, HOUR), graceMs: MINUTE });
  model.send(0, 'ActivateSubdivisionLicense', ofLicense(1));
  return model;
}

/** License 2 of 100 requests, booked. */
function withBooking(startsAt: number): GivenModel {
  const model = given();
  model.send(1, 'CreateLicense', { ...bycount(2, 100), startsAt: NOW + startsAt, expiresAt: NOW + DAY });
  model.send(1, 'ActivateSubdivisionLicense', ofLicense(2));
  return model;
}

test('a subdivision without a license is entitled to nothing', () => {
  expect(new GivenModel().entitlement(1)).toMatchObject({
    allowed: false,
    reason: 'none',
    licenseId: null,
    phase: null,
  });
});

test('an active license is valid until its end, grace included', () => {
  const told = { allowed: true, licenseId: licenseId(1), validFrom: NOW, validUntil: NOW + HOUR + MINUTE };
  const model = given();
  expect(model.entitlement(1)).toMatchObject({ ...told, reason: 'active', phase: 'current' });
  model.advance(HOUR);
  expect(model.entitlement(HOUR)).toMatchObject({ ...told, reason: 'grace', phase: 'grace' });
  model.advance(HOUR + MINUTE);
  const ended = { allowed: false, reason: 'expired', phase: 'expired', validFrom: null, validUntil: null };
  expect(model.entitlement(HOUR + MINUTE)).toMatchObject(ended);
});

test.each([
  ['in the grace', HOUR + 1, DAY],
  ['at the very end', HOUR + MINUTE, DAY],
  ['before the grace, and is blocked', HOUR - 1, HOUR + MINUTE],
  ['after a gap', HOUR + MINUTE + 1, HOUR + MINUTE],
])('a booking that starts %s', (_, startsAt, validUntil) => {
  const model = withBooking(startsAt);
  expect(model.entitlement(1)).toMatchObject({ licenseId: licenseId(1), validUntil: NOW + validUntil });
});

test('a booking alone is told with its start', () => {
  const model = withBooking(2 * HOUR);
  model.send(2, 'DeactivateSubdivisionLicense', ofLicense(1));
  const told = { allowed: true, reason: 'scheduled', licenseId: licenseId(2), validFrom: NOW + 2 * HOUR };
  expect(model.entitlement(2)).toMatchObject({ ...told, validUntil: NOW + DAY, requestsLimit: 100, hardLimit: 100 });
});

test('a suspension outranks all but the end, and a command is told apart from usage', () => {
  const model = given();
  model.send(1, 'UpdateSubdivision', { name: 'One', location: '', workStatus: 'inactive' });
  expect(model.entitlement(1)).toMatchObject({ allowed: false, reason: 'suspended', validUntil: NOW + HOUR + MINUTE });
  model.send(2, 'DeactivateSubdivisionLicense', ofLicense(1));
  expect(model.entitlement(2)).toMatchObject({ allowed: false, reason: 'deactivated' });
  model.send(
    3,
    'CreateLicense',
    license(3, { type: 'bycount', requestsLimit: 10, overage: 'percent', overagePercent: 50 }),
  );
  model.send(3, 'ActivateSubdivisionLicense', ofLicense(3));
  model.row(5, 5, 12);
  expect(model.entitlement(5)).toMatchObject({ allowed: true, reason: 'overage', requestsLimit: 10, hardLimit: 15 });
  model.row(6, 6, 3);
  expect(model.entitlement(6)).toMatchObject({ allowed: false, reason: 'exhausted', licenseId: licenseId(3) });
});
