import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Exported } from '../../src/ports/tenant-exports.ts';
import { EXPORTED } from '../../src/ports/tenant-exports.ts';
import { KnexDeadLetters } from '../../src/uow/dead-letters.ts';
import { KnexTenantExports } from '../../src/uow/tenant-exports.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import * as a from '../support/builders.ts';
import { addRows, addSubdivisions, addTenants, addUsers } from '../support/contract/subject.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { examplesOf, wordsOf } from '../support/help-examples.ts';
import { licensing, MAIN, type Ended } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';

const [TENANT, OTHER, USER] = [a.tenantId(1), a.tenantId(2), a.userId(1)];
/** More than is fetched at once. */
const ROWS = 1_100;
/** What the sessions of the command line are called. */
const PROGRAM = 'command-line';
/** Those of `dlq replay` need the registry, too: test/e2e/dead-letters.e2e.test.ts runs them. */
const EXAMPLES = await examplesOf('dlq list', 'dlq show', 'dlq discard', 'dlq export', 'dlq erase', 'export');

let database: TestDatabase;
let unitOfWork: KnexUnitOfWork;

beforeAll(async () => {
  database = await createTestDatabase();
  unitOfWork = new KnexUnitOfWork(database.db, randomUUID);
});

beforeEach(async () => {
  await database.clear();
  await unitOfWork.run([], async (unit) => {
    await addTenants(unit, a.aTenant(1), a.aTenant(2));
    await addSubdivisions(unit, a.aSubdivision(1, { licenses: [a.aLicense(1)] }));
    await addUsers(unit, a.aUser(1, { tenantId: TENANT }), a.aUser(2, { tenantId: OTHER }));
    await addRows(unit, a.aRow(1));
  });
  await bury(1, TENANT, USER);
  await bury(2, OTHER);
});

afterAll(() => database.drop());

describe('an export of a tenant', () => {
  it('has all that is held about it, and nothing of others', async () => {
    await giveManyRows();
    const all = await exported();
    const counts = Object.entries(Object.groupBy(all, ({ kind }) => kind)).map(([kind, some]) => [kind, some.length]);
    expect(Object.fromEntries(counts)).toEqual({
      ...{
        tenant: 1,
        tenantName: 1,
        user: 1,
        subdivision: 1,
        license: 1,
        statisticRow: ROWS,
        entitlement: 1,
        letter: 1,
      },
    });
    expect(all[0]).toMatchObject({
      kind: 'tenant',
      row: { tenantId: TENANT, name: a.aTenant(1).name, deleted: false },
    });
    expect(JSON.stringify(all)).not.toContain(OTHER);
  });

  it('has every table of the schema that has rows of a tenant', async () => {
    const { rows } = await database.db.raw<{ rows: readonly { readonly name: string }[] }>(
      `SELECT table_name AS name FROM information_schema.columns WHERE table_schema = current_schema() AND column_name = 'tenant_id'`,
    );
    const byUser = ['user_look_ups'];
    expect(
      rows
        .map(({ name }) => name)
        .concat(byUser)
        .sort(),
    ).toEqual(Object.values(EXPORTED).toSorted());
  });

  it('is of one moment, whatever is written while it is read', async () => {
    await giveManyRows();
    const kinds: string[] = [];
    for await (const { kind } of new KnexTenantExports(database.db).ofTenant(TENANT)) {
      if (kinds.length === 0) await unitOfWork.run([], (unit) => addRows(unit, a.aRow(9_999)));
      kinds.push(kind);
    }
    expect(kinds.filter((kind) => kind === 'statisticRow')).toHaveLength(ROWS);
  });

  it('of a tenant that was deleted has what is left of it', async () => {
    await unitOfWork.run([], async ({ tenants }) => {
      await tenants.get(OTHER);
      tenants.remove(OTHER, { version: 2 });
    });
    expect(await exported(OTHER)).toContainEqual({
      kind: 'tenant',
      row: expect.objectContaining({ tenantId: OTHER, version: 2, deleted: true, name: null }),
    });
  });
});

