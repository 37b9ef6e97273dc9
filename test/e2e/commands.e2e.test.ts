import { randomUUID } from 'node:crypto';
import { check } from '../oracle/check.ts';
import { eventId, identity, partitionOf } from '../oracle/identity.ts';
import { textHeaders } from '../oracle/compare.ts';
import { command } from '../support/load.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { CONTACT, createTenant, givenLicense, PLACE, TERMS, told } from './given.ts';

const A_TIME = expect.any(Number);

const world = theWorld();

describe('tenant', () => {
  test('CreateTenant publishes the tenant and its creator, each under its own key, with all CloudEvents headers', () =>
    world.guard(async () => {
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const envelope = { id: 'my id: any text / ünï', source: 'urn:crm', correlationId: 'case 7', traceparent };
      const message = createTenant({ name: '  Cafe\u0301 ' }, envelope);
      const { tenantId, userId } = message.data;
      const [tenant, user] = await told(world, message, 'TenantCreated', 'UserCreated');

      expect(tenant?.data).toEqual({
        ...{ tenantId, name: 'Caf\u00e9', ...CONTACT, createdBy: userId },
        ...{ version: 1, occurredAt: A_TIME },
      });
      expect(user?.data).toEqual({
        ...{ userId, email: null, tgId: null, superadmin: false, tenantId, subdivisionId: null },
        ...{ version: 1, occurredAt: tenant?.data['occurredAt'] },
      });
      for (const [index, told, key] of [
        [0, tenant, tenantId],
        [1, user, userId],
      ] as const) {
        const { record, data } = told ?? fail();
        expect(record.key?.toString()).toBe(key);
        expect(record.partition).toBe(partitionOf(key, world.partitions));
        expect(textHeaders(record)).toEqual({
          ce_specversion: '1.0',
          ce_id: eventId(identity('urn:crm', envelope.id), index),
          ce_type: record.decoded?.type,
          ce_source: 'licensing',
          ce_time: new Date(Number(data['occurredAt'])).toISOString(),
          ce_subject: key,
          ce_correlationid: 'case 7',
          ce_causationid: envelope.id,
          ce_causationsource: 'urn:crm',
          ce_answerindex: String(index),
          ce_answercount: '2',
          'content-type': 'application/avro',
          traceparent,
        });
      }
    }));

  test('CreateTenant for a user without a tenant updates the user and keeps the profile', () =>
    world.guard(async () => {
      const userId = randomUUID();
      await told(world, command('CreateUser', { userId }), 'UserCreated');
      await world.settled(); // the next command goes to another partition
      const message = createTenant({ userId });
      const [, user] = await told(world, message, 'TenantCreated', 'UserUpdated');
      expect(user?.data).toMatchObject({ userId, tenantId: message.data.tenantId, version: 2 });
    }));

  test('UpdateTenant replaces the fields of the tenant, and frees its old name', () =>
    world.guard(async () => {
      const {
        data: { tenantId, userId, name },
        ...rest
      } = createTenant();
      await told(world, { ...rest, data: { tenantId, userId, name, ...CONTACT } }, 'TenantCreated', 'UserCreated');
      const fields = { name: `${name} II`, address: '', email: '', phone: '' };
      const [updated] = await told(world, command('UpdateTenant', { tenantId, ...fields }), 'TenantUpdated');
      expect(updated?.data).toEqual({ tenantId, ...fields, createdBy: userId, version: 2, occurredAt: A_TIME });
      await world.settled();
      await told(world, createTenant({ name }), 'TenantCreated', 'UserCreated');
    }));

  test('DeleteTenant deletes the subdivisions by id, each with its licenses by id, and keeps the users', () =>
    world.guard(async () => {
      const { tenantId, subdivisionId, licenseId } = await givenLicense(world, { active: true });
      const [later, second] = [`ffffffff${subdivisionId.slice(8)}`, `ffffffff${licenseId.slice(8)}`];
      await told(
        world,
        command('CreateSubdivision', { tenantId, subdivisionId: later, ...PLACE }),
        'SubdivisionCreated',
      );
      await told(
        world,
        command('CreateLicense', { tenantId, subdivisionId, licenseId: second, ...TERMS }),
        'LicenseCreated',
      );
      const events = await told(
        world,
        command('DeleteTenant', { tenantId }),
        ...['LicenseDeactivated', 'LicenseDeleted', 'LicenseDeleted', 'SubdivisionDeleted'],
        ...['SubdivisionDeleted', 'TenantDeleted', 'UserUpdated'],
      );
      const [deactivated, first, other, gone, goneLater, tenant, user] = events.map(({ data }) => data);
      const subdivision = { subdivisionId, version: 5, workStatus: 'inactive', activeLicenseId: null };
      expect(deactivated).toMatchObject({ ...subdivision, licenseId, reason: 'deleted', status: 'inactive' });
      expect(first).toMatchObject({ ...subdivision, licenseId });
      expect(other).toMatchObject({ ...subdivision, licenseId: second });
      expect(gone).toMatchObject(subdivision);
      expect(goneLater).toMatchObject({ subdivisionId: later, version: 2 });
      expect(tenant).toMatchObject({ tenantId, version: 2, ...CONTACT });
      expect(user).toMatchObject({ tenantId: null, version: 2 });
    }));

  test("CreateUser publishes the user, under the user's key", () =>
    world.guard(async () => {
      const userId = randomUUID();
      const [user] = await told(world, command('CreateUser', { userId }), 'UserCreated');
      expect(user?.record.key?.toString()).toBe(userId);
      expect(user?.data).toMatchObject({ userId, email: null, superadmin: false, tenantId: null, version: 1 });
    }));
});

