import type { Knex } from 'knex';

/**
 * Subdivisions and their licenses. What the schema itself guarantees: one active license a subdivision at the most (partial
 * unique index), an active subdivision names its license (check), and the license it names is its own and active (the
 * foreign key over the generated status column, which is why `status` is part of a unique key).
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE subdivisions (
      tenant_id uuid NOT NULL REFERENCES tenants,
      subdivision_id uuid NOT NULL,
      version bigint NOT NULL CHECK (version > 0),
      lane uuid,
      deleted boolean NOT NULL DEFAULT false,
      name text CHECK (char_length(name) BETWEEN 1 AND 200),
      location text CHECK (char_length(location) <= 1000),
      link_to_subdivision_processing_domain text CHECK (char_length(link_to_subdivision_processing_domain) <= 1000),
      work_status text CHECK (work_status IN ('active', 'inactive')),
      active_license_id uuid,
      active_license_status text GENERATED ALWAYS AS (CASE WHEN active_license_id IS NULL THEN NULL ELSE 'active' END) STORED,
      PRIMARY KEY (tenant_id, subdivision_id),
      CHECK (num_nulls(name, location, work_status) = CASE WHEN deleted THEN 3 ELSE 0 END),
      CHECK (NOT deleted OR num_nonnulls(link_to_subdivision_processing_domain, active_license_id) = 0),
      CHECK (work_status <> 'active' OR active_license_id IS NOT NULL)
    ) WITH (fillfactor = 70)`);
  await knex.raw(`
    CREATE TABLE licenses (
      tenant_id uuid NOT NULL,
      license_id uuid NOT NULL,
      subdivision_id uuid NOT NULL,
      deleted boolean NOT NULL DEFAULT false,
      status text CHECK (status IN ('active', 'inactive')),
      name text CHECK (char_length(name) BETWEEN 1 AND 200),
      description text CHECK (char_length(description) <= 1000),
      type text CHECK (type IN ('bycount', 'bytime')),
      requests_limit bigint CHECK (requests_limit BETWEEN 1 AND 1000000000000),
      used_requests bigint CHECK (used_requests >= 0),
      created_at timestamptz,
      expires_at timestamptz,
      activated_at timestamptz,
      deactivated_at timestamptz,
      PRIMARY KEY (tenant_id, license_id),
      UNIQUE (tenant_id, subdivision_id, license_id, status),
      FOREIGN KEY (tenant_id, subdivision_id) REFERENCES subdivisions,
      CHECK (num_nulls(status, name, description, type, used_requests, created_at) = CASE WHEN deleted THEN 6 ELSE 0 END),
      CHECK (NOT deleted OR num_nonnulls(requests_limit, expires_at, activated_at, deactivated_at) = 0),
      CHECK ((type = 'bycount') = (requests_limit IS NOT NULL)),
      CHECK ((type = 'bytime') = (expires_at IS NOT NULL)),
      CHECK (status <> 'active' OR (activated_at IS NOT NULL AND deactivated_at IS NULL)),
      CHECK (status <> 'active' OR requests_limit IS NULL OR used_requests < requests_limit)
    ) WITH (fillfactor = 70)`);
  await knex.raw(
    `CREATE UNIQUE INDEX licenses_one_active ON licenses (tenant_id, subdivision_id) WHERE status = 'active'`,
  );
  await knex.raw(`
    ALTER TABLE subdivisions ADD CONSTRAINT subdivisions_active_license
      FOREIGN KEY (tenant_id, subdivision_id, active_license_id, active_license_status)
      REFERENCES licenses (tenant_id, subdivision_id, license_id, status) DEFERRABLE INITIALLY DEFERRED`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE subdivisions DROP CONSTRAINT subdivisions_active_license');
  await knex.raw('DROP TABLE licenses');
  await knex.raw('DROP TABLE subdivisions');
}
