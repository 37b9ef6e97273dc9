import type { Knex } from 'knex';

/** Columns, constraints, indexes and the like, as the catalog tells them; the tables of the migrations themselves are left out. */
export async function schemaOf(db: Knex): Promise<readonly string[]> {
  const { rows } = await db.raw<{ rows: { line: string }[] }>(
    `SELECT line FROM (
       SELECT table_name AS t, concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default,
         generation_expression, is_identity) AS line FROM information_schema.columns WHERE table_schema = 'public'
       UNION ALL
       SELECT c.relname, concat_ws(' ', c.relname, conname, pg_get_constraintdef(k.oid, true))
       FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE c.relnamespace = 'public'::regnamespace
       UNION ALL
       SELECT indrelid::regclass::text, concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid)
       FROM pg_index JOIN pg_class i ON i.oid = indexrelid WHERE relnamespace = 'public'::regnamespace
       UNION ALL
       SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
       UNION ALL
       SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
       UNION ALL
       SELECT relname, concat_ws(' ', relname, reloptions::text) FROM pg_class
       WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace) x
     WHERE t NOT LIKE 'migrations%' ORDER BY line`,
  );
  return rows.map(({ line }) => line);
}
