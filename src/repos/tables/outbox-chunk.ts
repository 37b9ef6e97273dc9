import type { Knex } from 'knex';
import { DamagedChunk } from '../../ports/errors.ts';
import type { OutboxRow } from '../../ports/unit-of-work.ts';
import { byteas, longs, uuids } from './arrays.ts';
import { decodeBody, encodeBody, type OwedMessage } from './chunk-body.ts';
import { plain, query } from './sql.ts';

interface StoredChunk {
  readonly lane: string;
  readonly seq: number;
  readonly body: Buffer;
}

/** A message of a chunk, with its place in the outbox. */
export type ChunkedRow = OwedMessage & { readonly lane: string; readonly seq: number };

/** How many bytes of messages go into one row. Whoever reads a chunk has all of it in memory. */
const MOST_BYTES = 4 << 20;

/** For `INSERT INTO outbox_chunks (seq, messages, body) SELECT unnest(?::bigint[]), ...`: usually one row. */
export function chunkColumns(rows: readonly OutboxRow[]): [seq: Buffer, messages: string, body: Buffer] {
  const chunks = divided(rows);
  return [
    longs(chunks.map(([first]) => first?.seq ?? 0)),
    plain(chunks.map(({ length }) => length)),
    byteas(chunks.map(encodeBody)),
  ];
}

function divided(rows: readonly OutboxRow[]): readonly (readonly OutboxRow[])[] {
  const chunks: OutboxRow[][] = [];
  let bytes = Infinity;
  for (const row of rows) {
    const size = row.headers.length + (row.value?.length ?? 0);
    bytes += size;
    if (bytes > MOST_BYTES) {
      chunks.push([]);
      bytes = size;
    }
    chunks.at(-1)?.push(row);
  }
  return chunks;
}

/** Everything that these lanes owe in chunks, in the order of (lane, seq). @throws DamagedChunk */
export async function owedInChunks(db: Knex, lanes: readonly string[]): Promise<readonly ChunkedRow[]> {
  const chunks = await query<StoredChunk>(
    db,
    'SELECT lane, seq, body FROM outbox_chunks WHERE lane = ANY (?::uuid[]) ORDER BY lane, seq',
    [uuids(lanes)],
  );
  return chunks.flatMap(rowsOfChunk);
}

/** The first chunk that a lane owes. @throws DamagedChunk */
export async function firstChunk(db: Knex, lane: string): Promise<readonly ChunkedRow[]> {
  const chunks = await query<StoredChunk>(
    db,
    'SELECT lane, seq, body FROM outbox_chunks WHERE lane = ?::uuid ORDER BY seq LIMIT 1',
    [lane],
  );
  return chunks.flatMap(rowsOfChunk);
}

function rowsOfChunk({ lane, seq, body }: StoredChunk): readonly ChunkedRow[] {
  try {
    return decodeBody(body).map((message, i) => ({ ...message, lane, seq: seq + i }));
  } catch (error) {
    if (!(error instanceof DamagedChunk)) throw error;
    throw new DamagedChunk(`the row (${lane}, ${seq}) of outbox_chunks is damaged: ${error.message}`, { cause: error });
  }
}
