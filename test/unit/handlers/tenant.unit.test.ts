import * as a from '../../support/builders.ts';
import { given } from '../../support/given.ts';
import { command } from '../../support/load.ts';

const [tenantId, userId] = [a.tenantId(1), a.userId(1)];
const CONTACT = { address: 'Main street 1', email: 'office@example.org', phone: '+47 1' };

describe('CreateTenant', () => {
  const create = command('CreateTenant', { tenantId, userId, name: 'Acme', ...CONTACT });

  test('creates the tenant, and its creator when nobody knows the user yet', () =>
    given()
      .when(create)
      .brings(
        ['TenantCreated', { tenantId, name: 'Acme', ...CONTACT, createdBy: userId, version: 1 }],
        ['UserCreated', { userId, tenantId, email: null, version: 1 }],
      ));

  test('takes in a user without a tenant, whose profile is kept', () =>
    given(a.aUser(1, { email: 'one@example.org' }))
      .when(create)
      .brings(
        ['TenantCreated', { tenantId }],
        ['UserUpdated', { userId, tenantId, email: 'one@example.org', version: 2 }],
      ));

  test('does not create it twice', () => given().after(create).when(create).isRejected('TenantAlreadyExists'));

  test('never gives the id of a deleted one again', () =>
    given().after(create, command('DeleteTenant', { tenantId })).when(create).isRejected('TenantAlreadyExists'));

  test('does not take the name of another tenant', () =>
    given(a.aTenant(2, { name: 'Acme' }))
      .when(create)
      .isRejected('TenantNameTaken'));

  test('takes a name that a deleted tenant had', () =>
    given(a.aTenant(2, { name: 'Acme' }))
      .after(command('DeleteTenant', { tenantId: a.tenantId(2) }))
      .when(create)
      .brings(['TenantCreated', { name: 'Acme' }], ['UserCreated', { userId }]));

  test('does not take the user of another tenant', () =>
    given(a.aTenant(2), a.aUser(1, { tenantId: a.tenantId(2) }))
      .when(create)
      .isRejected('UserBelongsToAnotherTenant'));

  test('does not bring back a user that was deleted', () =>
    given(a.aUser(1))
      .after({ type: 'users.events.UserDeleted', data: { userId } })
      .when(create)
      .isRejected('UserDeleted'));

  test('names the field that is wrong', () =>
    given()
      .when(command('CreateTenant', { tenantId, userId, name: 'Acme', ...CONTACT, email: 'nowhere' }))
      .isRejected('InvalidCommand', 'email'));
});

describe('UpdateTenant', () => {
  const update = command('UpdateTenant', { tenantId, name: 'Acme', ...CONTACT });

  test('replaces what is known of it', () =>
    given(a.aTenant(1))
      .when(update)
      .brings(['TenantUpdated', { name: 'Acme', ...CONTACT, createdBy: userId, version: 2 }]));

  test('keeps its own name', () =>
    given(a.aTenant(1, { name: 'Acme' }))
      .when(update)
      .brings(['TenantUpdated', { name: 'Acme' }]));

  test('does not take the name of another tenant', () =>
    given(a.aTenant(1), a.aTenant(2, { name: 'Acme' }))
      .when(update)
      .isRejected('TenantNameTaken'));

  test('needs the tenant', () => given().when(update).isRejected('TenantNotFound'));

  test('says so of a missing tenant, even if its name is taken', () =>
    given(a.aTenant(2, { name: 'Acme' }))
      .when(update)
      .isRejected('TenantNotFound'));
});

describe('DeleteTenant', () => {
  const remove = command('DeleteTenant', { tenantId });

  test('deletes its subdivisions by id, then itself, and lets its users go', () =>
    given(
      a.aTenant(1),
      a.aSubdivision(2),
      a.aSubdivision(1, a.licensed(a.anActiveLicense(1))),
      a.aUser(1, { tenantId }),
      a.aUser(2),
    )
      .when(remove)
      .brings(
        ['LicenseDeactivated', { subdivisionId: a.subdivisionId(1), reason: 'deleted' }],
        ['LicenseDeleted', { subdivisionId: a.subdivisionId(1) }],
        ['SubdivisionDeleted', { subdivisionId: a.subdivisionId(1) }],
        ['SubdivisionDeleted', { subdivisionId: a.subdivisionId(2) }],
        ['TenantDeleted', { tenantId, version: 2 }],
        ['UserUpdated', { userId, tenantId: null, version: 2 }],
      ));

  test('finds it once', () => given(a.aTenant(1)).after(remove).when(remove).isRejected('TenantNotFound'));
});
