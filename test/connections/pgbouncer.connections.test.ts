import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { Client } from 'pg';
import { DatabaseUnavailable, TimedOut } from '../../src/ports/errors.ts';
import { execute, query } from '../../src/repos/tables/sql.ts';
import { DatabaseServer } from '../../src/uow/database-server.ts';
import { sessionsOf } from '../../src/uow/database.ts';
import type { Between } from '../../src/uow/opening/pooler.ts';
import { sessionSettings } from '../../src/uow/session.ts';
import { postgresSubject } from '../support/contract/postgres-subject.ts';
import { describeUnitOfWork } from '../support/contract/unit-of-work.contract.ts';
import {
  connect,
  createTemplateDatabase,
  createTestDatabase,
  TIMEOUTS,
  type TestDatabase,
} from '../support/database.ts';
import { licensing } from '../support/world-process.ts';
import { PgBouncer, PGBOUNCERS, versionOf } from './pgbouncer.ts';
import { PostgresServer } from './postgres-server.ts';

// What a worker relies on, behind a pooler that gives each transaction another session.

/** Of a database that others use, too. */
const DEFAULTS_OF_OTHERS = {
  array_nulls: 'off',
  standard_conforming_strings: 'off',
  default_transaction_isolation: `'serializable'`,
  bytea_output: `'escape'`,
  DateStyle: `'German, DMY'`,
  TimeZone: `'Asia/Kathmandu'`,
  enable_seqscan: 'on',
};

const KINDS = PGBOUNCERS.flatMap((binary) => [
  { binary, version: versionOf(binary), mode: 'transaction', options: 'refused' } as const,
  { binary, version: versionOf(binary), mode: 'transaction', options: 'dropped' } as const,
  { binary, version: versionOf(binary), mode: 'session', options: 'refused' } as const,
]);

let server: PostgresServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await PostgresServer.start();
  await createTemplateDatabase(server.url);
  database = await createTestDatabase({ serverUrl: server.url });
  const name = new URL(database.url).pathname.slice(1);
  for (const [setting, value] of Object.entries(DEFAULTS_OF_OTHERS)) {
    await database.db.raw(`ALTER DATABASE ${name} SET ${setting} = ${value}`);
  }
});

afterAll(async () => {
  await database.drop();
  await server.remove();
});

