import type { Knex } from 'knex';
import type { OwedMessage } from '../../src/repos/tables/chunk-body.ts';
import { decodeBody } from '../../src/repos/tables/chunk-body.ts';

/** A message that is owed, wherever it stands. */
export interface OwedAt extends Pick<OwedMessage, 'value'> {
  readonly lane: string;
  readonly seq: number;
}

/** All that is owed, in rows and in chunks, in the order of (lane, seq). */
export async function owedIn(db: Knex): Promise<readonly OwedAt[]> {
  const { rows } = await db.raw<{ rows: readonly Stored[] }>(
    `SELECT lane, seq, value, NULL AS body FROM outbox
     UNION ALL SELECT lane, seq, NULL, body FROM outbox_chunks ORDER BY lane, seq`,
  );
  return rows.flatMap(({ lane, seq, value, body }) =>
    body === null
      ? [{ lane, seq: Number(seq), value }]
      : decodeBody(body).map((message, i) => ({ lane, seq: Number(seq) + i, value: message.value })),
  );
}

interface Stored {
  readonly lane: string;
  readonly seq: number | string;
  readonly value: Buffer | null;
  readonly body: Buffer | null;
}
