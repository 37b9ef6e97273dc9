import type { Knex } from 'knex';
import { MOST_COUNTED, type Waiting } from '../../ports/backlog.ts';
import { execute, query, words } from './sql.ts';

// How much waits. Each statement reads an index from its beginning, and no further than what is counted at the most.

/** No answer is worth more than this. For the present transaction. */
export async function answerWithin(trx: Knex, milliseconds: number): Promise<void> {
  await execute(trx, `SET LOCAL statement_timeout = ${milliseconds}`, []);
}

/** What a lane owes: its first row, and how many messages. */
export interface LaneOwes {
  readonly lane: string;
  readonly first: number;
  readonly messages: number;
}

export async function owedByLanes(db: Knex): Promise<readonly LaneOwes[]> {
  return query<LaneOwes>(
    db,
    `SELECT lane, min(seq) AS first, sum(messages)::bigint AS messages FROM (
       (SELECT lane, seq, 1 AS messages FROM outbox ORDER BY lane, seq LIMIT ?)
       UNION ALL (SELECT lane, seq, messages FROM outbox_chunks ORDER BY lane, seq LIMIT ?)) AS owed
     GROUP BY lane`,
    [MOST_COUNTED, MOST_COUNTED],
  );
}

interface ReasonWaiting extends Waiting {
  readonly reason: string;
}

/** Of these reasons, each counted by itself: however many letters one has, the others are told. Those without are left out. */
export async function openLetters(
  db: Knex,
  reasons: readonly string[],
  most = MOST_COUNTED,
): Promise<readonly ReasonWaiting[]> {
  return query<ReasonWaiting>(
    db,
    `SELECT r.reason, o.count, ${sinceOf('d.created_at')} AS "oldestMs" FROM unnest(?::text[]) AS r (reason)
     CROSS JOIN LATERAL (
       SELECT count(*) AS count, min(letter_id) AS letter_id FROM (
         SELECT letter_id FROM dead_letters WHERE state = 'open' AND reason = r.reason ORDER BY letter_id LIMIT ?) AS open) AS o
     JOIN dead_letters d USING (letter_id)`,
    [words(reasons), most],
  );
}

export async function parkedKeys(db: Knex): Promise<Waiting> {
  return waiting(db, 'parked_at', 'FROM parked_keys WHERE parked');
}

export async function timersDue(db: Knex): Promise<Waiting> {
  return waiting(
    db,
    'due_at',
    `FROM (${TIMERS.map((some) => `(SELECT tenant_id, due_at FROM subdivision_timers WHERE ${some} AND due_at <= now() ORDER BY due_at LIMIT ${MOST_COUNTED})`).join(' UNION ALL ')}) AS t
     WHERE NOT EXISTS (SELECT FROM parked_keys k WHERE k.key = t.tenant_id AND k.parked)`,
  );
}

export async function entitlementsOwed(db: Knex): Promise<Waiting> {
  return waiting(db, 'owed_at', 'FROM entitlements WHERE NOT is_repetition AND owed_at <= now() ORDER BY owed_at');
}

/** Each has an index of its own. */
const TIMERS = ['queued_at IS NULL AND NOT is_notice', 'queued_at IS NULL AND is_notice', 'queued_at IS NOT NULL'];

async function waiting(db: Knex, since: string, from: string): Promise<Waiting> {
  const [found] = await query<{ readonly count: number; readonly oldestMs: number | null }>(
    db,
    `SELECT count(*) AS count, ${sinceOf('min(since)')} AS "oldestMs" FROM (SELECT ${since} AS since ${from} LIMIT ?) AS w`,
    [MOST_COUNTED],
  );
  return { count: found?.count ?? 0, oldestMs: found?.oldestMs ?? 0 };
}

function sinceOf(time: string): string {
  return `greatest(0, (extract(epoch FROM now() - ${time}) * 1000)::bigint)`;
}
