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
}

const INT8_OID = 20;

/** The pool. int8 comes as number: every one of ours is below 2^53. */
export function createDatabase(settings: DatabaseSettings): Knex {
  const { statementTimeout, lockTimeout, idleInTransactionTimeout, connectTimeout } = settings;
  const session = [
    `statement_timeout=${statementTimeout}`,
    `lock_timeout=${lockTimeout}`,
    `idle_in_transaction_session_timeout=${idleInTransactionTimeout}`,
    'tcp_keepalives_idle=5',
    'tcp_keepalives_interval=2',
    'tcp_keepalives_count=3',
    'jit=off',
  ];
  return knex({
    client: 'pg',
    pool: { min: 0, max: settings.poolMax },
    acquireConnectionTimeout: connectTimeout,
    connection: {
      connectionString: settings.url,
      application_name: 'licensing',
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
      connectionTimeoutMillis: connectTimeout,
      // The server's own timeout answers first; this one is for a server that no longer answers at all.
      query_timeout: statementTimeout + 5_000,
      options: session.map((setting) => `-c ${setting}`).join(' '),
      types: {
        getTypeParser: (oid: number, format?: 'text' | 'binary') =>
          oid === INT8_OID ? Number : pg.types.getTypeParser(oid, format),
      },
    } as Knex.PgConnectionConfig,
  });
}
