import { setTimeout as pause } from 'node:timers/promises';
import type { Knex } from 'knex';
import { DatabaseUnavailable } from '../ports/errors.ts';
import { databaseError, stateOf } from '../repos/tables/errors.ts';
import { execute, query } from '../repos/tables/sql.ts';
import { begin, commit, rollBack } from './transaction.ts';

/** A table of knex. Older builds lock it by `is_locked = 1`, which stays set when their process dies; this one leaves that alone. */
export const LOCK_TABLE = 'migrations_lock';

/** Tells a person, in a sentence, what is waited for whenever it is something else, and which step has failed. */
export type Tell = (sentence: string) => void;

const LOOK_AGAIN_MS = 500;
/** The transaction says something this often, and the server ends it after a longer silence: a pooler may keep the session of a machine that is gone. */
const SAYS_EVERY_MS = 2_000;
const SILENT_FOR_MS = 15_000;
/** A run of an older build is never without a statement under way for so long. */
const LEFT_AFTER_MS = 3_000;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * The right to migrate: a table lock, in a transaction that stays open for the whole run. The server gives it up when the process dies, a connection
 * pooler keeps its session, and older builds wait for it where they set `is_locked`. It takes neither a number nor a snapshot, so VACUUM and
 * indexes that are built beside the load do not wait for it.
 */
export class MigrationLock {
  private readonly trx: Knex.Transaction;
  private readonly saying: NodeJS.Timeout;
  private failure: Error | undefined;

  private constructor(trx: Knex.Transaction) {
    this.trx = trx;
    this.saying = setInterval(() => void this.saySomething(), SAYS_EVERY_MS);
  }

  /**
   * Waits for as long as it takes: until another run has ended, and what a killed one has left under way. It looks again and again rather than
   * stand in the server's queue, where it would hold a connection of a pooler, and stay when its process is ended.
   */
  static async take(db: Knex, tell: Tell): Promise<MigrationLock> {
    let told: string | undefined;
    let leftSince: number | undefined;
    for (;;) {
      const trx = await begin(db);
      try {
        const obstacle = await obstacleTo(trx);
        if (obstacle === undefined) return new MigrationLock(trx);
        leftSince = obstacle.isLeft ? (leftSince ?? performance.now()) : undefined;
        if (obstacle.sentence !== told) tell(obstacle.sentence);
        told = obstacle.sentence;
        if (leftSince !== undefined && performance.now() - leftSince > LEFT_AFTER_MS) {
          await execute(trx, `UPDATE ${LOCK_TABLE} SET is_locked = 0`, []);
          await commit(trx);
        }
      } catch (error) {
        await rollBack(trx);
        throw error;
      }
      if (!trx.isCompleted()) await rollBack(trx);
      await pause(LOOK_AGAIN_MS);
    }
  }

  /**
   * Asks whether it is still held. Comes before each step: a SELECT before it would leave its snapshot open, for which indexes that are built beside
   * the load wait. @throws DatabaseUnavailable
   */
  async check(): Promise<void> {
    await this.saySomething();
    const { failure } = this;
    if (failure === undefined) return;
    throw new DatabaseUnavailable(`the lock of this run is lost (${failure.message}): run it again`, {
      cause: failure,
    });
  }

  async release(): Promise<void> {
    clearInterval(this.saying);
    await rollBack(this.trx);
  }

  private async saySomething(): Promise<void> {
    try {
      await execute(this.trx, LOCK, []);
    } catch (error) {
      this.failure ??= databaseError(error);
    }
  }
}

interface Obstacle {
  readonly sentence: string;
  /** Whether it is only the mark of a run that may be dead. */
  readonly isLeft: boolean;
}

/** Refuses whoever writes the table, and nobody who reads it. */
const LOCK = `LOCK TABLE ${LOCK_TABLE} IN EXCLUSIVE MODE`;

/** Not every version of PostgreSQL has both. */
const TIMEOUTS = `
  SELECT set_config(name, for_us, true)
  FROM (VALUES ('transaction_timeout', '0'), ('idle_in_transaction_session_timeout', '${SILENT_FOR_MS}')) AS t (name, for_us)
  JOIN pg_settings USING (name)`;

/** Takes the lock, unless something is in its way. */
async function obstacleTo(trx: Knex.Transaction): Promise<Obstacle | undefined> {
  await execute(trx, TIMEOUTS, []);
  const holders = await pids(trx, HOLDERS);
  if (holders.length > 0 || !(await tryLock(trx))) return running(holders);
  const leftovers = await pids(trx, LEFTOVERS);
  if (leftovers.length > 0) return { sentence: underWay(leftovers), isLeft: false };
  const [left] = await query(trx, `SELECT FROM ${LOCK_TABLE} WHERE is_locked <> 0`, []);
  if (left === undefined) return undefined;
  const sentence = `an older version has left its lock (${LOCK_TABLE}); it is taken away unless that \`migrate\` shows up within seconds`;
  return { sentence, isLeft: true };
}

async function tryLock(trx: Knex.Transaction): Promise<boolean> {
  try {
    await execute(trx, `${LOCK} NOWAIT`, []);
    return true;
  } catch (error) {
    if (stateOf(error) === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

/** Asked first: each NOWAIT that fails is a line of the server's log. */
const HOLDERS = `
  SELECT DISTINCT pid FROM pg_locks
  WHERE relation = '${LOCK_TABLE}'::regclass AND mode <> 'AccessShareLock' AND granted AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  ORDER BY pid`;

/**
 * Sessions such as ours that hold or wait for a lock of a table here which only `migrate` takes. The server goes on with a statement whose client
 * is gone until it has something to tell it: an index may still be built, and a column that waits for a table may still be added.
 */
const LEFTOVERS = `
  SELECT DISTINCT l.pid FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    JOIN pg_stat_activity s ON s.pid = l.pid JOIN pg_stat_activity own ON own.pid = pg_backend_pid()
  WHERE l.database = own.datid AND l.pid <> own.pid AND s.usesysid = own.usesysid AND s.application_name = own.application_name
    AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')
    AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = '${LOCK_TABLE}'::regclass)
  ORDER BY l.pid`;

async function pids(trx: Knex.Transaction, sql: string): Promise<readonly number[]> {
  return (await query<{ readonly pid: number }>(trx, sql, [])).map(({ pid }) => pid);
}

function running(holders: readonly number[]): Obstacle {
  return { sentence: `another \`migrate\` is at work${who(holders)}; waiting for its end`, isLeft: false };
}

function underWay(leftovers: readonly number[]): string {
  return `a statement of another \`migrate\`, which may have been ended, is still under way${who(leftovers)}; waiting for it`;
}

function who(sessions: readonly number[]): string {
  return sessions.length === 0 ? '' : ` (session ${sessions.join(', ')} of the server)`;
}
