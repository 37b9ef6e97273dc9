import type { Knex } from 'knex';
import type { FoundStatement, LaneStatement } from '../../ports/levels.ts';
import type { OutgoingMessage } from '../../ports/messages.ts';
import type { OwedRow } from '../../ports/unit-of-work.ts';
import { byteas, longs, uuids } from './arrays.ts';
import { execute, plain, query, rowsOf, texts } from './sql.ts';
import type { Store } from './store.ts';

/** What is owed to Kafka. Its order is (lane, seq); a lane is seen to live by its own writes. */
export function outboxTable(db: Knex): Store['outbox'] {
  return {
    async owed(debts) {
      // One walk over what these lanes owe: a probe for each pair would read all of it each time.
      const rows = await query<Omit<OwedRow, 'origin'> & { readonly originLane: string; readonly originSeq: number }>(
        db,
        `SELECT lane, seq, topic, key, headers, value,
           coalesce(origin_lane, lane) AS "originLane", coalesce(origin_seq, seq) AS "originSeq" FROM outbox
         WHERE lane = ANY (?::uuid[]) AND key = ANY (?::bytea[]) ORDER BY lane, seq`,
        [uuids([...new Set(debts.map(({ lane }) => lane))]), byteas(debts.map(({ key }) => Buffer.from(key)))],
      );
      const owing = new Set(debts.map(({ lane, key }) => `${lane}/${key}`));
      return rows
        .filter(({ lane, key }) => owing.has(`${lane}/${String(key)}`))
        .map(({ originLane, originSeq, ...row }) => ({ ...row, origin: { lane: originLane, seq: originSeq } }));
    },

    async write({ lane, living, delivered, rows }) {
      if (rows.length === 0 && delivered === undefined) return;
      // Most transactions adopt nothing, and send nothing for it.
      const adopts = rows.some(({ origin }) => origin !== undefined);
      await execute(
        db,
        `WITH alive AS (
           INSERT INTO lanes (lane, seen_at) VALUES (?::uuid, CASE WHEN ? THEN clock_timestamp() ELSE '-infinity' END)
           ON CONFLICT (lane) DO UPDATE SET seen_at = excluded.seen_at),
         delivered AS (DELETE FROM outbox WHERE lane = ?::uuid AND seq >= ? AND seq < ?)
         INSERT INTO outbox (lane, seq, topic, key, headers, value${adopts ? ', origin_lane, origin_seq' : ''})
         SELECT ?::uuid, unnest(?::bigint[]), unnest(?::text[]), unnest(?::bytea[]), unnest(?::bytea[]), unnest(?::bytea[])
           ${adopts ? ', unnest(?::uuid[]), unnest(?::bigint[])' : ''}`,
        [
          lane,
          living,
          lane,
          delivered?.from ?? 0,
          delivered?.to ?? 0,
          lane,
          longs(rows.map(({ seq }) => seq)),
          texts(rows.map(({ topic }) => topic)),
          byteas(rows.map(({ key }) => key)),
          byteas(rows.map(({ headers }) => headers)),
          byteas(rows.map(({ value }) => value)),
          ...(adopts
            ? [
                uuids(rows.map(({ origin }) => origin?.lane ?? null)),
                longs(rows.map(({ origin }) => origin?.seq ?? null)),
              ]
            : []),
        ],
      );
    },
  };
}

/** Deletes what a lane has delivered, when there is no next transaction to do it in. */
export async function deleteDelivered(db: Knex, lane: string, from: number, to: number): Promise<void> {
  await execute(db, 'DELETE FROM outbox WHERE lane = ?::uuid AND seq >= ? AND seq < ?', [lane, from, to]);
}

/** Deletes what the broker has acknowledged of a publication that failed: other rows of the lane may be left in between. */
export async function deleteAcknowledged(db: Knex, lane: string, seqs: readonly number[]): Promise<void> {
  if (seqs.length === 0) return;
  await execute(db, 'DELETE FROM outbox WHERE lane = ?::uuid AND seq = ANY (?::bigint[])', [lane, longs(seqs)]);
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
       WHERE l.seen_at < clock_timestamp() - ? * interval '1 millisecond' AND EXISTS (SELECT FROM outbox o WHERE o.lane = l.lane)
       ORDER BY l.seen_at LIMIT 1 FOR UPDATE SKIP LOCKED)
     RETURNING lane`,
    [silentMs],
  );
  return lanes[0]?.lane;
}

/** The next rows that a lane owes, by seq. */
export async function owedBy(
  db: Knex,
  lane: string,
  limit: number,
): Promise<readonly (OutgoingMessage & { readonly seq: number })[]> {
  return query<OutgoingMessage & { readonly seq: number }>(
    db,
    'SELECT seq, topic, key, headers, value FROM outbox WHERE lane = ?::uuid ORDER BY seq LIMIT ?',
    [lane, limit],
  );
}

/**
 * Forgets lanes that owe nothing and have been silent for long; in a transaction. A lane that wakes up after all puts itself back with its
 * next write. The statement that locks them does not see what one of them wrote a moment ago, so it is asked again under the lock. That a
 * lane was seen since would not tell: one that nobody attends never is.
 */
export async function forgetLanes(trx: Knex, silentMs: number): Promise<void> {
  const owesNothing = 'NOT EXISTS (SELECT FROM outbox o WHERE o.lane = l.lane)';
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
