import knex, { type Knex } from 'knex';
import pg from 'pg';
import type { DatabaseUrl } from '../ports/database-url.ts';
import { endWhenUnanswered, tellWhyItEnded, type Connected } from './connection.ts';
import { checkVersions } from './driver.ts';
import { Opener, type Opened, type OpenerSettings } from './opening/opener.ts';
import { sessionSettings, type SessionTimeouts } from './session.ts';

export interface DatabaseSettings extends SessionTimeouts {
  readonly url: () => DatabaseUrl;
  /** The schema of the tables; undefined: the first of the session's search path. */
  readonly schema?: string | undefined;
  readonly password?: OpenerSettings['password'];
  /** The setting that the password comes from; default: the URL. */
  readonly passwordFrom?: string;
  readonly poolMax: number;
  /** For one host, whose addresses share it. Milliseconds. */
  readonly connectTimeout: number;
  /** Where knex' own complaints go; default: nowhere, since whoever asked gets the error. */
  readonly log?: (message: string) => void;
  readonly betweenFound?: OpenerSettings['betweenFound'];
  readonly addressesOf?: OpenerSettings['addressesOf'];
}

type PgParsers = typeof pg.types.getTypeParser;

const INT8_OID = 20;
const PARSERS: (oid: number, format?: 'text' | 'binary') => unknown = pg.types.getTypeParser;

/**
 * SQLSTATEs that the present sessions will say again: of a statement that a read-only server refuses, and of one whose name the session does
 * not know (any more), or knows for another.
 */
const SPOILT = new Set(['25006', '26000', '42P05']);

/** Milliseconds. Node takes a longer one for none at all. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** Milliseconds. The opener knows who did not answer; the pool's own time-out says that it is probably full. */
const OPENER_FIRST = 1_000;

/** The connections that a pool has opened so far. */
interface Sessions {
  opened: number;
  /** Whether none of them goes through a connection pooler, which may turn to another server in silence. */
  direct: boolean;
}

const SESSIONS = new WeakMap<Knex, Sessions>();

/** How many connections the pool has opened so far; undefined behind a connection pooler, where that says nothing. */
export function sessionsOf(db: Knex): number | undefined {
  const sessions = SESSIONS.get(db);
  return sessions?.direct ? sessions.opened : undefined;
}

/** The pool. int8 comes as number: every one of ours is below 2^53. @throws ConfigurationError for what is wrong with the URL or the driver */
export function createDatabase(settings: DatabaseSettings): Knex {
  checkVersions();
  const { statementTimeout, connectTimeout } = settings;
  const tell = (message: unknown): void => settings.log?.(String(message));
  const sessions: Sessions = { opened: 0, direct: true };
  const opener = new Opener({
    url: settings.url,
    password: settings.password,
    passwordFrom: settings.passwordFrom ?? 'DATABASE_URL',
    session: sessionSettings(settings),
    connectTimeout,
    types: {
      getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
        oid === INT8_OID ? Number : PARSERS(oid, format)) as PgParsers,
    },
    betweenFound: (between) => {
      sessions.direct = false;
      settings.betweenFound?.(between);
    },
    addressesOf: settings.addressesOf,
  });
  opener.check();
  /** Which connections are still good: those that were opened since one was spoilt. */
  let generation = 0;
  const generations = new WeakMap<Connected, number>();
  const db = knex({
    client: 'pg',
    // An error tells the statement, and none of its values: they are customers' data.
    compileSqlOnError: false,
    log: { warn: tell, error: tell, deprecate: tell, debug: tell },
    pool: {
      min: 0,
      max: settings.poolMax,
      afterCreate: (client: Connected, done: (error: null, client: Connected) => void) => {
        // The server's own timeout answers first; this one is for a server that no longer answers at all.
        endWhenUnanswered(client, statementTimeout + 5_000);
        tellWhyItEnded(client);
        sessions.opened += 1;
        const opened = generation;
        generations.set(client, opened);
        client.connection.on('errorMessage', ({ code = '' }) => {
          if (SPOILT.has(code) && opened === generation) generation += 1;
        });
        done(null, client);
      },
      // The opener bounds itself. A connection that was given up here would be closed when it is there at last, and the next try would take as long.
      createTimeoutMillis: LONGEST_TIMER,
      // A session of a server that has become a standby, or of a role or database that is read-only by default, stays so when the reason is
      // gone: only a new connection finds out, or finds the server that takes writes by now. What one of them has heard is true of all.
      validate: (client: Connected) => generations.get(client) === generation,
    },
    acquireConnectionTimeout: Math.min(opener.longest + OPENER_FIRST, LONGEST_TIMER),
    // The opener knows better.
    connection: {},
  });
  openBy(opener, db.client as Opening);
  SESSIONS.set(db, sessions);
  return db;
}

/** What opens the connections of a pool. */
interface Opening {
  /** Of the server; knex writes some of its statements by it. */
  version: string;
  acquireRawConnection(): Promise<Opened>;
}

/** knex marks a connection that has ended, so that the pool drops it. */
interface Disposable {
  __knex__disposed?: unknown;
}

/** knex has no hook for opening: it knows one server, and takes a refusal for an outage. */
function openBy(opener: Opener, client: Opening): void {
  client.acquireRawConnection = async () => {
    const opened: Opened & Disposable = await opener.open();
    opened.on('error', (error) => (opened.__knex__disposed = error));
    opened.on('end', () => (opened.__knex__disposed ??= 'Connection ended unexpectedly'));
    client.version = opened.serverVersion;
    return opened;
  };
}
