import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Knex } from 'knex';
import { query } from '../../src/repos/tables/sql.ts';
import { KnexDecidedOffsets } from '../../src/uow/decided-offsets.ts';
import { KnexMessageOutcomes } from '../../src/uow/message-outcomes.ts';
import { Migrations } from '../../src/uow/migrations.ts';
import { TABLES } from '../../src/uow/rights.ts';
import { connect } from '../support/database.ts';
import { licensing } from '../support/world-process.ts';
import { mainJob } from './main-job.ts';
import { ADMIN, PostgresServer } from './postgres-server.ts';

// The grants of docs/operations.md, as they stand there.

const PAGE = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
const [BEFORE = '', AFTER = ''] = [...PAGE.matchAll(/<!-- roles -->\s+```sql\n(.*?)```/gs)].map(([, sql]) => sql);
const IDENTITY = 'a'.repeat(32);
const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

let server: PostgresServer;
const pools: Knex[] = [];

beforeAll(async () => {
  server = await PostgresServer.start();
  for (const role of ['migrator', 'worker', 'reader', 'stranger']) {
    await server.ask(`CREATE ROLE licensing_${role} LOGIN PASSWORD '${ADMIN}'`);
  }
  await server.ask(BEFORE, ADMIN);
  expect(await licensing(['migrate', 'up'], as('migrator'))).toMatchObject({ code: 0, stderr: '' });
  await server.ask(AFTER, ADMIN);
});

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.destroy()));
  await server.remove();
});

function urlAs(role: string): string {
  const url = new URL(server.url);
  url.username = `licensing_${role}`;
  return url.href;
}

const as = (role: string, schema = 'licensing') => ({ DATABASE_URL: urlAs(role), DATABASE_SCHEMA: schema });

function poolAs(role: string, schema = 'licensing'): Knex {
  const pool = connect(urlAs(role), { schema });
  pools.push(pool);
  return pool;
}

test('the start asks for rights on all tables that there are', async () => {
  const sql = `SELECT tablename FROM pg_tables WHERE schemaname = 'licensing' AND tablename NOT LIKE 'migrations%'`;
  const tables = await query<{ tablename: string }>(poolAs('worker'), sql, []);
  expect(tables.map(({ tablename }) => tablename).sort()).toEqual([...TABLES].sort());
});

test("the worker's role has what work and cleaning need, and may not migrate", async () => {
  const db = poolAs('worker');
  await expect(new Migrations(db, MIGRATIONS, 'licensing').check()).resolves.toBeUndefined();
  await mainJob(db);
  const refused = {
    code: 1,
    stderr: expect.stringMatching(/^licensing migrate: DATABASE_URL: .*needs the owner of the tables/),
  };
  expect(await licensing(['migrate', 'down'], as('worker'))).toMatchObject(refused);
});

test('the reader sees letters, and discards none', async () => {
  expect(await licensing(['dlq', 'list'], as('reader'))).toMatchObject({ code: 0, stderr: '' });
  await server.ask(
    `INSERT INTO licensing.dead_letters (topic, partition, "offset", "timestamp", source, message_id, identity, headers, reason, message,
       exception, created_at)
     VALUES ('commands', 0, 1, now(), '', '1', gen_random_uuid(), '', 'UndecodableMessage', 'no Avro', 'none', now())`,
    ADMIN,
  );
  expect(await licensing(['dlq', 'list'], as('reader'))).toMatchObject({ stdout: expect.stringMatching(/no Avro/) });
  const refused = { code: 1, stderr: expect.stringMatching(/42501/) };
  expect(await licensing(['dlq', 'discard', '1', '--why', 'x', '--yes'], as('reader'))).toMatchObject(refused);
});

test('the reader sees what is stored', async () => {
  const tenantId = randomUUID();
  await server.ask(
    `WITH named AS (INSERT INTO licensing.tenant_names (name, tenant_id) VALUES ('Initech', '${tenantId}'))
     INSERT INTO licensing.tenants (tenant_id, name, address, email, phone, created_by, version)
     VALUES ('${tenantId}', 'Initech', '', '', '', '${tenantId}', 1)`,
    ADMIN,
  );
  for (const verb of [
    ['show', 'tenant', tenantId],
    ['export', tenantId],
  ]) {
    expect(await licensing(verb, as('reader'))).toMatchObject({ stdout: expect.stringMatching(/Initech/), stderr: '' });
  }
});

test('the reader learns what became of a message', async () => {
  const db = poolAs('reader');
  await server.ask(
    `INSERT INTO licensing.inbox (identity, digest, lane, outcome)
     VALUES ('${IDENTITY}', gen_random_uuid(), gen_random_uuid(), 'rejected')`,
    ADMIN,
  );
  const place = { topic: 'commands', partition: 0, offset: 1 };
  const known = await new KnexMessageOutcomes(db).know(IDENTITY, place);
  expect(known).toMatchObject({
    entry: { outcome: 'rejected' },
    letters: [{ reason: 'UndecodableMessage' }],
    owed: [],
  });
  await expect(new KnexDecidedOffsets(db).read('group')).resolves.toMatchObject({ offsets: [] });
});

test('a role without rights is told which', async () => {
  const check = async (role: string, schema: string): Promise<void> =>
    new Migrations(poolAs(role, schema), MIGRATIONS, schema).check();
  await expect(check('stranger', 'licensing')).rejects.toThrow(
    'DATABASE_SCHEMA is licensing, on which the role licensing_stranger lacks the right USAGE',
  );
  await server.ask('REVOKE DELETE ON licensing.outbox, licensing.inbox FROM licensing_worker', ADMIN);
  await expect(check('worker', 'licensing')).rejects.toThrow(
    /^DATABASE_URL: the role licensing_worker lacks rights: DELETE on inbox, outbox \(/,
  );
  await expect(check('worker', 'nowhere')).rejects.toThrow(
    /^DATABASE_SCHEMA is nowhere, which is not there; run `licensing migrate up`/,
  );
});

test('two installations stand side by side in one database, and neither sees the other', async () => {
  await server.ask(`GRANT CREATE ON DATABASE ${ADMIN} TO licensing_migrator`);
  for (const schema of ['north-1', 'south_2']) {
    expect(await licensing(['migrate', 'up'], as('migrator', schema))).toMatchObject({ code: 0, stderr: '' });
  }
  const [north, south] = [poolAs('migrator', 'north-1'), poolAs('migrator', 'south_2')];
  // One cleans while the other does, too: the lock of one is not the other's.
  await Promise.all([mainJob(north), mainJob(south)]);
  const tenants = async (db: Knex): Promise<readonly unknown[]> => query(db, 'SELECT tenant_id FROM tenants', []);
  expect(await tenants(north)).toEqual(await tenants(south));
  expect(await licensing(['migrate', 'down', '--all'], as('migrator', 'north-1'))).toMatchObject({ code: 0 });
  expect(await tenants(south)).toHaveLength(2);
});
