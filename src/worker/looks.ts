import { storedId, type LicenseId, type SubdivisionId, type TenantId, type UserId } from '../domain/ids.ts';
import type { Subdivision } from '../domain/subdivision.ts';
import type { LookedAtLicense, LookedAtSubdivision, LookedAtTenant, LookedAtUser, Looks } from '../ports/looks.ts';
import type { Page } from '../ports/repositories.ts';
import type { UnitOfWork } from '../ports/unit-of-work.ts';
import { lookedAtLicense } from './looked-at-license.ts';

/** How many things of a tenant are read at once, to find those of a name. */
const PAGE = 500;

/** Looks for people. Nothing is written, and nothing is locked. */
export class StoredLooks implements Looks {
  private readonly unitOfWork: Pick<UnitOfWork, 'read'>;

  constructor({ unitOfWork }: { readonly unitOfWork: Pick<UnitOfWork, 'read'> }) {
    this.unitOfWork = unitOfWork;
  }

  async license(tenantId: string, licenseId: string): Promise<LookedAtLicense | undefined> {
    const [tenant, id] = [storedId<TenantId>(tenantId), storedId<LicenseId>(licenseId)];
    return this.unitOfWork.read(async (stored) => {
      const license = await stored.licenses.get(tenant, id);
      const subdivision = license && (await stored.subdivisions.get(tenant, license.subdivisionId));
      return license && subdivision && lookedAtLicense(subdivision, license, stored.startedAt);
    });
  }

  async licensesNamed(tenantId: string, name: string): Promise<readonly string[]> {
    const tenant = storedId<TenantId>(tenantId);
    return this.unitOfWork.read(async ({ licenses }) => {
      const named = await allOf(
        (page: Page<LicenseId>) => licenses.list(tenant, page),
        ({ licenseId }) => licenseId,
        (license) => license.name === name,
      );
      return named.map(({ licenseId }) => licenseId);
    });
  }

  async subdivision(tenantId: string, subdivisionId: string): Promise<LookedAtSubdivision | undefined> {
    return this.unitOfWork.read(async (stored) => {
      const id = storedId<SubdivisionId>(subdivisionId);
      const subdivision = await stored.subdivisions.get(storedId<TenantId>(tenantId), id);
      return subdivision && lookedAtSubdivision(subdivision, stored.startedAt);
    });
  }

  async subdivisionsNamed(tenantId: string, name: string): Promise<readonly string[]> {
    const tenant = storedId<TenantId>(tenantId);
    return this.unitOfWork.read(async ({ subdivisions }) => {
      const named = await allOf(
        (page: Page<SubdivisionId>) => subdivisions.list(tenant, page),
        ({ subdivisionId }) => subdivisionId,
        (subdivision) => subdivision.name === name,
      );
      return named.map(({ subdivisionId }) => subdivisionId);
    });
  }

  async tenant(tenantId: string, limit: number): Promise<LookedAtTenant | undefined> {
    const id = storedId<TenantId>(tenantId);
    return this.unitOfWork.read(async (stored) => {
      const tenant = await stored.tenants.get(id);
      if (tenant === undefined) return undefined;
      const { name, address, email, phone, createdBy, version } = tenant;
      const subdivisions = await stored.subdivisions.list(id, { limit: limit + 1 });
      const users = await stored.users.list({ tenantId: id, limit: limit + 1 });
      return {
        ...{ tenantId, name, address, email, phone, createdBy, version },
        subdivisions: subdivisions.slice(0, limit).map((one) => lookedAtSubdivision(one, stored.startedAt)),
        users: users.slice(0, limit).map(({ userId }) => userId),
        hasMore: subdivisions.length > limit || users.length > limit,
      };
    });
  }

  async tenantNamed(name: string): Promise<string | undefined> {
    return this.unitOfWork.read(({ tenants }) => tenants.holderOfName(name));
  }

  async user(userId: string): Promise<LookedAtUser | undefined> {
    return this.unitOfWork.read(async ({ users }) => {
      const user = await users.get(storedId<UserId>(userId));
      if (user === undefined) return undefined;
      const { email, tgId, superadmin, tenantId, hasProfile, profileUpdatedAt, version } = user;
      return { userId, email, tgId, superadmin, tenantId, hasProfile, profileUpdatedAt, version };
    });
  }
}

/** Those that fit, of all pages. */
async function allOf<Id, T>(
  list: (page: Page<Id>) => Promise<readonly T[]>,
  idOf: (one: T) => Id,
  fits: (one: T) => boolean,
): Promise<readonly T[]> {
  const found: T[] = [];
  for (let after: Id | undefined; ;) {
    const page = await list({ limit: PAGE, ...(after !== undefined && { after }) });
    found.push(...page.filter(fits));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return found;
    after = idOf(last);
  }
}

function lookedAtSubdivision(subdivision: Subdivision, now: number): LookedAtSubdivision {
  const { tenantId, subdivisionId, name, location, linkToSubdivisionProcessingDomain, activeLicenseId } = subdivision;
  const { workStatus, suspended, version, licenses } = subdivision;
  return {
    ...{ tenantId, subdivisionId, name, location, linkToSubdivisionProcessingDomain, activeLicenseId },
    ...{ workStatus, suspended, version },
    licenses: licenses.map((license) => lookedAtLicense(subdivision, license, now)),
  };
}
