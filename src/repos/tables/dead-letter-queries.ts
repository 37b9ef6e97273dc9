import type { Knex } from 'knex';
import type {
  DeadLetterReason,
  DeadLetters,
  KeyCount,
  LetterFilter,
  LetterSummary,
  LetterState,
  ReasonCount,
  SourceCount,
  StoredLetter,
} from '../../ports/dead-letters.ts';
import type { Position } from '../../ports/messages.ts';
import { execute, fromTime, plain, query, storable, toTime } from './sql.ts';

// What an operator asks the dead letters. Not on any hot path: the index of the open ones is what bounds it.

export async function countLetters(db: Knex, filter: LetterFilter): Promise<readonly ReasonCount[]> {
  const { sql, bindings } = conditionOf(filter);
  return query<ReasonCount>(
    db,
    `SELECT reason, count(*) AS letters, ${fromTime('min(created_at)')} AS oldest FROM dead_letters
     WHERE ${sql} GROUP BY reason ORDER BY reason`,
    bindings,
  );
}

export async function countBySource(db: Knex, filter: LetterFilter, limit: number): Promise<readonly SourceCount[]> {
  const { sql, bindings } = conditionOf(filter);
  return query<SourceCount>(
    db,
    `SELECT source, reason, count(*) AS letters FROM dead_letters
     WHERE ${sql} GROUP BY source, reason ORDER BY letters DESC, source, reason LIMIT ?`,
    [...bindings, limit],
  );
}

