import type { Knex } from 'knex';

/**
 * How far each consumer group's messages have ended in this database, by partition. Written by each chunk's transaction, so pages have room
 * for many versions of a row, and nothing that changes stands in an index.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE decided_offsets (
      group_id text NOT NULL,
      topic text NOT NULL,
      partition integer NOT NULL,
      history uuid NOT NULL,
      decided bigint NOT NULL,
      PRIMARY KEY (group_id, topic, partition)
    ) WITH (fillfactor = 20)`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE decided_offsets');
}
