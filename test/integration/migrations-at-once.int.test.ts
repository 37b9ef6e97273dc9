import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Knex } from 'knex';
import { query } from '../../src/repos/tables/sql.ts';
import { Migrations } from '../../src/uow/migrations.ts';
import { connect, createTestDatabase, TIMEOUTS, type TestDatabase } from '../support/database.ts';
import { schemaOf } from '../support/schema-of.ts';
import { until } from '../support/world-until.ts';
import { licensing, WorkerProcess } from '../support/world-process.ts';

const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const STEPS = (await readdir(FOLDER)).sort().map((file) => file.replace('.ts', ''));

/** What builds before 1.0 did: knex' own migrator, whose lock is a row. */
const OLDER: Knex.MigratorConfig = {
  tableName: 'migrations',
  disableMigrationsListValidation: true,
  migrationSource: {
    getMigrations: async () => (await readdir(FOLDER)).sort(),
    getMigrationName: (file: string) => file.replace('.ts', ''),
    getMigration: async (file: string) => import(`${FOLDER}/${file}`) as Promise<Knex.Migration>,
  } satisfies Knex.MigrationSource<string>,
};

/** What a test holds, and what waits for it, stays as long as a busy machine needs for the rest. */
const PATIENT = { ...TIMEOUTS, lockTimeout: 60_000, statementTimeout: 60_000, idleInTransactionTimeout: 0 };

let database: TestDatabase;
let db: Knex;
let older: Knex;
let migrations: Migrations;
let whole: readonly string[];
/** Transactions that a test holds tables by. */
const holding: Knex.Transaction[] = [];

beforeAll(async () => {
  const template = await createTestDatabase();
  whole = await schemaOf(template.db);
  await template.drop();
});

beforeEach(async () => {
  database = await createTestDatabase({ empty: true, timeouts: PATIENT });
  db = database.db;
  older = connect(database.url, PATIENT);
  migrations = new Migrations(db, FOLDER);
});

afterEach(async () => {
  await Promise.all(holding.splice(0).map((trx) => trx.rollback()));
  await older.destroy();
  await database.drop();
});

describe('two runs at once', () => {
  test('on an empty database end well, and each step is done once', async () => {
    const env = { DATABASE_URL: database.url };
    const ends = await Promise.all([licensing(['migrate', 'up'], env), licensing(['migrate', 'up'], env)]);
    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    expect(ends.map(({ stdout }) => /^done: 0001_tenants.*|nothing to do/.test(stdout))).toEqual([true, true]);
    expect(await schemaOf(db)).toEqual(whole);
    expect(await db('migrations').pluck('name')).toEqual((await migrations.status()).done);
  });

  test('the second one says that it waits, can be stopped, and goes on after the first one', async () => {
    await backTo('0016_time');
    const other = await held('licenses');
    const runs = [migrate()];
    try {
      await waitedFor('licenses');
      runs.push(migrate(), migrate());
      const [first, stopped, second] = runs as [WorkerProcess, WorkerProcess, WorkerProcess];
      await Promise.all(
        [stopped, second].map((one) => one.logs('licensing migrate: another `migrate` is at work (session ')),
      );
      stopped.signal('SIGINT');
      expect(await stopped.gone()).toMatchObject({ signal: 'SIGINT' });
      await other.rollback();
      expect(await Promise.all([first.gone(), second.gone()])).toMatchObject([{ code: 0 }, { code: 0 }]);
      expect([first.log, second.log]).toEqual([
        expect.stringContaining('done: 0016_time'),
        expect.stringContaining('nothing to do'),
      ]);
    } finally {
      await Promise.all(runs.map((one) => one.dispose()));
    }
    expect(await schemaOf(db)).toEqual(whole);
  });

  test('one that has lost its lock ends before its next step', async () => {
    await backTo('0016_time');
    const other = await held('licenses');
    const run = migrations.up();
    run.catch(() => undefined); // told below
    await waitedFor('licenses');
    await endLock();
    await other.rollback();
    await expect(run).rejects.toThrow(/the lock of this run is lost .*: run it again/);
    expect((await migrations.status()).pending[0]).toBe('0017_subdivision_timers');
    await migrations.up();
    expect(await schemaOf(db)).toEqual(whole);
  });

  test('that get by the lock all the same do a step once', async () => {
    await backTo('0021_letters_of_second_lives');
    const other = await held('users');
    const first = migrations.up();
    first.catch(() => undefined); // told below
    await waitedFor('users');
    await endLock();
    // Under another name the run does not see what the first one has under way.
    const stranger = connect(`${database.url}?application_name=stranger`, PATIENT);
    try {
      const second = new Migrations(stranger, FOLDER).up();
      await waitedFor('migrations');
      await other.rollback();
      await expect(first).rejects.toThrow('the lock of this run is lost');
      expect(await second).toEqual(since('0021_letters_of_second_lives'));
    } finally {
      await stranger.destroy();
    }
    expect(await schemaOf(db)).toEqual(whole);
    expect(await db('migrations').pluck('name')).toEqual((await migrations.status()).done);
  });
});

describe('a step that takes longer than a transaction may be idle', () => {
  test('ends well: the lock says something all the while', async () => {
    await backTo('0016_time');
    const other = await held('licenses');
    const impatient = connect(database.url, { ...PATIENT, idleInTransactionTimeout: 200 });
    try {
      const run = new Migrations(impatient, FOLDER).up();
      run.catch(() => undefined); // told below
      await waitedFor('licenses');
      const [before] = await lockSessions();
      const again = async () => (await lockSessions()).some(({ said }) => said > (before?.said ?? 0) + 1_000);
      await until('the lock says something', again);
      await other.rollback();
      expect((await run)[0]).toBe('0016_time');
    } finally {
      await impatient.destroy();
    }
  });

  test('loses its lock with its process', async () => {
    await backTo('0016_time');
    await held('licenses');
    const run = migrate();
    try {
      await waitedFor('licenses');
      run.signal('SIGSTOP');
      await until('the server ends the lock', async () => (await lockSessions()).length === 0);
    } finally {
      await run.dispose();
    }
  });
});

