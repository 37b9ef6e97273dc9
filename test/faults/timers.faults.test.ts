import { randomUUID } from 'node:crypto';
import { CONTACT, createTenant, lastingUntil, PLACE, strange, type LicenseIds } from '../e2e/given.ts';
import type { SetAside } from '../oracle/model.ts';
import { header, type WireRecord } from '../support/collect.ts';
import { advance, command } from '../support/load.ts';
import { membersOf } from '../support/world-offsets.ts';
import { licensing } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';
import { faultCase, theStack } from './fault-case.ts';
import { dies, FAULT_BUG, FAULT_LEVEL, FAULT_POINT, lastWords, TIMER_POINTS } from './points.ts';

const stack = theStack();
const LICENSES = 20;
const BUG = '1 Bug Street';
/** Longer than it takes to send for them, or to give up. */
const EXPIRES_WITHIN_MS = 60_000;

/** Of the case at hand. */
let ids: readonly LicenseIds[] = [];
const fates = new Map<string, SetAside>();

faultCase(stack, {
  fault: 'F40',
  what: 'every worker is down at the time at which licenses expire',
  shows: 'Licenses end late, as of the time at which they have expired.',
  todo: 'Start a worker. Nothing else: what was due is done then, however long ago it was.',
  async inject({ world }) {
    const expiresAt = await givenLicenses(world, 3_000);
    await world.worker().kill();
    await until('they have expired', () => Date.now() > expiresAt + 1_000);
    expect(await endsIn(world)).toHaveLength(0);
    await world.worker().restart();
    await allExpire(world);
  },
  fired: ({ world }) => eachHasEndedOnce(world),
});

for (const point of TIMER_POINTS) {
  faultCase(stack, {
    fault: 'F41',
    what: `SIGKILL of the worker ${point}`,
    shows: 'Licenses end some seconds late; `duplicate` may rise for a moment.',
    todo: 'Nothing but starting a worker, which the supervisor does.',
    begin: ({ world }) => world.startWorker({ [FAULT_POINT]: point }),
    async inject({ world }) {
      await givenLicenses(world, 3_000);
      await dies(world.worker());
      expect(world.worker().log).toContain(lastWords(point));
      await world.worker().restart(world.env);
      await allExpire(world);
    },
    fired: ({ world }) => eachHasEndedOnce(world),
  });
}

faultCase(stack, {
  fault: 'F42',
  what: 'what a timer has sent comes again, and once more under another id',
  shows: '`duplicate` rises.',
  todo: 'Nothing.',
  async inject({ world }) {
    await givenLicenses(world, 1_000);
    await allExpire(world);
    const sent = await advancesIn(world);
    expect(sent.length).toBeGreaterThanOrEqual(LICENSES);
    await world.send([
      ...sent.map(({ key, value, headers }) => ({
        ...{ topic: 'commands' as const, key: String(key), value },
        headers: Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values.map(String)])),
      })),
      ...ids.map(({ tenantId, subdivisionId }) => advance({ tenantId, subdivisionId, upTo: Date.now() })),
    ]);
  },
  async fired({ world }) {
    expect((await advancesIn(world)).length).toBeGreaterThanOrEqual(3 * LICENSES);
    await eachHasEndedOnce(world);
  },
});

faultCase(stack, {
  fault: 'F43',
  what: 'tenants are parked at the time at which their licenses expire',
  shows: '`dead letter: HandlerFailed`, and their licenses do not end.',
  todo: 'Mend the handler, deploy, then `licensing dlq replay --all`: what was due is done once the tenant is free.',
  // No other letters: their replay would fail.
  load: { letters: false },
  check: { setAside: (record) => fates.get(header(record, 'ce_id') ?? '') },
  begin: ({ world }) => world.startWorker({ [FAULT_BUG]: BUG }),
  async inject({ world }) {
    fates.clear();
    const expiresAt = await givenLicenses(world, 4_000);
    const bugs = ids.map(({ tenantId }) =>
      command('UpdateTenant', { tenantId, name: `Tenant ${tenantId}`, ...CONTACT, address: BUG }),
    );
    for (const { envelope } of bugs) fates.set(String(envelope.id), { reason: 'HandlerFailed', state: 'replayed' });
    await world.send(bugs);
    await until('all are parked', async () => (await world.count('dead_letters')) === LICENSES);
    expect(Date.now()).toBeLessThan(expiresAt);
    await until('they would have ended by now', () => Date.now() > expiresAt + 2_000);
    expect(await advancesIn(world)).toEqual([]);
    const { code, stderr } = await licensing(['dlq', 'replay', '--all'], world.env);
    expect([code, stderr]).toEqual([0, '']);
    await allExpire(world);
  },
  fired: ({ world }) => eachHasEndedOnce(world),
});

