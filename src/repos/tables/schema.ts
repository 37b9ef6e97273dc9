import type { Knex } from 'knex';

/** For migrations: a statement that can't run in a transaction may run, behind a connection pooler, in a session with another search path. */
export async function currentSchema(knex: Knex): Promise<string> {
  const { rows } = await knex.raw<{ rows: readonly { readonly schema: string }[] }>(
    'SELECT quote_ident(current_schema()) AS schema',
  );
  return rows[0]?.schema ?? 'public';
}
