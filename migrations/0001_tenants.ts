import type { Knex } from 'knex';

/** Tenants, and the names living tenants hold: a name in `tenants` is only good while `tenant_names` gives it to that tenant. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE tenant_names (
      name text PRIMARY KEY,
      tenant_id uuid NOT NULL UNIQUE,
      UNIQUE (name, tenant_id)
    )`);
  await knex.raw(`
    CREATE TABLE tenants (
      tenant_id uuid PRIMARY KEY,
      version bigint NOT NULL CHECK (version > 0),
      lane uuid,
      deleted boolean NOT NULL DEFAULT false,
      name text CHECK (char_length(name) BETWEEN 1 AND 200),
      address text CHECK (char_length(address) <= 1000),
      email text CHECK (char_length(email) <= 254),
      phone text CHECK (char_length(phone) <= 50),
      created_by uuid,
      CHECK (num_nulls(name, address, email, phone, created_by) = CASE WHEN deleted THEN 5 ELSE 0 END),
      FOREIGN KEY (name, tenant_id) REFERENCES tenant_names (name, tenant_id) DEFERRABLE INITIALLY DEFERRED
    ) WITH (fillfactor = 80)`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE tenants');
  await knex.raw('DROP TABLE tenant_names');
}
