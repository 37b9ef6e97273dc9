import { randomUUID } from 'node:crypto';
import { check } from '../oracle/check.ts';
import { header, type Data } from '../support/collect.ts';
import { command, type Sending } from '../support/load.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { until } from '../support/world-until.ts';
import * as given from './given.ts';
import { addRow, createTenant, givenLicense, refused, settledTenant, strange, told } from './given.ts';

const { CONTACT, LATER, PLACE, TERMS, answersTo, lastingUntil } = given;

const world = theWorld();

test('a rejection names the command, the code and the field, under the key of the command', () =>
  world.guard(async () => {
    const tenantId = randomUUID();
    const envelope = { source: 'urn:crm', correlationId: 'case 8', key: 'a key of their own' };
    const message = command('UpdateTenant', { tenantId, name: ' ', ...CONTACT }, envelope);
    const [answer] = await told(world, message, 'CommandRejected');
    expect(answer?.data).toEqual({
      ...{ commandId: message.envelope.id, commandSource: 'urn:crm', commandType: message.type },
      ...{ code: 'InvalidCommand', message: expect.stringMatching(/^[A-Z].*\.$/), field: 'name' },
      ...{ tenantId, aggregateId: tenantId, correlationId: 'case 8', rejectedAt: expect.any(Number) },
    });
    const { record } = answer ?? { record: undefined };
    expect(record?.key?.toString()).toBe('a key of their own');
    expect(header(record ?? { headers: {} }, 'ce_causationid')).toBe(message.envelope.id);
    expect(header(record ?? { headers: {} }, 'ce_answercount')).toBe('1');
  }));

describe('each rejection code is seen once', () => {
  const cases: readonly (readonly [code: string, of: string, given: () => Promise<Sending>])[] = [
    [
      'TenantAlreadyExists',
      'CreateTenant',
      async () => createTenant({ tenantId: (await givenLicense(world)).tenantId }),
    ],
    [
      'TenantAlreadyExists',
      'CreateTenant with a deleted id',
      async () => createTenant({ tenantId: await deletedTenant() }),
    ],
    [
      'TenantNameTaken',
      'CreateTenant',
      async () => {
        const first = await settledTenant(world);
        return createTenant({ name: ` ${first.data.name} ` });
      },
    ],
    [
      'TenantNameTaken',
      'UpdateTenant',
      async () => {
        const first = await settledTenant(world);
        const { tenantId } = await givenLicense(world);
        return command('UpdateTenant', { tenantId, name: first.data.name, ...CONTACT });
      },
    ],
    [
      'UserBelongsToAnotherTenant',
      'CreateTenant',
      async () => {
        const first = await settledTenant(world);
        return createTenant({ userId: first.data.userId });
      },
    ],
    [
      'TenantNotFound',
      'UpdateTenant',
      async () => command('UpdateTenant', { tenantId: randomUUID(), name: 'n', ...CONTACT }),
    ],
    ['TenantNotFound', 'DeleteTenant', async () => command('DeleteTenant', { tenantId: await deletedTenant() })],
    ['TenantNotFound', 'CreateSubdivision', async () => command('CreateSubdivision', { ...strange(), ...PLACE })],
    [
      'SubdivisionAlreadyExists',
      'CreateSubdivision',
      async () => command('CreateSubdivision', { ...(await givenLicense(world)), ...PLACE }),
    ],
    [
      'SubdivisionNotFound',
      'UpdateSubdivision of another tenant',
      async () => {
        const { subdivisionId } = await givenLicense(world);
        const { tenantId } = await givenLicense(world);
        return command('UpdateSubdivision', { tenantId, subdivisionId, ...PLACE, workStatus: null });
      },
    ],
    ['SubdivisionNotFound', 'DeleteSubdivision', async () => command('DeleteSubdivision', strange())],
    ['SubdivisionNotFound', 'CreateLicense', async () => command('CreateLicense', { ...strange(), ...TERMS })],
    [
      'SubdivisionNotFound',
      'DeactivateSubdivisionLicense',
      async () => command('DeactivateSubdivisionLicense', strange()),
    ],
    ['SubdivisionNotFound', 'AddStatisticRow', async () => addRow(strange(), 1)],
    [
      'LicenseInactive',
      'UpdateSubdivision',
      async () => command('UpdateSubdivision', { ...(await givenLicense(world)), ...PLACE, workStatus: 'active' }),
    ],
    [
      'LicenseInactive',
      'DeactivateSubdivisionLicense',
      async () => command('DeactivateSubdivisionLicense', await givenLicense(world)),
    ],
    [
      'LicenseAlreadyExists',
      'CreateLicense',
      async () => command('CreateLicense', { ...(await givenLicense(world)), ...TERMS }),
    ],
    [
      'LicenseAlreadyExists',
      'CreateLicense with a deleted id',
      async () => {
        const ids = await givenLicense(world);
        await told(world, command('DeleteLicense', ids), 'LicenseDeleted');
        return command('CreateLicense', { ...ids, ...TERMS });
      },
    ],
    [
      'LicenseNotFound',
      'UpdateLicense',
      async () => command('UpdateLicense', { ...(await other()), name: 'n', description: '' }),
    ],
    ['LicenseNotFound', 'DeleteLicense', async () => command('DeleteLicense', await other())],
    ['LicenseNotFound', 'ActivateSubdivisionLicense', async () => command('ActivateSubdivisionLicense', await other())],
    [
      'LicenseAlreadyActive',
      'ActivateSubdivisionLicense',
      async () => command('ActivateSubdivisionLicense', await givenLicense(world, { active: true })),
    ],
    [
      'SubdivisionHasActiveLicense',
      'ActivateSubdivisionLicense',
      async () => {
        const ids = { ...(await givenLicense(world, { active: true })), licenseId: randomUUID() };
        await told(world, command('CreateLicense', { ...ids, ...TERMS }), 'LicenseCreated');
        return command('ActivateSubdivisionLicense', ids);
      },
    ],
    [
      'LicenseExhausted',
      'ActivateSubdivisionLicense',
      async () => {
        const ids = await givenLicense(world, { active: true });
        await told(world, addRow(ids, 100), 'StatisticRowAdded', 'LicenseDeactivated', 'SubdivisionLicenseExpired');
        return command('ActivateSubdivisionLicense', ids);
      },
    ],
    [
      'LicenseExpired',
      'ActivateSubdivisionLicense',
      async () => {
        const expiresAt = Date.now() + 1_500;
        const ids = await givenLicense(world, { terms: lastingUntil(expiresAt) });
        await until('the license has ended', () => Date.now() > expiresAt);
        return command('ActivateSubdivisionLicense', ids);
      },
    ],
    [
      'LicenseExpired',
      'AddStatisticRow',
      async () => {
        const ids = await givenLicense(world, { active: true, terms: lastingUntil(Date.now() + LATER) });
        return addRow(ids, 1, { created: Date.now() + 2 * LATER });
      },
    ],
    ['SubdivisionInactive', 'AddStatisticRow', async () => addRow(await givenLicense(world), 1)],
    [
      'StatisticRowInFuture',
      'AddStatisticRow',
      async () => addRow(await givenLicense(world, { active: true }), 1, { created: Date.now() + 400_000 }),
    ],
    [
      'StatisticRowAlreadyExists',
      'AddStatisticRow of the same time',
      async () => {
        const ids = await givenLicense(world, { active: true });
        const created = Date.now();
        await told(world, addRow(ids, 1, { created }), 'StatisticRowAdded');
        return addRow(ids, 1, { created });
      },
    ],
    [
      'UserAlreadyExists',
      'CreateUser',
      async () => {
        const userId = randomUUID();
        await told(world, command('CreateUser', { userId }), 'UserCreated');
        return command('CreateUser', { userId });
      },
    ],
  ];
  test.each(cases)('%s: %s', (code, _, given) =>
    world.guard(async () => expect(await refused(world, await given())).toMatchObject({ code, field: null })),
  );
});

