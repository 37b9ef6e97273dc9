import type { Knex } from 'knex';

/**
 * Usage rows. No foreign key to the subdivision: one check a row costs as much as the insert, and rows outlive their
 * subdivision on purpose until `statistic_row_removals` has been worked off.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE statistic_rows (
      tenant_id uuid NOT NULL,
      statistic_row_id uuid NOT NULL,
      subdivision_id uuid NOT NULL,
      license_id uuid NOT NULL,
      created timestamptz NOT NULL,
      count_requests bigint NOT NULL CHECK (count_requests BETWEEN 0 AND 1000000000),
      counted boolean NOT NULL,
      PRIMARY KEY (tenant_id, statistic_row_id),
      CONSTRAINT statistic_rows_same_time UNIQUE (tenant_id, subdivision_id, created)
    )`);
  await knex.raw(`
    CREATE TABLE statistic_row_removals (
      tenant_id uuid NOT NULL,
      subdivision_id uuid NOT NULL,
      PRIMARY KEY (tenant_id, subdivision_id)
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE statistic_row_removals');
  await knex.raw('DROP TABLE statistic_rows');
}
