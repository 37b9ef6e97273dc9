import { randomUUID } from 'node:crypto';
import { addRow, answersTo, createTenant, PLACE, refused, strange, TERMS, told } from '../e2e/given.ts';
import { command } from '../support/load.ts';
import { licensing, type Ended } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';

/** Tells the story of the product to a worker, and has each verb of the command line work over the same connections. */
export async function theStory(world: World): Promise<void> {
  for (const verb of [
    ['migrate', 'status'],
    ['topics', 'check'],
    ['schemas', 'check'],
  ])
    await cli(world, ...verb);
  const ids = strange();
  const { tenantId, subdivisionId } = ids;
  const tenant = createTenant({ tenantId });
  await told(world, tenant, 'TenantCreated', 'UserCreated');
  await profileOf(world, tenant.data.userId);
  await told(world, command('CreateSubdivision', { tenantId, subdivisionId, ...PLACE }), 'SubdivisionCreated');
  await told(world, command('CreateLicense', { ...ids, ...TERMS }), 'LicenseCreated');
  await told(world, command('ActivateSubdivisionLicense', ids), 'LicenseActivated');
  await told(world, addRow(ids, 50), 'StatisticRowAdded');
  await told(world, addRow(ids, 51), 'StatisticRowAdded', 'LicenseDeactivated', 'SubdivisionLicenseExpired');
  expect(await refused(world, addRow(ids, 1))).toMatchObject({ code: 'SubdivisionInactive' });
  const id = randomUUID();
  const another = command(
    'CreateSubdivision',
    { tenantId, subdivisionId: randomUUID(), ...PLACE },
    { id, source: 'licensing-cli' },
  );
  await cli(world, 'send', 'CreateSubdivision', JSON.stringify(another.data), '--id', id);
  await answersTo(world, another, 1);
  await world.send([{ topic: 'commands', key: tenantId, value: Buffer.from('no Avro'), headers: {} }]);
  await world.settled();
  const count = 8; // events of this key so far
  const seen = await cli(
    world,
    'tail',
    '--topic',
    'events',
    '--from',
    'beginning',
    '--key',
    tenantId,
    '--count',
    String(count),
  );
  expect(seen.stdout.trim().split('\n')).toHaveLength(count);
  expect((await cli(world, 'dlq', 'list')).stdout).toContain('UndecodableMessage');
  expect((await cli(world, 'dlq', 'show', '1')).stdout).toContain('UndecodableMessage');
  await cli(world, 'dlq', 'discard', '1', '--why', 'it was never a command', '--yes');
}

async function cli(world: World, ...args: readonly string[]): Promise<Ended> {
  const ended = await licensing(args, world.env);
  if (ended.code !== 0)
    throw new Error(`licensing ${args.join(' ')} ended with ${ended.code}: ${ended.stderr}${ended.stdout}`);
  return ended;
}

/** Resolves when the user domain has told who the user is. */
async function profileOf(world: World, userId: string): Promise<void> {
  await until(`${userId} is looked up`, async () => {
    await world.collector.decode();
    const records = world.collector.records(world.topics.events);
    return records.some(
      ({ key, decoded }) => String(key) === userId && decoded?.type.endsWith('.UserUpdated') === true,
    );
  });
}
