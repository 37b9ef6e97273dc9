import type { Tombstone } from '../../../src/domain/events.ts';
import { StaleRead, TooMuchAtOnce } from '../../../src/ports/errors.ts';
import type { Decision } from '../../../src/ports/decided-offsets.ts';
import type { RowChange, Store, Stored, SubdivisionChange } from '../../../src/repos/tables/store.ts';
import type { Page, SubdivisionKey } from '../../../src/ports/repositories.ts';
import { pairOf } from '../../../src/repos/cache.ts';
import { constrain, constrainStatisticRow, constrainSubdivision, constrainTenant } from './constraints.ts';
import type { InMemoryDatabase, Table } from './database.ts';
import { momentOf } from './database.ts';
import { decidedKey } from './decided-offsets.ts';
import { deadLetters, parkedKeys } from './letters.ts';
import { inbox, outbox } from './messages.ts';

/** The tables as one transaction sees them. Nothing has to be locked, since transactions come one after the other. */
export function inMemoryStore(db: InMemoryDatabase): Store {
  return {
    begin: async (decision) => ({ startedAt: db.clock.now(), steps: decidedOffsets(db, decision) }),
    inbox: inbox(db),
    tenants: tenants(db),
    subdivisions: subdivisions(db),
    licenses: licenses(db),
    timers: timers(db),
    entitlements: entitlements(db),
    statisticRows: statisticRows(db),
    users: users(db),
    activeLicenses: activeLicenses(db),
    userLookUps: userLookUps(db),
    outbox: outbox(db),
    deadLetters: deadLetters(db),
    parkedKeys: parkedKeys(db),
  };
}

/** @returns how many steps were taken */
function decidedOffsets({ decidedOffsets }: InMemoryDatabase, decision: Decision | undefined): number {
  let taken = 0;
  for (const step of decision?.steps ?? []) {
    const id = decidedKey(decision?.group ?? '', step);
    const row = decidedOffsets.get(id);
    if (row?.history !== step.history || row.decided < step.from) continue;
    decidedOffsets.set(id, { ...row, decided: Math.max(row.decided, step.to) });
    taken += 1;
  }
  return taken;
}

function tenants({ tenants, tenantNames }: InMemoryDatabase): Store['tenants'] {
  return {
    lock: async (ids) => ids.flatMap((id) => tenants.get(id) ?? []),
    holders: async (names) => names.flatMap((name) => tenantNames.get(name) ?? []),
    list: async (page) => pageOf(living(tenants), ({ tenantId }) => tenantId, page),
    async flush(changes, lane) {
      for (const { before, after } of changes) {
        if (before !== undefined && before.name !== after?.name) tenantNames.delete(before.name);
      }
      for (const change of changes) {
        const { key, before, after } = change;
        if (after !== undefined && before?.name !== after.name) {
          constrain(!tenantNames.has(after.name), 'tenant name');
          tenantNames.set(after.name, { name: after.name, tenantId: key });
        }
        if (after !== undefined) constrainTenant(after);
        write(tenants, key, change, lane);
      }
    },
  };
}

