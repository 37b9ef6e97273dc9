import type { Knex } from 'knex';

/**
 * A deleted user who is made anew is another life, with letters of its own: the next deletion asks for their erasure, whoever writes it. Workers
 * of before 0020 know nothing of `letters_erased`, so the database itself sees to it that no living user has it. An AFTER trigger, which locks
 * nothing where its condition is not met.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION users_live_again() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      EXECUTE format('UPDATE %I.users SET letters_erased = false WHERE user_id = $1', TG_TABLE_SCHEMA) USING NEW.user_id;
      RETURN NULL;
    END $$`);
  await knex.raw(`
    CREATE TRIGGER users_live_again AFTER UPDATE OF deleted ON users FOR EACH ROW
    WHEN (NEW.letters_erased AND NOT NEW.deleted) EXECUTE FUNCTION users_live_again()`);
  await knex.raw('UPDATE users SET letters_erased = false WHERE letters_erased AND NOT deleted');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TRIGGER users_live_again ON users');
  await knex.raw('DROP FUNCTION users_live_again');
}
