import type { LicenseId } from '../domain/ids.ts';
import { differencesOf, haveSameIds, licenseOf } from '../domain/license.ts';
import type { Subdivision } from '../domain/subdivision.ts';
import type { SubdivisionKey, SubdivisionRepository } from '../ports/repositories.ts';
import { pairOf, type Cache } from './cache.ts';
import { overlay, type Entry } from './identity-map.ts';
import { loadSubdivisions, readBelongings } from './loading.ts';

export function subdivisionRepository(cache: Cache): SubdivisionRepository {
  const { store, journal, subdivisions, licensePlaces, buried, belongings } = cache;

  /** A license that appears takes its id; one that goes and was never stored is remembered, for its tombstone. */
  function licensesGo(key: SubdivisionKey, before: Subdivision | undefined, after: Subdivision | undefined): void {
    if (before && after && haveSameIds(before.licenses, after.licenses)) return;
    for (const difference of differencesOf(before?.licenses ?? [], after?.licenses ?? [])) {
      if (difference.before === undefined) take(key, difference.licenseId);
      else if (difference.after === undefined) leave(key, difference.licenseId);
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

  /** The one that was gotten last is nearly always the one that is updated next. */
  let last: Entry<SubdivisionKey, Subdivision> | undefined;

  function entryOf({ tenantId, subdivisionId }: SubdivisionKey): Entry<SubdivisionKey, Subdivision> {
    if (last?.key.subdivisionId === subdivisionId && last.key.tenantId === tenantId) return last;
    return subdivisions.loaded(pairOf(tenantId, subdivisionId));
  }

  return {
    declared(tenantId, subdivisionId) {
      last = subdivisions.loaded(pairOf(tenantId, subdivisionId));
      return last.after;
    },
    async get(tenantId, subdivisionId) {
      await loadSubdivisions(cache, [{ tenantId, subdivisionId }]);
      return subdivisions.find(pairOf(tenantId, subdivisionId))?.after;
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
      const entry = entryOf(subdivision);
      const before = entry.after;
      subdivisions.replace(entry, subdivision);
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
