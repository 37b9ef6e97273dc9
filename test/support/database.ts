import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { fileURLToPath } from 'node:url';
import type { DatabaseUrl } from '../../src/ports/database-url.ts';
import { createDatabase, type DatabaseSettings } from '../../src/uow/database.ts';
import { POSTGRES_URL } from '../../src/settings.ts';
import { Migrations } from '../../src/uow/migrations.ts';

const TEMPLATE = 'licensing_template';
/** How the names of the migrations' own tables begin. */
const MIGRATIONS = 'migrations';

export interface TestDatabase {
  readonly url: string;
  readonly db: Knex;
  /** Leaves the schema and no row, whatever tables a migration brings. */
  clear(): Promise<void>;
  drop(): Promise<void>;
}

/** The worker's own, by default. */
export const TIMEOUTS = { statementTimeout: 20_000, lockTimeout: 5_000, idleInTransactionTimeout: 10_000 };

/** A pool with the worker's own settings, or others. */
export function connect(url: string, settings: Partial<DatabaseSettings> = {}): Knex {
  return createDatabase({ url: urlOf(url), poolMax: 10, connectTimeout: 5_000, ...TIMEOUTS, ...settings });
}

/** The text of a URL as the settings read it. */
export function urlOf(text: string): () => DatabaseUrl {
  const url = POSTGRES_URL.read(text);
  if (url === undefined) throw new Error(`${text} is no ${POSTGRES_URL.expected}`);
  return url;
}

const templates = new Map<string, Promise<string>>();

/** Migrates once a server, so that each test file or case gets its database by a copy; returns the server's URL. */
export async function createTemplateDatabase(serverUrl: string): Promise<string> {
  const created = templates.get(serverUrl) ?? createTemplate(serverUrl);
  templates.set(serverUrl, created);
  return created;
}

async function createTemplate(serverUrl: string): Promise<string> {
  const server = connect(serverUrl);
  await server.raw(`CREATE DATABASE ${TEMPLATE}`);
  await server.destroy();
  const template = connect(withName(serverUrl, TEMPLATE));
  await new Migrations(template, fileURLToPath(new URL('../../migrations', import.meta.url))).up();
  await template.destroy();
  return serverUrl;
}

/** A database of its own; `empty` leaves the migrations out. */
export async function createTestDatabase({
  empty = false,
  serverUrl = fromEnvironment('TEST_DATABASE_URL'),
  timeouts = TIMEOUTS,
} = {}): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const server = connect(serverUrl);
  await server.raw(`CREATE DATABASE ${name}${empty ? '' : ` TEMPLATE ${TEMPLATE}`}`);
  const url = withName(serverUrl, name);
  const db = connect(url, timeouts);
  return {
    url,
    db,
    async clear() {
      await db.raw(await clearing(db));
    },
    async drop() {
      await db.destroy();
      await server.raw(`DROP DATABASE ${name} WITH (FORCE)`);
      await server.destroy();
    },
  };
}

/** From this size of a table on, what is left of deleted rows would slow down tests. Bytes. */
const LARGE = 262_144;

/** The statements that empty all tables. TRUNCATE makes new files, for which a busy disk takes up to a hundred times as long as for DELETE. */
async function clearing(db: Knex): Promise<string> {
  const { rows } = await db.raw<{ rows: readonly { readonly name: string; readonly isLarge: boolean }[] }>(
    `SELECT relname AS name, pg_relation_size(oid) >= ? AS "isLarge" FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND NOT starts_with(relname, ?)`,
    [LARGE, MIGRATIONS],
  );
  const names = rows.map(({ name }) => name);
  if (rows.some(({ isLarge }) => isLarge)) return `TRUNCATE ${names.join()} RESTART IDENTITY`;
  return [
    // As TRUNCATE does: what a test has left under way ends first.
    `LOCK ${names.join()}`,
    // Without the checks of foreign keys the order does not matter.
    'SET LOCAL session_replication_role = replica',
    ...names.map((name) => `DELETE FROM ${name}`),
    `SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences
     WHERE schemaname = 'public' AND NOT starts_with(sequencename, '${MIGRATIONS}')`,
  ].join(';');
}

function withName(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** What `test/run.ts` tells the tests. */
export function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests with \`npm test\``);
  return value;
}