test('InvalidCommand names the field', () =>
  world.guard(async () => {
    const ids = { tenantId: randomUUID(), subdivisionId: randomUUID(), licenseId: randomUUID() };
    const tenant = { ...ids, userId: randomUUID(), name: 'n', ...CONTACT };
    const license = { ...ids, ...TERMS };
    const row = { ...ids, statisticRowId: randomUUID(), created: Date.now(), countRequests: 1 };
    const faults: readonly (readonly [field: string, Sending])[] = [
      ['tenantId', command('DeleteTenant', { tenantId: 'not an id' })],
      ['userId', command('CreateTenant', { ...tenant, userId: '' })],
      ['name', command('CreateTenant', { ...tenant, name: 'n'.repeat(201) })],
      ['address', command('CreateTenant', { ...tenant, address: 'a\0b' })],
      ['email', command('CreateTenant', { ...tenant, email: 'nobody' })],
      ['phone', command('UpdateTenant', { ...tenant, phone: '1'.repeat(51) })],
      ['location', command('CreateSubdivision', { ...ids, ...PLACE, location: 'l'.repeat(1_001) })],
      ['workStatus', command('UpdateSubdivision', { ...ids, ...PLACE, workStatus: 'closed' })],
      ['type', command('CreateLicense', { ...license, type: 'byday' })],
      ['requestsLimit', command('CreateLicense', { ...license, requestsLimit: null })],
      ['requestsLimit', command('CreateLicense', { ...license, requestsLimit: 1e12 + 1 })],
      ['graceMs', command('CreateLicense', { ...license, graceMs: LATER })],
      ['expiresAt', command('CreateLicense', { ...license, type: 'bytime', requestsLimit: null, expiresAt: 1 })],
      ['statisticRowId', command('AddStatisticRow', { ...row, statisticRowId: 'x' })],
      ['countRequests', command('AddStatisticRow', { ...row, countRequests: 1e9 + 1 })],
    ];
    await world.send(faults.map(([, message]) => message));
    const told: Data[] = [];
    for (const [, message] of faults) told.push((await answersTo(world, message, 1))[0]?.data ?? {});
    expect(told.map(({ code, field }) => [code, field])).toEqual(faults.map(([field]) => ['InvalidCommand', field]));
  }));

test('the oracle agrees with everything that came of these tests', () =>
  world.guard(async () => {
    await check(world);
  }));

async function other(): Promise<given.LicenseIds> {
  return { ...(await givenLicense(world)), licenseId: randomUUID() };
}

async function deletedTenant(): Promise<string> {
  const { data } = createTenant();
  await told(world, command('CreateTenant', data), 'TenantCreated', 'UserCreated');
  await told(world, command('DeleteTenant', { tenantId: data.tenantId }), 'TenantDeleted', 'UserUpdated');
  return data.tenantId;
}
