import { CONTACT } from '../e2e/given.ts';
import type { SetAside } from '../oracle/model.ts';
import { header } from '../support/collect.ts';
import { advance, command } from '../support/load.ts';
import { membersOf } from '../support/world-offsets.ts';
import { licensing } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import { faultCase, theStack } from './fault-case.ts';
import { dies, FAULT_BUG, FAULT_LEVEL, FAULT_POINT, lastWords, TIMER_POINTS } from './points.ts';
import {
  advancesIn,
  allExpire,
  eachHasEndedOnce,
  endsIn,
  givenLicenses,
  LICENSES,
  type ExpiringLicenses,
} from './timed-licenses.ts';

const stack = theStack();
const BUG = '1 Bug Street';

/** Of the case at hand. */
let given: ExpiringLicenses = { ids: [], expiresAt: 0 };
const fates = new Map<string, SetAside>();

faultCase(stack, {
  fault: 'F40',
  what: 'every worker is down at the time at which licenses expire',
  shows: 'Licenses end late, as of the time at which they have expired.',
  todo: 'Start a worker. Nothing else: what was due is done then, however long ago it was.',
  async inject({ world }) {
    given = await givenLicenses(world, 3_000);
    await world.worker().kill();
    await until('they have expired', () => Date.now() > given.expiresAt + 1_000);
    expect(await endsIn(world, given.ids)).toHaveLength(0);
    await world.worker().restart();
    await allExpire(world, given.ids);
  },
  fired: ({ world }) => eachHasEndedOnce(world, given.ids),
});

for (const point of TIMER_POINTS) {
  faultCase(stack, {
    fault: 'F41',
    what: `SIGKILL of the worker ${point}`,
    shows: 'Licenses end some seconds late; `duplicate` may rise for a moment.',
    todo: 'Nothing but starting a worker, which the supervisor does.',
    begin: ({ world }) => world.startWorker({ [FAULT_POINT]: point }),
    async inject({ world }) {
      given = await givenLicenses(world, 3_000);
      await dies(world.worker());
      expect(world.worker().log).toContain(lastWords(point));
      await world.worker().restart(world.env);
      await allExpire(world, given.ids);
    },
    fired: ({ world }) => eachHasEndedOnce(world, given.ids),
  });
}

faultCase(stack, {
  fault: 'F42',
  what: 'what a timer has sent comes again, and once more under another id',
  shows: '`duplicate` rises.',
  todo: 'Nothing.',
  async inject({ world }) {
    given = await givenLicenses(world, 1_000);
    await allExpire(world, given.ids);
    const sent = await advancesIn(world, given.ids);
    expect(sent.length).toBeGreaterThanOrEqual(LICENSES);
    await world.send([
      ...sent.map(({ key, value, headers }) => ({
        ...{ topic: 'commands' as const, key: String(key), value },
        headers: Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values.map(String)])),
      })),
      ...given.ids.map(({ tenantId, subdivisionId }) => advance({ tenantId, subdivisionId, upTo: Date.now() })),
    ]);
  },
  async fired({ world }) {
    expect((await advancesIn(world, given.ids)).length).toBeGreaterThanOrEqual(3 * LICENSES);
    await eachHasEndedOnce(world, given.ids);
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
    given = await givenLicenses(world, 4_000);
    const bugs = given.ids.map(({ tenantId }) =>
      command('UpdateTenant', { tenantId, name: `Tenant ${tenantId}`, ...CONTACT, address: BUG }),
    );
    for (const { envelope } of bugs) fates.set(String(envelope.id), { reason: 'HandlerFailed', state: 'replayed' });
    await world.send(bugs);
    await until('all are parked', async () => (await world.count('dead_letters')) === LICENSES);
    expect(Date.now()).toBeLessThan(given.expiresAt);
    await until('they would have ended by now', () => Date.now() > given.expiresAt + 2_000);
    expect(await advancesIn(world, given.ids)).toEqual([]);
    const { code, stderr } = await licensing(['dlq', 'replay', '--all'], world.env);
    expect([code, stderr]).toEqual([0, '']);
    await allExpire(world, given.ids);
  },
  fired: ({ world }) => eachHasEndedOnce(world, given.ids),
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
    given = await givenLicenses(world, 1_000);
    // As an older worker leaves it.
    const subdivisions = given.ids.slice(0, LICENSES / 2).map(({ subdivisionId }) => subdivisionId);
    expect(await world.db('subdivision_timers').whereIn('subdivision_id', subdivisions).del()).toBe(LICENSES / 2);
    await until('they have expired', () => Date.now() > given.expiresAt + 2_000);
    expect(await endsIn(world, given.ids)).toEqual([]);
    expect(await advancesIn(world)).toEqual([]);
    await older.stop();
    await newer.logs('"msg":"what every worker can read"', 60_000);
    await allExpire(world, given.ids);
  },
  fired: ({ world }) => eachHasEndedOnce(world, given.ids),
});
