import { addRow, lastingUntil, TERMS, type LicenseIds } from '../e2e/given.ts';
import { checkEntitlements } from '../oracle/check-entitlements.ts';
import { header } from '../support/collect.ts';
import { command } from '../support/load.ts';
import { until } from '../support/world-until.ts';
import { faultCase, theStack } from './fault-case.ts';
import {
  advancesIn,
  allExpire,
  eachHasEndedOnce,
  eventsOf,
  givenSubdivisions,
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
  load: { messages: MESSAGES, datedBy: 'producers' },
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
