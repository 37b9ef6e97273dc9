import type { Knex } from 'knex';
import { CommitOutcomeUnknown } from '../ports/errors.ts';
import { databaseError, isDefiniteRollback } from '../repos/tables/errors.ts';

// The three steps of a knex transaction. Whatever commits here does it by these.

export async function begin(db: Knex, mode: Knex.TransactionConfig = {}): Promise<Knex.Transaction> {
  try {
    return await db.transaction(mode);
  } catch (error) {
    throw databaseError(error);
  }
}

/** Begins a transaction that sees the database as of one moment, and can neither write nor lock rows. */
export async function beginSnapshot(db: Knex): Promise<Knex.Transaction> {
  return begin(db, { isolationLevel: 'repeatable read', readOnly: true });
}

/** @throws CommitOutcomeUnknown, or what `databaseError` makes of a refusal */
export async function commit(trx: Knex.Transaction): Promise<void> {
  try {
    await trx.commit();
    // knex' commit() resolves even when COMMIT was refused or the connection ended: only this promise tells.
    await trx.executionPromise;
  } catch (error) {
    if (isDefiniteRollback(error)) throw databaseError(error);
    throw new CommitOutcomeUnknown('the connection ended while COMMIT was under way', { cause: error });
  }
}

/** Does not throw: the failure that led here is the one to report. If the rollback fails too, the connection is gone, and its transaction with it. */
export async function rollBack(trx: Knex.Transaction): Promise<void> {
  try {
    await trx.rollback();
  } catch {
    // The server undoes what a lost connection leaves behind.
  }
}

/** What `work` does takes effect together, or not at all when it throws. */
export async function inTransaction<T>(db: Knex, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  const trx = await begin(db);
  try {
    const done = await work(trx);
    await commit(trx);
    return done;
  } catch (error) {
    if (!trx.isCompleted()) await rollBack(trx);
    throw error;
  }
}
