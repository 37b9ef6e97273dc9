import type { Knex } from 'knex';
import type { StatisticRow } from '../../domain/statistic-row.ts';
import { booleans, longs, times, uuids } from './arrays.ts';
import { execute, fromTime, query, rowsOf, together } from './sql.ts';
import type { RowSameness, Store } from './store.ts';

const COLUMNS = `r.tenant_id AS "tenantId", r.subdivision_id AS "subdivisionId", r.license_id AS "licenseId",
  r.statistic_row_id AS "statisticRowId", ${fromTime('r.created')} AS created, r.count_requests AS "countRequests", r.counted`;

export function statisticRowTable(db: Knex): Store['statisticRows'] {
  return {
    async same(rows) {
      const tenants = uuids(rows.map(({ tenantId }) => tenantId));
      const same = `r.tenant_id AS "tenantId", r.subdivision_id AS "subdivisionId", r.statistic_row_id AS "statisticRowId",
        ${fromTime('r.created')} AS created`;
      return query<RowSameness>(
        db,
        `SELECT ${same} FROM ${rowsOf('k', { tenant_id: 'uuid', statistic_row_id: 'uuid' })}
         JOIN statistic_rows r USING (tenant_id, statistic_row_id)
         UNION ALL
         SELECT ${same} FROM ${rowsOf('k', { tenant_id: 'uuid', subdivision_id: 'uuid', created: 'timestamptz' })}
         JOIN statistic_rows r ON r.tenant_id = k.tenant_id AND r.subdivision_id = k.subdivision_id
           AND r.created = k.created`,
        [
          tenants,
          uuids(rows.map(({ statisticRowId }) => statisticRowId)),
          tenants,
          uuids(rows.map(({ subdivisionId }) => subdivisionId)),
          times(rows.map(({ created }) => created)),
        ],
      );
    },

    async get(tenantId, id) {
      const rows = await query<StatisticRow>(
        db,
        `SELECT ${COLUMNS} FROM statistic_rows r WHERE tenant_id = ? AND statistic_row_id = ?`,
        [tenantId, id],
      );
      return rows[0];
    },

    async list(tenantId, subdivisionId, { after, limit }) {
      return query<StatisticRow>(
        db,
        `SELECT ${COLUMNS} FROM statistic_rows r
         WHERE tenant_id = ? AND subdivision_id = ? ${after === undefined ? '' : 'AND statistic_row_id > ?'}
         ORDER BY statistic_row_id LIMIT ?`,
        [tenantId, subdivisionId, ...(after === undefined ? [] : [after]), limit],
      );
    },

    async flush(added, removed) {
      await together([
        removed.length > 0 ? remove(db, removed) : undefined,
        added.length > 0 ? insert(db, added) : undefined,
      ]);
    },
  };
}

async function remove(db: Knex, removed: readonly StatisticRow[]): Promise<void> {
  await execute(
    db,
    `DELETE FROM statistic_rows r USING ${rowsOf('k', { tenant_id: 'uuid', statistic_row_id: 'uuid' })}
     WHERE r.tenant_id = k.tenant_id AND r.statistic_row_id = k.statistic_row_id`,
    [uuids(removed.map(({ tenantId }) => tenantId)), uuids(removed.map(({ statisticRowId }) => statisticRowId))],
  );
}

async function insert(db: Knex, added: readonly StatisticRow[]): Promise<void> {
  await execute(
    db,
    `INSERT INTO statistic_rows (tenant_id, statistic_row_id, subdivision_id, license_id, created, count_requests, counted)
         SELECT unnest(?::uuid[]), unnest(?::uuid[]), unnest(?::uuid[]), unnest(?::uuid[]), unnest(?::timestamptz[]),
           unnest(?::bigint[]), unnest(?::boolean[])`,
    [
      uuids(added.map(({ tenantId }) => tenantId)),
      uuids(added.map(({ statisticRowId }) => statisticRowId)),
      uuids(added.map(({ subdivisionId }) => subdivisionId)),
      uuids(added.map(({ licenseId }) => licenseId)),
      times(added.map(({ created }) => created)),
      longs(added.map(({ countRequests }) => countRequests)),
      booleans(added.map(({ counted }) => counted)),
    ],
  );
}

/** Removes one step's worth of the rows that deleted subdivisions left; returns how many, 0 when there is nothing left to do. */
export async function removeOrphanedRows(db: Knex, step: number): Promise<number> {
  const [next] = await query<RowSameness>(
    db,
    `SELECT tenant_id AS "tenantId", subdivision_id AS "subdivisionId" FROM statistic_row_removals
     LIMIT 1 FOR UPDATE SKIP LOCKED`,
    [],
  );
  if (next === undefined) return 0;
  const removed = await execute(
    db,
    `DELETE FROM statistic_rows WHERE (tenant_id, statistic_row_id) IN (
       SELECT tenant_id, statistic_row_id FROM statistic_rows WHERE tenant_id = ? AND subdivision_id = ? LIMIT ?)`,
    [next.tenantId, next.subdivisionId, step],
  );
  if (removed < step) {
    await execute(db, 'DELETE FROM statistic_row_removals WHERE tenant_id = ? AND subdivision_id = ?', [
      next.tenantId,
      next.subdivisionId,
    ]);
  }
  return Math.max(removed, 1);
}
