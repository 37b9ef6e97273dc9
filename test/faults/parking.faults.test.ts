import { randomUUID } from 'node:crypto';
import { addRow, CONTACT, createTenant, PLACE, TERMS, type LicenseIds } from '../e2e/given.ts';
import type { SetAside } from '../oracle/model.ts';
import { header, type WireRecord } from '../support/collect.ts';
import { command, type Sending } from '../support/load.ts';
import { membersOf } from '../support/world-offsets.ts';
import { licensing } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';
import { faultCase, theStack } from './fault-case.ts';
import { dies, FAULT_BUG, FAULT_POINT, lastWords, type Point } from './points.ts';

const stack = theStack();
const BUG = '1 Bug Street';
const TENANTS = 4;
const BEHIND = 12;
const KILLS: readonly Point[] = ['after the inbox insert', 'after the commit, before the publication'];

/** By `ce_id`, what must have come of messages that were set aside: a build without the bug replays all of them in the end. */
const fates = new Map<string, SetAside>();
const check = { setAside: (record: WireRecord) => fates.get(header(record, 'ce_id') ?? '') };

const SHOWS =
  '`dead letter: HandlerFailed`, once a tenant; `dlq list` has the parked keys, and how many letters wait under each.';
const TODO =
  'Mend the handler, deploy, then `licensing dlq replay --all`: each key is free once its last letter is through.';

faultCase(stack, {
  fault: 'parked',
  what: `SIGKILL of the worker with tenants parked, ${KILLS.join(' and ')}; a replay of all by a build without the bug`,
  shows: SHOWS,
  todo: TODO,
  // No other letters: their replay would fail.
  load: { letters: false },
  check,
  begin: ({ world }) => world.startWorker({ [FAULT_BUG]: BUG }),
  async inject({ world }) {
    const worker = world.worker();
    const tenants = await park(world);
    for (const point of KILLS) {
      await worker.restart({ ...worker.env, [FAULT_POINT]: point });
      await Promise.all([dies(worker), sendBehind(world, tenants)]);
      expect(worker.log).toContain(lastWords(point));
      await worker.restart();
    }
    await sendBehind(world, tenants);
    await replayAll(world, tenants);
  },
  fired: ({ world }) => allCameThrough(world, KILLS.length + 1),
});

faultCase(stack, {
  fault: 'parked',
  what: 'a worker is killed and another joins with tenants parked; a replay of all by a build without the bug',
  shows: SHOWS,
  todo: TODO,
  load: { letters: false },
  check,
  begin: ({ world }) => Promise.all([world.startWorker({ [FAULT_BUG]: BUG }), world.startWorker({ [FAULT_BUG]: BUG })]),
  async inject({ world }) {
    const tenants = await park(world);
    await Promise.all([world.worker(1).kill(), sendBehind(world, tenants)]);
    await until('the group has gone on without it', async () => (await membersOf(world.admin, world.group)) === 1);
    await Promise.all([world.startWorker({ [FAULT_BUG]: BUG }), sendBehind(world, tenants)]);
    await until('the newcomer is in the group', async () => (await membersOf(world.admin, world.group)) === 2);
    await sendBehind(world, tenants);
    await replayAll(world, tenants);
  },
  async fired({ world }) {
    expect(world.worker(1).exit?.signal).toBe('SIGKILL');
    await allCameThrough(world, 3);
  },
});

/** Makes tenants with an active license, and sends each a message that meets the bug. Resolves when all of them are parked. */
async function park(world: World): Promise<readonly LicenseIds[]> {
  fates.clear();
  const tenants = Array.from({ length: TENANTS }, (): LicenseIds => {
    return { tenantId: randomUUID(), subdivisionId: randomUUID(), licenseId: randomUUID() };
  });
  await world.send(
    tenants.flatMap((ids) => [
      createTenant({ tenantId: ids.tenantId }),
      command('CreateSubdivision', { tenantId: ids.tenantId, subdivisionId: ids.subdivisionId, ...PLACE }),
      command('CreateLicense', { ...ids, ...TERMS, requestsLimit: 1e9 }),
      command('ActivateSubdivisionLicense', ids),
    ]),
  );
  await sendAside(
    world,
    'HandlerFailed',
    tenants.map((ids) => update(ids, BUG)),
  );
  await until('all are parked', async () => (await world.count('dead_letters')) === TENANTS);
  return tenants;
}

/** Sends rows and updates of these tenants, in turn. */
async function sendBehind(world: World, tenants: readonly LicenseIds[]): Promise<void> {
  for (let i = 0; i < BEHIND; i += 1) {
    await sendAside(
      world,
      'ParkedBehind',
      tenants.map((ids) => (i % 2 === 0 ? addRow(ids, 1) : update(ids, `${i} Street`))),
    );
  }
}

async function sendAside(world: World, reason: string, messages: readonly Sending[]): Promise<void> {
  for (const { envelope } of messages) fates.set(String(envelope.id), { reason, state: 'replayed' });
  await world.send(messages);
}

/** Replays all letters, then sends the tenants' next messages, which have nothing to wait for. */
async function replayAll(world: World, tenants: readonly LicenseIds[]): Promise<void> {
  await until('all of it are letters', async () => (await world.count('dead_letters')) === fates.size);
  await refusesOutOfTurn(world);
  const { code, stdout, stderr } = await licensing(['dlq', 'replay', '--all'], world.env);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.match(/^letter \d+ {2}accepted$/gm)).toHaveLength(fates.size);
  await world.send(tenants.map((ids) => update(ids, 'Free Street')));
}

/** Checks that the last letter can't be replayed: it waits behind others of its tenant. */
async function refusesOutOfTurn({ db, env }: World): Promise<void> {
  const [last] = await db('dead_letters').orderBy('letter_id', 'desc').limit(1).pluck<string[]>('letter_id');
  const { code, stdout } = await licensing(['dlq', 'replay', String(last)], env);
  expect([code, stdout]).toEqual([1, expect.stringContaining('waits behind letter')]);
}

function update({ tenantId }: LicenseIds, address: string): Sending {
  return command('UpdateTenant', { tenantId, name: `Tenant ${tenantId}`, ...CONTACT, address });
}

/** Checks that every tenant was parked. @param times how many messages came behind each of them */
async function allCameThrough({ db }: World, times: number): Promise<void> {
  const reasons = await db('dead_letters').pluck<string[]>('reason');
  const count = (reason: string): number => reasons.filter((one) => one === reason).length;
  expect([count('HandlerFailed'), count('ParkedBehind')]).toEqual([TENANTS, TENANTS * BEHIND * times]);
}