faultCase(stack, {
  fault: 'F44',
  what: 'licenses expire beside an idle worker of the version before, which would bury what timers send, and writes none',
  shows: '`timers are due, and nobody may send for them`, once a minute, with the reason in `why`.',
  todo: 'Finish the rolling update. Licenses end once the last older worker has gone.',
  outbox: 'unproven',
  sendsRest: true,
  begin: ({ world }) => Promise.all([world.startWorker(), world.startWorker({ [FAULT_LEVEL]: 'none' })]),
  async inject({ world, load }) {
    const [newer, older] = [world.worker(0), world.worker(1)];
    await until('both are in the group', async () => (await membersOf(world.admin, world.group)) === 2);
    await load.sendRest();
    const expiresAt = await givenLicenses(world, 1_000);
    // As an older worker leaves it.
    const subdivisions = ids.slice(0, LICENSES / 2).map(({ subdivisionId }) => subdivisionId);
    expect(await world.db('subdivision_timers').whereIn('subdivision_id', subdivisions).del()).toBe(LICENSES / 2);
    await until('they have expired', () => Date.now() > expiresAt + 2_000);
    expect(await endsIn(world)).toEqual([]);
    expect(await advancesIn(world, 'of any')).toEqual([]);
    await older.stop();
    await newer.logs('"msg":"what every worker can read"', 60_000);
    await allExpire(world);
  },
  fired: ({ world }) => eachHasEndedOnce(world),
});

/** Tenants of their own, each with a license that expires so many milliseconds from now. Resolves with that time when all are active. */
async function givenLicenses(world: World, after: number): Promise<number> {
  ids = Array.from({ length: LICENSES }, strange);
  await world.send(
    ids.flatMap(({ tenantId, subdivisionId }) => [
      createTenant({ tenantId, userId: randomUUID() }),
      command('CreateSubdivision', { tenantId, subdivisionId, ...PLACE }),
    ]),
  );
  const subdivisions = ids.map(({ subdivisionId }) => subdivisionId);
  await until('their subdivisions are there', async () => {
    const found = await world.db('subdivisions').whereIn('subdivision_id', subdivisions);
    return found.length === LICENSES;
  });
  const expiresAt = Date.now() + after;
  await world.send(
    ids.flatMap((one) => [
      command('CreateLicense', { ...one, ...lastingUntil(expiresAt) }),
      command('ActivateSubdivisionLicense', one),
    ]),
  );
  await until('they are active', async () => {
    const found = await world.db('licenses').whereIn('subdivision_id', subdivisions).whereNotNull('activated_at');
    return found.length === LICENSES;
  });
  return expiresAt;
}

async function allExpire(world: World): Promise<void> {
  await until('all expire', async () => (await endsIn(world)).length === LICENSES, EXPIRES_WITHIN_MS);
}

/** The oracle has compared the events with the messages; this tells that the fault did not keep them from coming. */
async function eachHasEndedOnce(world: World): Promise<void> {
  const ends = await endsIn(world);
  expect(ends.toSorted()).toEqual(ids.map(({ licenseId }) => licenseId).sort());
}

/** The licenses that time has ended, by the ids of events: a repetition counts once. */
async function endsIn(world: World): Promise<readonly unknown[]> {
  await world.collector.decode();
  const licenses = new Set<unknown>(ids.map(({ licenseId }) => licenseId));
  const ends = new Map<string | undefined, unknown>();
  for (const record of world.collector.records(world.topics.events)) {
    const { type, data = {} } = record.decoded ?? {};
    if (type !== 'licensing.events.LicenseDeactivated' || data['reason'] !== 'expired') continue;
    if (licenses.has(data['licenseId'])) ends.set(header(record, 'ce_id'), data['licenseId']);
  }
  return [...ends.values()];
}

/** What timers have sent for these subdivisions. */
async function advancesIn(world: World, of: 'of these' | 'of any' = 'of these'): Promise<readonly WireRecord[]> {
  await world.collector.decode();
  const subdivisions = new Set<unknown>(ids.map(({ subdivisionId }) => subdivisionId));
  return world.collector
    .records(world.topics.commands)
    .filter(({ decoded }) => decoded?.type === 'licensing.internal.AdvanceSubdivision')
    .filter(({ decoded }) => of === 'of any' || subdivisions.has(decoded?.data['subdivisionId']));
}
