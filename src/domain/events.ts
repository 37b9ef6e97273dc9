import type { DeactivationReason, Phase, WorkStatus } from './fields.ts';
import type { LicenseId, SubdivisionId, TenantId, UserId } from './ids.ts';
import type { License, Progress } from './license.ts';
import type { StatisticRow } from './statistic-row.ts';
import type { Terms } from './terms.ts';

/** What a message did to an aggregate: its new state, and what is told about it, in order. All its events share the new version. */
export type Change<S> = { readonly state: S; readonly events: readonly DomainEvent[] };

/** What stays of a deleted aggregate, beside its id, which is never used again. `version` is that of the deletion. */
export type Tombstone = { readonly version: number };

/** `deletedAt`: the time of the latest deletion that came; null: by a worker that did not note it. */
export type UserTombstone = Tombstone & { readonly deletedAt: number | null };

/** Told apart by `type`, the full name of its schema; `data` is the schema's record. Times are milliseconds since the epoch, UTC. */
export type DomainEvent = {
  readonly [N in keyof EventData]: { readonly type: `licensing.events.${N}`; readonly data: EventData[N] };
}[keyof EventData];
export type EventType = DomainEvent['type'];
export type EventOf<T extends EventType> = Extract<DomainEvent, { type: T }>;

export type EventData = {
  readonly TenantCreated: TenantState;
  readonly TenantUpdated: TenantState;
  readonly TenantDeleted: TenantState;
  readonly SubdivisionCreated: SubdivisionState;
  readonly SubdivisionUpdated: SubdivisionState;
  readonly SubdivisionDeleted: SubdivisionState;
  readonly SubdivisionLicenseExpired: SubdivisionState;
  readonly LicenseCreated: LicenseState;
  readonly LicenseUpdated: LicenseState;
  readonly LicenseDeleted: LicenseState;
  readonly LicenseActivated: LicenseState;
  readonly LicenseDeactivated: LicenseDeactivatedState;
  readonly LicenseScheduled: LicenseState;
  readonly LicenseStartBlocked: LicenseState;
  readonly LicenseExpiringSoon: LicenseState & { readonly noticeMs: number };
  readonly LicenseGraceStarted: LicenseState;
  readonly LicensePeriodStarted: LicensePeriodStartedState;
  readonly LicenseThresholdReached: LicenseThresholdState;
  readonly LicenseThresholdCleared: LicenseThresholdState;
  readonly LicenseOverageStarted: LicenseState;
  readonly LicenseRenewed: LicenseState;
  readonly LicenseTermsChanged: LicenseState;
  readonly StatisticRowAdded: StatisticRowAddedState;
  readonly StatisticRowCorrected: StatisticRowCorrectedState;
  readonly UserCreated: UserState;
  readonly UserUpdated: UserState;
  readonly UserDeleted: UserState;
};

export type TenantState = {
  readonly tenantId: TenantId;
  readonly name: string;
  readonly address: string;
  readonly email: string;
  readonly phone: string;
  readonly createdBy: UserId;
  readonly version: number;
  readonly occurredAt: number;
};

export type SubdivisionState = {
  readonly tenantId: TenantId;
  readonly subdivisionId: SubdivisionId;
  readonly name: string;
  readonly location: string;
  readonly linkToSubdivisionProcessingDomain: string | null;
  readonly workStatus: WorkStatus;
  readonly activeLicenseId: LicenseId | null;
  readonly version: number;
  readonly occurredAt: number;
};

/** `version`, `workStatus` and `activeLicenseId` are those of the subdivision that the license belongs to. */
export type LicenseState = Omit<License, 'endReason' | 'terms' | 'progress'> &
  Terms &
  Pick<Progress, 'periodStartsAt'> &
  Pick<SubdivisionState, 'tenantId' | 'subdivisionId' | 'workStatus' | 'activeLicenseId' | 'version' | 'occurredAt'> & {
    readonly phase: Phase;
    readonly periodEndsAt: number | null;
    /** the due time, when time did it */
    readonly effectiveAt: number | null;
  };

export type LicenseDeactivatedState = LicenseState & { readonly reason: DeactivationReason };

/** Percent of the limit, ascending: all that one message has crossed. */
export type LicenseThresholdState = LicenseState & { readonly thresholds: readonly number[] };

export type LicensePeriodStartedState = LicenseState & {
  readonly closedPeriodStartsAt: number;
  readonly closedUsedRequests: number;
};

/** The row, and the usage of its count after it; `version` is that of the subdivision. */
export type StatisticRowAddedState = Omit<StatisticRow, 'countNumber'> &
  Pick<LicenseState, 'usedRequests' | 'requestsLimit' | 'periodStartsAt' | 'version' | 'occurredAt'>;

export type StatisticRowCorrectedState = StatisticRowAddedState & {
  readonly countRequestsBefore: number;
  readonly reason: string;
};

export type UserState = {
  readonly userId: UserId;
  readonly email: string | null;
  readonly tgId: string | null;
  readonly superadmin: boolean;
  readonly tenantId: TenantId | null;
  /** reserved */
  readonly subdivisionId: null;
  readonly version: number;
  readonly occurredAt: number;
};

/** The key that keeps an event in order: its tenant; the user of a user event. */
export function eventKey(event: DomainEvent): string {
  switch (event.type) {
    case 'licensing.events.UserCreated':
    case 'licensing.events.UserUpdated':
    case 'licensing.events.UserDeleted':
      return event.data.userId;
    default:
      return event.data.tenantId;
  }
}

/** The id of the aggregate whose version the event carries. A license's and a statistic row's is their subdivision. */
export function eventSubject(event: DomainEvent): string {
  switch (event.type) {
    case 'licensing.events.UserCreated':
    case 'licensing.events.UserUpdated':
    case 'licensing.events.UserDeleted':
      return event.data.userId;
    case 'licensing.events.TenantCreated':
    case 'licensing.events.TenantUpdated':
    case 'licensing.events.TenantDeleted':
      return event.data.tenantId;
    default:
      return event.data.subdivisionId;
  }
}
