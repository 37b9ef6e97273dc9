import type { LicenseId, TenantId } from '../domain/ids.ts';
import { licenseOf, type License } from '../domain/license.ts';
import type {
  ActiveLicense,
  ActiveLicenseRepository,
  LicenseKey,
  LicenseOfSubdivision,
  LicenseRepository,
  SubdivisionKey,
  SubdivisionRepository,
} from '../ports/repositories.ts';
import { pairOf, type Cache } from './cache.ts';
import { overlay } from './identity-map.ts';
import { loadLicensePlaces } from './loading.ts';

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

function placed(license: License, place: SubdivisionKey): LicenseOfSubdivision {
  return { ...license, tenantId: place.tenantId, subdivisionId: place.subdivisionId };
}
