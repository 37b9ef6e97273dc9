import type { TenantId, UserId } from '../domain/ids.ts';
import type { User } from '../domain/user.ts';
import type {
  ActiveLicense,
  ActiveLicenseRepository,
  LicenseKey,
  TenantRepository,
  UserLookUp,
  UserLookUpRepository,
  UserRepository,
} from '../ports/repositories.ts';
import { pairOf, type Cache } from './cache.ts';
import { overlay } from './identity-map.ts';
import { loadNames, loadTenants, loadUsers, readBelongings } from './loading.ts';

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

export function userRepository(cache: Cache): UserRepository {
  const { store, users, belongings } = cache;

  function put(user: User): void {
    users.put(user.userId, user);
    if (user.tenantId !== null) belongings.usersOf(user.tenantId).add(user.userId);
  }

  return {
    async get(id) {
      await loadUsers(cache, [id]);
      return users.find(id)?.after;
    },
    async tombstone(id) {
      await loadUsers(cache, [id]);
      return users.find(id)?.tombstone;
    },
    async list(page) {
      const changed = users.changes().map(({ key, after }) => ({
        id: key,
        value: page.tenantId === undefined || after?.tenantId === page.tenantId ? after : undefined,
      }));
      const stored = await store.users.list({ ...page, limit: page.limit + changed.length });
      return overlay(stored, changed, ({ userId }) => userId, page);
    },
    async ofTenant(tenantId) {
      await readBelongings(cache, [tenantId]);
      const ids = [...belongings.usersOf(tenantId)].sort();
      await loadUsers(cache, ids);
      return ids.flatMap((id) => {
        const user = users.find(id)?.after;
        return user?.tenantId === tenantId ? [user] : [];
      });
    },
    add: put,
    update: put,
    remove(id, tombstone) {
      users.bury(id, tombstone);
    },
  };
}

export function activeLicenseRepository({ store, journal, activeLicenses }: Cache): ActiveLicenseRepository {
  function write(key: LicenseKey, value: ActiveLicense | undefined): void {
    const id = pairOf(key.tenantId, key.licenseId);
    const was = activeLicenses.get(id);
    journal.record(() => (was === undefined ? activeLicenses.delete(id) : activeLicenses.set(id, was)));
    activeLicenses.set(id, { key, value });
  }

  return {
    async list(tenantId) {
      const changed = [...activeLicenses.values()]
        .filter(({ key }) => key.tenantId === tenantId)
        .map(({ key, value }) => ({ id: key.licenseId, value }));
      const stored = await store.activeLicenses.list(tenantId);
      return overlay(stored, changed, ({ licenseId }) => licenseId, { limit: Number.MAX_SAFE_INTEGER });
    },
    put(license) {
      write(license, license);
    },
    drop(license) {
      write(license, undefined);
    },
  };
}

export function userLookUpRepository({ store, journal, userLookUps }: Cache): UserLookUpRepository {
  function write(userId: UserId, value: UserLookUp | undefined): void {
    const had = userLookUps.has(userId);
    const was = userLookUps.get(userId);
    journal.record(() => (had ? userLookUps.set(userId, was) : userLookUps.delete(userId)));
    userLookUps.set(userId, value);
  }

  return {
    async list(page) {
      const changed = [...userLookUps].map(([id, value]) => ({ id, value }));
      const stored = await store.userLookUps.list({ ...page, limit: page.limit + changed.length });
      return overlay(stored, changed, ({ userId }) => userId, page);
    },
    put(lookUp) {
      write(lookUp.userId, lookUp);
    },
    drop(userId) {
      write(userId, undefined);
    },
  };
}