function subdivisions(db: InMemoryDatabase): Store['subdivisions'] {
  const { subdivisions, licenseIds, statisticRowRemovals } = db;

  function flushLicenses({ key, before, after }: SubdivisionChange): void {
    const old = new Set(before?.licenses.map(({ licenseId }) => licenseId));
    const now = new Set(after?.licenses.map(({ licenseId }) => licenseId));
    for (const licenseId of old) {
      if (now.has(licenseId)) continue;
      licenseIds.set(pairOf(key.tenantId, licenseId), { ...key, licenseId, deleted: true });
    }
    for (const licenseId of now) {
      if (old.has(licenseId)) continue;
      constrain(!licenseIds.has(pairOf(key.tenantId, licenseId)), 'license id');
      licenseIds.set(pairOf(key.tenantId, licenseId), { ...key, licenseId, deleted: false });
    }
  }

  function isUnchanged({ tenantId, subdivisionId }: SubdivisionKey, version: number, lane: string): boolean {
    const stored = subdivisions.get(pairOf(tenantId, subdivisionId));
    return stored?.value?.version === version && stored.lane === lane;
  }

  return {
    idsOf: async (tenants, most) => {
      const wanted = new Set(tenants);
      const found = subdivisions.filter(({ key, value }) => value !== undefined && wanted.has(key.tenantId));
      limit(found.length, most);
      return found.map(({ key }) => key);
    },
    lock: async (keys, most) => {
      const found = keys.flatMap(
        ({ tenantId, subdivisionId }) => subdivisions.get(pairOf(tenantId, subdivisionId)) ?? [],
      );
      limit(
        found.reduce((sum, { value }) => sum + (value?.licenses.length ?? 0), 0),
        most,
      );
      return found;
    },
    list: async (tenantId, page) =>
      pageOf(
        living(subdivisions).filter((subdivision) => subdivision.tenantId === tenantId),
        ({ subdivisionId }) => subdivisionId,
        page,
      ),
    areUnchanged: async (presumed, lane) => presumed.every(({ key, version }) => isUnchanged(key, version, lane)),
    async flush(changes, buried, lane) {
      for (const { key, presumed, before } of changes) {
        if (presumed && before && !isUnchanged(key, before.version, lane))
          throw new StaleRead('a subdivision has changed');
      }
      for (const change of changes) {
        const { tenantId, subdivisionId } = change.key;
        const id = pairOf(tenantId, subdivisionId);
        constrain(db.tenants.has(tenantId), 'tenant of a subdivision');
        if (change.after !== undefined) constrainSubdivision(change.after);
        flushLicenses({ ...change, key: { tenantId, subdivisionId } });
        write(subdivisions, id, change, lane);
        if (change.stored && change.tombstone !== undefined) statisticRowRemovals.set(id, { tenantId, subdivisionId });
      }
      for (const key of buried) {
        const id = pairOf(key.tenantId, key.licenseId);
        constrain(!licenseIds.has(id), 'license id');
        licenseIds.set(id, { ...key, deleted: true });
      }
    },
  };
}

function licenses({ subdivisions, licenseIds }: InMemoryDatabase): Store['licenses'] {
  return {
    taken: async (keys) => keys.flatMap(({ tenantId, licenseId }) => licenseIds.get(pairOf(tenantId, licenseId)) ?? []),
    list: async (tenantId, page) => {
      const all = living(subdivisions)
        .filter((subdivision) => subdivision.tenantId === tenantId)
        .flatMap(({ subdivisionId, licenses }) => licenses.map((license) => ({ ...license, tenantId, subdivisionId })));
      return pageOf(all, ({ licenseId }) => licenseId, page);
    },
  };
}

function timers({ timers }: InMemoryDatabase): Store['timers'] {
  return {
    async flush(changes) {
      for (const { due, tenantId, subdivisionId } of changes) {
        const id = pairOf(tenantId, subdivisionId);
        if (due === null) timers.delete(id);
        else timers.set(id, { tenantId, subdivisionId, due, isQueued: false });
      }
    },
  };
}

function entitlements({ owedEntitlements }: InMemoryDatabase): Store['entitlements'] {
  return {
    async owe(keys) {
      for (const key of keys) owedEntitlements.set(pairOf(key.tenantId, key.subdivisionId), key);
    },
  };
}

