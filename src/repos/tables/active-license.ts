import type { Knex } from 'knex';
import type { ActiveLicense } from '../../ports/repositories.ts';
import { uuids } from './arrays.ts';
import { execute, query } from './sql.ts';
import type { Store } from './store.ts';

/** The read model of a tenant's active licenses. */
export function activeLicenseTable(db: Knex): Store['activeLicenses'] {
  return {
    async list(tenantId) {
      return query<ActiveLicense>(
        db,
        `SELECT tenant_id AS "tenantId", license_id AS "licenseId", subdivision_id AS "subdivisionId"
         FROM tenant_active_licenses WHERE tenant_id = ? ORDER BY license_id`,
        [tenantId],
      );
    },

    async flush(put, dropped) {
      if (dropped.length > 0) {
        await execute(
          db,
          `DELETE FROM tenant_active_licenses a USING unnest(?::uuid[], ?::uuid[]) AS k (tenant_id, license_id)
           WHERE a.tenant_id = k.tenant_id AND a.license_id = k.license_id`,
          [uuids(dropped.map(({ tenantId }) => tenantId)), uuids(dropped.map(({ licenseId }) => licenseId))],
        );
      }
      if (put.length === 0) return;
      await execute(
        db,
        `INSERT INTO tenant_active_licenses (tenant_id, license_id, subdivision_id)
         SELECT * FROM unnest(?::uuid[], ?::uuid[], ?::uuid[])
         ON CONFLICT (tenant_id, license_id) DO UPDATE SET subdivision_id = excluded.subdivision_id`,
        [
          uuids(put.map(({ tenantId }) => tenantId)),
          uuids(put.map(({ licenseId }) => licenseId)),
          uuids(put.map(({ subdivisionId }) => subdivisionId)),
        ],
      );
    },
  };
}
