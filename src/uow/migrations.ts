import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Knex } from 'knex';
import { ConfigurationError } from '../ports/errors.ts';
import { databaseError } from '../repos/errors.ts';

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

  constructor(db: Knex, folder: string) {
    this.db = db;
    this.source = new Files(folder);
  }

  /** @returns what was done, in order */
  async up(): Promise<readonly string[]> {
    const [, done] = await this.ask<[number, string[]]>((config) => this.db.migrate.latest(config));
    return done.map((file) => this.source.getMigrationName(file));
  }

  /** Undoes the last step, or all of them. */
  async down(all: boolean): Promise<readonly string[]> {
    const undone: string[] = [];
    do {
      const [, files] = await this.ask<[number, string[]]>((config) => this.db.migrate.down(config));
      if (files.length === 0) break;
      undone.push(...files.map((file) => this.source.getMigrationName(file)));
    } while (all);
    return undone;
  }

  async status(): Promise<MigrationStatus> {
    const [done, pending] = await this.ask<[{ name: string }[], string[]]>((config) => this.db.migrate.list(config));
    return {
      done: done.map(({ name }) => name),
      pending: pending.map((file) => this.source.getMigrationName(file)),
    };
  }

  /** @throws ConfigurationError unless every step is done */
  async check(): Promise<void> {
    const { pending } = await this.status();
    if (pending.length === 0) return;
    throw new ConfigurationError(
      `DATABASE_URL: the database lacks ${pending.length} migrations (${pending.join(', ')}); run \`licensing migrate up\``,
    );
  }

  private async ask<T>(work: (config: Knex.MigratorConfig) => Promise<T>): Promise<T> {
    try {
      // A database that is ahead of this build is not a fault: in a rolling update the old worker meets it.
      return await work({
        migrationSource: this.source,
        tableName: 'migrations',
        disableMigrationsListValidation: true,
      });
    } catch (error) {
      throw databaseError(error);
    }
  }
}
