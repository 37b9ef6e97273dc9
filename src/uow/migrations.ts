import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Knex } from 'knex';
import { ConfigurationError } from '../ports/errors.ts';
import { databaseError, stateOf } from '../repos/tables/errors.ts';
import { execute, query } from '../repos/tables/sql.ts';
import { LOCK_TABLE, MigrationLock, type Tell } from './migration-lock.ts';
import { checkRights, checkSchema } from './rights.ts';
import { inTransaction } from './transaction.ts';

/** Both tables are as knex has made them, which older builds go by. */
const TABLE = 'migrations';
const TABLES = {
  [TABLE]: 'id serial PRIMARY KEY, name varchar(255), batch integer, migration_time timestamptz',
  [LOCK_TABLE]: 'index serial PRIMARY KEY, is_locked integer',
};

interface Step {
  /** Without a transaction, a step is written so that it can begin anew. Default: with one. */
  readonly config?: { readonly transaction?: boolean };
  up(knex: Knex): Promise<void>;
  down(knex: Knex): Promise<void>;
  /** Of a step without a transaction that may refuse to be undone: refuses before anything is. */
  checkDown?(knex: Knex): Promise<void>;
}

export interface MigrationStatus {
  readonly done: readonly string[];
  readonly pending: readonly string[];
}

/**
 * The schema's steps. A step and its name take effect in one transaction. One without a transaction has its name written when all of it is done, and is
 * marked before it is undone (no `migration_time`). So a run may end anywhere, and the next one goes on.
 */
export class Migrations {
  private readonly db: Knex;
  private readonly folder: string;
  private readonly schema: string | undefined;

  /** @param schema where the tables are to be; undefined: the first of the session's search path */
  constructor(db: Knex, folder: string, schema?: string) {
    this.db = db;
    this.folder = folder;
    this.schema = schema;
  }

  /** @returns what was done, in order */
  async up(tell: Tell = () => undefined): Promise<readonly string[]> {
    return this.run(tell, async (lock) => {
      const done: string[] = [];
      const [last] = await query<{ batch: number | null }>(this.db, `SELECT max(batch) AS batch FROM ${TABLE}`, []);
      for (const name of (await this.status()).pending) {
        await lock.check();
        await naming(name, tell, this.do(name, (last?.batch ?? 0) + 1));
        done.push(name);
      }
      return done;
    });
  }

  /** Undoes the last step, or all of them. */
  async down(all: boolean, tell: Tell = () => undefined): Promise<readonly string[]> {
    if ((await this.recorded()).length === 0) return [];
    return this.run(tell, async (lock) => {
      const undone: string[] = [];
      const recorded = new Set((await this.recorded()).map(({ name }) => name));
      // Steps of a newer build are let be.
      const known = (await this.names()).filter((name) => recorded.has(name)).reverse();
      for (const name of all ? known : known.slice(0, 1)) {
        await lock.check();
        await naming(name, tell, this.undo(name));
        undone.push(name);
      }
      return undone;
    });
  }

  /** Creates nothing: an empty database stays one that a backup can be restored into. */
  async status(): Promise<MigrationStatus> {
    const [names, recorded] = await Promise.all([this.names(), this.recorded()]);
    const done = recorded.filter(({ whole }) => whole).map(({ name }) => name);
    return { done, pending: names.filter((name) => !done.includes(name)) };
  }

  /** @throws ConfigurationError unless every step is done, and the role may work with the tables */
  async check(): Promise<void> {
    if (this.schema !== undefined) await checkSchema(this.db, this.schema);
    const { pending } = await this.status();
    if (pending.length === 0) return checkRights(this.db);
    throw new ConfigurationError(
      `DATABASE_URL: the database lacks ${pending.length} migrations (${pending.join(', ')}); run \`licensing migrate up\``,
    );
  }

  private async do(name: string, batch: number): Promise<void> {
    const step = await this.step(name);
    const record = async (trx: Knex): Promise<void> => {
      await execute(trx, `DELETE FROM ${TABLE} WHERE name = ?`, [name]);
      const row = [name, batch];
      await execute(trx, `INSERT INTO ${TABLE} (name, batch, migration_time) VALUES (?, ?, clock_timestamp())`, row);
    };
    if (hasTransaction(step)) {
      await this.alone(name, true, async (trx) => {
        await step.up(trx);
        await record(trx);
      });
    } else {
      await step.up(this.db);
      await inTransaction(this.db, record);
    }
  }

