import type { Knex } from 'knex';
import type { Tenant } from '../../domain/tenant.ts';
import type { TenantId } from '../../domain/ids.ts';
import { uuids } from './arrays.ts';
import {
  arraysOfChanges,
  assignments,
  namesIn,
  parameters,
  selected,
  text,
  uuid,
  type Columns,
  type OrNulls,
} from './columns.ts';
import { execute, keyed, query, texts } from './sql.ts';
import type { Store, TenantChange } from './store.ts';

type TenantRow = Tenant & { readonly deleted: boolean; readonly lane: string | null };

/** What changes of a tenant, besides its version; its key is in the statements. */
const STATE: Columns<OrNulls<Omit<Tenant, 'tenantId' | 'version'>>> = {
  name: text('name'),
  address: text('address'),
  email: text('email'),
  phone: text('phone'),
  createdBy: uuid('created_by'),
};

const SELECTED = `t.tenant_id AS "tenantId", t.version, ${selected(STATE, 't')}`;
const FIELDS = `tenant_id, version, deleted, ${namesIn(STATE)}`;
const UNNEST = `unnest(?::uuid[], ?::bigint[], ?::boolean[], ${parameters(STATE)})`;

export function tenantTable(db: Knex, locks: boolean): Store['tenants'] {
  return {
    async lock(ids) {
      const rows = await query<TenantRow>(
        db,
        `SELECT ${SELECTED}, deleted, lane FROM tenants t WHERE tenant_id = ANY (?::uuid[]) ORDER BY tenant_id ${locks ? 'FOR UPDATE' : ''}`,
        [uuids(ids)],
      );
      return rows.map(({ deleted, lane, ...tenant }) => ({
        key: tenant.tenantId,
        value: deleted ? undefined : tenant,
        tombstone: deleted ? { version: tenant.version } : undefined,
        lane,
      }));
    },

    async holders(names) {
      return query<{ name: string; tenantId: TenantId }>(
        db,
        `SELECT name, tenant_id AS "tenantId" FROM tenant_names WHERE name = ANY (?::text[])`,
        [texts(names)],
      );
    },

    async list({ after, limit }) {
      return query<Tenant>(
        db,
        `SELECT ${SELECTED} FROM tenants t
         WHERE NOT deleted ${after === undefined ? '' : 'AND tenant_id > ?'} ORDER BY tenant_id LIMIT ?`,
        [...(after === undefined ? [] : [after]), limit],
      );
    },

    async flush(changes, lane) {
      await releaseNames(db, changes);
      await takeNames(db, changes);
      const updated = changes.filter(({ stored }) => stored);
      const inserted = changes.filter(({ stored }) => !stored);
      if (updated.length > 0) {
        await execute(
          db,
          `UPDATE tenants t SET version = c.version, lane = ?::uuid, deleted = c.deleted, ${assignments(STATE, 'c')}
           FROM ${UNNEST} AS c (${FIELDS}) WHERE ${keyed('t', 'c', ['tenant_id'])}`,
          [lane, ...arrays(updated)],
        );
      }
      if (inserted.length > 0) {
        await execute(db, `INSERT INTO tenants (lane, ${FIELDS}) SELECT ?::uuid, * FROM ${UNNEST}`, [
          lane,
          ...arrays(inserted),
        ]);
      }
    },
  };
}

async function releaseNames(db: Knex, changes: readonly TenantChange[]): Promise<void> {
  const released = changes.flatMap(({ before, after }) => (before && before.name !== after?.name ? [before.name] : []));
  if (released.length > 0)
    await execute(db, 'DELETE FROM tenant_names WHERE name = ANY (?::text[])', [texts(released)]);
}

async function takeNames(db: Knex, changes: readonly TenantChange[]): Promise<void> {
  const taking = changes.flatMap(({ before, after }) => (after && before?.name !== after.name ? [after] : []));
  if (taking.length === 0) return;
  await execute(db, 'INSERT INTO tenant_names (name, tenant_id) SELECT * FROM unnest(?::text[], ?::uuid[])', [
    texts(taking.map(({ name }) => name)),
    uuids(taking.map(({ tenantId }) => tenantId)),
  ]);
}

function arrays(changes: readonly TenantChange[]): (string | Buffer)[] {
  return [uuids(changes.map(({ key }) => key)), ...arraysOfChanges(STATE, changes)];
}
