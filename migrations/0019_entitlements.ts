import type { Knex } from 'knex';

/**
 * What is owed of each subdivision to those who read entitlements: a row for each, and for each deleted one until its tombstone is out.
 * `owed_at`: when it is published next; `is_repetition`: what has changed is published already. `epoch`: the last one in which it was; a row of an
 * epoch before the present one is owed whatever `owed_at` says, so here all of them are. `claim`: the publisher that is at it, until then.
 * Without a foreign key, as the timers: its check would wait for the lock of the subdivision.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE entitlements (
      tenant_id uuid NOT NULL,
      subdivision_id uuid NOT NULL,
      owed_at timestamptz NOT NULL,
      is_repetition boolean NOT NULL,
      epoch bigint NOT NULL DEFAULT 0,
      claim uuid,
      claimed_until timestamptz,
      PRIMARY KEY (tenant_id, subdivision_id),
      CHECK ((claim IS NULL) = (claimed_until IS NULL))
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)`);
  await knex.raw(
    `INSERT INTO entitlements (tenant_id, subdivision_id, owed_at, is_repetition)
     SELECT tenant_id, subdivision_id, 'infinity', true FROM subdivisions WHERE NOT deleted`,
  );
  await knex.raw('CREATE INDEX entitlements_owed ON entitlements (is_repetition, owed_at)');
  await knex.raw('CREATE INDEX entitlements_epoch ON entitlements (epoch)');
  // Of the clock, so that an installation that begins anew beats what the topic still has of the one before. `topic`, and how many partitions it
  // had, when it was first published to.
  await knex.raw(`
    CREATE TABLE entitlement_epoch (
      is_it boolean PRIMARY KEY DEFAULT true CHECK (is_it),
      epoch bigint NOT NULL,
      topic text,
      partitions integer,
      CHECK ((topic IS NULL) = (partitions IS NULL))
    )`);
  await knex.raw(`INSERT INTO entitlement_epoch (epoch) SELECT (date_part('epoch', now()) * 1000)::bigint`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE entitlement_epoch');
  await knex.raw('DROP TABLE entitlements');
}
