import type { LicenseId, TenantId } from '../domain/ids.ts';
import { differencesOf, licenseOf } from '../domain/license.ts';
import type { Subdivision } from '../domain/subdivision.ts';
import type {
  LicenseOfSubdivision,
  LicenseRepository,
  StatisticRowRepository,
  SubdivisionKey,
  SubdivisionRepository,
} from '../ports/repositories.ts';
import type { RowSameness } from './tables/store.ts';
import { momentOf, namesOf, pairOf, type Cache, type RowNames } from './cache.ts';
import { overlay } from './identity-map.ts';
import { loadLicensePlaces, loadSameRows, loadSubdivisions, readBelongings } from './loading.ts';

export function subdivisionRepository(cache: Cache): SubdivisionRepository {
  const { store, journal, subdivisions, licensePlaces, buried, belongings } = cache;

  /** A license that appears takes its id; one that goes and was never stored is remembered, for its tombstone. */
  function licensesGo(key: SubdivisionKey, before: Subdivision | undefined, after: Subdivision | undefined): void {
    if (before?.licenses === after?.licenses) return;
    for (const { licenseId, ...license } of differencesOf(before?.licenses ?? [], after?.licenses ?? [])) {
      if (license.before === undefined) take(key, licenseId);
      else if (license.after === undefined) leave(key, licenseId);
    }
  }

  function take({ tenantId, subdivisionId }: SubdivisionKey, licenseId: LicenseId): void {
    const taken = pairOf(tenantId, licenseId);
    const was = licensePlaces.get(taken);
    journal.record(() => (was === undefined ? licensePlaces.delete(taken) : licensePlaces.set(taken, was)));
    licensePlaces.set(taken, subdivisionId);
  }

  function leave({ tenantId, subdivisionId }: SubdivisionKey, licenseId: LicenseId): void {
    const stored = subdivisions.find(pairOf(tenantId, subdivisionId))?.before;
    if (stored !== undefined && licenseOf(stored.licenses, licenseId) !== undefined) return;
    buried.push({ tenantId, subdivisionId, licenseId });
    journal.record(() => buried.pop());
  }

  return {
    get(tenantId, subdivisionId) {
      const loaded = subdivisions.find(pairOf(tenantId, subdivisionId));
      // Nearly always: what a message declared is here.
      if (loaded !== undefined) return Promise.resolve(loaded.after);
      return loadSubdivisions(cache, [{ tenantId, subdivisionId }]).then(
        () => subdivisions.find(pairOf(tenantId, subdivisionId))?.after,
      );
    },
    async exists(tenantId, subdivisionId) {
      await loadSubdivisions(cache, [{ tenantId, subdivisionId }]);
      const entry = subdivisions.find(pairOf(tenantId, subdivisionId));
      return entry?.after !== undefined || entry?.tombstone !== undefined;
    },
    async list(tenantId, page) {
      const changed = subdivisions
        .changes()
        .filter(({ key }) => key.tenantId === tenantId)
        .map(({ key, after }) => ({ id: key.subdivisionId, value: after }));
      const stored = await store.subdivisions.list(tenantId, { ...page, limit: page.limit + changed.length });
      return overlay(stored, changed, ({ subdivisionId }) => subdivisionId, page);
    },
    async ofTenant(tenantId) {
      await readBelongings(cache, [tenantId]);
      const ids = [...belongings.subdivisionsOf(tenantId)].sort();
      await loadSubdivisions(
        cache,
        ids.map((subdivisionId) => ({ tenantId, subdivisionId })),
      );
      return ids.flatMap((id) => subdivisions.find(pairOf(tenantId, id))?.after ?? []);
    },
    add(subdivision) {
      subdivisions.put(pairOf(subdivision.tenantId, subdivision.subdivisionId), subdivision);
      belongings.subdivisionsOf(subdivision.tenantId).add(subdivision.subdivisionId);
      licensesGo(subdivision, undefined, subdivision);
    },
    update(subdivision) {
      const id = pairOf(subdivision.tenantId, subdivision.subdivisionId);
      const before = subdivisions.find(id)?.after;
      subdivisions.put(id, subdivision);
      licensesGo(subdivision, before, subdivision);
    },
    remove(tenantId, subdivisionId, tombstone) {
      const id = pairOf(tenantId, subdivisionId);
      const before = subdivisions.find(id)?.after;
      subdivisions.bury(id, tombstone);
      licensesGo({ tenantId, subdivisionId }, before, undefined);
    },
  };
}

