import { randomUUID } from 'node:crypto';
import { check } from '../oracle/check.ts';
import { command } from '../support/load.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { licensing } from '../support/world-process.ts';
import { addRow, givenLicense, LATER, TERMS, told, type LicenseIds } from './given.ts';

const A_TIME = expect.any(Number);

const world = theWorld();

test('a bycount license is created inactive, renamed, activated, deactivated and deleted', () =>
  world.guard(async () => {
    const ids = { ...(await givenLicense(world)), licenseId: randomUUID() };
    const created = {
      ...{ ...ids, ...TERMS, status: 'inactive', usedRequests: 0, createdAt: A_TIME, expiresAt: null },
      ...{ activatedAt: null, deactivatedAt: null, workStatus: 'inactive', activeLicenseId: null },
      ...{ startsAt: null, graceMs: null, overage: null, overagePercent: null, usageThresholds: null },
      ...{ noticesBeforeExpiry: null, period: null, periodAnchor: null, termsVersion: 1 },
      ...{ phase: 'ready', periodStartsAt: null, periodEndsAt: null },
      ...{ effectiveAt: null, version: 3, occurredAt: A_TIME },
    };
    const [first] = await told(world, command('CreateLicense', { ...ids, ...TERMS }), 'LicenseCreated');
    expect(first?.data).toEqual(created);
    expect(first?.data['createdAt']).toBe(first?.data['occurredAt']);
    const own = [ids.tenantId, ids.subdivisionId];
    expect([first?.record.key?.toString(), first?.record.headers['ce_subject']?.join()]).toEqual(own);

    const naming = { name: 'Gold', description: '' };
    const [renamed] = await told(world, command('UpdateLicense', { ...ids, ...naming }), 'LicenseUpdated');
    expect(renamed?.data).toEqual({ ...created, ...naming, version: 4 });

    const [activated] = await told(world, command('ActivateSubdivisionLicense', ids), 'LicenseActivated');
    const activatedAt = activated?.data['occurredAt'];
    const working = { status: 'active', phase: 'current', workStatus: 'active', activeLicenseId: ids.licenseId };
    const active = { ...created, ...naming, ...working };
    expect(activated?.data).toEqual({ ...active, activatedAt, version: 5 });

    const [stopped] = await told(world, command('DeactivateSubdivisionLicense', ids), 'LicenseDeactivated');
    const inactive = { ...created, ...naming, activatedAt, deactivatedAt: stopped?.data['occurredAt'], version: 6 };
    expect(stopped?.data).toEqual({ ...inactive, reason: 'command' });

    // The time of the first activation stays. An active license is deactivated before it is deleted.
    const [again] = await told(world, command('ActivateSubdivisionLicense', ids), 'LicenseActivated');
    expect(again?.data).toEqual({ ...active, activatedAt, version: 7 });
    const [off, gone] = await told(world, command('DeleteLicense', ids), 'LicenseDeactivated', 'LicenseDeleted');
    const last = { ...inactive, deactivatedAt: off?.data['occurredAt'], version: 8 };
    expect([off?.data, gone?.data]).toEqual([{ ...last, reason: 'deleted' }, last]);
  }));

test('a bytime license ends at its expiresAt, or 30 days after its creation', () =>
  world.guard(async () => {
    const ids = await givenLicense(world);
    const terms = { ...TERMS, type: 'bytime', requestsLimit: null };
    const expiresAt = Date.now() + LATER;
    const given = command('CreateLicense', { ...ids, licenseId: randomUUID(), ...terms, expiresAt });
    const [one] = await told(world, given, 'LicenseCreated');
    expect(one?.data).toMatchObject({ type: 'bytime', requestsLimit: null, expiresAt });
    const open = command('CreateLicense', { ...ids, licenseId: randomUUID(), ...terms });
    const [other] = await told(world, open, 'LicenseCreated');
    expect(other?.data['expiresAt']).toBe(Number(other?.data['createdAt']) + 30 * LATER);
  }));

