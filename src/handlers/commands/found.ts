import type { SubdivisionId, TenantId } from '../../domain/ids.ts';
import { Rejection } from '../../domain/rejection.ts';
import type { Subdivision } from '../../domain/subdivision.ts';
import type { Tenant } from '../../domain/tenant.ts';

// Each takes what a repository's `get` has found, so that looking something up costs one promise.

/** @throws Rejection TenantNotFound */
export function foundTenant(tenant: Tenant | undefined, tenantId: TenantId): Tenant {
  if (tenant === undefined) throw new Rejection('TenantNotFound', `There is no tenant ${tenantId}.`);
  return tenant;
}

/** @throws Rejection SubdivisionNotFound, for a subdivision of another tenant too */
export function foundSubdivision(
  subdivision: Subdivision | undefined,
  tenantId: TenantId,
  subdivisionId: SubdivisionId,
): Subdivision {
  if (subdivision === undefined) {
    throw new Rejection('SubdivisionNotFound', `Tenant ${tenantId} has no subdivision ${subdivisionId}.`);
  }
  return subdivision;
}