export async function listLetters(
  db: Knex,
  filter: LetterFilter,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly LetterSummary[]> {
  const { sql, bindings } = conditionOf(filter);
  const rows = await query<Row>(
    db,
    `SELECT ${SUMMARY} FROM dead_letters WHERE ${sql} AND letter_id > ? ORDER BY letter_id LIMIT ?`,
    [...bindings, after, limit],
  );
  return rows.map(summaryOf);
}

/** The letters of an identity (32 hex digits) and those from a place, in whatever state, by their number. */
export async function lettersAbout(
  db: Knex,
  hash: string | undefined,
  place: Omit<Position, 'timestamp'> | undefined,
): Promise<readonly LetterSummary[]> {
  const { topic = null, partition = null, offset = null } = place ?? {};
  const rows = await query<Row>(
    db,
    `SELECT ${SUMMARY} FROM dead_letters WHERE identity = ?::uuid OR (topic = ? AND partition = ? AND "offset" = ?) ORDER BY letter_id`,
    [hash ?? null, topic, partition, offset],
  );
  return rows.map(summaryOf);
}

/** See `DeadLetters.getMany`. */
export async function getLetters(
  db: Knex,
  letterIds: readonly number[],
  maxBytes: number,
): Promise<readonly StoredLetter[]> {
  const rows = await query<Row & Pick<StoredLetter, 'key' | 'value' | 'headers'>>(
    db,
    `SELECT ${SUMMARY}, key, value, headers FROM (
       SELECT *, row_number() OVER by_number AS nth, sum(octet_length(headers) + coalesce(octet_length(value), 0)) OVER by_number AS bytes
       FROM dead_letters WHERE letter_id = ANY (?::bigint[]) WINDOW by_number AS (ORDER BY letter_id)) AS wanted
     WHERE nth = 1 OR bytes <= ? ORDER BY letter_id`,
    [plain(letterIds), maxBytes],
  );
  return rows.map((row) => ({ ...summaryOf(row), key: row.key, value: row.value, headers: row.headers }));
}

export async function listParkedKeys(
  db: Knex,
  { limit, key }: { readonly limit: number; readonly key?: string },
): Promise<readonly KeyCount[]> {
  return query<KeyCount>(
    db,
    `SELECT k.key, ${fromTime('k.parked_at')} AS "parkedAt", count(l.letter_id) AS letters, min(l.letter_id) AS lowest
     FROM parked_keys k LEFT JOIN parked_letters l USING (key) WHERE k.parked ${key === undefined ? '' : 'AND k.key = ?'}
     GROUP BY k.key, k.parked_at ORDER BY k.parked_at, k.key LIMIT ?`,
    [...(key === undefined ? [] : [key]), limit],
  );
}

export async function countParkedKeys(db: Knex): Promise<number> {
  const found = await query<{ readonly keys: number }>(db, 'SELECT count(*) AS keys FROM parked_keys WHERE parked', []);
  return found[0]?.keys ?? 0;
}

/** Keys that are parked though nothing waits under them, the longest parked first. */
export async function listEmptyKeys(db: Knex): Promise<readonly string[]> {
  const keys = await query<{ readonly key: string }>(
    db,
    `SELECT key FROM parked_keys k WHERE parked AND NOT EXISTS (SELECT FROM parked_letters l WHERE l.key = k.key)
     ORDER BY parked_at, key`,
    [],
  );
  return keys.map(({ key }) => key);
}

/** A letter that was resolved meanwhile stays as it is, and one whose id was used is replayed by its number alone, however it fails. */
export async function noteFailure(
  db: Knex,
  letterId: number,
  { reason, message, exception }: Parameters<DeadLetters['failed']>[1],
): Promise<void> {
  await execute(
    db,
    `UPDATE dead_letters SET reason = CASE reason WHEN 'IdReused' THEN reason ELSE ? END, message = ?, exception = ?
     WHERE letter_id = ? AND state = 'open'`,
    [reason, storable(message), storable(exception), letterId],
  );
}

interface Row {
  readonly letterId: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly source: string;
  readonly messageId: string;
  readonly hash: string;
  readonly state: LetterState;
  readonly reason: DeadLetterReason;
  readonly message: string;
  readonly exception: string;
  readonly keys: readonly string[];
  readonly parks: boolean;
  readonly time: number;
  readonly resolvedAt: number | null;
  readonly resolvedBy: string | null;
  readonly resolution: string | null;
  readonly erasedAt: number | null;
  readonly erasedBy: string | null;
  readonly erasure: string | null;
}

const SUMMARY = `letter_id AS "letterId", topic, partition, "offset", ${fromTime('"timestamp"')} AS "timestamp", source,
  message_id AS "messageId", replace(identity::text, '-', '') AS hash, state, reason, message, exception, keys::text[] AS keys,
  parks, ${fromTime('created_at')} AS time, ${fromTime('resolved_at')} AS "resolvedAt", resolved_by AS "resolvedBy", resolution,
  ${fromTime('erased_at')} AS "erasedAt", erased_by AS "erasedBy", erasure`;

function summaryOf(found: Row): LetterSummary {
  const { source, messageId, hash, resolvedAt, resolvedBy, resolution, erasedAt, erasedBy, erasure, ...row } = found;
  const { letterId, topic, partition, offset, timestamp, state, reason, message, exception, keys, parks, time } = row;
  return {
    ...{ letterId, topic, partition, offset, timestamp, state, reason, message, exception, keys, parks, time },
    identity: { source, id: messageId, hash },
    resolution:
      state === 'open' || resolvedAt === null ? null : { state, at: resolvedAt, by: resolvedBy, note: resolution },
    erasure: erasedAt === null ? null : { by: erasedBy, why: erasure ?? '', at: erasedAt },
  };
}

function conditionOf({ reason, key, before }: LetterFilter): {
  readonly sql: string;
  readonly bindings: readonly (string | number)[];
} {
  const conditions: readonly (readonly [sql: string, value: string | number | undefined])[] = [
    ['reason = ?', reason],
    ['keys @> ARRAY[?::uuid]', key],
    [`created_at < ${toTime('?::bigint')}`, before],
  ];
  const given = conditions.filter(([, value]) => value !== undefined);
  return {
    sql: [`state = 'open'`, ...given.map(([sql]) => sql)].join(' AND '),
    bindings: given.flatMap(([, value]) => value ?? []),
  };
}
