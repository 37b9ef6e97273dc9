import knex, { type Knex } from 'knex';
import pg from 'pg';
import { ConfigurationError } from '../ports/errors.ts';
import { endWhenUnanswered, tellWhyItEnded, type Connected } from './connection.ts';
import { connectionError } from './connection-errors.ts';
import { checkClient, checkVersions } from './driver.ts';
import { sessionSettings, startupOptions, type SessionTimeouts } from './session.ts';

export interface DatabaseSettings extends SessionTimeouts {
  /** postgres://user:password@host:port/database */
  readonly url: string;
  readonly poolMax: number;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** Where knex' own complaints go; default: nowhere, since whoever asked gets the error. */
  readonly log?: (message: string) => void;
}

type PgParsers = typeof pg.types.getTypeParser;

const INT8_OID = 20;
const PARSERS: (oid: number, format?: 'text' | 'binary') => unknown = pg.types.getTypeParser;

/** SQLSTATE of a statement that a read-only transaction refuses. */
const READ_ONLY = '25006';

/** The pool. int8 comes as number: every one of ours is below 2^53. @throws ConfigurationError for what is wrong with the URL or the driver */
export function createDatabase(settings: DatabaseSettings): Knex {
  checkVersions();
  const { statementTimeout, connectTimeout } = settings;
  const tell = (message: unknown): void => settings.log?.(String(message));
  const connection = {
    ...urlAndOptions(settings),
    application_name: 'licensing',
    // What is asked without waiting for the answer before goes out at once; the server answers in the same order.
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    connectionTimeoutMillis: connectTimeout,
    types: {
      getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
        oid === INT8_OID ? Number : PARSERS(oid, format)) as PgParsers,
    },
  };
  checkDriverTakes(connection);
  const readOnly = new WeakSet<Connected>();
  const db = knex({
    client: 'pg',
    log: { warn: tell, error: tell, deprecate: tell, debug: tell },
    pool: {
      min: 0,
      max: settings.poolMax,
      afterCreate: (client: Connected, done: (error: null, client: Connected) => void) => {
        // The server's own timeout answers first; this one is for a server that no longer answers at all.
        endWhenUnanswered(client, statementTimeout + 5_000);
        tellWhyItEnded(client);
        client.connection.on('errorMessage', ({ code }) => {
          if (code === READ_ONLY) readOnly.add(client);
        });
        done(null, client);
      },
      // A session of a server that has become a standby, or of a role or database that is read-only by default, stays so when the reason is
      // gone: only a new connection finds out, or finds the server that takes writes by now.
      validate: (client: Connected) => !readOnly.has(client),
    },
    acquireConnectionTimeout: connectTimeout,
    connection: connection as Knex.PgConnectionConfig,
  });
  tellFailuresApart(db.client as Opening);
  return db;
}

/** The URL's parameters replace the driver's fields of the same names: so these two are taken out of it. */
function urlAndOptions(settings: DatabaseSettings): { readonly connectionString: string; readonly options: string } {
  const url = new URL(settings.url);
  const options = url.searchParams.get('options') ?? '';
  url.searchParams.delete('options');
  // It is UTF-8 that the driver speaks.
  url.searchParams.delete('client_encoding');
  return { connectionString: url.href, options: startupOptions(options, sessionSettings(settings)) };
}

/** The driver reads its settings, and the files that they name, when a client is made: that needs no server. */
function checkDriverTakes(connection: pg.ClientConfig): void {
  try {
    new pg.Client(connection);
  } catch (error) {
    // Not by `instanceof`: errors of the file system come from another realm under jest.
    const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
    throw new ConfigurationError(`DATABASE_URL: ${String(message)}`, { cause: error });
  }
}

/** What opens the connections of a pool. */
interface Opening {
  acquireRawConnection(): Promise<Connected>;
}

/** An error of the server means one thing while a connection is opened and another later; knex has no hook to tell. */
function tellFailuresApart(client: Opening): void {
  const open = client.acquireRawConnection.bind(client);
  client.acquireRawConnection = async () => {
    try {
      const connected = await open();
      checkClient(connected);
      return connected;
    } catch (error) {
      throw connectionError(error);
    }
  };
}
