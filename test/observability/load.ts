import { randomUUID } from 'node:crypto';
import { CONTACT, addRow, createTenant, givenLicense, lastingUntil } from '../e2e/given.ts';
import { generate } from '../oracle/generate.ts';
import { command } from '../support/load.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';

/** Where a tenant lives that the worker of `test/support/broken.ts` has a bug with. */
export const BUG = '1 Bug Street';
/** Who does not know the partitioner. */
export const CARELESS = 'careless shop';

const AT_ONCE = 200;
const MESSAGES = 2_000;
/** The worker has this much before it, and is never done. */
const WAITING = 400;

/** What there is something to see of: a parked tenant, commands in wrong partitions, bytes that are no Avro, and licenses that end. */
export async function sendTroubles(world: World): Promise<void> {
  const parked = createTenant({}, {}, BUG);
  const { tenantId } = parked.data;
  const update = { tenantId, name: `Tenant ${randomUUID()}`, ...CONTACT };
  await world.send([parked, command('UpdateTenant', update), command('UpdateTenant', update)]);
  const misplaced = createTenant();
  const everywhere = Array.from({ length: world.partitions }, (_, partition) =>
    command('UpdateTenant', { ...update, tenantId: misplaced.data.tenantId }, { partition, source: CARELESS }),
  );
  await world.send([misplaced, ...everywhere]);
  await world.send([{ topic: 'commands', key: randomUUID(), value: Buffer.from('no Avro'), headers: {} }]);
  await world.send([command('CreateUser', { userId: randomUUID() })]);
  const terms = lastingUntil(Date.now() + 2_000);
  await Promise.all(Array.from({ length: 5 }, () => givenLicense(world, { active: true, terms })));
}

/** Has the broker delete what was sent while no worker ran, as retention would after days. */
export async function loseSome(world: World): Promise<void> {
  const { commands } = world.topics;
  await until('the commands are done', async () => (await world.lagOf(commands)) === 0, 60_000);
  for (const worker of world.workers) await worker.stop();
  const nobodys = { tenantId: randomUUID(), name: 'Nobody', ...CONTACT };
  await world.send(
    Array.from({ length: world.partitions }, (_, partition) => command('UpdateTenant', nobodys, { partition })),
  );
  const ends = await world.admin.fetchTopicOffsets(commands);
  const partitions = ends.map(({ partition, high }) => ({ partition, offset: high }));
  await world.admin.deleteTopicRecords({ topic: commands, partitions });
  await Promise.all(world.workers.map((worker) => worker.restart()));
}

/** Sends a mixed load, so that there is always something to be done. Resolves when it is told to end. */
export async function keepBusy(world: World, signal: AbortSignal): Promise<void> {
  const isOver = (): boolean => signal.aborted;
  const license = await givenLicense(world, { active: true });
  for (let seed = 1; !isOver(); seed += 1) {
    const { first, load } = generate({ seed, messages: MESSAGES, partitions: world.partitions, now: Date.now() });
    const messages = [...first, ...load];
    for (let i = 0; i < messages.length && !isOver(); i += AT_ONCE) {
      await world.send([...messages.slice(i, i + AT_ONCE), addRow(license, 1)]);
      const few = async (): Promise<boolean> => isOver() || (await world.lagOf(world.topics.commands)) < WAITING;
      await until('the workers have done most of it', few, 60_000);
    }
  }
}
