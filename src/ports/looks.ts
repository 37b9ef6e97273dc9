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

export interface Looks {
  /** @throws DatabaseUnavailable @returns undefined when the tenant has no such license */
  license(tenantId: string, licenseId: string): Promise<LookedAtLicense | undefined>;
}
