import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from './world.ts';

/** Sessions of the workers, on average over many looks at them. */
export interface Locks {
  /** How many ran a statement, whether it waited or not. */
  readonly active: number;
  /** How many of these waited for a lock that another transaction held. */
  readonly waiting: number;
  /** How many of these waited for a latch of the server: for a page in memory, or for the write-ahead log. */
  readonly latched: number;
  readonly deadlocks: number;
}

type Look = Omit<Locks, 'deadlocks'>;

const LOOK_MS = 50;

/** Looks at what the sessions of a world's database wait for, until it is asked for the answer. */
export function watchLocks(world: World): () => Promise<Locks> {
  const looks: Look[] = [];
  const end = new AbortController();
  const watching = (async () => {
    while (!end.signal.aborted) {
      looks.push(...(await look(world)));
      await sleep(LOOK_MS);
    }
  })();
  watching.catch(() => undefined); // whoever asks for the answer gets the failure
  return async () => {
    end.abort();
    await watching;
    return locksOf(looks, await deadlocks(world));
  };
}

export function locksOf(looks: readonly Look[], deadlocks: number): Locks {
  const mean = (name: keyof Look): number => looks.reduce((sum, one) => sum + one[name], 0) / looks.length;
  return { active: mean('active'), waiting: mean('waiting'), latched: mean('latched'), deadlocks };
}

export function describeLocks({ active, waiting, latched, deadlocks }: Locks): string {
  return (
    `of ${active.toFixed(1)} active sessions ${waiting.toFixed(2)} waited for a lock and ${latched.toFixed(2)} for a latch, ` +
    `${deadlocks} deadlocks`
  );
}

async function look(world: World): Promise<readonly Look[]> {
  return world.query<Look>(
    `SELECT count(*) AS active, count(*) FILTER (WHERE wait_event_type = 'Lock') AS waiting,
       count(*) FILTER (WHERE wait_event_type = 'LWLock') AS latched
     FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()`,
  );
}

async function deadlocks(world: World): Promise<number> {
  const [row] = await world.query<{ n: number }>(
    `SELECT deadlocks AS n FROM pg_stat_database WHERE datname = current_database()`,
  );
  return row?.n ?? Number.NaN;
}
