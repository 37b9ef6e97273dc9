import type { Knex } from 'knex';

/** A read model: which licenses of a tenant are active. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE tenant_active_licenses (
      tenant_id uuid NOT NULL,
      license_id uuid NOT NULL,
      subdivision_id uuid NOT NULL,
      PRIMARY KEY (tenant_id, license_id)
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE tenant_active_licenses');
}
