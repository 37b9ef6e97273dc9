import type { Knex } from 'knex';
import type { OutgoingMessage } from '../../ports/messages.ts';
import type { Origin, OutboxRow, OwedRow } from '../../ports/unit-of-work.ts';
import { byteas, longs, uuids } from './arrays.ts';
import { chunkColumns, firstChunk, owedInChunks } from './outbox-chunk.ts';
import { execute, query, texts, together } from './sql.ts';
import type { Store } from './store.ts';

/**
 * What is owed to Kafka: a row a message, or in `outbox_chunks` a row a transaction. Both number the messages of a lane alike, so the order is
 * (lane, seq) across both. A lane is seen to live by its own writes.
 *
 * Whoever reads both reads the chunks first. The relay may turn a chunk into rows in between (`deleteAcknowledged`), and under READ COMMITTED each
 * statement sees what was committed before it began: in this order a message is found twice then, in the other one not at all, and what
 * comes behind it would be published ahead of it.
 */
export function outboxTable(db: Knex): Store['outbox'] {
  return {
    async owed(debts) {
      const lanes = [...new Set(debts.map(({ lane }) => lane))];
      const keys = debts.map(({ key }) => Buffer.from(key));
      const [chunked, rows] = await together([owedInChunks(db, lanes), owedInRows(db, lanes, keys)]);
      const owing = new Set(debts.map(({ lane, key }) => `${lane}/${key}`));
      return [...chunked, ...rows]
        .filter(({ lane, key }) => owing.has(`${lane}/${String(key)}`))
        .map((row) => ({ ...row, origin: row.origin ?? { lane: row.lane, seq: row.seq } }))
        .sort((a, b) => (a.lane === b.lane ? a.seq - b.seq : a.lane < b.lane ? -1 : 1));
    },

    async write({ lane, living, delivered, rows, asChunk }) {
      if (rows.length === 0 && delivered === undefined) return;
      const { from, to } = delivered ?? { from: 0, to: 0 };
      const { sql, columns } = asChunk ? insertOfChunk(rows) : insertOfRows(rows);
      await execute(
        db,
        `WITH alive AS (
           INSERT INTO lanes (lane, seen_at) VALUES (?::uuid, CASE WHEN ? THEN clock_timestamp() ELSE '-infinity' END)
           ON CONFLICT (lane) DO UPDATE SET seen_at = excluded.seen_at),
         delivered_rows AS (DELETE FROM outbox WHERE lane = ?::uuid AND seq >= ? AND seq < ?),
         delivered_chunks AS (DELETE FROM outbox_chunks WHERE lane = ?::uuid AND seq >= ? AND seq < ?)
         ${sql}`,
        [lane, living, lane, from, to, lane, from, to, lane, ...columns],
      );
    },
  };
}

/** Deletes what a lane has delivered, when there is no next transaction to do it in. */
export async function deleteDelivered(db: Knex, lane: string, from: number, to: number): Promise<void> {
  await execute(
    db,
    `WITH chunks AS (DELETE FROM outbox_chunks WHERE lane = ?::uuid AND seq >= ? AND seq < ?)
     DELETE FROM outbox WHERE lane = ?::uuid AND seq >= ? AND seq < ?`,
    [lane, from, to, lane, from, to],
  );
}

/** What is published at once of a lane that has ended. */
export interface Owed {
  readonly lane: string;
  /** By seq. They are rows of the outbox, or all messages of one chunk. */
  readonly messages: readonly (OutgoingMessage & { readonly seq: number })[];
  readonly inChunk: boolean;
}

/** The next that a lane owes: up to `limit` rows, or one chunk. @throws DamagedChunk */
export async function owedBy(db: Knex, lane: string, limit: number): Promise<Owed> {
  // One after the other: outside a transaction, statements that are asked together run on connections of their own.
  const chunk = await firstChunk(db, lane);
  const rows = await query<OutgoingMessage & { readonly seq: number }>(
    db,
    'SELECT seq, topic, key, headers, value FROM outbox WHERE lane = ?::uuid ORDER BY seq LIMIT ?',
    [lane, limit],
  );
  const behind = chunk[0]?.seq ?? Infinity;
  const ahead = rows.filter(({ seq }) => seq < behind);
  return ahead.length > 0 ? { lane, messages: ahead, inChunk: false } : { lane, messages: chunk, inChunk: true };
}

