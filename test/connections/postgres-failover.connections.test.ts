import type { Knex } from 'knex';
import { DatabaseUnavailable } from '../../src/ports/errors.ts';
import { execute, query } from '../../src/repos/tables/sql.ts';
import { connect } from '../support/database.ts';
import { until } from '../support/world-until.ts';
import { ADMIN, PostgresServer } from './postgres-server.ts';

// A primary and its standby, both in the URL.

let first: PostgresServer;
let second: PostgresServer;
let db: Knex;

beforeAll(async () => {
  first = await PostgresServer.start();
  await first.ask('CREATE TABLE seen (port integer)', ADMIN);
  second = await first.standby();
  await until('the standby has it all', async () => {
    const found = await second.ask<{ there: boolean }>(`SELECT to_regclass('seen') IS NOT NULL AS there`, ADMIN);
    return found[0]?.there === true;
  });
});

afterAll(async () => {
  await db.destroy();
  await first.remove();
  await second.remove();
});

const urlOf = (servers: readonly PostgresServer[], target: string): string => {
  const hosts = servers.map(({ port }) => `127.0.0.1:${port}`).join(',');
  return `postgres://${ADMIN}:${ADMIN}@${hosts}/${ADMIN}?target_session_attrs=${target}`;
};

const write = (): Promise<number> => execute(db, 'INSERT INTO seen SELECT inet_server_port()', []);
const portNow = async (): Promise<number | undefined> =>
  (await query<{ port: number }>(db, 'SELECT inet_server_port() AS port', []))[0]?.port;

test.each(['read-write', 'primary'])('%s passes the standby by, though it comes first', async (target) => {
  db = connect(urlOf([second, first], target));
  expect(await portNow()).toBe(first.port);
  await db.destroy();
});

test('a standby alone is an outage that says what it is', async () => {
  db = connect(urlOf([second], 'read-write'));
  await expect(write()).rejects.toThrow(
    new DatabaseUnavailable(`127.0.0.1:${second.port} is a standby (target_session_attrs)`),
  );
  await db.destroy();
});

test('the new primary is found, and no connection to the old one is used once it is read-only', async () => {
  db = connect(urlOf([first, second], 'read-write'));
  // Several connections, all of which know the old primary.
  await Promise.all(Array.from({ length: 5 }, () => query(db, 'SELECT pg_sleep(0.1)', [])));
  await second.promote();
  // Nobody ends the old primary: it only takes no writes any more.
  await first.ask(`ALTER SYSTEM SET default_transaction_read_only = on`);
  await first.ask('SELECT pg_reload_conf()');
  await until('the old primary takes no writes', async () => {
    return write().then(
      async () => (await portNow()) === second.port,
      () => true,
    );
  });
  // One statement was refused, and with that all of those connections are gone.
  for (let i = 0; i < 10; i += 1) await write();
  const ports = await query<{ port: number }>(
    db,
    'SELECT DISTINCT inet_server_port() AS port FROM generate_series(1, 5)',
    [],
  );
  expect(ports).toEqual([{ port: second.port }]);
  await first.stop();
  await write();
});
