import type { Knex } from 'knex';

/**
 * When something is due next in a subdivision, for as long as something is. `queued_at`: when a message was last queued for it, `resent`: not for
 * the first time; both are of this `due_at` alone. Without a foreign key, whose check would wait for the lock of the subdivision: the timers that
 * are made here, and again when the last worker of before has gone, come from whoever does not hold it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE subdivision_timers (
      tenant_id uuid NOT NULL,
      subdivision_id uuid NOT NULL,
      due_at timestamptz NOT NULL,
      is_notice boolean NOT NULL,
      queued_at timestamptz,
      resent boolean NOT NULL DEFAULT false,
      PRIMARY KEY (tenant_id, subdivision_id),
      CHECK (NOT resent OR queued_at IS NOT NULL)
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02)`);
  await knex.raw(
    `INSERT INTO subdivision_timers (tenant_id, subdivision_id, due_at, is_notice)
     SELECT tenant_id, subdivision_id, expires_at, false FROM licenses WHERE status = 'active' AND expires_at IS NOT NULL`,
  );
  await knex.raw(
    'CREATE INDEX subdivision_timers_due ON subdivision_timers (is_notice, due_at) WHERE queued_at IS NULL',
  );
  await knex.raw(
    'CREATE INDEX subdivision_timers_queued ON subdivision_timers (queued_at) WHERE queued_at IS NOT NULL',
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE subdivision_timers');
}