function statisticRows({ statisticRows, statisticRowsByMoment }: InMemoryDatabase): Store['statisticRows'] {
  return {
    same: async (rows) =>
      rows
        .flatMap((row) => [
          statisticRows.get(pairOf(row.tenantId, row.statisticRowId)),
          statisticRowsByMoment.get(momentOf(row)),
        ])
        .filter((row) => row !== undefined),
    find: async (keys) =>
      keys.flatMap(({ tenantId, statisticRowId }) => statisticRows.get(pairOf(tenantId, statisticRowId)) ?? []),
    list: async (tenantId, subdivisionId, page) =>
      pageOf(
        statisticRows.filter((row) => row.tenantId === tenantId && row.subdivisionId === subdivisionId),
        ({ statisticRowId }) => statisticRowId,
        page,
      ),
    async flush(added, removed, corrected) {
      for (const row of corrected) {
        constrainStatisticRow(row);
        statisticRows.set(pairOf(row.tenantId, row.statisticRowId), row);
        statisticRowsByMoment.set(momentOf(row), row);
      }
      for (const { tenantId, statisticRowId } of removed) {
        const id = pairOf(tenantId, statisticRowId);
        const row = statisticRows.get(id);
        if (row === undefined) continue;
        statisticRows.delete(id);
        statisticRowsByMoment.delete(momentOf(row));
      }
      for (const row of added) {
        const id = pairOf(row.tenantId, row.statisticRowId);
        constrainStatisticRow(row);
        constrain(!statisticRows.has(id), 'statistic row id');
        constrain(!statisticRowsByMoment.has(momentOf(row)), 'statistic rows of the same time');
        statisticRows.set(id, row);
        statisticRowsByMoment.set(momentOf(row), row);
      }
    },
  };
}

function users({ users, tenants }: InMemoryDatabase): Store['users'] {
  return {
    idsOf: async (wanted, most) => {
      const ids = new Set(wanted);
      const found = living(users).flatMap(({ tenantId, userId }) =>
        tenantId !== null && ids.has(tenantId) ? [{ tenantId, userId }] : [],
      );
      limit(found.length, most);
      return found;
    },
    lock: async (ids) => ids.flatMap((id) => users.get(id) ?? []),
    list: async ({ tenantId, ...page }) =>
      pageOf(
        living(users).filter((user) => tenantId === undefined || user.tenantId === tenantId),
        ({ userId }) => userId,
        page,
      ),
    async flush(changes, lane) {
      for (const change of changes) {
        const { key, after } = change;
        if (after !== undefined) constrain(after.version > 0, 'version');
        if (after !== undefined && after.tenantId !== null) constrain(tenants.has(after.tenantId), 'tenant of a user');
        write(users, key, change, lane);
      }
    },
  };
}

function activeLicenses({ activeLicenses }: InMemoryDatabase): Store['activeLicenses'] {
  return {
    list: async (tenantId) => activeLicenses.sorted().filter((license) => license.tenantId === tenantId),
    async flush(put, dropped) {
      for (const { tenantId, licenseId } of dropped) activeLicenses.delete(pairOf(tenantId, licenseId));
      for (const license of put) activeLicenses.set(pairOf(license.tenantId, license.licenseId), license);
    },
  };
}

function userLookUps({ userLookUps }: InMemoryDatabase): Store['userLookUps'] {
  return {
    list: async (page) => pageOf(userLookUps.sorted(), ({ userId }) => userId, page),
    async flush(put, dropped) {
      for (const userId of dropped) userLookUps.delete(userId);
      for (const lookUp of put) userLookUps.set(lookUp.userId, lookUp);
    },
  };
}

function living<V, T extends Tombstone>(table: Table<Stored<V, T>>): NonNullable<V>[] {
  return table.filter(() => true).flatMap(({ value }) => value ?? []);
}

function pageOf<V>(rows: V[], idOf: (row: V) => string, { after, limit }: Page<string>): V[] {
  return rows
    .filter((row) => after === undefined || idOf(row) > after)
    .sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1))
    .slice(0, limit);
}

function write<Key, V, T extends Tombstone>(
  table: Table<Stored<V, T> & { readonly key: Key }>,
  id: string,
  { key, stored, after, tombstone }: RowChange<V, T> & { readonly key: Key },
  lane: string,
): void {
  constrain(stored === table.has(id), 'id');
  table.set(id, { key, value: after, tombstone, lane });
}

function limit(rows: number, most: number): void {
  if (rows > most) throw new TooMuchAtOnce(`a chunk would load more than ${most} rows of a table`);
}