export function licenseRepository(cache: Cache, subdivisions: SubdivisionRepository): LicenseRepository {
  const { store, licensePlaces } = cache;

  function ofUnit(tenantId: TenantId): { id: LicenseId; value: LicenseOfSubdivision | undefined }[] {
    return cache.subdivisions
      .changes()
      .filter(({ key }) => key.tenantId === tenantId)
      .flatMap(({ key, before, after }) => [
        ...(before?.licenses ?? []).map(({ licenseId }) => ({ id: licenseId, value: undefined })),
        ...(after?.licenses ?? []).map((license) => ({ id: license.licenseId, value: placed(license, key) })),
      ]);
  }

  return {
    async get(tenantId, licenseId) {
      await loadLicensePlaces(cache, [{ tenantId, licenseId }]);
      // An id is never used again, so where it was taken is where its license is, if it still is.
      const subdivisionId = licensePlaces.get(pairOf(tenantId, licenseId)) ?? null;
      const subdivision = subdivisionId && (await subdivisions.get(tenantId, subdivisionId));
      const license = subdivision ? licenseOf(subdivision.licenses, licenseId) : undefined;
      return license && subdivision ? placed(license, subdivision) : undefined;
    },
    async exists(tenantId, licenseId) {
      await loadLicensePlaces(cache, [{ tenantId, licenseId }]);
      return (licensePlaces.get(pairOf(tenantId, licenseId)) ?? null) !== null;
    },
    async list(tenantId, page) {
      const changed = ofUnit(tenantId);
      const stored = await store.licenses.list(tenantId, { ...page, limit: page.limit + changed.length });
      return overlay(stored, changed, ({ licenseId }) => licenseId, page);
    },
  };
}

function placed(license: Subdivision['licenses'][number], place: SubdivisionKey): LicenseOfSubdivision {
  return { ...license, tenantId: place.tenantId, subdivisionId: place.subdivisionId };
}

export function statisticRowRepository(cache: Cache): StatisticRowRepository {
  const { store, journal, rows } = cache;

  /** The row that was asked for last is nearly always the one that is added next. */
  let last: { readonly row: RowSameness; readonly names: RowNames } | undefined;

  function namesOfSame(row: RowSameness): RowNames {
    return last !== undefined && isSameRow(last.row, row) ? last.names : namesOf(row);
  }

  return {
    async get(tenantId, id) {
      const pair = pairOf(tenantId, id);
      const added = rows.added.get(pair);
      if (added !== undefined || rows.removed.has(pair)) return added;
      return store.statisticRows.get(tenantId, id);
    },
    exists(row) {
      const isThere = (names: RowNames): boolean => {
        last = { row, names };
        return rows.present.has(names.pair) || rows.present.has(names.moment);
      };
      const looked = rows.looked.get(row);
      if (looked !== undefined) return Promise.resolve(isThere(looked));
      return loadSameRows(cache, [row]).then(() => isThere(namesOf(row)));
    },
    async list(tenantId, subdivisionId, page) {
      const changed = [...rows.removed.keys(), ...rows.added.keys()].flatMap((pair) => {
        const row = rows.added.get(pair) ?? rows.removed.get(pair);
        if (row?.tenantId !== tenantId || row.subdivisionId !== subdivisionId) return [];
        return [{ id: row.statisticRowId, value: rows.added.get(pair) }];
      });
      const stored = await store.statisticRows.list(tenantId, subdivisionId, {
        ...page,
        limit: page.limit + changed.length,
      });
      return overlay(stored, changed, ({ statisticRowId }) => statisticRowId, page);
    },
    add(row) {
      const { pair, moment } = namesOfSame(row);
      const known = { pair: rows.present.has(pair), moment: rows.present.has(moment) };
      journal.record(() => {
        rows.added.delete(pair);
        if (!known.pair) rows.present.delete(pair);
        if (!known.moment) rows.present.delete(moment);
      });
      rows.added.set(pair, row);
      rows.present.add(pair).add(moment);
    },
    remove(row) {
      const pair = pairOf(row.tenantId, row.statisticRowId);
      const added = rows.added.get(pair);
      const removed = rows.removed.has(pair);
      journal.record(() => {
        if (!removed) rows.removed.delete(pair);
        if (added) rows.added.set(pair, added);
        rows.present.add(pair).add(momentOf(row));
      });
      rows.added.delete(pair);
      if (added === undefined) rows.removed.set(pair, row);
      rows.present.delete(pair);
      rows.present.delete(momentOf(row));
    },
  };
}

function isSameRow(a: RowSameness, b: RowSameness): boolean {
  return (
    a.statisticRowId === b.statisticRowId &&
    a.created === b.created &&
    a.subdivisionId === b.subdivisionId &&
    a.tenantId === b.tenantId
  );
}
