import type { Knex } from 'knex';
import { ConfigurationError } from '../ports/errors.ts';
import { databaseError } from '../repos/tables/errors.ts';
import type { SessionSettings } from './session.ts';

const OLDEST = 15;

/** Whether the server can do what is asked of it, and the session is the one that was asked for. Changes nothing. */
export class DatabaseServer {
  private readonly db: Knex;
  private readonly session: SessionSettings;

  constructor(db: Knex, session: SessionSettings) {
    this.db = db;
    this.session = session;
  }

  /** @throws ConfigurationError, or DatabaseUnavailable when there is no answer */
  async check(): Promise<void> {
    const fault = serverFault(await this.settings(), this.session);
    if (fault !== undefined) throw new ConfigurationError(`DATABASE_URL: ${fault}`);
  }

  private async settings(): Promise<SessionSettings> {
    try {
      const { rows } = await this.db.raw<{ rows: readonly { readonly name: string; readonly setting: string }[] }>(
        'SELECT name, setting FROM pg_settings',
      );
      return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
    } catch (error) {
      throw databaseError(error);
    }
  }
}

/** @param found all of `pg_settings`. @returns a sentence, or undefined when everything is as it has to be */
export function serverFault(found: SessionSettings, session: SessionSettings): string | undefined {
  if (Number(found['server_version_num']) < OLDEST * 10_000) {
    return `this is PostgreSQL ${found['server_version']}; ${OLDEST} or newer is needed`;
  }
  const encoding = found['server_encoding'];
  if (encoding !== 'UTF8') {
    return `the encoding of the database is ${encoding}; it has to be UTF8, which a database is created with`;
  }
  if (found['synchronous_commit'] === 'off') {
    return (
      'synchronous_commit is off, so a crash of the server loses commits whose messages Kafka counts as done. ' +
      'Set it to on for this role or database, or in the URL (`options=-c%20synchronous_commit%3Don`)'
    );
  }
  const others = Object.entries(session).filter(([name, value]) => found[name] !== value);
  if (others.length === 0) return undefined;
  const told = others.map(([name, value]) => `${name} is '${found[name]}' instead of '${value}'`);
  return (
    `the session is not the one that was asked for (${told.join(', ')}). A connection pooler in between that drops startup parameters ` +
    'does this (`ignore_startup_parameters` of PgBouncer): connect to PostgreSQL itself'
  );
}
