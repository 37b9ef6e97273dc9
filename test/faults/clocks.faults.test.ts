import { randomUUID } from 'node:crypto';
import { lastingUntil, PLACE, type LicenseIds } from '../e2e/given.ts';
import { checkEntitlements } from '../oracle/check-entitlements.ts';
import { command, type Envelope, type Sending } from '../support/load.ts';
import type { World } from '../support/world.ts';
import { faultCase, theStack } from './fault-case.ts';
import { FAULT_CLOCK } from './points.ts';
import {
  advancesIn,
  allActive,
  allExpire,
  eachHasEndedOnce,
  endsIn,
  eventsOf,
  givenLicenses,
  givenSubdivisions,
} from './timed-licenses.ts';

const stack = theStack();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MESSAGES = 1_500;
/** A broker refuses what is more than an hour ahead. */
const AHEAD = HOUR - MINUTE;

/** Of the case at hand. */
let given: Readonly<Record<'before' | 'early' | 'late', readonly LicenseIds[]>> = { before: [], early: [], late: [] };

// As in F23, only the time of day of the worker's process is wrong. Who sees a wrong time sweeps, claims and publishes nevertheless.
faultCase(stack, {
  fault: 'F45',
  what: 'the clock of the worker is an hour ahead while licenses expire, and then an hour behind',
  shows: 'Nothing but wrong timestamps of the records that it publishes: the clock of the database tells what is due.',
  todo: 'Mend the clock. One that is more than an hour ahead is refused by the broker (`message.timestamp.after.max.ms`).',
  load: { messages: MESSAGES },
  begin: ({ world }) => world.startWorker({ [FAULT_CLOCK]: String(HOUR) }),
  async inject({ world }) {
    const { ids: early } = await givenLicenses(world, HOUR / 2);
    world.worker().signal('SIGUSR2');
    const { ids: before } = await givenLicenses(world, 2_000);
    await allExpire(world, before);
    await world.worker().restart({ ...world.env, [FAULT_CLOCK]: String(-HOUR) });
    world.worker().signal('SIGUSR2');
    const { ids: late } = await givenLicenses(world, 2_000);
    await allExpire(world, late);
    given = { before, early, late };
  },
  async fired({ world }, { model }) {
    expect(Math.min(...(await wrongBy(world, given.before)))).toBeGreaterThan(HOUR / 2);
    expect(Math.max(...(await wrongBy(world, given.late)))).toBeLessThan(-HOUR / 2);
    await eachHasEndedOnce(world, [...given.before, ...given.late]);
    expect([await advancesIn(world, given.early), await endsIn(world, given.early)]).toEqual([[], []]);
    await checkEntitlements(world, model);
  },
});

faultCase(stack, {
  fault: 'F45',
  what: 'the clocks of producers are an hour ahead, or an hour behind, of licenses that start and expire',
  shows:
    'Nothing early, and nothing missed. What comes from behind is dated so, as far as nothing later was due by then; what comes from ahead, by the database.',
  todo: 'Mend the clocks, or have the broker date the commands (`message.timestamp.type=LogAppendTime`): what was used an hour ahead is rejected with StatisticRowInFuture.',
  load: { messages: MESSAGES },
  async inject({ world }) {
    const early = await givenSubdivisions(world);
    const now = Date.now();
    const [startsAt, expiresAt] = [now + HOUR / 3, now + HOUR / 2];
    await world.send(
      early.flatMap((ids, i) => [
        command('CreateLicense', { ...ids, ...lastingUntil(expiresAt), ...(i % 2 === 0 && { startsAt }) }),
        command('ActivateSubdivisionLicense', ids),
      ]),
    );
    const ahead = { timestamp: String(Date.now() + AHEAD) };
    await world.send(early.flatMap((ids) => ofALicense(ids, Number(ahead.timestamp), ahead)));

    // Those whose end has passed when they begin, and those whose end is an hour and some seconds away for whoever has made them.
    const behind = { timestamp: String(Date.now() - HOUR) };
    const late = await givenSubdivisions(world, behind);
    const ends = [Date.now() - HOUR / 2, Date.now() + 2_000];
    await world.send(
      late.flatMap((ids, i) => [
        command('CreateLicense', { ...ids, ...lastingUntil(ends[i % 2] ?? 0) }, behind),
        command('ActivateSubdivisionLicense', ids, behind),
      ]),
    );
    await allActive(world, late);
    await allExpire(world, late);
    await world.send(late.flatMap((ids) => ofALicense(ids, Number(behind.timestamp), behind)));
    given = { before: [], early, late };
  },
  async fired({ world }, { model }) {
    const from = world.collector.records(world.topics.commands).map(({ timestamp }) => timestamp - Date.now());
    expect(Math.max(...from)).toBeGreaterThan(HOUR / 2);
    expect(Math.min(...from)).toBeLessThan(-HOUR / 2);
    expect([await advancesIn(world, given.early), await endsIn(world, given.early)]).toEqual([[], []]);
    const active = await eventsOf(world, given.early, 'LicenseActivated');
    expect(active).toHaveLength(given.early.length / 2);
    await eachHasEndedOnce(world, given.late);
    for (const { effectiveAt, expiresAt } of await endsIn(world, given.late)) expect(effectiveAt).toBe(expiresAt);
    await checkEntitlements(world, model);
  },
});

/** Usage, as a producer reports it whose clock is wrong; and a command for which nothing has to be due. */
function ofALicense(ids: LicenseIds, created: number, envelope: Envelope): readonly Sending[] {
  const { tenantId, subdivisionId } = ids;
  const row = { statisticRowId: randomUUID(), created, countRequests: 1 };
  return [
    command('AddStatisticRow', { tenantId, subdivisionId, ...row }, envelope),
    command('UpdateSubdivision', { tenantId, subdivisionId, ...PLACE }, envelope),
  ];
}

/** By how many milliseconds what tells the ends of these licenses is dated wrongly. */
async function wrongBy(world: World, ids: readonly LicenseIds[]): Promise<readonly number[]> {
  const ends = await eventsOf(world, ids, 'LicenseDeactivated');
  return ends.map(({ record, data }) => record.timestamp - Number(data['occurredAt']));
}