/** All that a lane owes, in rows and in chunks. @throws DamagedChunk */
export async function allOwedBy(db: Knex, lane: string): Promise<readonly OutgoingMessage[]> {
  const chunked = await owedInChunks(db, [lane]); // and then the rows, for the reason that `owedBy` has
  const rows = await query<OutgoingMessage & { readonly seq: number }>(
    db,
    'SELECT seq, topic, key, headers, value FROM outbox WHERE lane = ?::uuid ORDER BY seq',
    [lane],
  );
  const found = new Set(chunked.map(({ seq }) => seq));
  return [...rows.filter(({ seq }) => !found.has(seq)), ...chunked];
}

/**
 * Deletes what the broker has acknowledged of a publication that failed: other messages of the lane may be left in between. Those of a chunk
 * become rows, unless its lane has deleted it meanwhile.
 */
export async function deleteAcknowledged(
  db: Knex,
  { lane, messages, inChunk }: Owed,
  acknowledged: ReadonlySet<OutgoingMessage>,
): Promise<void> {
  const [first] = messages;
  if (first === undefined || acknowledged.size === 0) return;
  if (inChunk) {
    const { sql, columns } = insertOfRows(messages.filter((message) => !acknowledged.has(message)));
    await execute(
      db,
      `WITH gone AS (DELETE FROM outbox_chunks WHERE lane = ?::uuid AND seq = ? RETURNING seq)
       ${sql} WHERE EXISTS (SELECT FROM gone)`,
      [lane, first.seq, lane, ...columns],
    );
    return;
  }
  const seqs = messages.flatMap((message) => (acknowledged.has(message) ? message.seq : []));
  await execute(db, 'DELETE FROM outbox WHERE lane = ?::uuid AND seq = ANY (?::bigint[])', [lane, longs(seqs)]);
}

type StoredRow = Omit<OwedRow, 'origin'> & { readonly origin: Origin | undefined };

async function owedInRows(db: Knex, lanes: readonly string[], keys: readonly Buffer[]): Promise<readonly StoredRow[]> {
  // One walk over what these lanes owe: a probe for each pair would read all of it each time.
  const rows = await query<
    Omit<OwedRow, 'origin'> & { readonly originLane: string | null; readonly originSeq: number | null }
  >(
    db,
    `SELECT lane, seq, topic, key, headers, value, origin_lane AS "originLane", origin_seq AS "originSeq" FROM outbox
     WHERE lane = ANY (?::uuid[]) AND key = ANY (?::bytea[]) ORDER BY lane, seq`,
    [uuids(lanes), byteas(keys)],
  );
  return rows.map(({ originLane: lane, originSeq: seq, ...row }) => ({
    ...row,
    origin: lane === null || seq === null ? undefined : { lane, seq },
  }));
}

/** An INSERT whose first parameter is the lane, and the others. */
interface Insert {
  readonly sql: string;
  readonly columns: readonly (string | Buffer)[];
}

function insertOfRows(rows: readonly OutboxRow[]): Insert {
  // Most transactions adopt nothing, and send nothing for it.
  const adopts = rows.some(({ origin }) => origin !== undefined);
  return {
    sql: `INSERT INTO outbox (lane, seq, topic, key, headers, value${adopts ? ', origin_lane, origin_seq' : ''})
      SELECT ?::uuid, unnest(?::bigint[]), unnest(?::text[]), unnest(?::bytea[]), unnest(?::bytea[]), unnest(?::bytea[])
        ${adopts ? ', unnest(?::uuid[]), unnest(?::bigint[])' : ''}`,
    columns: [
      longs(rows.map(({ seq }) => seq)),
      texts(rows.map(({ topic }) => topic)),
      byteas(rows.map(({ key }) => key)),
      byteas(rows.map(({ headers }) => headers)),
      byteas(rows.map(({ value }) => value)),
      ...(adopts
        ? [uuids(rows.map(({ origin }) => origin?.lane ?? null)), longs(rows.map(({ origin }) => origin?.seq ?? null))]
        : []),
    ],
  };
}

function insertOfChunk(rows: readonly OutboxRow[]): Insert {
  return {
    sql: `INSERT INTO outbox_chunks (lane, seq, messages, body)
      SELECT ?::uuid, unnest(?::bigint[]), unnest(?::integer[]), unnest(?::bytea[])`,
    columns: chunkColumns(rows),
  };
}
