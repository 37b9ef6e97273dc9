import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings, SECRET as SECRET_SETTING } from '../../src/settings.ts';
import { ConfigurationError, DatabaseUnavailable } from '../../src/ports/errors.ts';
import { query } from '../../src/repos/tables/sql.ts';
import { connect } from '../support/database.ts';
import { printedWith } from './beside-the-worker.ts';
import { ADMIN, PostgresServer } from './postgres-server.ts';

// Passwords that change while the worker runs.

describe('a password', () => {
  let server: PostgresServer;
  let url: string;

  beforeAll(async () => {
    server = await PostgresServer.start();
    url = `postgres://app@127.0.0.1:${server.port}/${ADMIN}`;
  });

  beforeEach(() => server.ask(`DROP ROLE IF EXISTS app; CREATE ROLE app LOGIN PASSWORD 'first'`));
  afterAll(() => server.remove());

  const endSessions = (): Promise<unknown> =>
    server.ask(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'`);

  test('is asked for with each connection, for the server that it is for', async () => {
    const asked: unknown[] = [];
    const db = connect(url, {
      password: async (of) => {
        asked.push(of);
        return 'first';
      },
    });
    try {
      await Promise.all([query(db, 'SELECT pg_sleep(0.2)', []), query(db, 'SELECT pg_sleep(0.2)', [])]);
    } finally {
      await db.destroy();
    }
    const of = { host: '127.0.0.1', port: server.port, user: 'app' };
    expect(asked).toEqual([of, of]);
  });

  test('in a file may change: what is refused meanwhile is waited for, and names the setting', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'licensing-password-'));
    const file = join(folder, 'password');
    writeFileSync(file, 'first\n');
    const password = readSetting(file);
    const db = connect(url, { password, passwordFrom: 'DATABASE_PASSWORD' });
    const ask = (): Promise<unknown> => query(db, 'SELECT 1 AS one', []);
    try {
      await expect(ask()).resolves.toEqual([{ one: 1 }]);
      await server.ask(`ALTER ROLE app PASSWORD 'second'`);
      // A session that is there stays.
      await expect(ask()).resolves.toEqual([{ one: 1 }]);
      await endSessions();
      // Whoever meets a session that has ended is told of that; how many there are to meet is the pool's affair.
      let refusal: unknown;
      do refusal = await ask().catch((error: unknown) => error);
      while (refusal instanceof DatabaseUnavailable && !refusal.message.startsWith('DATABASE_'));
      expect(refusal).toBeInstanceOf(DatabaseUnavailable);
      expect((refusal as Error).message).toMatch(/^DATABASE_PASSWORD: PostgreSQL says: password .*\(28P01\)$/);
      writeFileSync(file, 'second\n');
      await expect(ask()).resolves.toEqual([{ one: 1 }]);
    } finally {
      await db.destroy();
      rmSync(folder, { recursive: true });
    }
  });

  test('that is refused from the beginning is a fault of the configuration, and leaves no session behind', async () => {
    const db = connect(url, { password: () => 'wrong', passwordFrom: 'DATABASE_IAM' });
    try {
      await expect(query(db, 'SELECT 1', [])).rejects.toThrow(ConfigurationError);
      await expect(query(db, 'SELECT 1', [])).rejects.toThrow(/^DATABASE_IAM: PostgreSQL says/);
    } finally {
      await db.destroy();
    }
    // The role can go at once: nothing holds it.
    await server.ask('DROP ROLE app');
  });
});

/** As the worker reads DATABASE_PASSWORD_FILE. */
function readSetting(file: string): () => string {
  const { password } = readSettings(
    { password: { variable: 'DATABASE_PASSWORD', type: SECRET_SETTING, secret: true, about: '' } },
    { DATABASE_PASSWORD_FILE: file },
  );
  return password;
}

test('DATABASE_IAM aws sends what the signer of AWS makes for the server, the role and the region', async () => {
  const env = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'an example' };
  const stdout = await printedWith('@aws-sdk/rds-signer@3.1169.0', 'print-rds-token.ts', env);
  const token = new URL(`https://${stdout}`);
  expect(token.host).toBe('one.rds.example:5433');
  expect(Object.fromEntries(token.searchParams)).toMatchObject({
    Action: 'connect',
    DBUser: 'licensing_worker',
    'X-Amz-Expires': '900',
    'X-Amz-Credential': expect.stringMatching(/^AKIAEXAMPLE\/\d{8}\/eu-central-1\/rds-db\/aws4_request$/),
    'X-Amz-Signature': expect.stringMatching(/^[0-9a-f]{64}$/),
  });
}, 300_000);
