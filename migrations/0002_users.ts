import type { Knex } from 'knex';

/** Users, and the look-ups in the user domain that still wait for an answer. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE users (
      user_id uuid PRIMARY KEY,
      version bigint NOT NULL CHECK (version > 0),
      lane uuid,
      deleted boolean NOT NULL DEFAULT false,
      email text,
      tg_id text,
      superadmin boolean,
      tenant_id uuid REFERENCES tenants,
      has_profile boolean,
      profile_updated_at timestamptz,
      CHECK (num_nulls(superadmin, has_profile) = CASE WHEN deleted THEN 2 ELSE 0 END),
      CHECK (NOT deleted OR num_nonnulls(email, tg_id, tenant_id, profile_updated_at) = 0)
    ) WITH (fillfactor = 80)`);
  await knex.raw('CREATE INDEX users_of_tenant ON users (tenant_id, user_id) WHERE tenant_id IS NOT NULL');
  await knex.raw(`
    CREATE TABLE user_look_ups (
      user_id uuid PRIMARY KEY,
      cause_id uuid NOT NULL,
      correlation_id text,
      traceparent text,
      requested_at timestamptz NOT NULL
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE user_look_ups');
  await knex.raw('DROP TABLE users');
}
