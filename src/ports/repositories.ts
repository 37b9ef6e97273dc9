import type { Tombstone, UserTombstone } from '../domain/events.ts';
import type { LicenseId, StatisticRowId, SubdivisionId, TenantId, UserId } from '../domain/ids.ts';
import type { License } from '../domain/license.ts';
import type { StatisticRow } from '../domain/statistic-row.ts';
import type { Subdivision } from '../domain/subdivision.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { User } from '../domain/user.ts';

/** A page by keyset: at most `limit` of them, in the order of their ids, from the first one after `after`. */
export interface Page<Id> {
  readonly after?: Id;
  readonly limit: number;
}

export interface SubdivisionKey {
  readonly tenantId: TenantId;
  readonly subdivisionId: SubdivisionId;
}

export interface LicenseKey {
  readonly tenantId: TenantId;
  readonly licenseId: LicenseId;
}

export interface StatisticRowKey {
  readonly tenantId: TenantId;
  readonly statisticRowId: StatisticRowId;
}

/** What tells whether two rows are the same. */
export type RowSameness = Pick<StatisticRow, 'tenantId' | 'subdivisionId' | 'statisticRowId' | 'created'>;

/** A license with its subdivision. Licenses are read by themselves, and written through their subdivision. */
export type LicenseOfSubdivision = License & SubdivisionKey;

export interface ActiveLicense {
  readonly tenantId: TenantId;
  readonly licenseId: LicenseId;
  readonly subdivisionId: SubdivisionId;
}

/**
 * All repositories: `get` answers from the unit's identity map and locks the row when it has to be read first, unless the unit only reads;
 * `list` shows the database plus the unit's own changes, without locks, so `get` a thing before you change it.
 * `update` and `remove` throw `NotLoaded` for a thing that was not gotten. What the message has declared is loaded: `declared` answers at
 * once, for handlers that run so often that waiting counts, and throws `NotLoaded` for anything else.
 */
export interface TenantRepository {
  get(id: TenantId): Promise<Tenant | undefined>;
  /** True for a deleted one too: ids are never used again. */
  exists(id: TenantId): Promise<boolean>;
  /** The living tenant that has this name. */
  holderOfName(name: string): Promise<TenantId | undefined>;
  list(page: Page<TenantId>): Promise<readonly Tenant[]>;
  add(tenant: Tenant): void;
  update(tenant: Tenant): void;
  remove(id: TenantId, tombstone: Tombstone): void;
}

export interface SubdivisionRepository {
  get(tenantId: TenantId, id: SubdivisionId): Promise<Subdivision | undefined>;
  declared(tenantId: TenantId, id: SubdivisionId): Subdivision | undefined;
  exists(tenantId: TenantId, id: SubdivisionId): Promise<boolean>;
  list(tenantId: TenantId, page: Page<SubdivisionId>): Promise<readonly Subdivision[]>;
  /** All of a tenant's, by id, each locked: what deleting a tenant needs. */
  ofTenant(tenantId: TenantId): Promise<readonly Subdivision[]>;
  add(subdivision: Subdivision): void;
  update(subdivision: Subdivision): void;
  remove(tenantId: TenantId, id: SubdivisionId, tombstone: Tombstone): void;
}

export interface LicenseRepository {
  get(tenantId: TenantId, id: LicenseId): Promise<LicenseOfSubdivision | undefined>;
  exists(tenantId: TenantId, id: LicenseId): Promise<boolean>;
  list(tenantId: TenantId, page: Page<LicenseId>): Promise<readonly LicenseOfSubdivision[]>;
}

export interface StatisticRowRepository {
  get(tenantId: TenantId, id: StatisticRowId): Promise<StatisticRow | undefined>;
  /** The same row: the same id in the tenant, or the same subdivision and `created`. */
  exists(row: RowSameness): Promise<boolean>;
  /** As `exists`, at once, for the very object that was declared. @throws NotLoaded */
  isThere(declared: RowSameness): boolean;
  list(tenantId: TenantId, subdivisionId: SubdivisionId, page: Page<StatisticRowId>): Promise<readonly StatisticRow[]>;
  add(row: StatisticRow): void;
  /** Takes the place of the row with its id, which is there: only `countRequests` may differ. */
  correct(row: StatisticRow): void;
  remove(row: StatisticRow): void;
}

export interface UserRepository {
  get(id: UserId): Promise<User | undefined>;
  tombstone(id: UserId): Promise<UserTombstone | undefined>;
  list(page: Page<UserId> & { readonly tenantId?: TenantId }): Promise<readonly User[]>;
  /** All of a tenant's, by id, each locked. */
  ofTenant(tenantId: TenantId): Promise<readonly User[]>;
  add(user: User): void;
  update(user: User): void;
  remove(id: UserId, tombstone: UserTombstone): void;
}

/** The read model of a tenant's active licenses; kept by event handlers, not part of any version. */
export interface ActiveLicenseRepository {
  list(tenantId: TenantId): Promise<readonly ActiveLicense[]>;
  put(license: ActiveLicense): void;
  drop(license: LicenseKey): void;
}

/** A look-up in the user domain that waits for its answer. Its cause is the UserCreated event from which it follows. */
export interface UserLookUp {
  readonly userId: UserId;
  readonly causeId: string;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
  readonly requestedAt: number;
}

export interface UserLookUpRepository {
  list(page: Page<UserId>): Promise<readonly UserLookUp[]>;
  put(lookUp: UserLookUp): void;
  drop(userId: UserId): void;
}

/** The timers of subdivisions. A unit writes those of the subdivisions that it changes by itself, where what is due next has changed. */
export interface TimerRepository {
  /** The timer of this subdivision is written anew, to what is due now, even if the unit changes nothing of it: whoever sent for it is answered. */
  rewrite(key: SubdivisionKey): void;
}
