import type { Knex } from 'knex';
import type { FoundStatement, LaneStatement } from '../../ports/levels.ts';
import { uuids } from './arrays.ts';
import { execute, plain, query, rowsOf, texts } from './sql.ts';

/** Whether the lane of a row owes something, by the row's alias. */
export function owes(alias: string): string {
  return `(EXISTS (SELECT FROM outbox o WHERE o.lane = ${alias}.lane) OR EXISTS (SELECT FROM outbox_chunks c WHERE c.lane = ${alias}.lane))`;
}

/** Marks lanes as living; their rows are nobody else's business. A lane that was not seen before is known from here on. */
export async function touchLanes(db: Knex, lanes: readonly LaneStatement[]): Promise<void> {
  if (lanes.length === 0) return;
  await execute(
    db,
    `INSERT INTO lanes (lane, seen_at, level, group_id, partitions)
     SELECT lane, clock_timestamp(), level, group_id, string_to_array(partitions, ' ')
     FROM ${rowsOf('l', { lane: 'uuid', level: 'integer', group_id: 'text', partitions: 'text' })}
     ON CONFLICT (lane) DO UPDATE SET seen_at = excluded.seen_at, level = excluded.level, group_id = excluded.group_id,
       partitions = excluded.partitions`,
    [
      uuids(lanes.map(({ lane }) => lane)),
      plain(lanes.map(({ level }) => level)),
      texts(lanes.map(({ group }) => group)),
      // Names of topics have no blanks.
      texts(lanes.map(({ partitions }) => partitions.join(' '))),
    ],
  );
}

/** What the lanes state that were seen in the last `silentMs`. */
export async function livingLanes(db: Knex, silentMs: number): Promise<readonly FoundStatement[]> {
  return query<FoundStatement>(
    db,
    `SELECT level, group_id AS "group", partitions FROM lanes
     WHERE seen_at > clock_timestamp() - ? * interval '1 millisecond'`,
    [silentMs],
  );
}

/** Gives a lane up: what it still owes goes to the relay at once, not only after the lane has been silent for a while. */
export async function retireLane(db: Knex, lane: string): Promise<void> {
  await execute(db, `UPDATE lanes SET seen_at = '-infinity' WHERE lane = ?::uuid`, [lane]);
}

/**
 * A lane that has been silent for longer than `silentMs` (by the database's clock) and still owes. Taking it counts as a sign of life: for as
 * long again no other relay takes it, and one that can't be published keeps no other waiting. It no longer states partitions: its worker is
 * gone, and others hold them by now.
 */
export async function claimSilentLane(db: Knex, silentMs: number): Promise<string | undefined> {
  const lanes = await query<{ lane: string }>(
    db,
    `UPDATE lanes SET seen_at = clock_timestamp(), partitions = NULL WHERE lane = (
       SELECT l.lane FROM lanes l
       WHERE l.seen_at < clock_timestamp() - ? * interval '1 millisecond' AND ${owes('l')}
       ORDER BY l.seen_at LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING lane`,
    [silentMs],
  );
  return lanes[0]?.lane;
}

/**
 * Forgets lanes that owe nothing and have been silent for long; in a transaction. A lane that wakes up after all puts itself back with its
 * next write. The statement that locks them does not see what one of them wrote a moment ago, so it is asked again under the lock. That a
 * lane was seen since would not tell: one that nobody attends never is.
 */
export async function forgetLanes(trx: Knex, silentMs: number): Promise<void> {
  const owesNothing = `NOT ${owes('l')}`;
  const silent = await query<{ readonly lane: string }>(
    trx,
    `SELECT lane FROM lanes l WHERE l.seen_at < clock_timestamp() - ? * interval '1 millisecond' AND ${owesNothing}
     FOR UPDATE SKIP LOCKED`,
    [silentMs],
  );
  if (silent.length === 0) return;
  await execute(trx, `DELETE FROM lanes l WHERE l.lane = ANY (?::uuid[]) AND ${owesNothing}`, [
    uuids(silent.map(({ lane }) => lane)),
  ]);
}

/**
 * Knows lanes again that owe a chunk: a worker of the version before, which does not read chunks, may have forgotten them. The relay publishes
 * what they owe.
 */
export async function recallLanes(db: Knex): Promise<void> {
  await execute(
    db,
    `INSERT INTO lanes (lane, seen_at)
     SELECT DISTINCT lane, timestamptz '-infinity' FROM outbox_chunks c WHERE NOT EXISTS (SELECT FROM lanes l WHERE l.lane = c.lane)
     ON CONFLICT DO NOTHING`,
    [],
  );
}
