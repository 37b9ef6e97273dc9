import type { License } from '../../../src/domain/license.ts';
import * as a from '../../support/builders.ts';
import { given, type Thing } from '../../support/given.ts';
import { command } from '../../support/load.ts';

const SUBDIVISION = { tenantId: a.tenantId(1), subdivisionId: a.subdivisionId(1) };
const KEY = { ...SUBDIVISION, licenseId: a.licenseId(1) };
const DESCRIBED = { name: 'Basic', description: 'for a start' };
const DAY = 24 * 60 * 60 * 1_000;
const bytime = { type: 'bytime', requestsLimit: null, expiresAt: a.NOW + DAY } as const;

/** Tenant 1 with subdivision 1, which has these licenses. */
function licenses(...some: readonly License[]): readonly Thing[] {
  return [a.aTenant(1), a.aSubdivision(1, a.licensed(...some))];
}

describe('CreateLicense', () => {
  const create = (terms: { type: string; requestsLimit: number | null; expiresAt: number | null }) =>
    command('CreateLicense', { ...KEY, ...DESCRIBED, ...terms });
  const bycount = create({ type: 'bycount', requestsLimit: 100, expiresAt: null });

  test('creates an inactive license that counts requests', () =>
    given(...licenses())
      .when(bycount)
      .brings([
        'LicenseCreated',
        { ...KEY, ...DESCRIBED, status: 'inactive', requestsLimit: 100, usedRequests: 0, expiresAt: null, version: 2 },
      ]));

  test('lets one by time last for 30 days from its command, unless it says until when', async () => {
    const endless = create({ type: 'bytime', requestsLimit: null, expiresAt: null });
    await given(...licenses())
      .when(endless)
      .brings(['LicenseCreated', { expiresAt: a.NOW + 30 * DAY }]);
    await given(...licenses())
      .when(create(bytime))
      .brings(['LicenseCreated', { expiresAt: a.NOW + DAY }]);
  });

  test('refuses an end that does not lie ahead, before anything is looked up', () =>
    given()
      .when(create(bytime), a.NOW + DAY)
      .isRejected('InvalidCommand', 'expiresAt'));

  test('refuses terms that do not belong to its type', async () => {
    await given(...licenses())
      .when(create({ ...bytime, requestsLimit: 1 }))
      .isRejected('InvalidCommand', 'requestsLimit');
    await given(...licenses())
      .when(create({ type: 'bycount', requestsLimit: null, expiresAt: null }))
      .isRejected('InvalidCommand', 'requestsLimit');
  });

  test('needs its subdivision', () => given(a.aTenant(1)).when(bycount).isRejected('SubdivisionNotFound'));

  test('does not create it twice', () =>
    given(...licenses(a.aLicense(1)))
      .when(bycount)
      .isRejected('LicenseAlreadyExists'));

  test('does not take an id of another subdivision of the tenant', () =>
    given(...licenses(), a.aSubdivision(2, a.licensed(a.aLicense(1))))
      .when(bycount)
      .isRejected('LicenseAlreadyExists'));

  test('never gives the id of a deleted one again', () =>
    given(...licenses(a.aLicense(1)))
      .after(command('DeleteLicense', KEY))
      .when(bycount)
      .isRejected('LicenseAlreadyExists'));
});

describe('UpdateLicense', () => {
  const update = command('UpdateLicense', { ...KEY, ...DESCRIBED });

  test('replaces name and description, and nothing else', () =>
    given(...licenses(a.anActiveLicense(1, { usedRequests: 7 })))
      .when(update)
      .brings(['LicenseUpdated', { ...DESCRIBED, status: 'active', usedRequests: 7, version: 2 }]));

  test('names the field that is wrong', () =>
    given(...licenses(a.aLicense(1)))
      .when(command('UpdateLicense', { ...KEY, ...DESCRIBED, name: '' }))
      .isRejected('InvalidCommand', 'name'));
});

describe('DeleteLicense', () => {
  const remove = command('DeleteLicense', KEY);

  test('deletes an inactive license and leaves the active one alone', () =>
    given(...licenses(a.aLicense(1), a.anActiveLicense(2)))
      .when(remove)
      .brings(['LicenseDeleted', { ...KEY, workStatus: 'active', activeLicenseId: a.licenseId(2), version: 2 }]));

  test('deactivates an active license first, and its subdivision with it', () =>
    given(...licenses(a.anActiveLicense(1)))
      .when(remove)
      .brings(
        ['LicenseDeactivated', { ...KEY, reason: 'deleted', workStatus: 'inactive', activeLicenseId: null }],
        ['LicenseDeleted', { ...KEY, status: 'inactive', version: 2 }],
      ));
});

describe('ActivateSubdivisionLicense', () => {
  const activate = command('ActivateSubdivisionLicense', KEY);

  test('makes the license active, and its subdivision', () =>
    given(...licenses(a.aLicense(1)))
      .when(activate, a.NOW + DAY)
      .brings([
        'LicenseActivated',
        {
          status: 'active',
          activatedAt: a.NOW + DAY,
          workStatus: 'active',
          activeLicenseId: a.licenseId(1),
          version: 2,
        },
      ]));

  test('keeps the first activation when it is activated again', () =>
    given(...licenses(a.aLicense(1)))
      .after(activate, command('DeactivateSubdivisionLicense', KEY))
      .when(activate, a.NOW + DAY)
      .brings(['LicenseActivated', { activatedAt: a.NOW, deactivatedAt: null }]));

  test('does not activate it twice', () =>
    given(...licenses(a.anActiveLicense(1)))
      .when(activate)
      .isRejected('LicenseAlreadyActive'));

  test('does not activate a second one', () =>
    given(...licenses(a.aLicense(1), a.anActiveLicense(2)))
      .when(activate)
      .isRejected('SubdivisionHasActiveLicense'));

  test('does not activate what has ended', () =>
    given(...licenses(a.aLicense(1, bytime)))
      .when(activate, a.NOW + DAY)
      .isRejected('LicenseExpired'));

  test('does not activate what is used up', () =>
    given(...licenses(a.aLicense(1, { usedRequests: 100 })))
      .when(activate)
      .isRejected('LicenseExhausted'));
});

describe('DeactivateSubdivisionLicense', () => {
  const deactivate = command('DeactivateSubdivisionLicense', KEY);

  test('makes license and subdivision inactive, and keeps what was used', () =>
    given(...licenses(a.anActiveLicense(1, { usedRequests: 7 })))
      .when(deactivate)
      .brings([
        'LicenseDeactivated',
        {
          reason: 'command',
          status: 'inactive',
          usedRequests: 7,
          deactivatedAt: a.NOW,
          workStatus: 'inactive',
          version: 2,
        },
      ]));

  test('does not deactivate what is not active', () =>
    given(...licenses(a.aLicense(1)))
      .when(deactivate)
      .isRejected('LicenseInactive'));
});

describe.each([
  ['UpdateLicense', command('UpdateLicense', { ...KEY, ...DESCRIBED })],
  ['DeleteLicense', command('DeleteLicense', KEY)],
  ['ActivateSubdivisionLicense', command('ActivateSubdivisionLicense', KEY)],
  ['DeactivateSubdivisionLicense', command('DeactivateSubdivisionLicense', KEY)],
])('%s', (_, message) => {
  test('needs its subdivision', () => given(a.aTenant(1)).when(message).isRejected('SubdivisionNotFound'));

  test('needs its license, in that subdivision', () =>
    given(...licenses(a.aLicense(2)), a.aSubdivision(2, a.licensed(a.aLicense(1))))
      .when(message)
      .isRejected('LicenseNotFound'));
});
