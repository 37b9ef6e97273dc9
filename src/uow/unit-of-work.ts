import type { Knex } from 'knex';
import { CommitOutcomeUnknown, StaleRead } from '../ports/errors.ts';
import type { Committed, OutboxLane, Unit, UnitMessage, UnitOfWork } from '../ports/unit-of-work.ts';
import { databaseError, isDefiniteRollback } from '../repos/errors.ts';
import { postgresStore } from '../repos/postgres.ts';
import { hasFailed } from '../repos/sql.ts';
import { openUnit } from './unit.ts';

/** One knex transaction a run: READ COMMITTED, each step a statement of its own, always in the same order. */
export class KnexUnitOfWork implements UnitOfWork {
  private readonly db: Knex;
  private readonly newId: () => string;

  constructor(db: Knex, newId: () => string) {
    this.db = db;
    this.newId = newId;
  }

  async run<T>(
    messages: readonly UnitMessage[],
    work: (unit: Unit) => Promise<T>,
    lane: OutboxLane = new UnattendedLane(this.newId()),
  ): Promise<Committed<T>> {
    const trx = await this.begin();
    try {
      const unit = await openUnit(postgresStore(trx), messages, lane);
      const value = await work(unit);
      const outbox = await unit.flush();
      if (hasFailed(trx)) throw new StaleRead('a statement failed and its error was not passed on');
      await commit(trx);
      return { value, outbox };
    } catch (error) {
      if (!trx.isCompleted()) await rollBack(trx);
      throw error;
    }
  }

  private async begin(): Promise<Knex.Transaction> {
    try {
      return await this.db.transaction();
    } catch (error) {
      throw databaseError(error);
    }
  }
}

/** The lane of a run that nobody publishes for: its rows go to the relay at once. */
export class UnattendedLane implements OutboxLane {
  readonly id: string;
  readonly living = false;
  private next = 0;

  constructor(id: string) {
    this.id = id;
  }

  take(count: number): number {
    const first = this.next;
    this.next += count;
    return first;
  }

  isPublished(): boolean {
    return false;
  }

  deletable(): undefined {
    return undefined;
  }
}

async function commit(trx: Knex.Transaction): Promise<void> {
  try {
    await trx.commit();
    // knex' commit() resolves even when COMMIT was refused or the connection ended: only this promise tells.
    await trx.executionPromise;
  } catch (error) {
    if (isDefiniteRollback(error)) throw databaseError(error);
    throw new CommitOutcomeUnknown('the connection ended while COMMIT was under way', { cause: error });
  }
}

/** The failure that led here is the one to tell; a rollback that fails too means that the connection is gone, and with it the transaction. */
async function rollBack(trx: Knex.Transaction): Promise<void> {
  try {
    await trx.rollback();
  } catch {
    // The server undoes what a lost connection leaves behind.
  }
}
