import type { TenantId } from '../domain/ids.ts';
import type { TenantRepository } from '../ports/repositories.ts';
import type { Cache } from './cache.ts';
import { overlay } from './identity-map.ts';
import { loadNames, loadTenants } from './loading.ts';

export function tenantRepository(cache: Cache): TenantRepository {
  const { store, journal, tenants, names } = cache;

  function nameGoes(before: string | undefined, after: string | undefined, id: TenantId): void {
    if (before === after) return;
    if (before !== undefined) give(before, null);
    if (after !== undefined) give(after, id);
  }

  function give(name: string, holder: TenantId | null): void {
    const was = names.get(name);
    journal.record(() => (was === undefined ? names.delete(name) : names.set(name, was)));
    names.set(name, holder);
  }

  return {
    async get(id) {
      await loadTenants(cache, [id]);
      return tenants.find(id)?.after;
    },
    async exists(id) {
      await loadTenants(cache, [id]);
      const entry = tenants.find(id);
      return entry?.after !== undefined || entry?.tombstone !== undefined;
    },
    async holderOfName(name) {
      await loadNames(cache, [name]);
      return names.get(name) ?? undefined;
    },
    async list(page) {
      const changed = tenants.changes().map(({ key, after }) => ({ id: key, value: after }));
      const stored = await store.tenants.list({ ...page, limit: page.limit + changed.length });
      return overlay(stored, changed, ({ tenantId }) => tenantId, page);
    },
    add(tenant) {
      tenants.put(tenant.tenantId, tenant);
      nameGoes(undefined, tenant.name, tenant.tenantId);
    },
    update(tenant) {
      const before = tenants.find(tenant.tenantId)?.after;
      tenants.put(tenant.tenantId, tenant);
      nameGoes(before?.name, tenant.name, tenant.tenantId);
    },
    remove(id, tombstone) {
      const before = tenants.find(id)?.after;
      tenants.bury(id, tombstone);
      nameGoes(before?.name, undefined, id);
    },
  };
}
