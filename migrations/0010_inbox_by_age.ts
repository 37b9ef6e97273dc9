import type { Knex } from 'knex';
import { currentSchema } from '../src/repos/tables/schema.ts';

/**
 * A b-tree in the place of the BRIN index, for pruning. A block range's summary only ever widens, so pages that were pruned and used
 * again match for ever, and each step read them all to find its few old rows. `received_at` is the time of the transaction: new rows
 * go to the right edge of the tree, a chunk's into one list under one value, so it costs an insert little more than BRIN did. The
 * oldest stand at its left edge, where a step begins; what the steps before it have deleted there is marked dead at the first look.
 */

/** Built beside the load: workers go on while it lasts. Hence no transaction, and a step that can begin anew. */
export const config = { transaction: false };

export async function up(knex: Knex): Promise<void> {
  const schema = await currentSchema(knex);
  await knex.raw(`DROP INDEX CONCURRENTLY IF EXISTS ${schema}.inbox_by_age`);
  await knex.raw(`CREATE INDEX CONCURRENTLY inbox_by_age ON ${schema}.inbox (received_at)`);
  await knex.raw(`DROP INDEX CONCURRENTLY IF EXISTS ${schema}.inbox_received_at`);
}

export async function down(knex: Knex): Promise<void> {
  const schema = await currentSchema(knex);
  await knex.raw(`DROP INDEX CONCURRENTLY IF EXISTS ${schema}.inbox_received_at`);
  await knex.raw(`CREATE INDEX CONCURRENTLY inbox_received_at ON ${schema}.inbox USING brin (received_at)`);
  await knex.raw(`DROP INDEX CONCURRENTLY IF EXISTS ${schema}.inbox_by_age`);
}
