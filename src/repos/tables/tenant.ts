import type { Knex } from 'knex';
import type { Tenant } from '../../domain/tenant.ts';
import type { TenantId } from '../../domain/ids.ts';
import { uuids } from './arrays.ts';
import { execute, plain, query, texts } from './sql.ts';
import type { Store, TenantChange } from './store.ts';

type TenantRow = Tenant & { readonly deleted: boolean; readonly lane: string | null };

const COLUMNS = `tenant_id AS "tenantId", name, address, email, phone, created_by AS "createdBy", version`;

export function tenantTable(db: Knex): Store['tenants'] {
  return {
    async lock(ids) {
      const rows = await query<TenantRow>(
        db,
        `SELECT ${COLUMNS}, deleted, lane FROM tenants WHERE tenant_id = ANY (?::uuid[]) ORDER BY tenant_id FOR UPDATE`,
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
        `SELECT ${COLUMNS} FROM tenants
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
          `UPDATE tenants t SET version = c.version, lane = ?::uuid, deleted = c.deleted, name = c.name,
             address = c.address, email = c.email, phone = c.phone, created_by = c.created_by
           FROM unnest(${UNNEST}) AS c (${FIELDS}) WHERE t.tenant_id = c.tenant_id`,
          [lane, ...columns(updated)],
        );
      }
      if (inserted.length > 0) {
        await execute(db, `INSERT INTO tenants (lane, ${FIELDS}) SELECT ?::uuid, * FROM unnest(${UNNEST})`, [
          lane,
          ...columns(inserted),
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

const FIELDS = 'tenant_id, version, deleted, name, address, email, phone, created_by';
const UNNEST = '?::uuid[], ?::bigint[], ?::boolean[], ?::text[], ?::text[], ?::text[], ?::text[], ?::uuid[]';

function columns(changes: readonly TenantChange[]): (string | Buffer)[] {
  const after = changes.map((change) => change.after);
  return [
    uuids(changes.map(({ key }) => key)),
    plain(changes.map((change) => change.after?.version ?? change.tombstone?.version ?? null)),
    plain(after.map((tenant) => tenant === undefined)),
    texts(after.map((tenant) => tenant?.name ?? null)),
    texts(after.map((tenant) => tenant?.address ?? null)),
    texts(after.map((tenant) => tenant?.email ?? null)),
    texts(after.map((tenant) => tenant?.phone ?? null)),
    uuids(after.map((tenant) => tenant?.createdBy ?? null)),
  ];
}
