import type { Knex } from 'knex';
import { there } from './contract/subject.ts';

/** Resolves once a session of this database waits for such a lock: the wait events of `pg_stat_activity`. */
export async function waiting(db: Knex, event: 'transactionid' | 'advisory' | 'relation'): Promise<void> {
  const sql = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = ?`;
  const deadline = Date.now() + 10_000;
  while ((await db.raw<{ rowCount: number }>(sql, [event])).rowCount === 0) {
    if (Date.now() > deadline) throw new Error(`nobody waits for ${event}`);
  }
}

/** Resolves once no session of this database is in a transaction that says nothing: the server has ended it. */
export async function noneIdle(db: Knex): Promise<void> {
  const sql = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`;
  const deadline = Date.now() + 10_000;
  while ((await db.raw<{ rowCount: number }>(sql)).rowCount > 0) {
    if (Date.now() > deadline) throw new Error('a transaction is still open');
  }
}

/** Ends the one session of this database of which `which` holds; fails when there is not exactly one. */
export async function terminate(db: Knex, which: string): Promise<void> {
  const { rows } = await db.raw<{ rows: { done: boolean }[] }>(
    `SELECT pg_terminate_backend(pid, 5000) AS done FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${which}`,
  );
  expect(rows).toEqual([{ done: true }]);
}

/** Where a run waits inside its transaction until the test lets it go on. */
export class Gate {
  readonly reached: Promise<void>;
  private readonly opened: Promise<void>;
  private arrive: (() => void) | undefined;
  private release: (() => void) | undefined;

  constructor() {
    this.reached = new Promise((resolve) => (this.arrive = resolve));
    this.opened = new Promise((resolve) => (this.release = resolve));
  }

  async pass(): Promise<void> {
    there(this.arrive)();
    await this.opened;
  }

  open(): void {
    there(this.release)();
  }
}
