import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Knex } from 'knex';
import { ConfigurationError } from '../ports/errors.ts';
import { databaseError } from '../repos/tables/errors.ts';
import { execute, query } from '../repos/tables/sql.ts';
import { checkRights, checkSchema } from './rights.ts';

const TABLE = 'migrations';

/** Migrations are known by their name without extension, so that a build to `.js` is the same migration as its `.ts`. */
class Files implements Knex.MigrationSource<string> {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async getMigrations(): Promise<string[]> {
    const files = await readdir(this.folder);
    return files.filter((file) => /^\d{4}_\w+\.[jt]s$/.test(file)).sort();
  }

  getMigrationName(file: string): string {
    return basename(file, extname(file));
  }

  async getMigration(file: string): Promise<Knex.Migration> {
    return import(pathToFileURL(join(this.folder, file)).href) as Promise<Knex.Migration>;
  }
}

export interface MigrationStatus {
  readonly done: readonly string[];
  readonly pending: readonly string[];
}

/** The schema's steps, each one transaction unless it says otherwise; knex' own lock keeps two of them from running at once. */
export class Migrations {
  private readonly db: Knex;
  private readonly source: Files;
  private readonly schema: string | undefined;

  /** @param schema where the tables are to be; undefined: the first of the session's search path */
  constructor(db: Knex, folder: string, schema?: string) {
    this.db = db;
    this.source = new Files(folder);
    this.schema = schema;
  }

  /** @returns what was done, in order */
  async up(): Promise<readonly string[]> {
    await this.createSchema();
    const [, done] = await this.ask<[number, string[]]>((config) => this.db.migrate.latest(config));
    return done.map((file) => this.source.getMigrationName(file));
  }

  /** Undoes the last step, or all of them. */
  async down(all: boolean): Promise<readonly string[]> {
    const undone: string[] = [];
    if ((await this.done()).length === 0) return undone;
    do {
      const [, files] = await this.ask<[number, string[]]>((config) => this.db.migrate.down(config));
      if (files.length === 0) break;
      undone.push(...files.map((file) => this.source.getMigrationName(file)));
    } while (all);
    return undone;
  }

  /** Creates nothing, as knex' own list would: an empty database stays one that a backup can be restored into. */
  async status(): Promise<MigrationStatus> {
    const [files, done] = await Promise.all([this.source.getMigrations(), this.done()]);
    const names = files.map((file) => this.source.getMigrationName(file));
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

  /** Asked for only when it is not there: PostgreSQL wants a right of the database for it, even if there is nothing to do. */
  private async createSchema(): Promise<void> {
    if (this.schema === undefined) return;
    const found = await query(this.db, 'SELECT FROM pg_namespace WHERE nspname = ?', [this.schema]);
    if (found.length === 0) await execute(this.db, `CREATE SCHEMA "${this.schema}"`, []);
  }

  private async done(): Promise<readonly string[]> {
    const [found] = await query<{ is_there: boolean }>(this.db, 'SELECT to_regclass(?) IS NOT NULL AS is_there', [
      TABLE,
    ]);
    if (found?.is_there !== true) return [];
    const rows = await query<{ name: string }>(this.db, `SELECT name FROM ${TABLE} ORDER BY id`, []);
    return rows.map(({ name }) => name);
  }

  private async ask<T>(work: (config: Knex.MigratorConfig) => Promise<T>): Promise<T> {
    try {
      // A database that is ahead of this build is not a fault: in a rolling update the old worker meets it.
      return await work({
        migrationSource: this.source,
        tableName: TABLE,
        disableMigrationsListValidation: true,
      });
    } catch (error) {
      const failure = databaseError(error);
      // knex keeps the text of what its lock is refused with, and nothing else.
      if (!/permission denied|must be owner/.test(failure.message)) throw failure;
      const needed = '`licensing migrate` needs the owner of the tables, or may create them in their schema';
      throw new ConfigurationError(`DATABASE_URL: PostgreSQL says: ${failure.message}; ${needed}`, { cause: error });
    }
  }
}
