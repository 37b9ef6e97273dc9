import pg from 'pg';
import { until } from '../support/world-until.ts';

/** A database session of the test's own: it changes the database, or holds locks against the worker. */
export class Session {
  private readonly client: pg.Client;

  private constructor(client: pg.Client) {
    this.client = client;
  }

  static async open(url: string): Promise<Session> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined); // the next query fails, too
    await client.connect();
    return new Session(client);
  }

  async run<Row>(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return (await this.client.query(sql, [...values])).rows as Row[];
  }

  async close(): Promise<void> {
    await this.client.end();
  }

  /** Waits until other sessions wait for a lock of this one. */
  async blocked(): Promise<readonly number[]> {
    const [own] = await this.run<{ readonly pid: number }>('SELECT pg_backend_pid() AS pid');
    const sql = 'SELECT pid FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))';
    return until('somebody is blocked', async () => {
      const waiting = await this.run<{ readonly pid: number }>(sql, [own?.pid]);
      return waiting.length > 0 && waiting.map(({ pid }) => pid);
    });
  }
}

/** Runs `work` in a session of its own. */
export async function inSession<T>(url: string, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await Session.open(url);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** The database's name in a URL. */
export function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

/** Ends every other session of the database. */
export async function endSessions(session: Session, database: string): Promise<void> {
  await session.run(
    'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
    [database],
  );
}
