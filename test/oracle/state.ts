import type { Data } from '../support/collect.ts';

// The state of the model: the tables as the contract's rules leave them. It is mutable, since the model never has to undo anything.

export interface Tenant {
  tenantId: string;
  name: string;
  address: string;
  email: string;
  phone: string;
  createdBy: string;
  version: number;
}

/** What was agreed on, as it was said. Times and spans are in milliseconds. */
export interface Terms {
  startsAt: number | null;
  graceMs: number | null;
  overage: string | null;
  overagePercent: number | null;
  usageThresholds: readonly number[] | null;
  noticesBeforeExpiry: readonly number[] | null;
  period: string | null;
  periodAnchor: number | null;
}

/** What was used between two times, milliseconds since the epoch: the first count has no beginning, the current one no end. */
export interface Count {
  readonly from: number | null;
  to: number | null;
  /** Of the period in which it began; null without one. */
  periodStartsAt: number | null;
  usedRequests: number;
  overageTold: boolean;
}

export interface License {
  licenseId: string;
  name: string;
  description: string;
  type: string;
  status: 'active' | 'inactive';
  requestsLimit: number | null;
  createdAt: number;
  expiresAt: number | null;
  activatedAt: number | null;
  deactivatedAt: number | null;
  terms: Terms;
  termsVersion: number;
  /** It starts by itself. */
  scheduled: boolean;
  /** Time has activated it the first time. */
  startedByTime: boolean;
  inGrace: boolean;
  /** The nearest notice that was told of the present expiresAt. */
  noticedMs: number | null;
  /** The last one is the current one. */
  counts: Count[];
  /** What has ended it last, also once it is active again. */
  endedBy: 'command' | 'exhausted' | 'expired' | null;
}

export interface Subdivision {
  tenantId: string;
  subdivisionId: string;
  name: string;
  location: string;
  linkToSubdivisionProcessingDomain: string | null;
  /** By UpdateSubdivision, whatever becomes of the licenses meanwhile. */
  suspended: boolean;
  activeLicenseId: string | null;
  /** The latest due time that was applied. Milliseconds since the epoch. */
  settledAt: number | null;
  version: number;
  licenses: Map<string, License>;
}

/** For each message of the subdivision one, so by hand: there may be thousands of licenses. */
export function copyOf(subdivision: Subdivision): Subdivision {
  const licenses = [...subdivision.licenses].map(([id, license]): [string, License] => [
    id,
    { ...license, terms: { ...license.terms }, counts: license.counts.map((count) => ({ ...count })) },
  ]);
  return { ...subdivision, licenses: new Map(licenses) };
}

export interface Row {
  tenantId: string;
  subdivisionId: string;
  licenseId: string;
  statisticRowId: string;
  created: number;
  countRequests: number;
  counted: boolean;
  /** The place of its count among those of its license. */
  count: number;
}

export interface User {
  userId: string;
  email: string | null;
  tgId: string | null;
  superadmin: boolean;
  tenantId: string | null;
  version: number;
  hasProfile: boolean;
  profileUpdatedAt: number | null;
}

export interface LookUp {
  userId: string;
  causeId: string;
  correlationId: string;
  traceparent: string | null;
  requestedAt: number;
}

/** An event, with the aggregate that it is about. */
export interface Happening {
  readonly type: string;
  readonly key: string;
  readonly subject: string;
  readonly data: Data;
}

/** The key of a map by two ids. */
export function pair(tenantId: string, id: string): string {
  return `${tenantId}/${id}`;
}

export class State {
  readonly tenants = new Map<string, Tenant>();
  readonly deadTenants = new Map<string, number>();
  readonly subdivisions = new Map<string, Subdivision>();
  readonly deadSubdivisions = new Map<
    string,
    { readonly tenantId: string; readonly subdivisionId: string; readonly version: number }
  >();
  /** Every license id that was ever given in a tenant, with the subdivision it went to. */
  readonly licenseIds = new Map<
    string,
    { readonly tenantId: string; readonly licenseId: string; readonly subdivisionId: string }
  >();
  readonly rows = new Map<string, Row>();
  /** `tenant/subdivision/created` of each row. */
  readonly rowTimes = new Set<string>();
  readonly users = new Map<string, User>();
  /** `deletedAt`: the time of the latest deletion. */
  readonly deadUsers = new Map<string, { readonly version: number; readonly deletedAt: number }>();
  readonly lookUps = new Map<string, LookUp>();

  holderOfName(name: string): string | undefined {
    return [...this.tenants.values()].find((tenant) => tenant.name === name)?.tenantId;
  }

  subdivisionsOf(tenantId: string): readonly Subdivision[] {
    return byId(
      [...this.subdivisions.values()].filter((one) => one.tenantId === tenantId),
      'subdivisionId',
    );
  }

  usersOf(tenantId: string): readonly User[] {
    return byId(
      [...this.users.values()].filter((one) => one.tenantId === tenantId),
      'userId',
    );
  }
}

export function byId<Name extends string, T extends { readonly [N in Name]: string }>(
  list: readonly T[],
  name: Name,
): T[] {
  return [...list].sort((a, b) => (a[name] < b[name] ? -1 : 1));
}
