import type { Knex } from 'knex';
import { currentSchema } from '../src/repos/tables/schema.ts';

/**
 * What was erased of letters, and by whom. `letters_erased`: nothing is left to erase of a deleted user; of a user who lives it says nothing.
 * So a tombstone is what asks for it, also one that a worker of the version before has written. The indexes find letters by whom they name,
 * those that name nobody by their Kafka key, and the open ones by number.
 */

/** Built beside the load: workers go on while it lasts. Hence no transaction, and a step that can begin anew. */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  const schema = await currentSchema(knex);
  await knex.raw(`ALTER TABLE ${schema}.dead_letters ADD COLUMN IF NOT EXISTS erased_at timestamptz,
    ADD COLUMN IF NOT EXISTS erased_by text, ADD COLUMN IF NOT EXISTS erasure text`);
  await knex.raw(`ALTER TABLE ${schema}.users ADD COLUMN IF NOT EXISTS letters_erased boolean NOT NULL DEFAULT false`);
  for (const [name, on] of Object.entries(INDEXES)) {
    await knex.raw(`DROP INDEX CONCURRENTLY IF EXISTS ${schema}.${name}`);
    await knex.raw(`CREATE INDEX CONCURRENTLY ${name} ON ${schema}.${on}`);
  }
}

/** What was erased stays so. */
export async function down(knex: Knex): Promise<void> {
  const schema = await currentSchema(knex);
  for (const name of Object.keys(INDEXES)) await knex.raw(`DROP INDEX CONCURRENTLY IF EXISTS ${schema}.${name}`);
  await knex.raw(`ALTER TABLE ${schema}.users DROP COLUMN IF EXISTS letters_erased`);
  await knex.raw(`ALTER TABLE ${schema}.dead_letters DROP COLUMN IF EXISTS erased_at, DROP COLUMN IF EXISTS erased_by,
    DROP COLUMN IF EXISTS erasure`);
}

const INDEXES = {
  dead_letters_by_key: 'dead_letters USING gin (keys)',
  dead_letters_nameless: "dead_letters USING hash (key) WHERE keys = '{}'",
  dead_letters_open_by_number: "dead_letters (letter_id) WHERE state = 'open'",
  users_letters_to_erase: 'users (user_id) WHERE deleted AND NOT letters_erased',
};
