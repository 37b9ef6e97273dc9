import type { Knex } from 'knex';

/**
 * A letter that parks nothing may be overtaken by its own message, sent again under the same identity: then it is `superseded`. Whether
 * there is one is asked by identity, and only of messages whose outcome is `dead`.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE dead_letters DROP CONSTRAINT dead_letters_state_check,
      ADD CONSTRAINT dead_letters_state_check CHECK (state IN ('open', 'replayed', 'discarded', 'superseded')) NOT VALID`);
  await knex.raw('ALTER TABLE dead_letters VALIDATE CONSTRAINT dead_letters_state_check');
  await knex.raw('CREATE INDEX dead_letters_by_identity ON dead_letters (identity)');
}

/** To the version before, what became of the message is the same as if the letter had been given up. */
export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX dead_letters_by_identity');
  await knex.raw("UPDATE dead_letters SET state = 'discarded' WHERE state = 'superseded'");
  await knex.raw(`
    ALTER TABLE dead_letters DROP CONSTRAINT dead_letters_state_check,
      ADD CONSTRAINT dead_letters_state_check CHECK (state IN ('open', 'replayed', 'discarded'))`);
}
