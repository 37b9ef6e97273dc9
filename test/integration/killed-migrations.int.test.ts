import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Knex } from 'knex';
import { query } from '../../src/repos/tables/sql.ts';
import { Migrations } from '../../src/uow/migrations.ts';
import { createTestDatabase, TIMEOUTS, type TestDatabase } from '../support/database.ts';
import { schemaOf } from '../support/schema-of.ts';
import { until } from '../support/world-until.ts';
import { WorkerProcess } from '../support/world-process.ts';

// A process of `licensing migrate` is ended by SIGKILL, wherever it is, and run again.

const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url));
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const STEPS = readdirSync(FOLDER).map((file) => file.replace('.ts', ''));
const WITHOUT_TRANSACTION = [
  '0010_inbox_by_age',
  '0016_time',
  '0018_terms',
  '0020_erasures',
  '0022_older_workers_say_what_holds',
];
const HALT = 16;

/**
 * Has a session wait, with nothing committed of the statement that it is at: the `ddl`-th that changes the schema since `halt.seen` was set back,
 * or the one that writes or removes the `name` of a step.
 */
const HALTS = `
  CREATE SCHEMA halt;
  CREATE SEQUENCE halt.seen;
  CREATE TABLE halt.at AS SELECT 0 AS ddl, '' AS name;
  CREATE FUNCTION halt.at_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('halt.seen') = (SELECT ddl FROM halt.at) THEN PERFORM pg_advisory_xact_lock(${HALT}); END IF;
  END $$;
  CREATE FUNCTION halt.at_name() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF coalesce(NEW.name, OLD.name) = (SELECT name FROM halt.at) THEN PERFORM pg_advisory_xact_lock(${HALT}); END IF;
    RETURN coalesce(NEW, OLD);
  END $$;
  CREATE TRIGGER halt BEFORE INSERT OR DELETE ON migrations FOR EACH ROW EXECUTE FUNCTION halt.at_name();
  CREATE EVENT TRIGGER halt ON ddl_command_end EXECUTE FUNCTION halt.at_ddl()`;

let database: TestDatabase;
let db: Knex;
let migrations: Migrations;
let halting: Knex.Transaction;
let whole: readonly string[];
/** The schema before each step. */
const before = new Map<string, readonly string[]>();

beforeAll(async () => {
  database = await createTestDatabase({ empty: true, timeouts: { ...TIMEOUTS, idleInTransactionTimeout: 0 } });
  db = database.db;
  migrations = new Migrations(db, FOLDER);
  await migrations.up();
  whole = await schemaOf(db);
  for (const step of STEPS.toReversed()) {
    expect(await migrations.down(false)).toEqual([step]);
    before.set(step, await schemaOf(db));
  }
  await db.raw(HALTS);
  halting = await db.transaction();
  await halting.raw(`SELECT pg_advisory_xact_lock(${HALT})`);
});

afterAll(async () => {
  await halting.rollback();
  await database.drop();
});

describe('a step without a transaction, killed at each of its statements', () => {
  test('are all that say so', async () => {
    const steps = await Promise.all(
      STEPS.map(async (name) => [name, await import(`${FOLDER}/${name}.ts`)] as [string, { config?: object }]),
    );
    expect(steps.filter(([, { config }]) => config !== undefined).map(([name]) => name)).toEqual(WITHOUT_TRANSACTION);
  });

  test.each(WITHOUT_TRANSACTION)('%s is done by the next run', async (step) => {
    await backTo(step);
    expect(await killAtEach(['up'], step)).toBeGreaterThan(1);
    expect((await migrations.status()).pending[0]).toBe(step);
    await migrations.up();
    expect(await schemaOf(db)).toEqual(whole);
  });

  test.each(WITHOUT_TRANSACTION)('%s is undone by the next run', async (step) => {
    await migrations.up();
    while ((await migrations.status()).done.at(-1) !== step) await migrations.down(false);
    expect(await killAtEach(['down'], step)).toBeGreaterThan(1);
    expect(await migrations.down(false)).toEqual([step]);
    expect(await schemaOf(db)).toEqual(before.get(step));
  });

  test.each(WITHOUT_TRANSACTION)('%s is done again after it was undone in part', async (step) => {
    await migrations.up();
    while ((await migrations.status()).done.at(-1) !== step) await migrations.down(false);
    await haltAt({ ddl: 2 });
    await kill(['down']);
    await haltAt({});
    expect((await migrations.status()).pending[0]).toBe(step);
    await migrations.up();
    expect(await schemaOf(db)).toEqual(whole);
  });
});

