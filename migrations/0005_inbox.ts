import type { Knex } from 'knex';

/** What was handled: one row an identity, kept longer than its topic can redeliver it, pruned by age (hence the BRIN index). */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE inbox (
      identity uuid PRIMARY KEY,
      digest uuid NOT NULL,
      lane uuid,
      outcome text NOT NULL CHECK (outcome IN ('accepted', 'rejected', 'dead')),
      received_at timestamptz NOT NULL DEFAULT now()
    )`);
  await knex.raw('CREATE INDEX inbox_received_at ON inbox USING brin (received_at)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE inbox');
}
