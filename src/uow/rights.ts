import type { Knex } from 'knex';
import { ConfigurationError } from '../ports/errors.ts';
import { query } from '../repos/tables/sql.ts';

/** Every table that the worker reads and writes; `migrate` alone writes its own. */
export const TABLES = [
  'dead_letters',
  'decided_offsets',
  'entitlement_epoch',
  'entitlements',
  'inbox',
  'lanes',
  'licenses',
  'outbox',
  'outbox_chunks',
  'parked_keys',
  'parked_letters',
  'statistic_row_removals',
  'statistic_rows',
  'subdivision_timers',
  'subdivisions',
  'tenant_active_licenses',
  'tenant_names',
  'tenants',
  'user_look_ups',
  'users',
] as const;

/** @throws ConfigurationError that names what the role of the session may not do */
export async function checkRights(db: Knex): Promise<void> {
  const lacking = await query<{ readonly role: string; readonly privilege: string; readonly tables: string }>(
    db,
    `SELECT current_user AS role, privilege, string_agg(name, ', ' ORDER BY name) AS tables
     FROM unnest(?::text[]) AS name, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
     WHERE NOT has_table_privilege(to_regclass(name), privilege) GROUP BY privilege ORDER BY privilege`,
    [`{${TABLES.join(',')}}`],
  );
  const [first] = lacking;
  if (first === undefined) return;
  const rights = lacking.map(({ privilege, tables }) => `${privilege} on ${tables}`).join('; ');
  throw new ConfigurationError(
    `DATABASE_URL: the role ${first.role} lacks rights: ${rights} (docs/operations.md, "Database roles")`,
  );
}

/** A schema that the role may not look into is as one that is not there. @throws ConfigurationError */
export async function checkSchema(db: Knex, schema: string): Promise<void> {
  const found = await query<{ readonly role: string; readonly usable: boolean }>(
    db,
    `SELECT current_user AS role, has_schema_privilege(oid, 'USAGE') AS usable FROM pg_namespace WHERE nspname = ?`,
    [schema],
  );
  const [one] = found;
  if (one === undefined) {
    throw new ConfigurationError(`DATABASE_SCHEMA is ${schema}, which is not there; run \`licensing migrate up\``);
  }
  if (!one.usable) {
    throw new ConfigurationError(`DATABASE_SCHEMA is ${schema}, on which the role ${one.role} lacks the right USAGE`);
  }
}
