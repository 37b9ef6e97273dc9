import {
  activateLicense,
  createLicense,
  deactivateLicense,
  deleteLicense,
  updateLicense,
  updateSubdivision,
} from '../../../src/domain/subdivision-commands.ts';
import type { Subdivision } from '../../../src/domain/subdivision.ts';
import { NO_PROGRESS } from '../../../src/domain/license.ts';
import { NO_TERMS } from '../../../src/domain/terms.ts';
import {
  aSubdivision,
  bycount,
  bytime,
  DAY,
  dataOf,
  licenseId,
  NOW,
  ofLicense,
  refusal,
  row,
  SUBDIVISION,
  TENANT,
  typesOf,
  withLicenses,
  working,
  addRow,
} from './given.ts';

const LATER = NOW + DAY;
const IDLE = { workStatus: 'inactive', activeLicenseId: null };
const idsOf = (s: Subdivision) => s.licenses.map((license) => license.licenseId);

function suspended(s: Subdivision): Subdivision {
  const { name, location } = s;
  const ids = { tenantId: TENANT, subdivisionId: SUBDIVISION };
  const fields = { name, location, linkToSubdivisionProcessingDomain: null };
  return updateSubdivision(s, { ...ids, ...fields, workStatus: 'inactive' }, NOW).state;
}

describe('CreateLicense', () => {
  test('bycount: inactive, unused, without an end', () => {
    const change = createLicense(aSubdivision(), bycount(1, 100), NOW);
    const license = {
      licenseId: licenseId(1),
      name: 'License 1',
      description: 'of the year',
      type: 'bycount',
      status: 'inactive',
      requestsLimit: 100,
      usedRequests: 0,
      createdAt: NOW,
      expiresAt: null,
      activatedAt: null,
      deactivatedAt: null,
    };
    const inside = { endReason: null, terms: NO_TERMS, termsVersion: 1, progress: NO_PROGRESS };
    expect(change.state).toEqual({ ...aSubdivision(), licenses: [{ ...license, ...inside }], version: 2 });
    const ids = { tenantId: TENANT, subdivisionId: SUBDIVISION };
    const by = { phase: 'ready', effectiveAt: null, version: 2, occurredAt: NOW };
    const terms = { ...NO_TERMS, termsVersion: 1, periodStartsAt: null, periodEndsAt: null };
    const data = { ...ids, ...license, ...terms, ...IDLE, ...by };
    expect(change.events).toEqual([{ type: 'licensing.events.LicenseCreated', data }]);
  });

  test('bytime: ends when it says, and 30 days after its creation when it does not', () => {
    expect(withLicenses(bytime(1, LATER)).licenses[0]).toMatchObject({ expiresAt: LATER, requestsLimit: null });
    expect(withLicenses(bytime(1, null)).licenses[0]?.expiresAt).toBe(NOW + 30 * DAY);
  });

  test('keeps the licenses sorted by id, and the active one active', () => {
    const before = working(bycount(3, 10), bycount(1, 10));
    const { state } = createLicense(before, bycount(2, 10), NOW);
    expect(idsOf(state)).toEqual([1, 2, 3].map(licenseId));
    expect(state).toMatchObject({ workStatus: 'active', activeLicenseId: licenseId(1) });
  });

  test('of an id that the subdivision has is refused', () => {
    expect(refusal(() => createLicense(withLicenses(bycount(1, 10)), bytime(1, null), NOW))).toBe(
      'LicenseAlreadyExists',
    );
  });
});

describe('UpdateLicense', () => {
  test('changes name and description, of an active license too', () => {
    const before = working(bycount(1, 10), bycount(2, 10));
    const change = updateLicense(before, { ...ofLicense(1), name: 'New', description: '' }, LATER);
    expect(change.state.licenses).toEqual([
      { ...before.licenses[0], name: 'New', description: '' },
      before.licenses[1],
    ]);
    expect(change.events).toMatchObject([
      { type: 'licensing.events.LicenseUpdated', data: { name: 'New', description: '', workStatus: 'active' } },
    ]);
  });
});

