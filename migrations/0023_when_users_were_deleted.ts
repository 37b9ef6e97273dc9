import type { Knex } from 'knex';

/**
 * By which time a user was deleted, so that a creation from before it, out of a dead letter, brings nobody back. Null: not known, since a worker of
 * the version before has deleted the user. What such a worker makes anew, and deletes again, keeps the time of the first deletion, which is never
 * too late.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE users ADD COLUMN deleted_at timestamptz');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE users DROP COLUMN deleted_at');
}
