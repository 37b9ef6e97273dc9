import { addRow, lastingUntil, TERMS, type LicenseIds } from '../e2e/given.ts';
import { checkEntitlements } from '../oracle/check-entitlements.ts';
import { header } from '../support/collect.ts';
import { command, type Sending } from '../support/load.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';
import { faultCase, theStack } from './fault-case.ts';
import { inSession, type Session } from './sessions.ts';
import {
  advancesIn,
  allExpire,
  eachHasEndedOnce,
  endsIn,
  eventsOf,
  givenSubdivisions,
  strangers,
  LICENSES,
  rowsOf,
} from './timed-licenses.ts';

const stack = theStack();
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const MESSAGES = 1_500;

/** Of the case at hand. */
let given: readonly LicenseIds[] = [];
let dueAt = 0;

const A_ROW_EVERY_MS = 10 * MINUTE;

// Due an hour ago, with an hour of usage from before it and one from after it still to be handled. What timers send stands behind all of that.
faultCase(stack, {
  fault: 'F46',
  what: 'licenses have started and ended amid two hours of usage that nobody has handled yet',
  shows:
    'Nothing but the lag. Each start comes with the first usage from after it, each end behind all usage; both count as of their time.',
  todo: 'Nothing: usage from before an end counts, usage from after it is rejected.',
  load: { messages: MESSAGES },
  // It sweeps once, before anything is due.
  begin: ({ world }) => world.startWorker({ TIMER_SWEEP_INTERVAL_MS: String(MINUTE) }),
  async inject({ world }) {
    const began = Date.now() - 2 * HOUR;
    dueAt = began + HOUR;
    const before = { timestamp: String(began - SECOND) };
    given = await givenSubdivisions(world, before);
    await world.send(
      given.flatMap((ids, i) => [
        command(
          'CreateLicense',
          { ...ids, ...(startsIt(i) ? { ...TERMS, startsAt: dueAt } : lastingUntil(dueAt)) },
          before,
        ),
        command('ActivateSubdivisionLicense', ids, before),
      ]),
    );
    await until('all have timers', async () => (await rowsOf(world, 'subdivision_timers', given)).length === LICENSES);
    await world.worker().kill();
    expect(await advancesIn(world, given)).toEqual([]);
    const timers = await rowsOf(world, 'subdivision_timers', given);
    expect(timers.map((row) => row['due_at'])).toEqual(timers.map(() => new Date(dueAt)));
    for (let at = began; at <= Date.now(); at += A_ROW_EVERY_MS) {
      await world.send(
        given.map((ids) => {
          const row = addRow(ids, 1, { created: at });
          return { ...row, envelope: { ...row.envelope, timestamp: String(at) } };
        }),
      );
    }
    await world.worker().restart(world.env);
    await allExpire(world, ended());
  },
  async fired({ world }, { model }) {
    const starts = await eventsOf(
      world,
      given.filter((_, i) => startsIt(i)),
      'LicenseActivated',
    );
    expect(starts.map(({ data }) => data['effectiveAt'])).toEqual(Array.from({ length: LICENSES / 2 }, () => dueAt));
    await eachHasEndedOnce(world, ended());
    // Usage from after an end is refused, and what is refused leaves no trace: the end comes with what the timer has sent.
    const sent = (await advancesIn(world, given)).map((record) => header(record, 'ce_id'));
    for (const { record } of starts) expect(sent).not.toContain(header(record, 'ce_causationid'));
    for (const { record } of await eventsOf(world, ended(), 'LicenseDeactivated')) {
      expect(sent).toContain(header(record, 'ce_causationid'));
    }
    // Of thirteen rows each: six from before it, and those at its time and after it.
    const rows = await eventsOf(world, given, 'StatisticRowAdded');
    const counted = rows.filter(({ data }) => data['counted'] === true).map(({ data }) => data['subdivisionId']);
    const perSubdivision = given.map(({ subdivisionId }) => counted.filter((one) => one === subdivisionId).length);
    expect(perSubdivision).toEqual(given.map((_, i) => (startsIt(i) ? 7 : 6)));
    await checkEntitlements(world, model);
  },
});

/** Half of them start, the others end. */
function startsIt(i: number): boolean {
  return i % 2 === 0;
}

function ended(): readonly LicenseIds[] {
  return given.filter((_, i) => !startsIt(i));
}

/** `first` is the end that a license is created with, `soon` one that comes just after it. */
type End = 'first' | 'soon' | 'far';

/** To which ends a license is changed, one after the other: by what is handled ahead of a message of its timer, and by what comes behind that. */
interface Changes {
  readonly ahead?: readonly End[];
  readonly behind?: readonly End[];
}

/** What becomes of a license while what its timer has sent for its first end is under way, and then for the one that is soon. */
interface Fate {
  readonly first?: Changes;
  readonly soon?: Changes;
  readonly ends: End;
}

const FATES: readonly Fate[] = [
  { ends: 'first' },
  { first: { ahead: ['far'] }, ends: 'far' },
  { first: { ahead: ['far', 'first'] }, ends: 'first' },
  { first: { ahead: ['far', 'first', 'far'] }, ends: 'far' },
  { first: { behind: ['far'] }, ends: 'first' },
  { first: { ahead: ['far'], behind: ['soon'] }, ends: 'soon' },
  { first: { ahead: ['far'], behind: ['soon'] }, soon: { ahead: ['far'] }, ends: 'far' },
  { first: { ahead: ['far'], behind: ['soon'] }, soon: { ahead: ['far', 'soon'] }, ends: 'soon' },
  { first: { ahead: ['far'], behind: ['soon'] }, soon: { behind: ['far'] }, ends: 'soon' },
];
const OF_EACH = 3;

