import type { Knex } from 'knex';

/**
 * What a living lane can read, and which partitions it holds, as it states with each sign of life. Nulls: a lane of a worker before this step,
 * or one that has not stated it yet.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE lanes ADD COLUMN level integer, ADD COLUMN group_id text, ADD COLUMN partitions text[]');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE lanes DROP COLUMN level, DROP COLUMN group_id, DROP COLUMN partitions');
}
