import * as a from '../../support/builders.ts';
import { given } from '../../support/given.ts';
import { command } from '../../support/load.ts';

const KEY = { tenantId: a.tenantId(1), subdivisionId: a.subdivisionId(1) };
const PLACE = { name: 'North', location: 'Oslo', linkToSubdivisionProcessingDomain: null };
const [tenant, subdivision] = [a.aTenant(1), a.aSubdivision(1)];
const DAY = 24 * 60 * 60 * 1_000;

describe('CreateSubdivision', () => {
  const create = command('CreateSubdivision', { ...KEY, ...PLACE });

  test('creates a subdivision that does not work yet', () =>
    given(tenant)
      .when(create)
      .brings(['SubdivisionCreated', { ...KEY, ...PLACE, workStatus: 'inactive', activeLicenseId: null, version: 1 }]));

  test('needs its tenant', () => given().when(create).isRejected('TenantNotFound'));

  test('does not create it twice', () =>
    given(tenant).after(create).when(create).isRejected('SubdivisionAlreadyExists'));

  test('never gives the id of a deleted one again', () =>
    given(tenant).after(create, command('DeleteSubdivision', KEY)).when(create).isRejected('SubdivisionAlreadyExists'));

  test('takes an id that another tenant has', () =>
    given(tenant, a.aTenant(2), a.aSubdivision(1, { tenantId: a.tenantId(2) }))
      .when(create)
      .brings(['SubdivisionCreated', KEY]));

  test('names the field that is wrong', () =>
    given(tenant)
      .when(command('CreateSubdivision', { ...KEY, ...PLACE, name: ' ' }))
      .isRejected('InvalidCommand', 'name'));
});

describe('UpdateSubdivision', () => {
  const update = (workStatus: string | null) => command('UpdateSubdivision', { ...KEY, ...PLACE, workStatus });
  const licensed = (expiresAt: number) =>
    a.aSubdivision(1, a.licensed(a.anActiveLicense(1, { type: 'bytime', requestsLimit: null, expiresAt })));

  test('replaces what is known and keeps the work status when none is given', () =>
    given(tenant, subdivision)
      .when(update(null))
      .brings(['SubdivisionUpdated', { ...PLACE, workStatus: 'inactive', version: 2 }]));

  test('suspends, and resumes while the active license lasts', () =>
    given(tenant, licensed(a.NOW + DAY))
      .after(update('inactive'))
      .when(update('active'))
      .brings(['SubdivisionUpdated', { workStatus: 'active', activeLicenseId: a.licenseId(1), version: 3 }]));

  test('does not resume without an active license', () =>
    given(tenant, subdivision).when(update('active')).isRejected('LicenseInactive'));

  test('does not resume once the license has ended', () =>
    given(tenant, licensed(a.NOW + DAY))
      .when(update('active'), a.NOW + DAY)
      .isRejected('LicenseInactive'));

  test('does not find the subdivision of another tenant', () =>
    given(tenant, a.aTenant(2), a.aSubdivision(1, { tenantId: a.tenantId(2) }))
      .when(update(null))
      .isRejected('SubdivisionNotFound'));

  test('takes only the work statuses that are listed', () =>
    given(tenant, subdivision).when(update('closed')).isRejected('InvalidCommand', 'workStatus'));
});

describe('DeleteSubdivision', () => {
  const remove = command('DeleteSubdivision', KEY);

  test('deactivates the active license and deletes each license by id, then the subdivision', () =>
    given(tenant, a.aSubdivision(1, a.licensed(a.aLicense(1), a.anActiveLicense(2))))
      .when(remove)
      .brings(
        ['LicenseDeactivated', { licenseId: a.licenseId(2), reason: 'deleted', version: 2 }],
        ['LicenseDeleted', { licenseId: a.licenseId(1), version: 2 }],
        ['LicenseDeleted', { licenseId: a.licenseId(2), status: 'inactive', version: 2 }],
        ['SubdivisionDeleted', { ...KEY, workStatus: 'inactive', version: 2 }],
      ));

  test('deletes a subdivision without licenses', () =>
    given(tenant, subdivision)
      .when(remove)
      .brings(['SubdivisionDeleted', { ...KEY, version: 2 }]));

  test('finds it once', () => given(tenant, subdivision).after(remove).when(remove).isRejected('SubdivisionNotFound'));
});
