import { addRow, createTenant, lastingUntil, PLACE, strange, TERMS, type LicenseIds } from '../e2e/given.ts';
import { header, type WireRecord } from '../support/collect.ts';
import { command, type Sending } from '../support/load.ts';
import { membersOf } from '../support/world-offsets.ts';
import { licensing } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';
import { counted } from './counters.ts';
import { chunksWritten, faultCase, theStack } from './fault-case.ts';
import { olderSchemas, olderTables, olderWorker } from './older-build.ts';

const stack = theStack();
const SECOND = 1_000;
/** Long enough for the new worker to be in the group by then. */
const EXPIRES_AFTER_MS = 40 * SECOND;
/** Before the new worker is there, and long enough for them to be active until then. */
const EXPIRED_AFTER_MS = 10 * SECOND;
const OF_EACH = 4;
const EXPIRES_WITHIN_MS = 60_000;

/** What a license of the version before can be, and whether time ends it. */
const STATES = {
  expiring: true,
  'expiring, suspended': true,
  'expired before it': true,
  'without an end': false,
  'used up': false,
  'deactivated, expiring': false,
  'never active, expiring': false,
  'deleted, expiring': false,
} as const satisfies Readonly<Record<string, boolean>>;
type LicenseState = keyof typeof STATES;

/** Of the case at hand. */
let given: readonly (LicenseIds & { readonly state: LicenseState; readonly expiresAt: number })[] = [];
let seen = { meanwhile: 0, left: 0, chunks: 0, older: 0 };

faultCase(stack, {
  fault: 'F39',
  what: 'a rolling update from the version before time, whose licenses expire meanwhile',
  shows:
    '`what every worker can read` once the last older worker has gone. Then each license that has expired ends, as of its due time.',
  todo: 'Finish the update; then register the schemas of the new commands.',
  schemas: olderSchemas,
  outbox: 'unproven',
  load: { messages: 8_000, firstShare: 0.7, olderFirst: true },
  check: { olderWorker: true },
  sendsRest: true,
  async begin({ world }) {
    await olderTables(world.db);
    await world.startWorker({}, olderWorker());
    given = await givenLicenses(world);
  },
  async inject({ world, load }) {
    const older = world.worker();
    const before = await load.handled();
    expect(await licensing(['migrate', 'up'], world.env)).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^done: /),
    });
    const meanwhile = (await load.handled()) - before;
    const left = await world.lag();
    const newer = await world.startWorker();
    await until('both are in the group', async () => (await membersOf(world.admin, world.group)) === 2);
    const due = Math.max(...given.map(({ expiresAt }) => expiresAt));
    expect(Date.now()).toBeLessThan(due);
    await until('they have expired', () => Date.now() > due + 2 * SECOND, 2 * EXPIRES_AFTER_MS);
    await world.settled();
    expect(await ends(world)).toEqual([]);
    expect(await advances(world)).toEqual([]);
    seen = { meanwhile, left, chunks: await chunksWritten(world), older: (await olderAnswers(world)).length };
    await older.stop();
    await newer.logs('"msg":"what every worker can read"', 60_000);
    await world.registerSchemas();
    await load.sendRest();
    const expired = given.filter(({ state }) => STATES[state]).length;
    await until('all have ended', async () => (await ends(world)).length >= expired, EXPIRES_WITHIN_MS);
  },
  async fired({ world }) {
    // The tables were migrated amid the load, which the older worker went on with.
    expect(seen.meanwhile).toBeGreaterThan(200);
    expect(seen.left).toBeGreaterThan(0);
    expect(seen.chunks).toBe(0);
    expect(await chunksWritten(world)).toBeGreaterThan(0);
    // The older one has decided a part of the load, and nothing since it has gone.
    expect(seen.older).toBeGreaterThan(200);
    expect(await olderAnswers(world)).toHaveLength(seen.older);
    await world.worker(1).stop();
    expect(counted(world.worker(1), 'accepted')).toBeGreaterThan(100);
    const expired = given.filter(({ state }) => STATES[state]);
    const dated = expired.map(({ licenseId, expiresAt }) => `${licenseId} at ${expiresAt}`);
    expect((await ends(world)).toSorted()).toEqual(dated.sort());
    expect(await toldByTime(world)).toEqual(new Set(expired.map(({ subdivisionId }) => subdivisionId)));
    for (const { log } of world.workers) expect(log).not.toContain('the database lacks');
  },
});