describe.each(KINDS)(
  'PgBouncer $version in $mode mode, with `options` $options',
  ({ binary, version, mode, options }) => {
    const keepsNames = mode === 'transaction' && !version.startsWith('1.18.');
    let pooler: PgBouncer;
    let db: Knex;
    let found: Between | undefined;

    beforeAll(async () => {
      const ignored = { ignore_startup_parameters: 'options' };
      const settings = {
        ...(keepsNames && { max_prepared_statements: '200' }),
        ...(options === 'dropped' && ignored),
      };
      pooler = await PgBouncer.start({ binary, mode, to: server.port, settings });
      db = connect(pooler.via(database.url), { betweenFound: (between) => (found = between) });
    });

    afterAll(async () => {
      await db.destroy();
      await pooler.stop();
    });

    if (options === 'refused')
      describeUnitOfWork('KnexUnitOfWork', async () => {
        await database.clear();
        return postgresSubject(db);
      });

    test('is found, and whether it keeps names apart; that it turns to another server would not be noticed', async () => {
      await query(db, 'SELECT 1', []);
      expect(found).toEqual({ keepsNames });
      expect(sessionsOf(db)).toBeUndefined();
    });

    test('passes the check of the start: each transaction has the settings that were asked for', async () => {
      await expect(new DatabaseServer(db, sessionSettings(TIMEOUTS)).check()).resolves.toBeUndefined();
    });

    test('runs each statement of 12 clients at once, whatever session each gets, and whoever else uses its names', async () => {
      const text = 'SELECT ?::integer + 1 AS sum';
      const strangers = new Client({ connectionString: pooler.via(database.url) });
      await strangers.connect();
      const sums = await Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          if (i % 20 === 0) await strangers.query({ name: `stranger_${i}`, text: `SELECT ${i} AS other` });
          const [row] = i % 2 === 0 ? await query<{ sum: number }>(db, text, [i]) : await inside(db, text, i);
          return row?.sum;
        }),
      );
      await strangers.end();
      expect(sums).toEqual(sums.map((_, i) => i + 1));
    });

    test('ends a statement that takes too long, inside and outside a transaction', async () => {
      const hasty = connect(pooler.via(database.url), { statementTimeout: 200, poolMax: 2 });
      try {
        await expect(query(hasty, 'SELECT pg_sleep(?)', [5])).rejects.toThrow(TimedOut);
        await expect(hasty.transaction((trx) => query(trx, 'SELECT pg_sleep(?)', [5]))).rejects.toThrow(TimedOut);
        // Its connections are as good as before.
        await expect(query(hasty, 'SELECT 1 AS one', [])).resolves.toEqual([{ one: 1 }]);
      } finally {
        await hasty.destroy();
      }
    });

    test('ends the wait for a lock, and a transaction that says nothing', async () => {
      const hasty = connect(pooler.via(database.url), { lockTimeout: 200, idleInTransactionTimeout: 600, poolMax: 2 });
      const holder = await database.db.transaction();
      try {
        await execute(holder, 'LOCK TABLE users', []);
        await expect(query(hasty, 'SELECT FROM users', [])).rejects.toThrow(/55P03/);
        await holder.rollback();
        const silent = await hasty.transaction();
        await sleep(1_500);
        await expect(query(silent, 'SELECT 1', [])).rejects.toThrow(DatabaseUnavailable);
        await silent.rollback().catch(() => undefined);
        await expect(query(hasty, 'SELECT 1 AS one', [])).resolves.toEqual([{ one: 1 }]);
      } finally {
        if (!holder.isCompleted()) await holder.rollback();
        await hasty.destroy();
      }
    });

    test('leaves nothing in a session that another client gets', async () => {
      await Promise.all(Array.from({ length: 20 }, () => inside(db, 'SELECT ?::integer AS sum', 1)));
      const client = new Client({ connectionString: pooler.via(database.url) });
      await client.connect();
      const { rows } = await client.query<{ timeout: string; seqscan: string }>(
        `SELECT current_setting('statement_timeout') AS timeout, current_setting('enable_seqscan') AS seqscan`,
      );
      await client.end();
      expect(rows).toEqual([{ timeout: '0', seqscan: 'on' }]);
    });

    test('takes along what the operator asks for in `options`', async () => {
      const url = new URL(pooler.via(database.url));
      url.searchParams.set('options', '-c work_mem=7MB -c statement_timeout=1');
      const own = connect(url.href);
      try {
        const sql = `SELECT current_setting('work_mem') AS mem, current_setting('statement_timeout') AS timeout`;
        expect(await query(own, sql, [])).toEqual([{ mem: '7MB', timeout: '20s' }]);
      } finally {
        await own.destroy();
      }
    });

    test('lets `migrate` build a schema of its own, indexes beside the load included', async () => {
      const schema = `own-${randomUUID()}`;
      const env = { DATABASE_URL: pooler.via(database.url), DATABASE_SCHEMA: schema };
      const found = `SELECT FROM pg_indexes WHERE schemaname = ? AND indexname = 'inbox_by_age'`;
      expect(await licensing(['migrate', 'up'], env)).toMatchObject({ code: 0, stderr: '' });
      expect((await licensing(['migrate', 'status'], env)).code).toBe(0);
      expect(await query(database.db, found, [schema])).toHaveLength(1);
      expect((await licensing(['migrate', 'down', '--all'], env)).code).toBe(0);
    });
  },
);

async function inside(db: Knex, text: string, value: number): Promise<readonly { readonly sum: number }[]> {
  return db.transaction((trx) => query<{ sum: number }>(trx, text, [value]));
}
