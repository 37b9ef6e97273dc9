import { lastingUntil, TERMS, type LicenseIds } from '../e2e/given.ts';
import { checkEntitlements } from '../oracle/check-entitlements.ts';
import { advance, command, type Sending } from '../support/load.ts';
import { until } from '../support/world-until.ts';
import { faultCase, theStack } from './fault-case.ts';
import { dies, FAULT_POINT, FAULT_REPEAT, lastWords } from './points.ts';
import {
  allExpire,
  eachHasEndedOnce,
  endsIn,
  eventsOf,
  givenLicenses,
  givenSubdivisions,
  LICENSES,
} from './timed-licenses.ts';

const stack = theStack();
const SECOND = 1_000;
const DAY = 24 * 60 * 60 * SECOND;
const MESSAGES = 1_500;
/** So that the death of a worker keeps nobody for long from publishing what it was about to. */
const SHORT_CLAIMS = { [FAULT_REPEAT]: String(2 * SECOND) };

/** Of the case at hand. */
let given: readonly LicenseIds[] = [];
let dueAt = 0;

for (const point of ['after timers are published', 'after the commit, before the publication'] as const) {
  faultCase(stack, {
    fault: 'F48',
    what: `a license in grace makes room for the next one, and the worker is killed ${point}`,
    shows: 'Some seconds pass until the next license is told to be active, as of its start.',
    todo: 'Nothing but starting a worker, which the supervisor does.',
    env: SHORT_CLAIMS,
    load: { messages: MESSAGES },
    begin: ({ world }) => world.startWorker({ [FAULT_POINT]: point }),
    // The worker dies at the first that comes once its point is armed, so nothing else may come.
    sendsRest: true,
    async inject({ world, load }) {
      await load.sendRest();
      given = await givenSubdivisions(world);
      const expiresAt = Date.now() + 2 * SECOND;
      dueAt = expiresAt + 5 * SECOND;
      await world.send(
        given.flatMap((ids) => [
          command('CreateLicense', { ...ids, ...lastingUntil(expiresAt), graceMs: DAY }),
          command('ActivateSubdivisionLicense', ids),
          command('CreateLicense', { ...following(ids), ...TERMS, startsAt: dueAt }),
          command('ActivateSubdivisionLicense', following(ids)),
        ]),
      );
      const inGrace = async (): Promise<number> => (await eventsOf(world, given, 'LicenseGraceStarted')).length;
      await until('all are in grace', async () => (await inGrace()) === LICENSES);
      await world.settled();
      expect(Date.now()).toBeLessThan(dueAt);
      await dies(world.worker());
      expect(world.worker().log).toContain(lastWords(point));
      await world.worker().restart(world.env);
      await allExpire(world, given);
    },
    async fired({ world }, { model }) {
      await eachHasEndedOnce(world, given);
      const starts = (await eventsOf(world, given, 'LicenseActivated')).map(({ data }) => data);
      const next = starts.filter(({ effectiveAt }) => effectiveAt !== null);
      expect(next.map(({ licenseId }) => licenseId).sort()).toEqual(
        given.map((ids) => following(ids).licenseId).sort(),
      );
      const times = [...next, ...(await endsIn(world, given))].map(({ effectiveAt }) => effectiveAt);
      expect(times).toEqual(times.map(() => dueAt));
      await checkEntitlements(world, model);
    },
  });
}

/** The license that comes after another one. */
function following({ licenseId, ...ids }: LicenseIds): LicenseIds {
  return { ...ids, licenseId: licenseId.replace(/^./, (first) => (first === '0' ? '1' : '0')) };
}

/** What comes at the due time. */
const KINDS: readonly ((ids: LicenseIds) => readonly Sending[])[] = [
  // One millisecond before it.
  (ids) => [renewed(ids, dueAt - 1, false)],
  (ids) => [renewed(ids, dueAt, false)],
  (ids) => [renewed(ids, dueAt, true)],
  (ids) => [renewed(ids, dueAt, true), timer(ids)],
  (ids) => [timer(ids), renewed(ids, dueAt, true)],
];

faultCase(stack, {
  fault: 'F49',
  what: 'licenses are renewed in the very millisecond in which they expire, before and after a timer, with every worker down',
  shows: 'Nothing but the lag. What ends at a time ends before what comes at that time.',
  todo: 'Start a worker.',
  load: { messages: MESSAGES },
  async inject({ world }) {
    const { ids, expiresAt } = await givenLicenses(world, 4 * SECOND);
    [given, dueAt] = [ids, expiresAt];
    await world.worker().kill();
    expect(Date.now()).toBeLessThan(expiresAt);
    await until('they have expired', () => Date.now() > expiresAt);
    await world.send(ids.flatMap((one, i) => KINDS[i % KINDS.length]?.(one) ?? []));
    await world.worker().restart();
    await allExpire(world, ending());
  },
  async fired({ world }, { model }) {
    const ends = await endsIn(world, given);
    expect(ends.map(({ licenseId }) => licenseId).sort()).toEqual(
      ending()
        .map(({ licenseId }) => licenseId)
        .sort(),
    );
    expect(ends.map(({ effectiveAt }) => effectiveAt)).toEqual(ends.map(() => dueAt));
    expect(await eventsOf(world, given, 'LicenseRenewed')).toHaveLength(LICENSES);
    // The first activation of each, and another one where the renewal asks for it.
    expect(await eventsOf(world, given, 'LicenseActivated')).toHaveLength(LICENSES + (LICENSES / KINDS.length) * 3);
    await checkEntitlements(world, model);
  },
});

/** Those whose renewal does not come before their end. */
function ending(): readonly LicenseIds[] {
  return given.filter((_, i) => i % KINDS.length !== 0);
}

function renewed(ids: LicenseIds, at: number, activate: boolean): Sending {
  const renewal = { expiresAt: dueAt + DAY, resetUsage: false, activate };
  return command('RenewLicense', { ...ids, ...renewal }, { timestamp: String(at) });
}

function timer({ tenantId, subdivisionId }: LicenseIds): Sending {
  return advance({ tenantId, subdivisionId, upTo: dueAt });
}
