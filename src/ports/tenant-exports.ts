import type { StoredLetter } from './dead-letters.ts';

/** Of each of these the rows of a table that belong to a tenant, tombstones included. */
export const EXPORTED = {
  tenant: 'tenants',
  tenantName: 'tenant_names',
  user: 'users',
  userLookUp: 'user_look_ups',
  subdivision: 'subdivisions',
  license: 'licenses',
  activeLicense: 'tenant_active_licenses',
  timer: 'subdivision_timers',
  entitlement: 'entitlements',
  statisticRow: 'statistic_rows',
  statisticRowRemoval: 'statistic_row_removals',
} as const;

/** A row as it is stored: columns in camel case, times as ISO-8601 in UTC. */
export type ExportedRow = Readonly<Record<string, unknown>>;

export type Exported =
  | { readonly kind: keyof typeof EXPORTED; readonly row: ExportedRow }
  | { readonly kind: 'letter'; readonly letter: StoredLetter };

export interface TenantExports {
  /**
   * All that is held about a tenant, as of one moment; nothing if there never was such a tenant. It is read as it is asked for, and holds a
   * transaction open for as long.
   * @throws DatabaseUnavailable
   */
  ofTenant(tenantId: string): AsyncIterable<Exported>;
}