test('`licensing show license` tells where a license stands', () =>
  world.guard(async () => {
    const { tenantId, licenseId } = await givenLicense(world, { active: true });
    const shown = await licensing(['show', 'license', tenantId, licenseId], world.env);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toMatch(/^phase +current \(active\)$/m);
    expect(shown.stdout).toMatch(/Z +activated for the first time$/m);
    const json = await licensing(['show', 'license', tenantId, licenseId, '--json'], world.env);
    expect(JSON.parse(json.stdout)).toMatchObject({ licenseId, phase: 'current', usedRequests: 0 });
    const strange = await licensing(['show', 'license', tenantId, randomUUID()], world.env);
    expect(strange).toMatchObject({ code: 1, stderr: expect.stringContaining('has no license') });
    expect((await licensing(['show', 'license', 'x'], world.env)).code).toBe(2);
  }));

test('an inactive license is deleted without being deactivated', () =>
  world.guard(async () => {
    const [gone] = await told(world, command('DeleteLicense', await givenLicense(world)), 'LicenseDeleted');
    expect(gone?.data).toMatchObject({ status: 'inactive', deactivatedAt: null, version: 3 });
  }));

test('a row that crosses the limit is kept, and deactivates the license: 50 and then 51 of 100', () =>
  world.guard(async () => {
    const ids = await givenLicense(world, { active: true });
    const first = addRow(ids, 50);
    const [added] = await told(world, first, 'StatisticRowAdded');
    expect(added?.data).toEqual({
      ...ids,
      ...{
        ...first.data,
        counted: true,
        usedRequests: 50,
        requestsLimit: 100,
        periodStartsAt: null,
        version: 4,
        occurredAt: A_TIME,
      },
    });
    const three = ['StatisticRowAdded', 'LicenseDeactivated', 'SubdivisionLicenseExpired'];
    const [row, license, subdivision] = await told(world, addRow(ids, 51), ...three);
    const inactive = { workStatus: 'inactive', activeLicenseId: null, version: 5 };
    expect(row?.data).toMatchObject({ usedRequests: 101, counted: true, version: 5 });
    expect(license?.data).toMatchObject({ ...inactive, reason: 'exhausted', usedRequests: 101, status: 'inactive' });
    expect(subdivision?.data).toMatchObject({ ...inactive, subdivisionId: ids.subdivisionId });
    expect(await rowsOf(ids)).toBe(2);
  }));

test('a row that reaches the limit deactivates the license: 100 of 100', () =>
  world.guard(async () => {
    const ids = await givenLicense(world, { active: true });
    await told(world, addRow(ids, 100), 'StatisticRowAdded', 'LicenseDeactivated', 'SubdivisionLicenseExpired');
  }));

test('a row from before the first activation is kept and counts nothing', () =>
  world.guard(async () => {
    const ids = await givenLicense(world, { active: true });
    const [row] = await told(world, addRow(ids, 99, { created: Date.now() - LATER }), 'StatisticRowAdded');
    expect(row?.data).toMatchObject({ counted: false, usedRequests: 0, countRequests: 99 });
    expect(await rowsOf(ids)).toBe(1);
  }));

test('usage stays counted through a deactivation and an activation', () =>
  world.guard(async () => {
    const ids = await givenLicense(world, { active: true });
    await told(world, addRow(ids, 60), 'StatisticRowAdded');
    await told(world, command('DeactivateSubdivisionLicense', ids), 'LicenseDeactivated');
    await told(world, command('ActivateSubdivisionLicense', ids), 'LicenseActivated');
    const [row] = await told(world, addRow(ids, 39), 'StatisticRowAdded');
    expect(row?.data).toMatchObject({ usedRequests: 99 });
    await told(world, addRow(ids, 1), 'StatisticRowAdded', 'LicenseDeactivated', 'SubdivisionLicenseExpired');
  }));

test('the oracle agrees with everything that came of these tests', () =>
  world.guard(async () => {
    await check(world);
  }));

async function rowsOf({ tenantId, subdivisionId }: LicenseIds): Promise<number> {
  const rows = world.db('statistic_rows').where({ tenant_id: tenantId, subdivision_id: subdivisionId });
  const [found] = await rows.count<{ count: string | number }[]>();
  return Number(found?.count);
}