/** Of the case at hand. */
let endsAt: Readonly<Record<End, number>> = { first: 0, soon: 0, far: 0 };

faultCase(stack, {
  fault: 'F47',
  what: 'the ends of licenses are put off, brought forward and put off again while what their timers have sent is under way',
  shows: 'Nothing but the lag. A license ends when its present end has come, whatever its timer was sent for.',
  todo: 'Nothing. To keep a license from ending, a command has to stand ahead of what its timer has sent.',
  // A timer that has moved is sent for because it has, and not because nobody has answered.
  env: { TIMER_RESEND_MS: String(HOUR) },
  load: { messages: MESSAGES },
  async inject({ world }) {
    await inSession(world.database.url, async (sweeps) => {
      await sweeps.run(`SELECT pg_advisory_lock(${SWEEPS})`);
      given = await givenSubdivisions(world, {}, strangers(FATES.length * OF_EACH));
      endsAt = { first: Date.now() + SECOND, soon: 0, far: Date.now() + 24 * HOUR };
      await world.send(
        given.flatMap((ids) => [
          command('CreateLicense', { ...ids, ...lastingUntil(endsAt.first) }),
          command('ActivateSubdivisionLicense', ids),
        ]),
      );
      await changeAmidTimers(world, sweeps, 'first');
      await changeAmidTimers(world, sweeps, 'soon');
    });
    await allExpire(world, endingAt('first', 'soon'));
  },
  async fired({ world }, { model }) {
    await eachHasEndedOnce(world, endingAt('first', 'soon'));
    for (const end of ['first', 'soon'] as const) {
      const times = (await endsIn(world, endingAt(end))).map(({ effectiveAt }) => effectiveAt);
      expect(times).toEqual(times.map(() => endsAt[end]));
    }
    expect(await endsIn(world, endingAt('far'))).toEqual([]);
    await dueAndUnsent(world, endingAt('far'), endsAt.far);
    await checkEntitlements(world, model);
  },
});

/** While somebody has this lock, nobody sweeps. */
const SWEEPS = `5120012, 'subdivision_timers'::regclass::oid::integer`;

/**
 * Changes the licenses whose timers are due at this end, ahead of and behind what the timers send: nothing of all that is handled before it
 * all stands in its topic.
 * @param sweeps the session that keeps everybody from sweeping, before and after
 */
async function changeAmidTimers(world: World, sweeps: Session, end: 'first' | 'soon'): Promise<void> {
  const due = end === 'first' ? given : given.filter((_, i) => fateOf(i).first?.behind?.includes('soon'));
  await dueAndUnsent(world, due, endsAt[end]);
  await until('they are due', () => Date.now() > endsAt[end]);
  await inSession(world.database.url, async (rows) => {
    await rows.run('BEGIN');
    await rows.run('SELECT FROM subdivisions WHERE subdivision_id = ANY ($1) FOR UPDATE', [
      due.map(({ subdivisionId }) => subdivisionId),
    ]);
    await world.send(changes(end, 'ahead'));
    await sweeps.run(`SELECT pg_advisory_unlock(${SWEEPS})`);
    await until('their timers have sent', async () => {
      const sent = (await advancesIn(world, due)).filter(({ decoded }) => Number(decoded?.data['upTo']) >= endsAt[end]);
      return new Set(sent.map(({ decoded }) => decoded?.data['subdivisionId'])).size === due.length;
    });
    await sweeps.run(`SELECT pg_advisory_lock(${SWEEPS})`);
    // Behind the time of what the timers have sent.
    if (end === 'first') endsAt = { ...endsAt, soon: Date.now() + SECOND };
    await world.send(changes(end, 'behind'));
    await rows.blocked();
    await rows.run('COMMIT');
  });
}

/** All of them are sent before the end at hand, as far as their producers know. */
function changes(end: 'first' | 'soon', place: keyof Changes): readonly Sending[] {
  const envelope = { timestamp: String(endsAt[end] - 1) };
  return given.flatMap((ids, i) =>
    (fateOf(i)[end]?.[place] ?? []).map((to) =>
      to === 'far'
        ? command('RenewLicense', { ...ids, expiresAt: endsAt.far, resetUsage: false, activate: false }, envelope)
        : command('ChangeLicenseTerms', { ...ids, expiresAt: endsAt[to], whenBelowUsage: 'reject' }, envelope),
    ),
  );
}

/** Resolves once the timers of these are for that time, and were not sent for since. */
async function dueAndUnsent(world: World, ids: readonly LicenseIds[], at: number): Promise<void> {
  await until('their timers are due then', async () => {
    const timers = await rowsOf(world, 'subdivision_timers', ids);
    const so = timers.filter((row) => Number(row['due_at']) === at && row['queued_at'] === null);
    return so.length === ids.length;
  });
}

function endingAt(...ends: readonly End[]): readonly LicenseIds[] {
  return given.filter((_, i) => ends.includes(fateOf(i).ends));
}

function fateOf(i: number): Fate {
  return FATES[i % FATES.length] ?? { ends: 'first' };
}
