import type { Knex } from 'knex';
import { byteas, longs, uuids } from '../src/repos/tables/arrays.ts';
import { decodeBody } from '../src/repos/tables/chunk-body.ts';
import { texts } from '../src/repos/tables/sql.ts';

/**
 * What one transaction owes to Kafka, in one row: messages `seq` and following of a lane. The bodies are packed already, so PostgreSQL does
 * not try to. Rows come and go, a few a second, each with its TOAST.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE outbox_chunks (
      lane uuid NOT NULL,
      seq bigint NOT NULL,
      messages integer NOT NULL CHECK (messages > 0),
      body bytea NOT NULL,
      PRIMARY KEY (lane, seq)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
      toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 20000)`);
  await knex.raw('ALTER TABLE outbox_chunks ALTER COLUMN body SET STORAGE EXTERNAL');
}

/** What is still owed becomes rows of the outbox, which the version before can publish. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('LOCK TABLE outbox_chunks IN ACCESS EXCLUSIVE MODE');
  while (await unpackOne(knex));
  await knex.raw('DROP TABLE outbox_chunks');
}

/** One at a time, since all of them may be large. */
async function unpackOne(knex: Knex): Promise<boolean> {
  const { rows } = await knex.raw<{ rows: readonly { lane: string; seq: string | number; body: Buffer }[] }>(
    `DELETE FROM outbox_chunks WHERE ctid = (SELECT ctid FROM outbox_chunks LIMIT 1) RETURNING lane, seq, body`,
  );
  const [chunk] = rows;
  if (chunk === undefined) return false;
  const messages = decodeBody(chunk.body);
  await knex.raw(
    `INSERT INTO outbox (lane, seq, topic, key, headers, value, origin_lane, origin_seq)
     SELECT ?::uuid, unnest(?::bigint[]), unnest(?::text[]), unnest(?::bytea[]), unnest(?::bytea[]), unnest(?::bytea[]),
       unnest(?::uuid[]), unnest(?::bigint[])`,
    [
      chunk.lane,
      longs(messages.map((_, i) => Number(chunk.seq) + i)),
      texts(messages.map(({ topic }) => topic)),
      byteas(messages.map(({ key }) => key)),
      byteas(messages.map(({ headers }) => headers)),
      byteas(messages.map(({ value }) => value)),
      uuids(messages.map(({ origin }) => origin?.lane ?? null)),
      longs(messages.map(({ origin }) => origin?.seq ?? null)),
    ],
  );
  return true;
}
