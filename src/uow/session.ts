/**
 * Every statement of ours looks rows up by key, whatever the statistics say at the moment: a table that was empty when it was last
 * analysed would otherwise be read from end to end, for every chunk, until the next time. A plan without such a scan is estimated as
 * dear, and for a dear one the server starts parallel workers, to whom it hands a chunk's arrays as text: never worth it here. Which side of a
 * join comes first these do not settle: `keyed` does (`src/repos/tables/sql.ts`).
 */
const PLANS = {
  jit: 'off',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  max_parallel_workers_per_gather: '0',
  plan_cache_mode: 'force_generic_plan',
};

/** What statements mean and answers look like, whatever a server, a database or a role has as its default. */
const MEANINGS = {
  array_nulls: 'on',
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  bytea_output: 'hex',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '1',
};

/** The client that vanished is noticed. Not every platform has them, nor does a socket. */
const KEEPALIVES = { tcp_keepalives_idle: '5', tcp_keepalives_interval: '2', tcp_keepalives_count: '3' };

export type SessionSettings = Readonly<Record<string, string>>;

/** Milliseconds. They end before the consumer's session does, so that a sleeping zombie can't hold up its successor. */
export interface SessionTimeouts {
  readonly statementTimeout: number;
  readonly lockTimeout: number;
  readonly idleInTransactionTimeout: number;
}

interface Asked extends SessionTimeouts {
  /** The schema of the tables; undefined: whatever the role's search path begins with. */
  readonly schema?: string | undefined;
}

/** What has to hold in every session, by the names and in the units of `pg_settings`. */
export function sessionSettings({
  statementTimeout,
  lockTimeout,
  idleInTransactionTimeout,
  schema,
}: Asked): SessionSettings {
  return {
    statement_timeout: String(statementTimeout),
    lock_timeout: String(lockTimeout),
    idle_in_transaction_session_timeout: String(idleInTransactionTimeout),
    ...MEANINGS,
    ...PLANS,
    // Quoted, so that it is one name as it is.
    ...(schema !== undefined && { search_path: `"${schema}"` }),
  };
}

/** The startup parameter `options`. Of a setting that is there twice the last one counts, so what has to hold comes behind the operator's. */
export function startupOptions(operators: string, session: SessionSettings): string {
  const ours = Object.entries({ ...session, ...KEEPALIVES }).map(([name, value]) => `-c ${name}=${escaped(value)}`);
  return [operators, ...ours].join(' ').trim();
}

/** The server splits at blanks, and a backslash takes the next character as it is. */
function escaped(value: string): string {
  return value.replace(/[\\\s]/g, '\\$&');
}
