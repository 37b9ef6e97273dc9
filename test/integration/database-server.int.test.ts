import { randomUUID } from 'node:crypto';
import { DatabaseUnavailable } from '../../src/ports/errors.ts';
import { execute, query } from '../../src/repos/tables/sql.ts';
import { DatabaseServer } from '../../src/uow/database-server.ts';
import { sessionSettings } from '../../src/uow/session.ts';
import { connect, createTestDatabase, TIMEOUTS, type TestDatabase } from '../support/database.ts';
import { licensing } from '../support/world-process.ts';

const SESSION = sessionSettings(TIMEOUTS);

/** A pool of the worker's own settings over a database, for as long as `work` takes. */
async function over<T>(url: string, work: (db: TestDatabase['db']) => Promise<T>): Promise<T> {
  const db = connect(url);
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

async function settingOf(db: TestDatabase['db'], name: string): Promise<string | undefined> {
  return (await query<{ value: string }>(db, 'SELECT current_setting(?) AS value', [name]))[0]?.value;
}

describe('a session', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase({ empty: true });
  });

  afterAll(() => database.drop());

  test('keeps what the operator asks for in `options`, but for what has to hold', async () => {
    const url = new URL(database.url);
    url.searchParams.set(
      'options',
      '-c statement_timeout=0 -c enable_seqscan=on -c work_mem=7MB -c search_path=elsewhere',
    );
    await over(url.href, async (db) => {
      await new DatabaseServer(db, SESSION).check();
      expect(await settingOf(db, 'statement_timeout')).toBe(`${TIMEOUTS.statementTimeout / 1_000}s`);
      expect(await settingOf(db, 'enable_seqscan')).toBe('off');
      expect(await settingOf(db, 'work_mem')).toBe('7MB');
      expect(await settingOf(db, 'search_path')).toBe('elsewhere');
    });
  });

  test('that has lost a setting on its way is refused, with the setting', async () => {
    const check = new DatabaseServer(database.db, { ...SESSION, lock_timeout: '1' }).check();
    await expect(check).rejects.toThrow(/^DATABASE_URL: .*lock_timeout is '5000' instead of '1'.*pooler/);
  });
});

describe.each(['LATIN1', 'SQL_ASCII'])('a database in %s', (encoding) => {
  const name = `test_${encoding.toLowerCase()}_${randomUUID().slice(0, 8)}`;
  let server: TestDatabase;

  beforeAll(async () => {
    server = await createTestDatabase({ empty: true });
    await server.db.raw(
      `CREATE DATABASE ${name} ENCODING '${encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc`,
    );
  });

  afterAll(async () => {
    await server.db.raw(`DROP DATABASE ${name} WITH (FORCE)`);
    await server.drop();
  });

  test('is refused before anything is created in it', async () => {
    const url = new URL(server.url);
    url.pathname = `/${name}`;
    const { code, stderr } = await licensing(['migrate', 'up'], { DATABASE_URL: url.href });
    expect([code, stderr]).toEqual([1, expect.stringMatching(`^licensing migrate: DATABASE_URL: .*${encoding}.*UTF8`)]);
    expect(await over(url.href, relations)).toEqual([]);
  });
});

describe('a database that turns read-only', () => {
  test('is looked at over a new connection each time, and written to as soon as it takes writes again', async () => {
    const database = await createTestDatabase();
    const name = new URL(database.url).pathname.slice(1);
    const readOnly = (value: string): Promise<unknown> =>
      database.db.raw(`ALTER DATABASE ${name} SET default_transaction_read_only = ${value}`);
    try {
      await readOnly('on');
      await over(database.url, async (db) => {
        const write = (): Promise<number> => db.transaction((trx) => execute(trx, 'DELETE FROM users', []));
        for (let i = 0; i < 12; i += 1) await expect(write()).rejects.toThrow(DatabaseUnavailable);
        await readOnly('off');
        // At most one connection of those before is left, that nobody has written over since.
        await expect(write()).resolves.toBe(0);
      });
    } finally {
      await database.drop();
    }
  });
});

describe('an empty database', () => {
  test('stays empty, whatever is asked of it but `migrate up`', async () => {
    const database = await createTestDatabase({ empty: true });
    const env = { DATABASE_URL: database.url };
    try {
      const status = await licensing(['migrate', 'status'], env);
      expect([status.code, status.stdout]).toEqual([1, expect.stringMatching(/^(pending {2}\w+\n)+$/)]);
      expect(await licensing(['migrate', 'down'], env)).toMatchObject({ code: 0, stdout: 'nothing to undo\n' });
      expect((await licensing(['dlq', 'list'], env)).code).toBe(1);
      expect(await relations(database.db)).toEqual([]);
    } finally {
      await database.drop();
    }
  });
});

async function relations(db: TestDatabase['db']): Promise<readonly unknown[]> {
  return query(db, `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`, []);
}