describe('subdivision', () => {
  test('a subdivision is created inactive, updated, suspended, resumed and deleted', () =>
    world.guard(async () => {
      const { tenantId, licenseId } = await givenLicense(world);
      const subdivisionId = randomUUID();
      const ids = { tenantId, subdivisionId };
      const link = 'https://processing.example.org/7';
      const state = { ...ids, ...PLACE, workStatus: 'inactive', activeLicenseId: null, version: 1, occurredAt: A_TIME };
      const [created] = await told(world, command('CreateSubdivision', { ...ids, ...PLACE }), 'SubdivisionCreated');
      expect(created?.data).toEqual(state);
      expect([created?.record.key?.toString(), created?.record.headers['ce_subject']?.join()]).toEqual([
        tenantId,
        subdivisionId,
      ]);

      const update = { ...ids, name: 'South', location: '', linkToSubdivisionProcessingDomain: link };
      const [updated] = await told(
        world,
        command('UpdateSubdivision', { ...update, workStatus: null }),
        'SubdivisionUpdated',
      );
      expect(updated?.data).toEqual({ ...state, ...update, version: 2 });

      const own = { ...ids, licenseId: `00000000${licenseId.slice(8)}` };
      await told(world, command('CreateLicense', { ...own, ...TERMS }), 'LicenseCreated');
      await told(world, command('ActivateSubdivisionLicense', own), 'LicenseActivated');
      for (const [workStatus, version] of [
        ['inactive', 5],
        ['active', 6],
      ] as const) {
        const [changed] = await told(
          world,
          command('UpdateSubdivision', { ...ids, ...PLACE, workStatus }),
          'SubdivisionUpdated',
        );
        expect(changed?.data).toEqual({ ...state, workStatus, activeLicenseId: own.licenseId, version });
      }
      const gone = await told(
        world,
        command('DeleteSubdivision', ids),
        'LicenseDeactivated',
        'LicenseDeleted',
        'SubdivisionDeleted',
      );
      expect(gone.map(({ data }) => data['version'])).toEqual([7, 7, 7]);
      expect(gone[2]?.data).toEqual({ ...state, version: 7 });
    }));
});

test('ids in upper case are accepted, and published in lower case', () =>
  world.guard(async () => {
    const { tenantId, subdivisionId, licenseId } = await givenLicense(world);
    const [S, L] = [subdivisionId.toUpperCase(), licenseId.toUpperCase()];
    const message = command('ActivateSubdivisionLicense', {
      tenantId: tenantId.toUpperCase(),
      subdivisionId: S,
      licenseId: L,
    });
    const [activated] = await told(world, message, 'LicenseActivated');
    expect(activated?.data).toMatchObject({ tenantId, subdivisionId, licenseId, activeLicenseId: licenseId });
    expect(activated?.record.key?.toString()).toBe(tenantId);
    const upper = createTenant({ tenantId: randomUUID().toUpperCase(), userId: randomUUID().toUpperCase() });
    const [, user] = await told(world, upper, 'TenantCreated', 'UserCreated');
    expect(user?.record.key?.toString()).toBe(upper.data.userId.toLowerCase());
  }));

test('the oracle agrees with everything that came of these tests', () =>
  world.guard(async () => {
    await check(world);
  }));

function fail(): never {
  throw new Error('no such answer');
}
