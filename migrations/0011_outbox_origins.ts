import type { Knex } from 'knex';

/**
 * Of a row that a lane has adopted: the lane that wrote it first, and its number there. Without them it is the lane's own, or an older
 * worker's copy, which counts as that. Nobody looks rows up by them, and nulls take no room: the usual row costs what it did.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE outbox ADD COLUMN origin_lane uuid, ADD COLUMN origin_seq bigint');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE outbox DROP COLUMN origin_lane, DROP COLUMN origin_seq');
}