describe('the command line', () => {
  it('exports a tenant a line an object, with an end', async () => {
    await giveManyRows();
    const { code, stdout, stderr } = await run('export', TENANT);
    expect([code, stderr]).toEqual([0, '']);
    const records = linesOf(stdout);
    expect(records).toHaveLength(ROWS + 8);
    expect(records.at(-2)).toMatchObject({ kind: 'letter', keys: [TENANT, USER], value: 'AQD/' });
    expect(records.at(-1)).toEqual({ kind: 'end', records: ROWS + 7 });
  });

  it('exports a tenant by its name, too', async () => {
    const [byName, byId, nobody] = await Promise.all([
      run('export', a.aTenant(1).name),
      run('export', TENANT.toUpperCase()),
      run('export', 'Nobody'),
    ]);
    expect(byName).toEqual(byId);
    expect([nobody.code, nobody.stderr]).toEqual([1, "licensing export: there is no tenant named 'Nobody'\n"]);
  });

  it.each([
    ['export', TENANT],
    ['dlq', 'export'],
  ])('%s ends without a word when nobody reads on', async (...args) => {
    const many = 5_500;
    await buryMany(many, TENANT);
    const reads = await readsOf('dead_letters', async () => {
      const child = spawn(process.execPath, [MAIN, ...args], {
        env: { ...process.env, DATABASE_URL: urlOfProgram() },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ended = Promise.all([text(child.stderr), once(child, 'exit')]);
      await once(child.stdout, 'data');
      child.stdout.destroy();
      const [stderr, [code]] = await ended;
      return { code: Number(code), stdout: '', stderr };
    });
    expect(reads).toBeLessThan(many);
  });

  it('exports open letters, of a key if asked to', async () => {
    const { stdout } = await run('dlq', 'export', '--key', OTHER);
    expect(linesOf(stdout)).toMatchObject([{ keys: [OTHER], headers: { ce_id: expect.any(String) }, value: 'AQD/' }]);
    expect(linesOf((await run('dlq', 'export')).stdout)).toHaveLength(2);
  });

  it('erases the letters about a key, says what is lost, and remembers who did it and why', async () => {
    expect(await run('dlq', 'erase', '--key', USER, '--yes')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--why'),
    });
    expect(await run('dlq', 'erase', '--key', USER, '--why', 'x')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--yes'),
    });
    const done = await run('dlq', 'erase', '--key', USER, '--why', 'asked for', '--by', 'Ada', '--yes');
    expect([done.code, done.stdout]).toEqual([
      0,
      expect.stringMatching(
        /1 letters are erased, 1 of them were open[^]*stays parked, though nothing waits[^]*Kafka keeps/,
      ),
    ]);
    const open = await letters().list({}, { after: 0, limit: 1 });
    const letterId = open[0]?.letterId ?? 0;
    const shown = await run('dlq', 'show', String(letterId - 1));
    expect(shown.stdout).toMatch(/discarded[^]*erased +\S+ by Ada: asked for/);
    expect(await run('dlq', 'erase', '--key', USER, '--why', 'x', '--yes')).toMatchObject({
      code: 0,
      stdout: `no letters are about ${USER}\n`,
    });
  });

  it('reads each letter about a key a few times, however many these are', async () => {
    const many = 5_500;
    await buryMany(many, USER);
    const exporting = await readsOf('dead_letters', () => run('export', USER));
    expect(exporting).toBeGreaterThanOrEqual(many);
    expect(exporting).toBeLessThan(4 * many);
    const erasing = await readsOf('dead_letters', () => run('dlq', 'erase', '--key', USER, '--why', 'x', '--yes'));
    expect(erasing).toBeGreaterThanOrEqual(many);
    expect(erasing).toBeLessThan(8 * many);
    expect(await letters().about(USER)).toEqual({ letterIds: [], open: 0 });
  });

  it.each(EXAMPLES)('takes what its help shows: %s', async (line) => {
    const [letter] = await letters().list({}, { after: 0, limit: 1 });
    // Which number a letter has is up to the database.
    const words = wordsOf(line).map((word) => (word === '17' ? String(letter?.letterId) : word));
    const { code, stderr } = await run(...words);
    // The tenants of examples are not there.
    expect([code, stderr]).toEqual(
      line.startsWith('licensing export')
        ? [1, expect.stringMatching(/nothing is known|there is no tenant named/)]
        : [0, ''],
    );
  });
});

/** So that the tenant has `ROWS` of them. */
async function giveManyRows(): Promise<void> {
  await unitOfWork.run([], (unit) => addRows(unit, ...Array.from({ length: ROWS - 1 }, (_, i) => a.aRow(2 + i))));
}

async function exported(tenantId: string = TENANT): Promise<readonly Exported[]> {
  const all: Exported[] = [];
  for await (const one of new KnexTenantExports(database.db).ofTenant(tenantId)) all.push(one);
  return all;
}

function letters(): KnexDeadLetters {
  return new KnexDeadLetters(database.db);
}

async function bury(number: number, ...keys: readonly string[]): Promise<void> {
  const own = a.aMessage(number, { keys });
  await unitOfWork.run([own], async (unit) => {
    unit.settle(own, 'dead');
    unit.deadLetters.add(a.aDeadLetter(number, keys));
  });
}

async function buryMany(count: number, key: string): Promise<void> {
  await database.db.raw(
    `INSERT INTO dead_letters (topic, partition, "offset", "timestamp", source, message_id, identity, headers, value, reason, message,
       exception, created_at, keys)
     SELECT 'commands', 1, i, now(), '', '', gen_random_uuid(), '\\x00', '\\x01', 'ParkedBehind', '', '', now(), ARRAY[?::uuid]
     FROM generate_series(1, ?::bigint) AS i`,
    [key, count],
  );
  await database.db.raw('ANALYZE dead_letters');
}

/** How many rows of a table a program reads, which is to be the only one at work. */
async function readsOf(table: string, work: () => Promise<Ended>): Promise<number> {
  const read = async (): Promise<number> => {
    const { rows } = await database.db.raw<{ rows: readonly { readonly reads: number }[] }>(
      'SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) AS reads FROM pg_stat_user_tables WHERE relname = ?',
      [table],
    );
    return rows[0]?.reads ?? 0;
  };
  const before = await read();
  expect(await work()).toMatchObject({ code: 0, stderr: '' });
  await until('the sessions of the program are over, and have told what they read', async () => {
    const { rows } = await database.db.raw<{ rows: readonly unknown[] }>(
      'SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = ?',
      [PROGRAM],
    );
    return rows.length === 0;
  });
  return (await read()) - before;
}

function urlOfProgram(): string {
  return `${database.url}?application_name=${PROGRAM}`;
}

async function run(...args: readonly string[]): Promise<Ended> {
  return licensing(args, { DATABASE_URL: urlOfProgram() });
}

function linesOf(stdout: string): readonly unknown[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}
