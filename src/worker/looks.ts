import { storedId, type LicenseId, type SubdivisionId, type TenantId, type UserId } from '../domain/ids.ts';
import type { Subdivision } from '../domain/subdivision.ts';
import type { LookedAtLicense, LookedAtSubdivision, LookedAtTenant, LookedAtUser, Looks } from '../ports/looks.ts';
import type { Page } from '../ports/repositories.ts';
import type { Unit, UnitOfWork } from '../ports/unit-of-work.ts';
import { lookedAtLicense } from './looked-at-license.ts';

/** How many things of a tenant are read at once, to find those of a name. */
const PAGE = 500;

/** Looks for people. Nothing is written. */
export class StoredLooks implements Looks {
  private readonly unitOfWork: Pick<UnitOfWork, 'run'>;

  constructor({ unitOfWork }: { readonly unitOfWork: Pick<UnitOfWork, 'run'> }) {
    this.unitOfWork = unitOfWork;
  }

  async license(tenantId: string, licenseId: string): Promise<LookedAtLicense | undefined> {
    const [tenant, id] = [storedId<TenantId>(tenantId), storedId<LicenseId>(licenseId)];
    return this.look(async (unit) => {
      const license = await unit.licenses.get(tenant, id);
      const subdivision = license && (await unit.subdivisions.get(tenant, license.subdivisionId));
      return license && subdivision && lookedAtLicense(subdivision, license, unit.startedAt);
    });
  }

  async licensesNamed(tenantId: string, name: string): Promise<readonly string[]> {
    const tenant = storedId<TenantId>(tenantId);
    return this.look(async ({ licenses }) => {
      const named = await allOf(
        (page: Page<LicenseId>) => licenses.list(tenant, page),
        ({ licenseId }) => licenseId,
        (license) => license.name === name,
      );
      return named.map(({ licenseId }) => licenseId);
    });
  }

  async subdivision(tenantId: string, subdivisionId: string): Promise<LookedAtSubdivision | undefined> {
    return this.look(async (unit) => {
      const id = storedId<SubdivisionId>(subdivisionId);
      const subdivision = await unit.subdivisions.get(storedId<TenantId>(tenantId), id);
      return subdivision && lookedAtSubdivision(subdivision, unit.startedAt);
    });
  }

  async subdivisionsNamed(tenantId: string, name: string): Promise<readonly string[]> {
    const tenant = storedId<TenantId>(tenantId);
    return this.look(async ({ subdivisions }) => {
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
    return this.look(async (unit) => {
      const tenant = await unit.tenants.get(id);
      if (tenant === undefined) return undefined;
      const { name, address, email, phone, createdBy, version } = tenant;
      const subdivisions = await unit.subdivisions.list(id, { limit: limit + 1 });
      const users = await unit.users.list({ tenantId: id, limit: limit + 1 });
      return {
        ...{ tenantId, name, address, email, phone, createdBy, version },
        subdivisions: subdivisions.slice(0, limit).map((one) => lookedAtSubdivision(one, unit.startedAt)),
        users: users.slice(0, limit).map(({ userId }) => userId),
        hasMore: subdivisions.length > limit || users.length > limit,
      };
    });
  }

  async tenantNamed(name: string): Promise<string | undefined> {
    return this.look(({ tenants }) => tenants.holderOfName(name));
  }

  async user(userId: string): Promise<LookedAtUser | undefined> {
    return this.look(async ({ users }) => {
      const user = await users.get(storedId<UserId>(userId));
      if (user === undefined) return undefined;
      const { email, tgId, superadmin, tenantId, hasProfile, profileUpdatedAt, version } = user;
      return { userId, email, tgId, superadmin, tenantId, hasProfile, profileUpdatedAt, version };
    });
  }

  /** In one transaction, which is undone. */
  private async look<T>(at: (unit: Unit) => Promise<T>): Promise<T> {
    const { value } = await this.unitOfWork.run([], async (unit) => {
      unit.undo();
      return at(unit);
    });
    return value;
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
