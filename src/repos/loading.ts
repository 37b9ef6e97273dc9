import type { LicenseId, StatisticRowId, SubdivisionId, TenantId, UserId } from '../domain/ids.ts';
import type { LicenseKey, RowSameness, StatisticRowKey, SubdivisionKey } from '../ports/repositories.ts';
import type { Loads } from '../ports/unit-of-work.ts';
import { together } from './tables/sql.ts';
import type { Stored } from './tables/store.ts';
import { pairOf, type Cache } from './cache.ts';
import type { IdentityMap } from './identity-map.ts';

/** Collects what the messages of a chunk declare, each thing once. */
export class Declared implements Loads {
  readonly tenants = new Set<TenantId>();
  readonly wholeTenants = new Set<TenantId>();
  readonly names = new Set<string>();
  readonly subdivisions = new Map<string, SubdivisionKey>();
  readonly licenses = new Map<string, LicenseKey>();
  readonly rows: RowSameness[] = [];
  readonly rowIds: StatisticRowKey[] = [];
  readonly users = new Set<UserId>();

  tenant(id: TenantId): void {
    this.tenants.add(id);
  }

  tenantName(name: string): void {
    this.names.add(name);
  }

  wholeTenant(id: TenantId): void {
    this.tenants.add(id);
    this.wholeTenants.add(id);
  }

  subdivision(tenantId: TenantId, subdivisionId: SubdivisionId): void {
    const id = pairOf(tenantId, subdivisionId);
    if (!this.subdivisions.has(id)) this.subdivisions.set(id, { tenantId, subdivisionId });
  }

  licenseId(tenantId: TenantId, licenseId: LicenseId): void {
    this.licenses.set(pairOf(tenantId, licenseId), { tenantId, licenseId });
  }

  statisticRow(row: RowSameness): void {
    this.rows.push(row);
  }

  statisticRowId(tenantId: TenantId, statisticRowId: StatisticRowId): void {
    this.rowIds.push({ tenantId, statisticRowId });
  }

  user(id: UserId): void {
    this.users.add(id);
  }
}

/**
 * Reads and locks all that was declared: tenants, then subdivisions with their licenses, then users, each in one query and sorted by id, so that
 * two lanes never wait for each other in a circle; then the rows that need no lock. What is presumed is locked when it is written.
 * @throws TooMuchAtOnce
 */
export async function load(cache: Cache, declared: Declared): Promise<void> {
  await loadTenants(cache, [...declared.tenants]);
  // A tenant's lock is what keeps its subdivisions and users from changing in number.
  const whole = [...declared.wholeTenants];
  await readBelongings(cache, whole);
  for (const tenantId of whole) {
    for (const id of cache.belongings.subdivisionsOf(tenantId)) declared.subdivision(tenantId, id);
    for (const id of cache.belongings.usersOf(tenantId)) declared.user(id);
  }
  if (cache.rows.presumedNew) presumeNew(cache, declared.rows);
  await together([
    loadSubdivisions(cache, [...declared.subdivisions.values()]),
    loadUsers(cache, [...declared.users]),
    loadNames(cache, [...declared.names]),
    loadLicensePlaces(cache, [...declared.licenses.values()]),
    cache.rows.presumedNew ? undefined : loadSameRows(cache, declared.rows),
    loadRows(cache, declared.rowIds),
  ]);
}

function presumeNew({ rows }: Cache, wanted: readonly RowSameness[]): void {
  for (const row of wanted) rows.look(row);
}

/**
 * Whether what was presumed is so, of rows that were not added and subdivisions that were not changed: for somebody has acted on it. What was
 * added or changed the database itself refuses.
 */
export async function isPresumptionRight(cache: Cache): Promise<boolean> {
  const [areNew, areUnchanged] = await together([areRowsNew(cache), areSubdivisionsUnchanged(cache)]);
  return areNew && areUnchanged;
}

async function areSubdivisionsUnchanged({ store, subdivisions, warm }: Cache): Promise<boolean> {
  const unchanged = subdivisions.unchanged();
  if (warm === undefined || unchanged.length === 0) return true;
  return store.subdivisions.areUnchanged(
    unchanged.map(({ key, before }) => ({ key, version: before?.version ?? 0 })),
    warm.lane,
  );
}

async function areRowsNew({ store, rows }: Cache): Promise<boolean> {
  if (!rows.presumedNew) return true;
  const left: RowSameness[] = [];
  rows.looked.forEach(({ id }, row) => {
    if (id.added === undefined) left.push(row);
  });
  return left.length === 0 || (await store.statisticRows.same(left)).length === 0;
}

