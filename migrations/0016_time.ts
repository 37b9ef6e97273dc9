import type { Knex } from 'knex';

/**
 * What time needs to know: what ended a license last, whether a subdivision is suspended (also without an active license), and up to when
 * time was applied to it. Nulls: written by a worker of the version before, which goes on beside this one.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE licenses ADD COLUMN end_reason text CHECK (end_reason IN ('command', 'exhausted', 'expired')),
      ADD CHECK (NOT deleted OR end_reason IS NULL)`);
  await knex.raw(`
    ALTER TABLE subdivisions ADD COLUMN suspended boolean, ADD COLUMN settled_at timestamptz,
      ADD CHECK (NOT deleted OR num_nonnulls(suspended, settled_at) = 0)`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE subdivisions DROP COLUMN suspended, DROP COLUMN settled_at');
  await knex.raw('ALTER TABLE licenses DROP COLUMN end_reason');
}