test('a step that fails is named', async () => {
  await backTo('0016_time');
  await held('licenses');
  const hasty = connect(database.url, { ...PATIENT, lockTimeout: 100 });
  const told: string[] = [];
  try {
    const run = new Migrations(hasty, FOLDER).up((sentence) => void told.push(sentence));
    await expect(run).rejects.toThrow('lock timeout');
    expect(told).toEqual(['0016_time failed']);
  } finally {
    await hasty.destroy();
  }
});

describe('older builds, which lock by a row,', () => {
  test('and this one go on with the tables of each other, both ways', async () => {
    await older.migrate.latest(OLDER);
    expect((await migrations.status()).pending).toEqual([]);
    expect(await migrations.up()).toEqual([]);
    await migrations.down(false);
    await older.migrate.down(OLDER);
    await migrations.up();
    expect(await schemaOf(db)).toEqual(whole);
    await older.migrate.rollback(OLDER, true);
    expect(await schemaOf(db)).toEqual([]);
    await migrations.up();
    await migrations.down(true);
    await older.migrate.latest(OLDER);
    expect(await schemaOf(db)).toEqual(whole);
  });

  test('may have left their lock behind: it is taken away', async () => {
    await backTo('0016_time');
    await older.migrate.list(OLDER); // gives the lock its row
    await db('migrations_lock').update({ is_locked: 1 });
    await expect(older.migrate.latest(OLDER)).rejects.toThrow('already locked');
    const told: string[] = [];
    await migrations.up((sentence) => void told.push(sentence));
    expect(told).toEqual([expect.stringContaining('an older version has left its lock')]);
    await expect(older.migrate.latest(OLDER)).resolves.toEqual([expect.anything(), []]);
    expect(await schemaOf(db)).toEqual(whole);
  });

  test.each([
    ['without a transaction', '0016_time', 'licenses', 'is still under way'],
    ['in a transaction', '0021_letters_of_second_lives', 'users', 'is at work'],
  ])('are waited for while they are at work %s', async (_, step, table, sentence) => {
    await backTo(step);
    const other = await held(table);
    const their = older.migrate.up(OLDER);
    await waitedFor(table);
    const told: string[] = [];
    const ours = migrations.up((one) => void told.push(one));
    await until('ours waits', () => told.length > 0);
    await other.rollback();
    const [[, done], rest] = await Promise.all([their as Promise<[number, string[]]>, ours]);
    expect([...done, ...rest]).toEqual(since(step));
    expect(done).toEqual([step]);
    expect(told[0]).toContain(sentence);
    expect(await schemaOf(db)).toEqual(whole);
  });

  test('wait for this one', async () => {
    await backTo('0021_letters_of_second_lives');
    const other = await held('users');
    const ours = migrations.up();
    await waitedFor('users');
    const their = older.migrate.latest(OLDER);
    await waitedFor('migrations_lock');
    await other.rollback();
    expect(await ours).toEqual(since('0021_letters_of_second_lives'));
    expect(await their).toEqual([expect.anything(), []]);
  });

  test('may have written a name twice, which counts once', async () => {
    await migrations.up();
    await db.raw(
      `INSERT INTO migrations (name, batch, migration_time) SELECT name, batch, now() FROM migrations WHERE name = '0020_erasures'`,
    );
    expect((await migrations.status()).done.filter((name) => name === '0020_erasures')).toHaveLength(1);
    const undone: string[] = [];
    while (undone.at(-1) !== '0020_erasures') undone.push(...(await migrations.down(false)));
    expect(undone).toEqual(since('0020_erasures').toReversed());
    expect((await migrations.status()).pending).toEqual(since('0020_erasures'));
  });
});

/** The step, and those that come after it. */
function since(step: string): readonly string[] {
  return STEPS.slice(STEPS.indexOf(step));
}

function migrate(): WorkerProcess {
  const env = { DATABASE_URL: database.url, DATABASE_LOCK_TIMEOUT_MS: '25000' };
  return new WorkerProcess('migrate', env, [MAIN, 'migrate', 'up']);
}

/** So that `step` is the next one. */
async function backTo(step: string): Promise<void> {
  await migrations.up();
  while ((await migrations.status()).pending[0] !== step) await migrations.down(false);
}

/** As an administrator ends a session, or a pooler. */
async function endLock(): Promise<void> {
  const [lock] = await lockSessions();
  await query(db, 'SELECT pg_terminate_backend(?, 5000)', [lock?.pid ?? null]);
  expect(await lockSessions()).toEqual([]);
}

/** `said`: when it last began or ended a statement, in milliseconds since the epoch. */
async function lockSessions(): Promise<readonly { readonly pid: number; readonly said: number }[]> {
  const sql = `SELECT pid, date_part('epoch', state_change) * 1000 AS said FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE relation = 'migrations_lock'::regclass AND mode = 'ExclusiveLock'`;
  return query(db, sql, []);
}

async function held(table: string): Promise<Knex.Transaction> {
  const trx = await db.transaction();
  holding.push(trx);
  await trx.raw(`LOCK TABLE ${table} IN ROW EXCLUSIVE MODE`);
  return trx;
}

async function waitedFor(table: string): Promise<void> {
  const sql = 'SELECT FROM pg_locks WHERE NOT granted AND relation = ?::regclass';
  await until(`somebody waits for ${table}`, async () => (await query(db, sql, [table])).length > 0);
}
