import { randomUUID } from 'node:crypto';
import { check } from '../oracle/check.ts';
import { command } from '../support/load.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { addRow, answersTo, createTenant, givenLicense, PLACE, strange, TERMS, told } from './given.ts';

/** A chunk with as many licenses of one subdivision once stopped a worker for all tenants. */
const LICENSES = 2_500;
const SUBDIVISIONS = 1_500;

const world = theWorld();

test('other tenants do not wait for a subdivision with thousands of licenses, nor for a tenant with thousands of subdivisions', () =>
  world.guard(async () => {
    const other = await givenLicense(world, { active: true });
    const [{ tenantId, subdivisionId }, large] = [strange(), strange()];
    const ids = Array.from({ length: LICENSES }, () => ({ tenantId, subdivisionId, licenseId: randomUUID() }));
    const last = command('DeleteSubdivision', { tenantId, subdivisionId });
    const gone = command('DeleteTenant', { tenantId: large.tenantId });
    await world.send([
      createTenant({ tenantId }),
      command('CreateSubdivision', { tenantId, subdivisionId, ...PLACE }),
      ...ids.map((license) => command('CreateLicense', { ...license, ...TERMS })),
      ...ids.map((license) => command('UpdateLicense', { ...license, name: 'Gold', description: '' })),
      ...ids.slice(0, 1).map((license) => command('ActivateSubdivisionLicense', license)),
      ...ids.slice(0, 50).map(() => addRow({ tenantId, subdivisionId }, 1)),
      ...ids.slice(LICENSES / 2).map((license) => command('DeleteLicense', license)),
      last,
      createTenant({ tenantId: large.tenantId }),
      ...Array.from({ length: SUBDIVISIONS }, () =>
        command('CreateSubdivision', { tenantId: large.tenantId, subdivisionId: randomUUID(), ...PLACE }),
      ),
      gone,
    ]);
    await told(world, addRow(other, 1), 'StatisticRowAdded');
    await answersTo(world, last, LICENSES / 2 + 2);
    await answersTo(world, gone, SUBDIVISIONS + 2);
    await world.settled();
    await check(world);
  }));
