import type { UserTombstone } from '../domain/events.ts';
import type { SubdivisionId, TenantId, UserId } from '../domain/ids.ts';
import type { Subdivision } from '../domain/subdivision.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { User } from '../domain/user.ts';
import type { ActiveLicense, LicenseKey, SubdivisionKey, UserLookUp } from '../ports/repositories.ts';
import type { Store } from './tables/store.ts';
import { IdentityMap, Journal } from './identity-map.ts';
import { KnownRows } from './known-rows.ts';
import type { WarmSubdivisions } from './warm-subdivisions.ts';

/** Everything that a unit has read and changed. The repositories are views of it. */
export interface Cache {
  readonly store: Store;
  /** How many subdivisions, licenses or users may be read together. */
  readonly most: number;
  readonly journal: Journal;
  /** Which subdivisions may be presumed to be unchanged; undefined: none. */
  readonly warm: WarmSubdivisions | undefined;
  readonly tenants: IdentityMap<TenantId, Tenant>;
  readonly subdivisions: IdentityMap<SubdivisionKey, Subdivision>;
  readonly users: IdentityMap<UserId, User, UserTombstone>;
  /** Who holds a tenant name; null: nobody. */
  readonly names: Map<string, TenantId | null>;
  readonly belongings: Belongings;
  /** Which subdivision has, or had, the license of this id, by `pairOf(tenantId, licenseId)`; null: the id is free. */
  readonly licensePlaces: Map<string, SubdivisionId | null>;
  /** Licenses that were created and deleted within this unit: they leave a tombstone too. */
  readonly buried: (LicenseKey & SubdivisionKey)[];
  /** Subdivisions whose timer is to be written whatever has changed, by `pairOf(tenantId, subdivisionId)`. */
  readonly answeredTimers: Map<string, SubdivisionKey>;
  readonly rows: KnownRows;
  readonly activeLicenses: Map<string, { readonly key: LicenseKey; readonly value: ActiveLicense | undefined }>;
  readonly userLookUps: Map<UserId, UserLookUp | undefined>;
}

/**
 * The subdivisions and users of a tenant, for whoever deletes it, so that nobody has to look through everything that the unit holds. They are
 * all there for the tenants in `whole`, and for others those that were added within this unit. Some may be deleted by now.
 */
export class Belongings {
  readonly whole = new Set<TenantId>();
  private readonly subdivisions = new Map<TenantId, Set<SubdivisionId>>();
  private readonly users = new Map<TenantId, Set<UserId>>();

  subdivisionsOf(tenantId: TenantId): Set<SubdivisionId> {
    return ofTenant(this.subdivisions, tenantId);
  }

  usersOf(tenantId: TenantId): Set<UserId> {
    return ofTenant(this.users, tenantId);
  }
}

function ofTenant<Id>(all: Map<TenantId, Set<Id>>, tenantId: TenantId): Set<Id> {
  const known = all.get(tenantId);
  if (known !== undefined) return known;
  const ids = new Set<Id>();
  all.set(tenantId, ids);
  return ids;
}

export function pairOf(tenantId: TenantId, id: string): string {
  return tenantId + id;
}

/** What a unit takes to be so without a look. */
export interface Presumptions {
  /** That messages and statistic rows are new. */
  readonly presumesNew?: boolean;
  readonly warm?: WarmSubdivisions | undefined;
}

export function createCache(store: Store, most: number, { presumesNew = false, warm }: Presumptions = {}): Cache {
  const journal = new Journal();
  return {
    store,
    most,
    journal,
    warm,
    tenants: new IdentityMap(journal),
    subdivisions: new IdentityMap(journal),
    users: new IdentityMap(journal),
    names: new Map(),
    belongings: new Belongings(),
    licensePlaces: new Map(),
    buried: [],
    answeredTimers: new Map(),
    rows: new KnownRows(presumesNew),
    activeLicenses: new Map(),
    userLookUps: new Map(),
  };
}