describe('a step with a transaction, killed where its name is written', () => {
  const some = ['0001_tenants', '0011_outbox_origins', '0017_subdivision_timers', '0021_letters_of_second_lives'];

  test.each(some)('%s is done by the next run', async (step) => {
    await backTo(step);
    await haltAt({ name: step });
    await kill(['up']);
    await haltAt({});
    expect(await schemaOf(db)).toEqual(before.get(step));
    await migrations.up();
    expect(await schemaOf(db)).toEqual(whole);
  });

  test('`down --all` goes on where it was', async () => {
    await migrations.up();
    for (const step of some.toReversed()) {
      await haltAt({ name: step });
      await kill(['down', '--all']);
      expect((await migrations.status()).done.at(-1)).toBe(step);
    }
    await haltAt({});
    await migrations.down(true);
    expect(await schemaOf(db)).toEqual([]);
  });
});

describe('what the server still has under way of a killed run', () => {
  /** With `SELECT` it is in the way of a column, with a snapshot in that of an index. */
  test.each([
    ['a column that waits for a table', '0016_time', 'SELECT FROM licenses'],
    ['an index that waits for a snapshot', '0020_erasures', 'SELECT'],
  ])('%s, is waited for by the next run', async (_, step, holds) => {
    await backTo(step);
    await haltAt({});
    const other = await db.transaction({ isolationLevel: 'repeatable read' });
    await other.raw(holds);
    const next = migrate(['up']);
    try {
      await until('it waits', async () => (await blocked()).length > 0);
    } finally {
      await next.kill();
    }
    const again = migrate(['up']);
    try {
      await again.logs('which may have been ended, is still under way');
      await other.rollback();
      expect(await again.gone()).toMatchObject({ code: 0 });
    } finally {
      await Promise.all([next.dispose(), again.dispose()]);
    }
    expect(await schemaOf(db)).toEqual(whole);
  });
});

/** The sessions of this database that wait for another one. */
async function blocked(): Promise<readonly number[]> {
  const sql = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`;
  return (await query<{ pid: number }>(db, sql, [])).map(({ pid }) => pid);
}

function migrate(words: readonly string[]): WorkerProcess {
  const env = { DATABASE_URL: database.url, DATABASE_LOCK_TIMEOUT_MS: '25000' };
  return new WorkerProcess('migrate', env, [MAIN, 'migrate', ...words]);
}

/** So that `step` is the next one. */
async function backTo(step: string): Promise<void> {
  await haltAt({});
  await migrations.up();
  while ((await migrations.status()).pending[0] !== step) await migrations.down(false);
}

async function haltAt({ ddl = 0, name = '' }): Promise<void> {
  await db.raw(`UPDATE halt.at SET ddl = ?, name = ?`, [ddl, name]);
  await db.raw(`SELECT setval('halt.seen', 1, false)`);
}

/** One run after the other, each killed a statement later, the last one where the name of the step is written. @returns how many */
async function killAtEach(words: readonly string[], step: string): Promise<number> {
  for (let ddl = 1; ; ddl += 1) {
    await haltAt({ ddl, name: step });
    await kill(words);
    const sql = 'SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS seen FROM halt.seen';
    const [found] = await query<{ seen: number }>(db, sql, []);
    await haltAt({});
    if ((found?.seen ?? 0) < ddl) return ddl;
  }
}

/** Runs it, and kills it where it halts, its session with it. */
async function kill(words: readonly string[]): Promise<void> {
  const run = migrate(words);
  try {
    const pid = await until('it halts or ends', async () => {
      if (run.exit !== undefined) return 0;
      return (await blocked())[0];
    });
    if (run.exit !== undefined) throw new Error(`it has ended:\n${run.log}`);
    await run.kill();
    await db.raw('SELECT pg_terminate_backend(?, 5000)', [pid]);
  } finally {
    await run.dispose();
  }
}