  private async undo(name: string): Promise<void> {
    const step = await this.step(name);
    const forget = (db: Knex): Promise<number> => execute(db, `DELETE FROM ${TABLE} WHERE name = ?`, [name]);
    if (hasTransaction(step)) {
      await this.alone(name, false, async (trx) => {
        await step.down(trx);
        await forget(trx);
      });
    } else {
      await step.checkDown?.(this.db);
      await execute(this.db, `UPDATE ${TABLE} SET migration_time = NULL WHERE name = ?`, [name]);
      await step.down(this.db);
      await forget(this.db);
    }
  }

  /** Even if the lock of the run is lost, or a COMMIT of the run before comes late: the step is made or undone once. */
  private async alone(name: string, isUp: boolean, work: (trx: Knex) => Promise<void>): Promise<void> {
    await inTransaction(this.db, async (trx) => {
      await execute(trx, `LOCK TABLE ${TABLE} IN SHARE ROW EXCLUSIVE MODE`, []);
      const found = await query(trx, `SELECT FROM ${TABLE} WHERE name = ?`, [name]);
      if (found.length > 0 !== isUp) await work(trx);
    });
  }

  private async run<T>(tell: Tell, work: (lock: MigrationLock) => Promise<T>): Promise<T> {
    try {
      await this.createTables();
      const lock = await MigrationLock.take(this.db, tell);
      try {
        return await work(lock);
      } finally {
        await lock.release();
      }
    } catch (error) {
      const failure = databaseError(error);
      if (stateOf(error) !== NO_RIGHT) throw failure;
      const needed = '`licensing migrate` needs the owner of the tables, or may create them in their schema';
      throw new ConfigurationError(`${failure.message}; ${needed}`, { cause: error });
    }
  }

  /** Asked for only when they are not there: PostgreSQL wants rights for it, even if there is nothing to do. */
  private async createTables(): Promise<void> {
    if (this.schema !== undefined) {
      const found = await query(this.db, 'SELECT FROM pg_namespace WHERE nspname = ?', [this.schema]);
      if (found.length === 0) await this.make(`CREATE SCHEMA IF NOT EXISTS "${this.schema}"`);
    }
    for (const [name, columns] of Object.entries(TABLES)) {
      if (!(await this.isThere(name))) await this.make(`CREATE TABLE IF NOT EXISTS ${name} (${columns})`);
    }
  }

  /** Of two who create the same at once, one is told so in spite of IF NOT EXISTS. */
  private async make(sql: string): Promise<void> {
    try {
      await execute(this.db, sql, []);
    } catch (error) {
      if (!MADE_BY_ANOTHER.has(stateOf(error) ?? '')) throw error;
    }
  }

  private async isThere(table: string): Promise<boolean> {
    const sql = 'SELECT to_regclass(?) IS NOT NULL AS is_there';
    const [found] = await query<{ is_there: boolean }>(this.db, sql, [table]);
    return found?.is_there === true;
  }

  /** `whole`: nobody has begun to undo it. Older builds may have written a name twice, when they ran beside another. */
  private async recorded(): Promise<readonly { readonly name: string; readonly whole: boolean }[]> {
    if (!(await this.isThere(TABLE))) return [];
    const sql = `SELECT name, bool_and(migration_time IS NOT NULL) AS whole FROM ${TABLE} GROUP BY name ORDER BY min(id)`;
    return query(this.db, sql, []);
  }

  /** Without extension, so that a build to `.js` has the same steps. */
  private async names(): Promise<readonly string[]> {
    return (await this.files()).map((file) => basename(file, extname(file)));
  }

  private async step(name: string): Promise<Step> {
    const file = (await this.files()).find((one) => basename(one, extname(one)) === name) ?? name;
    return import(pathToFileURL(join(this.folder, file)).href) as Promise<Step>;
  }

  private async files(): Promise<readonly string[]> {
    const files = await readdir(this.folder);
    return files.filter((file) => /^\d{4}_\w+\.[jt]s$/.test(file)).sort();
  }
}

const NO_RIGHT = '42501';
/** A schema, a table, or what belongs to one: unique_violation of the catalog. */
const MADE_BY_ANOTHER = new Set(['42P06', '42P07', '23505']);

/** What the server says of a failure does not tell at which step. */
async function naming(step: string, tell: Tell, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    tell(`${step} failed`);
    throw error;
  }
}

function hasTransaction({ config }: Step): boolean {
  return config?.transaction !== false;
}
