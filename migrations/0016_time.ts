import type { Knex } from 'knex';

/**
 * What time needs to know: what ended a license last, whether a subdivision is suspended (also without an active license), and up to when
 * time was applied to it. Nulls: written by a worker of the version before, which goes on beside this one. It also deletes what this one has
 * written and leaves these columns as they are, so no check may ask for nulls in what is deleted.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE licenses ADD COLUMN end_reason text CHECK (end_reason IN ('command', 'exhausted', 'expired'))`);
  await knex.raw(`
    ALTER TABLE subdivisions ADD COLUMN suspended boolean, ADD COLUMN settled_at timestamptz`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE subdivisions DROP COLUMN suspended, DROP COLUMN settled_at');
  await knex.raw('ALTER TABLE licenses DROP COLUMN end_reason');
}