describe('ActivateSubdivisionLicense', () => {
  test('makes license and subdivision active', () => {
    const change = activateLicense(withLicenses(bycount(1, 10)), ofLicense(1), LATER);
    expect(change.state).toMatchObject({ workStatus: 'active', activeLicenseId: licenseId(1), version: 3 });
    expect(change.events).toMatchObject([
      {
        type: 'licensing.events.LicenseActivated',
        data: { status: 'active', activatedAt: LATER, workStatus: 'active', activeLicenseId: licenseId(1), version: 3 },
      },
    ]);
  });

  test('again keeps the first activation and what was used, and clears the deactivation', () => {
    const used = addRow(working(bycount(1, 10)), row(4), false, NOW).state;
    const stopped = deactivateLicense(used, ofLicense(1), LATER).state;
    const [license] = activateLicense(stopped, ofLicense(1), LATER + 1).state.licenses;
    expect(license).toMatchObject({ status: 'active', activatedAt: NOW, deactivatedAt: null, usedRequests: 4 });
  });

  test('is refused when it is active, or another is, suspended or not', () => {
    const active = working(bycount(1, 10), bycount(2, 10));
    for (const s of [active, suspended(active)]) {
      expect(refusal(() => activateLicense(s, ofLicense(1), NOW))).toBe('LicenseAlreadyActive');
      expect(refusal(() => activateLicense(s, ofLicense(2), NOW))).toBe('SubdivisionHasActiveLicense');
    }
  });

  test('is refused from the moment it expires', () => {
    const s = withLicenses(bytime(1, LATER));
    expect(refusal(() => activateLicense(s, ofLicense(1), LATER - 1))).toBe('accepted');
    expect(refusal(() => activateLicense(s, ofLicense(1), LATER))).toBe('LicenseExpired');
  });

  test('is refused when it is exhausted', () => {
    const s = addRow(working(bycount(1, 10)), row(10), false, NOW).state;
    expect(refusal(() => activateLicense(s, ofLicense(1), NOW))).toBe('LicenseExhausted');
  });

  test('another active license is the answer before an end of this one', () => {
    const s = working(bycount(1, 10), bytime(2, LATER));
    expect(refusal(() => activateLicense(s, ofLicense(2), LATER))).toBe('SubdivisionHasActiveLicense');
  });
});

describe('DeactivateSubdivisionLicense', () => {
  test('makes license and subdivision inactive', () => {
    for (const before of [working(bycount(1, 10)), suspended(working(bycount(1, 10)))]) {
      const change = deactivateLicense(before, ofLicense(1), LATER);
      expect(change.state).toMatchObject({ ...IDLE, version: before.version + 1 });
      expect(change.state.licenses[0]).toMatchObject({ status: 'inactive', activatedAt: NOW, deactivatedAt: LATER });
      expect(typesOf(change)).toEqual(['LicenseDeactivated']);
      expect(dataOf(change)).toMatchObject([{ ...IDLE, status: 'inactive', reason: 'command', occurredAt: LATER }]);
    }
  });

  test('of an inactive one is refused', () => {
    const s = working(bycount(1, 10), bycount(2, 10));
    expect(refusal(() => deactivateLicense(s, ofLicense(2), NOW))).toBe('LicenseInactive');
  });
});

describe('DeleteLicense', () => {
  test('of an inactive one leaves the subdivision as it is', () => {
    const before = working(bycount(1, 10), bycount(2, 10));
    const change = deleteLicense(before, ofLicense(2), LATER);
    expect(change.state).toEqual({ ...before, licenses: before.licenses.slice(0, 1), version: before.version + 1 });
    expect(typesOf(change)).toEqual(['LicenseDeleted']);
    expect(dataOf(change)).toMatchObject([
      { licenseId: licenseId(2), workStatus: 'active', version: before.version + 1 },
    ]);
  });

  test('of the active one deactivates it first', () => {
    const active = working(bycount(1, 10), bycount(2, 10));
    for (const before of [active, suspended(active)]) {
      const change = deleteLicense(before, ofLicense(1), LATER);
      expect(change.state).toEqual({
        ...before,
        ...IDLE,
        licenses: before.licenses.slice(1),
        version: before.version + 1,
      });
      expect(typesOf(change)).toEqual(['LicenseDeactivated', 'LicenseDeleted']);
      const last = { ...IDLE, status: 'inactive', deactivatedAt: LATER, version: before.version + 1 };
      expect(dataOf(change)).toMatchObject([{ ...last, reason: 'deleted' }, last]);
    }
  });
});

test('a license that the subdivision does not have is not found', () => {
  const s = working(bycount(1, 10));
  expect(refusal(() => updateLicense(s, { ...ofLicense(2), name: 'a', description: '' }, NOW))).toBe('LicenseNotFound');
  expect(refusal(() => deleteLicense(s, ofLicense(2), NOW))).toBe('LicenseNotFound');
  expect(refusal(() => activateLicense(s, ofLicense(2), NOW))).toBe('LicenseNotFound');
  expect(refusal(() => deactivateLicense(s, ofLicense(2), NOW))).toBe('LicenseNotFound');
});