/** Reads which subdivisions and users these tenants have. A tenant that was read before is not read again. */
export async function readBelongings(cache: Cache, tenants: readonly TenantId[]): Promise<void> {
  const { store, most, belongings } = cache;
  const unread = tenants.filter((tenantId) => !belongings.whole.has(tenantId));
  if (unread.length === 0) return;
  const [subdivisions, users] = await together([
    store.subdivisions.idsOf(unread, most),
    store.users.idsOf(unread, most),
  ]);
  for (const { tenantId, subdivisionId } of subdivisions) belongings.subdivisionsOf(tenantId).add(subdivisionId);
  for (const { tenantId, userId } of users) belongings.usersOf(tenantId).add(userId);
  // A tenant that this unit has read is locked, or was not there: if another unit makes it meanwhile, this one's flush is refused.
  for (const tenantId of unread) if (cache.tenants.has(tenantId)) belongings.whole.add(tenantId);
}

export async function loadTenants({ store, tenants }: Cache, ids: readonly TenantId[]): Promise<void> {
  await loadMissing(
    tenants,
    ids,
    (id) => id,
    (missing) => store.tenants.lock(missing),
  );
}

export async function loadSubdivisions(cache: Cache, keys: readonly SubdivisionKey[]): Promise<void> {
  const { store, most, subdivisions } = cache;
  const idOf = ({ tenantId, subdivisionId }: SubdivisionKey): string => pairOf(tenantId, subdivisionId);
  await loadMissing(subdivisions, presumeUnchanged(cache, keys), idOf, (missing) =>
    store.subdivisions.lock(missing, most),
  );
}

/** @returns those of which nothing can be presumed */
function presumeUnchanged({ warm, subdivisions }: Cache, keys: readonly SubdivisionKey[]): readonly SubdivisionKey[] {
  if (warm === undefined) return keys;
  return keys.filter((key) => {
    const id = pairOf(key.tenantId, key.subdivisionId);
    const value = warm.get(id);
    if (value === undefined) return true;
    if (!subdivisions.has(id)) subdivisions.presume(id, key, value, warm.lane);
    return false;
  });
}

export async function loadUsers({ store, users }: Cache, ids: readonly UserId[]): Promise<void> {
  await loadMissing(
    users,
    ids,
    (id) => id,
    (missing) => store.users.lock(missing),
  );
}

export async function loadNames({ store, names }: Cache, wanted: readonly string[]): Promise<void> {
  const missing = wanted.filter((name) => !names.has(name));
  if (missing.length === 0) return;
  for (const name of missing) names.set(name, null);
  for (const { name, tenantId } of await store.tenants.holders(missing)) names.set(name, tenantId);
}

export async function loadLicensePlaces({ store, licensePlaces }: Cache, keys: readonly LicenseKey[]): Promise<void> {
  const missing = keys.filter(({ tenantId, licenseId }) => !licensePlaces.has(pairOf(tenantId, licenseId)));
  if (missing.length === 0) return;
  for (const { tenantId, licenseId } of missing) licensePlaces.set(pairOf(tenantId, licenseId), null);
  for (const { tenantId, licenseId, subdivisionId } of await store.licenses.taken(missing)) {
    licensePlaces.set(pairOf(tenantId, licenseId), subdivisionId);
  }
}

export async function loadSameRows({ store, rows }: Cache, wanted: readonly RowSameness[]): Promise<void> {
  if (wanted.length === 0) return;
  for (const row of wanted) rows.look(row);
  for (const same of await store.statisticRows.same(wanted)) {
    const { id, moment } = rows.namesOf(same);
    if (id.removed === undefined) id.isTaken = moment.isTaken = true;
  }
}

export async function loadRows({ store, rows }: Cache, wanted: readonly StatisticRowKey[]): Promise<void> {
  if (wanted.length === 0) return;
  const ids = wanted.map(({ tenantId, statisticRowId }) => rows.idOf(tenantId, statisticRowId));
  const found = await store.statisticRows.find(wanted);
  for (const id of ids) id.found = null;
  for (const row of found) rows.idOf(row.tenantId, row.statisticRowId).found = row;
}

async function loadMissing<Key, V>(
  map: IdentityMap<Key, V>,
  keys: readonly Key[],
  idOf: (key: Key) => string,
  lock: (keys: readonly Key[]) => Promise<readonly (Stored<V> & { readonly key: Key })[]>,
): Promise<void> {
  const missing = keys.filter((key) => !map.has(idOf(key)));
  if (missing.length === 0) return;
  const stored = new Map((await lock(missing)).map((one) => [idOf(one.key), one]));
  for (const key of missing) map.load(idOf(key), key, stored.get(idOf(key)));
}
