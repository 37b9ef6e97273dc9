import type { Knex } from 'knex';
import { currentSchema } from '../src/repos/tables/schema.ts';

/**
 * What time needs to know: what ended a license last, whether a subdivision is suspended (also without an active license), and up to when
 * time was applied to it. Nulls: written by a worker of the version before, which goes on beside this one. It also deletes what this one has
 * written and leaves these columns as they are, so no check may ask for nulls in what is deleted.
 *
 * A lane's transaction holds one of these tables while it waits for the other. A step that held both would wait for it in a circle: hence no
 * transaction, and a step that can begin anew.
 */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  const schema = await currentSchema(knex);
  await knex.raw(`ALTER TABLE ${schema}.licenses
    ADD COLUMN IF NOT EXISTS end_reason text CHECK (end_reason IN ('command', 'exhausted', 'expired'))`);
  await knex.raw(`ALTER TABLE ${schema}.subdivisions ADD COLUMN IF NOT EXISTS suspended boolean,
    ADD COLUMN IF NOT EXISTS settled_at timestamptz`);
}

export async function down(knex: Knex): Promise<void> {
  const schema = await currentSchema(knex);
  await knex.raw(
    `ALTER TABLE ${schema}.subdivisions DROP COLUMN IF EXISTS suspended, DROP COLUMN IF EXISTS settled_at`,
  );
  await knex.raw(`ALTER TABLE ${schema}.licenses DROP COLUMN IF EXISTS end_reason`);
}
