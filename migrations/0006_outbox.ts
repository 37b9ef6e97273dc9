import type { Knex } from 'knex';

/**
 * What is owed to Kafka, and the lanes that owe it. Rows come and go by the thousand, so autovacuum looks by number, not by
 * share. `lanes.seen_at` tells which lanes live; the rows of the others are the relay's.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE lanes (
      lane uuid PRIMARY KEY,
      seen_at timestamptz NOT NULL
    ) WITH (fillfactor = 50)`);
  await knex.raw(`
    CREATE TABLE outbox (
      lane uuid NOT NULL,
      seq bigint NOT NULL,
      topic text NOT NULL,
      key bytea,
      headers bytea NOT NULL,
      value bytea,
      PRIMARY KEY (lane, seq)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000)`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE outbox');
  await knex.raw('DROP TABLE lanes');
}
