/** A license as it stands in the database, told for people. Times are milliseconds since the epoch. */
export interface LookedAtLicense {
  readonly licenseId: string;
  readonly name: string;
  readonly type: string;
  readonly phase: string;
  readonly status: string;
  readonly subdivision: {
    readonly subdivisionId: string;
    readonly name: string;
    readonly workStatus: string;
    readonly suspended: boolean;
    readonly version: number;
  };
  readonly usedRequests: number;
  readonly requestsLimit: number | null;
  /** The usage at which it ends; null: at none. */
  readonly hardLimit: number | null;
  /** Those that are agreed on. */
  readonly terms: Readonly<Record<string, unknown>>;
  readonly termsVersion: number;
  /** What was used in counts that are closed, oldest first. */
  readonly closedCounts: readonly {
    readonly startsAt: number | null;
    readonly endsAt: number;
    readonly usedRequests: number;
  }[];
  /** In order of time. */
  readonly timeline: readonly LookedAtMoment[];
  /** The database's clock. */
  readonly now: number;
}

export interface LookedAtMoment {
  readonly at: number;
  readonly what: string;
  /** `due`: its time has come, and no message of the subdivision has applied it yet. */
  readonly state: 'past' | 'due' | 'ahead';
}

export interface LookedAtSubdivision {
  readonly tenantId: string;
  readonly subdivisionId: string;
  readonly name: string;
  readonly location: string;
  readonly linkToSubdivisionProcessingDomain: string | null;
  readonly workStatus: string;
  readonly suspended: boolean;
  readonly activeLicenseId: string | null;
  readonly version: number;
  /** By id. */
  readonly licenses: readonly LookedAtLicense[];
}

export interface LookedAtTenant {
  readonly tenantId: string;
  readonly name: string;
  readonly address: string;
  readonly email: string;
  readonly phone: string;
  readonly createdBy: string;
  readonly version: number;
  /** By id; the first of them, if there are more than were asked for. */
  readonly subdivisions: readonly LookedAtSubdivision[];
  readonly users: readonly string[];
  readonly hasMore: boolean;
}

export interface LookedAtUser {
  readonly userId: string;
  readonly email: string | null;
  readonly tgId: string | null;
  readonly superadmin: boolean;
  readonly tenantId: string | null;
  /** Whether the user domain has told who this is. */
  readonly hasProfile: boolean;
  readonly profileUpdatedAt: number | null;
  readonly version: number;
}

/** Each is undefined, or empty, where there is no such thing. Ids are UUIDs in lower case. @throws DatabaseUnavailable */
export interface Looks {
  license(tenantId: string, licenseId: string): Promise<LookedAtLicense | undefined>;
  /** The ids of the tenant's licenses of this name. */
  licensesNamed(tenantId: string, name: string): Promise<readonly string[]>;
  subdivision(tenantId: string, subdivisionId: string): Promise<LookedAtSubdivision | undefined>;
  /** The ids of the tenant's subdivisions of this name. */
  subdivisionsNamed(tenantId: string, name: string): Promise<readonly string[]>;
  /** @param limit of its subdivisions and of its users */
  tenant(tenantId: string, limit: number): Promise<LookedAtTenant | undefined>;
  /** The id of the living tenant of this name. */
  tenantNamed(name: string): Promise<string | undefined>;
  user(userId: string): Promise<LookedAtUser | undefined>;
}
