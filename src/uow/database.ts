import knex, { type Knex } from 'knex';
import pg from 'pg';

export interface DatabaseSettings {
  /** postgres://user:password@host:port/database */
  readonly url: string;
  readonly poolMax: number;
  /** All in milliseconds. They end before the consumer's session does, so that a sleeping zombie can't hold up its successor. */
  readonly connectTimeout: number;
  readonly statementTimeout: number;
  readonly lockTimeout: number;
  readonly idleInTransactionTimeout: number;
  /** Where knex' own complaints go; default: nowhere, since whoever asked gets the error. */
  readonly log?: (message: string) => void;
}

type PgParsers = typeof pg.types.getTypeParser;

const INT8_OID = 20;
const PARSERS: (oid: number, format?: 'text' | 'binary') => unknown = pg.types.getTypeParser;

/**
 * Every statement of ours looks rows up by key, whatever the statistics say at the moment: a table that was empty when it was last
 * analysed would otherwise be read from end to end, for every chunk, until the next time. A plan without such a scan is estimated as
 * dear, and for a dear one the server starts parallel workers, to whom it hands a chunk's arrays as text: never worth it here.
 */
const PLANS = [
  'jit=off',
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'max_parallel_workers_per_gather=0',
  'plan_cache_mode=force_generic_plan',
];

/** The pool. int8 comes as number: every one of ours is below 2^53. */
export function createDatabase(settings: DatabaseSettings): Knex {
  const { statementTimeout, lockTimeout, idleInTransactionTimeout, connectTimeout } = settings;
  const tell = (message: unknown): void => settings.log?.(String(message));
  const session = [
    `statement_timeout=${statementTimeout}`,
    `lock_timeout=${lockTimeout}`,
    `idle_in_transaction_session_timeout=${idleInTransactionTimeout}`,
    'tcp_keepalives_idle=5',
    'tcp_keepalives_interval=2',
    'tcp_keepalives_count=3',
    ...PLANS,
  ];
  return knex({
    client: 'pg',
    log: { warn: tell, error: tell, deprecate: tell, debug: tell },
    pool: {
      min: 0,
      max: settings.poolMax,
      afterCreate: (client: Connected, done: (error: null, client: Connected) => void) => {
        // The server's own timeout answers first; this one is for a server that no longer answers at all.
        endWhenUnanswered(client, statementTimeout + 5_000);
        done(null, client);
      },
    },
    acquireConnectionTimeout: connectTimeout,
    connection: {
      connectionString: settings.url,
      application_name: 'licensing',
      // What is asked without waiting for the answer before goes out at once; the server answers in the same order.
      pipeline: true,
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
      connectionTimeoutMillis: connectTimeout,
      options: session.map((setting) => `-c ${setting}`).join(' '),
      types: {
        getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
          oid === INT8_OID ? Number : PARSERS(oid, format)) as PgParsers,
      },
    } as Knex.PgConnectionConfig,
  });
}

/** What a pg client is inside. */
interface Connected {
  /** False while an answer is outstanding. */
  readonly readyForQuery: boolean;
  readonly connection: {
    readonly stream: {
      setTimeout(milliseconds: number): void;
      on(event: 'timeout', then: () => void): void;
      destroy(error: Error): void;
    };
  };
}

/**
 * Packets may vanish without a reset. pg's `query_timeout` would fail the query and leave the dead connection in the pool, where it
 * fails the next ones too, for as long as the kernel goes on trying; so the connection itself is ended.
 */
function endWhenUnanswered(client: Connected, milliseconds: number): void {
  const { stream } = client.connection;
  stream.setTimeout(milliseconds);
  // Not given to `setTimeout`, which would call it once: a connection that was idle for so long would be watched no more.
  stream.on('timeout', () => {
    if (!client.readyForQuery) stream.destroy(new Error(`PostgreSQL did not answer within ${milliseconds} ms`));
  });
}
