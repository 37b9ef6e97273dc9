import type { UserId } from '../domain/ids.ts';
import type { User } from '../domain/user.ts';
import type { UserLookUp, UserLookUpRepository, UserRepository } from '../ports/repositories.ts';
import type { Cache } from './cache.ts';
import { overlay } from './identity-map.ts';
import { loadUsers, readBelongings } from './loading.ts';

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
