import type { Knex } from 'knex';

/**
 * Dead letters that keep order. A row of `parked_keys` is the lock under which a key is parked, waited behind and freed: it is there
 * while the key is parked, and a while longer, until nobody can owe anything of its replays (`lane` made the last one). The rows of
 * `parked_letters` are the open letters that wait in order; those of a key leave by their number. What was a letter before this step
 * is in no order.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE parked_keys (
      key uuid PRIMARY KEY,
      parked boolean NOT NULL DEFAULT true,
      lane uuid,
      parked_at timestamptz NOT NULL DEFAULT now()
    )`);
  await knex.raw(`
    CREATE TABLE parked_letters (
      key uuid NOT NULL,
      letter_id bigint NOT NULL REFERENCES dead_letters,
      PRIMARY KEY (key, letter_id)
    )`);
  await knex.raw('CREATE INDEX parked_letters_by_letter ON parked_letters (letter_id)');
  await knex.raw(`
    ALTER TABLE dead_letters
      ADD COLUMN keys uuid[] NOT NULL DEFAULT '{}',
      ADD COLUMN parks boolean NOT NULL DEFAULT false,
      ADD COLUMN resolved_at timestamptz,
      ADD COLUMN resolved_by text,
      ADD COLUMN resolution text,
      ADD CONSTRAINT dead_letters_resolved CHECK (state = 'open' OR resolved_at IS NOT NULL) NOT VALID`);
  await knex.raw(`CREATE INDEX dead_letters_resolved_at ON dead_letters (resolved_at) WHERE state <> 'open'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE parked_letters');
  await knex.raw('DROP TABLE parked_keys');
  await knex.raw('DROP INDEX dead_letters_resolved_at');
  await knex.raw('ALTER TABLE dead_letters DROP CONSTRAINT dead_letters_resolved');
  await knex.raw(`ALTER TABLE dead_letters DROP COLUMN keys, DROP COLUMN parks, DROP COLUMN resolved_at,
    DROP COLUMN resolved_by, DROP COLUMN resolution`);
}