/** Licenses in each state, as an older worker leaves them; each in a tenant of its own. */
async function givenLicenses(world: World): Promise<typeof given> {
  const now = Date.now();
  const licenses = Object.keys(STATES).flatMap((state) =>
    Array.from({ length: OF_EACH }, () => ({
      ...strange(),
      state: state as LicenseState,
      expiresAt: now + (state === 'expired before it' ? EXPIRED_AFTER_MS : EXPIRES_AFTER_MS),
    })),
  );
  await world.send(licenses.flatMap(historyOf));
  await world.settled();
  await until('some have expired', () => Date.now() > now + EXPIRED_AFTER_MS);
  return licenses;
}

/** Its commands. */
function historyOf({ state, expiresAt, ...ids }: (typeof given)[number]): readonly Sending[] {
  const { tenantId, subdivisionId } = ids;
  const terms =
    state === 'used up' || state === 'without an end' ? { ...TERMS, requestsLimit: 10 } : lastingUntil(expiresAt);
  const after: Readonly<Record<LicenseState, readonly Sending[]>> = {
    expiring: [],
    'expiring, suspended': [
      command('UpdateSubdivision', { tenantId, subdivisionId, ...PLACE, workStatus: 'inactive' }),
    ],
    'expired before it': [],
    'without an end': [],
    'used up': [addRow(ids, 10)],
    'deactivated, expiring': [command('DeactivateSubdivisionLicense', ids)],
    'never active, expiring': [],
    'deleted, expiring': [command('DeleteLicense', ids)],
  };
  return [
    createTenant({ tenantId }),
    command('CreateSubdivision', { tenantId, subdivisionId, ...PLACE }),
    command('CreateLicense', { ...ids, ...terms }),
    ...(state === 'never active, expiring' ? [] : [command('ActivateSubdivisionLicense', ids)]),
    ...after[state],
  ];
}

/** The given licenses that time has ended, each with the time at which it has: a repetition counts once. */
async function ends(world: World): Promise<readonly string[]> {
  const licenses = new Set<unknown>(given.map(({ licenseId }) => licenseId));
  const told = (await eventsOf(world)).flatMap((record) => {
    const { type, data = {} } = record.decoded ?? {};
    const isEnd = type === 'licensing.events.LicenseDeactivated' && data['reason'] === 'expired';
    if (!isEnd || !licenses.has(data['licenseId'])) return [];
    expect([data['effectiveAt'], data['deactivatedAt']]).toEqual([data['expiresAt'], data['expiresAt']]);
    return [[header(record, 'ce_id'), `${String(data['licenseId'])} at ${String(data['expiresAt'])}`] as const];
  });
  return [...new Map(told).values()];
}

/** The given subdivisions of which something is told that no older worker has told. */
async function toldByTime(world: World): Promise<ReadonlySet<unknown>> {
  const subdivisions = new Set<unknown>(given.map(({ subdivisionId }) => subdivisionId));
  const ids = (await eventsOf(world))
    .filter((record) => !isOlder(record))
    .map(({ decoded }) => decoded?.data['subdivisionId']);
  return new Set(ids.filter((id) => subdivisions.has(id)));
}

async function advances(world: World): Promise<readonly WireRecord[]> {
  await world.collector.decode();
  return world.collector
    .records(world.topics.commands)
    .filter(({ decoded }) => decoded?.type === 'licensing.internal.AdvanceSubdivision');
}

async function eventsOf(world: World): Promise<readonly WireRecord[]> {
  await world.collector.decode();
  return world.collector.records(world.topics.events);
}

async function olderAnswers(world: World): Promise<readonly WireRecord[]> {
  return (await eventsOf(world)).filter(isOlder);
}

function isOlder(record: WireRecord): boolean {
  return header(record, 'ce_answercount') === undefined;
}
