import type { Knex } from 'knex';
import { currentSchema } from '../src/repos/tables/schema.ts';

/**
 * Terms of licenses, how far each has come by them, and which count a statistic row went into. Nulls: no such term, nothing yet, the first
 * count; so what a worker of the version before writes means the same to both. What it deletes keeps them (see 0016). One table at a time, and
 * a step that can begin anew: see 0016 again.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  const schema = await currentSchema(knex);
  await knex.raw(`ALTER TABLE ${schema}.statistic_rows ADD COLUMN IF NOT EXISTS count_number bigint`);
  if (await hasTerms(knex, schema)) return;
  await knex.raw(`
    ALTER TABLE ${schema}.licenses
      ADD COLUMN starts_at timestamptz,
      ADD COLUMN grace_ms bigint CHECK (grace_ms BETWEEN 0 AND 31622400000),
      ADD COLUMN overage text CHECK (overage IN ('stop', 'percent', 'unlimited')),
      ADD COLUMN overage_percent bigint CHECK (overage_percent BETWEEN 1 AND 1000),
      ADD COLUMN usage_thresholds bigint[] CHECK (cardinality(usage_thresholds) <= 10),
      ADD COLUMN notices_before_expiry bigint[] CHECK (cardinality(notices_before_expiry) <= 10),
      ADD COLUMN period text CHECK (period IN ('day', 'week', 'month', 'year')),
      ADD COLUMN period_anchor timestamptz,
      ADD COLUMN terms_version bigint CHECK (terms_version > 0),
      ADD COLUMN scheduled boolean,
      ADD COLUMN started_by_time boolean,
      ADD COLUMN in_grace boolean,
      ADD COLUMN noticed_ms bigint,
      ADD COLUMN period_starts_at timestamptz,
      ADD COLUMN count_number bigint CHECK (count_number >= 0),
      ADD COLUMN count_starts_at timestamptz,
      ADD COLUMN overage_told boolean,
      ADD COLUMN closed_counts jsonb,
      ADD CONSTRAINT licenses_overage CHECK ((overage_percent IS NOT NULL) = (overage IS NOT DISTINCT FROM 'percent')),
      ADD CONSTRAINT licenses_period CHECK (period IS NULL OR type = 'bycount'),
      ADD CONSTRAINT licenses_scheduled CHECK (scheduled IS NOT TRUE OR status = 'inactive'),
      ADD CONSTRAINT licenses_in_grace CHECK (in_grace IS NOT TRUE OR status = 'active'),
      DROP CONSTRAINT ${ENDS},
      ADD CONSTRAINT licenses_bytime_ends CHECK (type <> 'bytime' OR expires_at IS NOT NULL),
      DROP CONSTRAINT ${BELOW_LIMIT},
      ADD CONSTRAINT licenses_below_limit CHECK (status <> 'active' OR requests_limit IS NULL OR used_requests < requests_limit
        OR coalesce(overage, 'stop') <> 'stop')`);
}

/** Fails where a license has terms: the version before can't keep them. */
export async function checkDown(knex: Knex): Promise<void> {
  const schema = await currentSchema(knex);
  if (await hasTerms(knex, schema)) await refuseTerms(knex, schema);
}

export async function down(knex: Knex): Promise<void> {
  const schema = await currentSchema(knex);
  if (await hasTerms(knex, schema)) await knex.transaction((trx) => dropTerms(trx, schema));
  await knex.raw(`ALTER TABLE ${schema}.statistic_rows DROP COLUMN IF EXISTS count_number`);
}

async function dropTerms(trx: Knex, schema: string): Promise<void> {
  await trx.raw(`LOCK TABLE ${schema}.licenses IN ACCESS EXCLUSIVE MODE`);
  // Some may have come since it was checked.
  await refuseTerms(trx, schema);
  await trx.raw(`
    ALTER TABLE ${schema}.licenses
      DROP CONSTRAINT licenses_below_limit,
      ADD CONSTRAINT ${BELOW_LIMIT} CHECK (status <> 'active' OR requests_limit IS NULL OR used_requests < requests_limit),
      DROP CONSTRAINT licenses_bytime_ends,
      ADD CONSTRAINT ${ENDS} CHECK ((type = 'bytime') = (expires_at IS NOT NULL)),
      DROP COLUMN starts_at, DROP COLUMN grace_ms, DROP COLUMN overage, DROP COLUMN overage_percent, DROP COLUMN usage_thresholds,
      DROP COLUMN notices_before_expiry, DROP COLUMN period, DROP COLUMN period_anchor, DROP COLUMN terms_version, DROP COLUMN scheduled,
      DROP COLUMN started_by_time, DROP COLUMN in_grace, DROP COLUMN noticed_ms, DROP COLUMN period_starts_at, DROP COLUMN count_number,
      DROP COLUMN count_starts_at, DROP COLUMN overage_told, DROP COLUMN closed_counts`);
}

async function refuseTerms(knex: Knex, schema: string): Promise<void> {
  await knex.raw(`
    DO $$ BEGIN
      IF EXISTS (SELECT FROM ${schema}.licenses WHERE NOT deleted AND num_nonnulls(starts_at, grace_ms, overage, overage_percent, usage_thresholds,
          notices_before_expiry, period, period_anchor) > 0) THEN
        RAISE check_violation USING MESSAGE = 'there are licenses with terms, which the version before can not keep';
      END IF;
    END $$`);
}

/** Whether the licenses have got their columns, which come and go at once. */
async function hasTerms(knex: Knex, schema: string): Promise<boolean> {
  const { rows } = await knex.raw<{ rows: readonly unknown[] }>(
    `SELECT FROM pg_attribute WHERE attrelid = ?::regclass AND attname = 'starts_at' AND NOT attisdropped`,
    [`${schema}.licenses`],
  );
  return rows.length > 0;
}

// The names that PostgreSQL has given to two unnamed checks of 0003.
const ENDS = 'licenses_check3';
const BELOW_LIMIT = 'licenses_check5';
