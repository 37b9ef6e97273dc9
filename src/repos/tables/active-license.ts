import type { Knex } from 'knex';
import type { ActiveLicense } from '../../ports/repositories.ts';
import { uuids } from './arrays.ts';
import { arraysOf, excluded, namesIn, parameters, selected, uuid, type Columns } from './columns.ts';
import { execute, keyed, query } from './sql.ts';
import type { Store } from './store.ts';

const COLUMNS: Columns<ActiveLicense> = {
  tenantId: uuid('tenant_id'),
  licenseId: uuid('license_id'),
  subdivisionId: uuid('subdivision_id'),
};

/** The read model of a tenant's active licenses. */
export function activeLicenseTable(db: Knex): Store['activeLicenses'] {
  return {
    async list(tenantId) {
      return query<ActiveLicense>(
        db,
        `SELECT ${selected(COLUMNS, 'a')} FROM tenant_active_licenses a WHERE tenant_id = ? ORDER BY license_id`,
        [tenantId],
      );
    },

    async flush(put, dropped) {
      if (dropped.length > 0) {
        await execute(
          db,
          `DELETE FROM tenant_active_licenses a USING unnest(?::uuid[], ?::uuid[]) AS k (tenant_id, license_id)
           WHERE ${keyed('a', 'k', ['tenant_id', 'license_id'])}`,
          [uuids(dropped.map(({ tenantId }) => tenantId)), uuids(dropped.map(({ licenseId }) => licenseId))],
        );
      }
      if (put.length > 0) await execute(db, PUT, arraysOf(COLUMNS, put));
    },
  };
}

const PUT = `INSERT INTO tenant_active_licenses (${namesIn(COLUMNS)}) SELECT * FROM unnest(${parameters(COLUMNS)})
  ON CONFLICT (tenant_id, license_id) DO UPDATE SET ${excluded(COLUMNS)}`;
