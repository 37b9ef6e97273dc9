// generated from schemas/ by `npm run generate`; do not edit

/** Makes a license the active one of its subdivision, and the subdivision active; ahead of its startsAt, books that for then. Answered with LicenseActivated or LicenseScheduled. Rejected with InvalidCommand, SubdivisionNotFound, LicenseNotFound, LicenseAlreadyActive, LicenseAlreadyScheduled, SubdivisionHasActiveLicense (not of a booking), LicenseExpired, LicenseExhausted. */
export type ActivateSubdivisionLicenseCommand = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
};

/** Adds usage to a subdivision, counted on its active license. Answered with StatisticRowAdded, and with what follows from it: LicenseThresholdReached, LicenseOverageStarted; the row that reaches the hard limit is kept and also brings LicenseDeactivated and SubdivisionLicenseExpired. Rejected with InvalidCommand, SubdivisionNotFound, SubdivisionInactive, LicenseExpired, StatisticRowInFuture, StatisticRowAlreadyExists. */
export type AddStatisticRowCommand = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision that served the requests. UUID. */
  readonly subdivisionId: string;
  /** Id of the row, chosen by the sender. A row with the same id, or the same subdivision and `created`, is the same row. UUID. */
  readonly statisticRowId: string;
  /** The time the row stands for; from the year 2001 on, at most 5 minutes ahead of the command's own time. Rows at or before the license's first activation are kept and count nothing. Milliseconds since the epoch, UTC. */
  readonly created: number;
  /** Number of requests served, 0 to 1,000,000,000. */
  readonly countRequests: number;
};

/** Gives a license other terms: the whole set, so a term that is left out is taken away. Answered with LicenseTermsChanged, and with what follows from it: LicenseThresholdReached or LicenseThresholdCleared, LicenseOverageStarted, LicenseDeactivated and SubdivisionLicenseExpired, and for a booking whose start is now LicenseActivated or LicenseStartBlocked. Rejected with InvalidCommand, SubdivisionNotFound, LicenseNotFound, LicenseChanged, ExpiryNotLater, LimitBelowUsage. */
export type ChangeLicenseTermsCommand = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** How many requests the license is to be good for, 1 to 1,000,000,000,000. null for `bytime`, and where the limit stays. */
  readonly requestsLimit: number | null;
  /** When the license ends. If that is not its present end, it must lie ahead of the command's own time. Needed for `bytime`. null: `bycount` does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** When the license starts: activated before it, it waits until then. Must lie before expiresAt. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, 0 to 31,622,400,000 (366 days). Needs expiresAt. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). Only for `bycount`. null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. Needed with `percent`, null without it. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, 1 to 1,100, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. Only for `bycount`. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, at most 100 years, descending, up to 10: LicenseExpiringSoon tells when no more are left. Needs expiresAt. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. Only for `bycount`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. Needs a period. null: the first activation. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** What happens if usage has reached the new hard limit already: `reject` (LimitBelowUsage) or `exhaust` (the license ends). */
  readonly whenBelowUsage: string;
  /** The command is refused with LicenseChanged if termsVersion is another one by then. null: whichever it is. */
  readonly expectedTermsVersion: number | null;
};

/** Replaces the number of requests of a statistic row. Answered with StatisticRowCorrected, and with what follows from it: LicenseThresholdReached or LicenseThresholdCleared, LicenseOverageStarted, LicenseDeactivated and SubdivisionLicenseExpired, or LicenseActivated. Rejected with InvalidCommand, SubdivisionNotFound, StatisticRowNotFound, CorrectionWindowClosed. */
export type CorrectStatisticRowCommand = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision that served the requests. UUID. */
  readonly subdivisionId: string;
  /** The row. UUID. */
  readonly statisticRowId: string;
  /** Number of requests that were really served, 0 to 1,000,000,000. 0 voids the row; no other row can take its `created`. */
  readonly countRequests: number;
  /** Why, for those who read the events. Trimmed and NFC-normalised, up to 1,000 characters, may be empty. */
  readonly reason: string;
  /** Whether a license that the row had exhausted becomes active again when usage falls below its limit, if no other license is active. Without it the license is only ready to be activated. */
  readonly reactivate: boolean;
};

/** Creates a license of a subdivision, inactive. Answered with LicenseCreated. Rejected with InvalidCommand, SubdivisionNotFound, LicenseAlreadyExists. */
export type CreateLicenseCommand = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** Id of the new license, chosen by the sender: unique in its tenant and never used again, not even after a deletion. UUID. */
  readonly licenseId: string;
  /** Name of the license. Trimmed and NFC-normalised, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. Needed for `bycount`, null for `bytime`. */
  readonly requestsLimit: number | null;
  /** When the license ends; must lie ahead of the command's own time. null: for `bytime` 30 days after the later of its creation and startsAt, for `bycount` never. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** When the license starts: activated before it, it waits until then. Must lie before expiresAt. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, 0 to 31,622,400,000 (366 days). Needs expiresAt. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). Only for `bycount`. null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. Needed with `percent`, null without it. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, 1 to 1,100, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. Only for `bycount`. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, at most 100 years, descending, up to 10: LicenseExpiringSoon tells when no more are left. Needs expiresAt. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. Only for `bycount`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. Needs a period. null: the first activation. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
};

/** Creates a subdivision, inactive and without licenses. Answered with SubdivisionCreated. Rejected with InvalidCommand, TenantNotFound, SubdivisionAlreadyExists. */
export type CreateSubdivisionCommand = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** Id of the new subdivision, chosen by the sender: unique in its tenant and never used again, not even after a deletion. UUID. */
  readonly subdivisionId: string;
  /** Name of the subdivision. Trimmed and NFC-normalised, 1 to 200 characters. */
  readonly name: string;
  /** Where it is. Up to 1,000 characters, may be empty. */
  readonly location: string;
  /** Link to the domain that processes the subdivision's requests. Up to 1,000 characters. null: none. */
  readonly linkToSubdivisionProcessingDomain: string | null;
};

/** Creates a tenant with its creator as its one user. Answered with TenantCreated and with UserCreated (the user was new) or UserUpdated (it existed without a tenant). Rejected with InvalidCommand, TenantAlreadyExists, TenantNameTaken, UserBelongsToAnotherTenant, UserDeleted. */
export type CreateTenantCommand = {
  /** Id of the new tenant, chosen by the sender: unique everywhere and never used again, not even after a deletion. UUID. */
  readonly tenantId: string;
  /** The user who creates the tenant and becomes its one user; need not exist yet. UUID. */
  readonly userId: string;
  /** Name of the tenant, unique among living tenants. Trimmed and NFC-normalised, 1 to 200 characters. */
  readonly name: string;
  /** Postal address. Up to 1,000 characters, may be empty. */
  readonly address: string;
  /** Contact address. Empty or an e-mail address of up to 254 characters. */
  readonly email: string;
  /** Contact phone number, in any notation. Up to 50 characters, may be empty. */
  readonly phone: string;
};

/** Creates a user without a tenant. Answered with UserCreated, and with UserUpdated once the user domain has told the user's profile. Rejected with InvalidCommand, UserAlreadyExists. */
export type CreateUserCommand = {
  /** Id of the new user, as the user domain knows it: unique everywhere. UUID. */
  readonly userId: string;
};

/** Makes the active license and its subdivision inactive; what was used stays counted. Answered with LicenseDeactivated. Rejected with InvalidCommand, SubdivisionNotFound, LicenseNotFound, LicenseInactive. */
export type DeactivateSubdivisionLicenseCommand = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
};

/** Deletes a license; an active one is deactivated first, and its subdivision with it. Answered with LicenseDeactivated if it was active, and LicenseDeleted. Rejected with InvalidCommand, SubdivisionNotFound, LicenseNotFound. */
export type DeleteLicenseCommand = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
};

/** Deletes a subdivision with its licenses and statistic rows. Answered with LicenseDeactivated if a license was active, LicenseDeleted for each license by id, and SubdivisionDeleted. Rejected with InvalidCommand, SubdivisionNotFound. */
export type DeleteSubdivisionCommand = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision. UUID. */
  readonly subdivisionId: string;
};

/** Deletes a tenant with its subdivisions and licenses; its users stay, without a tenant. Answered, for each subdivision, as DeleteSubdivision is, then with TenantDeleted and a UserUpdated for each user. Rejected with InvalidCommand, TenantNotFound. */
export type DeleteTenantCommand = {
  /** The tenant. UUID. */
  readonly tenantId: string;
};

/** Gives a license a later end or another limit, and usage that begins anew. Answered with LicenseRenewed, and with what follows from it: LicenseThresholdReached or LicenseThresholdCleared, LicenseOverageStarted, LicenseActivated or, ahead of `startsAt`, LicenseScheduled. Rejected with InvalidCommand, SubdivisionNotFound, LicenseNotFound, LicenseChanged, ExpiryNotLater, LimitBelowUsage and, with `activate`, as ActivateSubdivisionLicense. */
export type RenewLicenseCommand = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** When the license is to end: later than the command's own time and than its present end. The present end itself is no change. null: the end stays. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** How many requests the license is to be good for, 1 to 1,000,000,000,000. null for `bytime`, and where the limit stays. */
  readonly requestsLimit: number | null;
  /** Whether usage is counted from 0 again. */
  readonly resetUsage: boolean;
  /** Whether the license is activated, too, as ActivateSubdivisionLicense does it. Without it an ended license is only ready to be activated. */
  readonly activate: boolean;
  /** The command is refused with LicenseChanged if termsVersion is another one by then. null: whichever it is. */
  readonly expectedTermsVersion: number | null;
};

/** Replaces a license's name and description. Answered with LicenseUpdated. Rejected with InvalidCommand, SubdivisionNotFound, LicenseNotFound. */
export type UpdateLicenseCommand = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** New name. Trimmed and NFC-normalised, 1 to 200 characters. */
  readonly name: string;
  /** New description. Up to 1,000 characters, may be empty. */
  readonly description: string;
};

/** Replaces what is known of a subdivision, and can suspend or resume it. Answered with SubdivisionUpdated. Rejected with InvalidCommand, SubdivisionNotFound, LicenseInactive (`active`, and no license is). */
export type UpdateSubdivisionCommand = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision. UUID. */
  readonly subdivisionId: string;
  /** New name. Trimmed and NFC-normalised, 1 to 200 characters. */
  readonly name: string;
  /** Where it is. Up to 1,000 characters, may be empty. */
  readonly location: string;
  /** Link to the domain that processes the subdivision's requests. Up to 1,000 characters. null clears it. */
  readonly linkToSubdivisionProcessingDomain: string | null;
  /** `active` (needs an active license) or `inactive` (suspends). null keeps it as it is. */
  readonly workStatus: string | null;
};

/** Replaces what is known of a tenant. Answered with TenantUpdated. Rejected with InvalidCommand, TenantNotFound, TenantNameTaken. */
export type UpdateTenantCommand = {
  /** The tenant. UUID. */
  readonly tenantId: string;
  /** New name of the tenant, unique among living tenants. Trimmed and NFC-normalised, 1 to 200 characters. */
  readonly name: string;
  /** Postal address. Up to 1,000 characters, may be empty. */
  readonly address: string;
  /** Contact address. Empty or an e-mail address of up to 254 characters. */
  readonly email: string;
  /** Contact phone number, in any notation. Up to 50 characters, may be empty. */
  readonly phone: string;
};

/** A license became the active one of its subdivision. Carries its whole state after the change. */
export type LicenseActivatedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A license was created, inactive. Carries its whole state. */
export type LicenseCreatedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A license stopped being active, by command or by itself; or one that waited for its start, or for its next period, waits no more. Carries its whole state after the change. */
export type LicenseDeactivatedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Why: `command` (DeactivateSubdivisionLicense), `exhausted` (requests used up), `expired` (time over) or `deleted` (with its license, subdivision or tenant). */
  readonly reason: string;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A license was deleted. Carries its state before the deletion. */
export type LicenseDeletedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** One of the notices before the expiry of a license is due. Carries its whole state. */
export type LicenseExpiringSoonEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** The notice, of noticesBeforeExpiry: so many milliseconds before expiresAt. Of several that were passed at once, the nearest to expiresAt. */
  readonly noticeMs: number;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** The expiresAt of an active license has come, and its grace begins: it stays active until expiresAt + graceMs. Carries its whole state after the change. */
export type LicenseGraceStartedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** Usage of a license has reached requestsLimit, and goes on beyond it. Told once a period. Carries its whole state after the change. */
export type LicenseOverageStartedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A period of a license has ended and the next one begins: usage is counted from 0. Carries its whole state after the change. */
export type LicensePeriodStartedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** When the period that has ended began. Milliseconds since the epoch, UTC. */
  readonly closedPeriodStartsAt: number;
  /** Requests counted in the period that has ended. Rows that come late and corrections can still change them. */
  readonly closedUsedRequests: number;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A license was renewed by RenewLicense. Carries its whole state after the change. */
export type LicenseRenewedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A license was activated ahead of its startsAt: it becomes active by itself at that time. Carries its whole state after the change. */
export type LicenseScheduledEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** The startsAt of a scheduled license has come while another license of its subdivision was active, or what it has is used up: it does not start, and can be activated later. Carries its whole state after the change. */
export type LicenseStartBlockedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** The terms of a license were changed by ChangeLicenseTerms. Carries its whole state after the change. */
export type LicenseTermsChangedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** Usage of a license is below one or several of its thresholds again, by a correction, a renewal or a change of terms: they can be reached anew. Carries its whole state after the change. */
export type LicenseThresholdClearedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Those of usageThresholds that usage is below again, in percent, ascending. Never null. */
  readonly thresholds: readonly number[] | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** Usage of a license has reached one or several of its thresholds. Carries its whole state after the change. */
export type LicenseThresholdReachedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Those of usageThresholds that were reached, in percent, ascending. Never null. */
  readonly thresholds: readonly number[] | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A license's name or description was changed. Carries its whole state after the change. */
export type LicenseUpdatedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision the license belongs to. UUID. */
  readonly subdivisionId: string;
  /** The license. UUID. */
  readonly licenseId: string;
  /** Name of the license, 1 to 200 characters. */
  readonly name: string;
  /** Up to 1,000 characters, may be empty. */
  readonly description: string;
  /** `bycount` (ends with its requests, and at expiresAt if it has one) or `bytime` (ends at expiresAt). */
  readonly type: string;
  /** `active` or `inactive`. */
  readonly status: string;
  /** How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** Requests counted on the license across its activations, since the present period began or usage was reset. Can exceed requestsLimit by part of the last row, and by overage. */
  readonly usedRequests: number;
  /** When the license was created. Milliseconds since the epoch, UTC. */
  readonly createdAt: number;
  /** When the license ends, or its grace begins. null: it does not end by time. Milliseconds since the epoch, UTC. */
  readonly expiresAt: number | null;
  /** First activation; rows created after it count. null: never activated. Milliseconds since the epoch, UTC. */
  readonly activatedAt: number | null;
  /** Latest deactivation. null: never deactivated, or active again. Milliseconds since the epoch, UTC. */
  readonly deactivatedAt: number | null;
  /** When the license starts: activated before it, it waits until then. null: at once. Milliseconds since the epoch, UTC. */
  readonly startsAt: number | null;
  /** For how many milliseconds after expiresAt the license goes on, up to 366 days. null: none. */
  readonly graceMs: number | null;
  /** What happens when requestsLimit is reached: `stop` (the license ends), `percent` (it goes on up to overagePercent more) or `unlimited` (it goes on). null: `stop`. */
  readonly overage: string | null;
  /** By how many percent usage may exceed requestsLimit before the license ends, 1 to 1,000. null: overage is not `percent`. */
  readonly overagePercent: number | null;
  /** Percents of requestsLimit, ascending, up to 10: LicenseThresholdReached tells when usage reaches one. null: none. */
  readonly usageThresholds: readonly number[] | null;
  /** Milliseconds before expiresAt, descending, up to 10: LicenseExpiringSoon tells when no more are left. null: none. */
  readonly noticesBeforeExpiry: readonly number[] | null;
  /** How often usage is counted anew: each `day`, `week`, `month` or `year`. null: never. */
  readonly period: string | null;
  /** When one of the periods begins; all others begin whole periods before or after it, in UTC. null: they count from the first activation (`activatedAt`), or there are none. Milliseconds since the epoch, UTC. */
  readonly periodAnchor: number | null;
  /** 1 at creation, one more with each renewal and each change of terms. null: written before there were terms. */
  readonly termsVersion: number | null;
  /** Active: `current`, `overage` (beyond requestsLimit) or `grace` (past expiresAt). Inactive: `ready` (can be activated), `scheduled` (waits for startsAt), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases. */
  readonly phase: string | null;
  /** When the present period began. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** When the present period ends and the next one begins. null: no period, or not activated yet. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself. Milliseconds since the epoch, UTC. */
  readonly effectiveAt: number | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A row of usage was added to a subdivision. Carries the row and the license's usage after it. */
export type StatisticRowAddedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision that served the requests. UUID. */
  readonly subdivisionId: string;
  /** The license that the row belongs to. UUID. */
  readonly licenseId: string;
  /** The row. UUID. */
  readonly statisticRowId: string;
  /** The time the row stands for, as its sender told it. Milliseconds since the epoch, UTC. */
  readonly created: number;
  /** Number of requests served, 0 to 1,000,000,000; after a correction, the corrected one. */
  readonly countRequests: number;
  /** Whether the row counts on the license: false if `created` is not after the license's first activation, or if what it would count on is kept no more. */
  readonly counted: boolean;
  /** Requests counted on the license so far, this row included; with a period, in that of the row. 0 of a correction that counts nowhere any more. */
  readonly usedRequests: number;
  /** How many requests the license is good for. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** When the period began in which the row counts. null: the license has no period. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** The number of requests of a row was corrected. Carries the row and the license's usage after that. */
export type StatisticRowCorrectedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision that served the requests. UUID. */
  readonly subdivisionId: string;
  /** The license that the row belongs to. UUID. */
  readonly licenseId: string;
  /** The row. UUID. */
  readonly statisticRowId: string;
  /** The time the row stands for, as its sender told it. Milliseconds since the epoch, UTC. */
  readonly created: number;
  /** Number of requests served, 0 to 1,000,000,000; after a correction, the corrected one. */
  readonly countRequests: number;
  /** Whether the row counts on the license: false if `created` is not after the license's first activation, or if what it would count on is kept no more. */
  readonly counted: boolean;
  /** Requests counted on the license so far, this row included; with a period, in that of the row. 0 of a correction that counts nowhere any more. */
  readonly usedRequests: number;
  /** How many requests the license is good for. null for `bytime`. */
  readonly requestsLimit: number | null;
  /** When the period began in which the row counts. null: the license has no period. Milliseconds since the epoch, UTC. */
  readonly periodStartsAt: number | null;
  /** Number of requests of the row until now. */
  readonly countRequestsBefore: number;
  /** Why, as the command told it. Up to 1,000 characters, may be empty. */
  readonly reason: string;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A subdivision was created, inactive and without licenses. Carries its whole state. */
export type SubdivisionCreatedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision. UUID. */
  readonly subdivisionId: string;
  /** Name of the subdivision, 1 to 200 characters. */
  readonly name: string;
  /** Where it is. Up to 1,000 characters, may be empty. */
  readonly location: string;
  /** Link to the domain that processes the subdivision's requests. Up to 1,000 characters. null: none. */
  readonly linkToSubdivisionProcessingDomain: string | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A subdivision was deleted with its licenses and statistic rows. Carries its state before the deletion. */
export type SubdivisionDeletedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision. UUID. */
  readonly subdivisionId: string;
  /** Name of the subdivision, 1 to 200 characters. */
  readonly name: string;
  /** Where it is. Up to 1,000 characters, may be empty. */
  readonly location: string;
  /** Link to the domain that processes the subdivision's requests. Up to 1,000 characters. null: none. */
  readonly linkToSubdivisionProcessingDomain: string | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** The active license of a subdivision ended by itself: its requests are used up or its time is over. Carries the subdivision's whole state after that; the LicenseDeactivated before it names the license. */
export type SubdivisionLicenseExpiredEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision. UUID. */
  readonly subdivisionId: string;
  /** Name of the subdivision, 1 to 200 characters. */
  readonly name: string;
  /** Where it is. Up to 1,000 characters, may be empty. */
  readonly location: string;
  /** Link to the domain that processes the subdivision's requests. Up to 1,000 characters. null: none. */
  readonly linkToSubdivisionProcessingDomain: string | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A subdivision was changed, suspended or resumed by command. Carries its whole state after the change. */
export type SubdivisionUpdatedEvent = {
  /** The tenant the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision. UUID. */
  readonly subdivisionId: string;
  /** Name of the subdivision, 1 to 200 characters. */
  readonly name: string;
  /** Where it is. Up to 1,000 characters, may be empty. */
  readonly location: string;
  /** Link to the domain that processes the subdivision's requests. Up to 1,000 characters. null: none. */
  readonly linkToSubdivisionProcessingDomain: string | null;
  /** Whether the subdivision works: `active` (only with an active license) or `inactive`. */
  readonly workStatus: string;
  /** The subdivision's one active license. null: none. UUID. */
  readonly activeLicenseId: string | null;
  /** Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A tenant was created. Carries its whole state. */
export type TenantCreatedEvent = {
  /** The tenant. UUID. */
  readonly tenantId: string;
  /** Name of the tenant, unique among living tenants, 1 to 200 characters. */
  readonly name: string;
  /** Postal address. Up to 1,000 characters, may be empty. */
  readonly address: string;
  /** Contact address. Empty or an e-mail address of up to 254 characters. */
  readonly email: string;
  /** Contact phone number. Up to 50 characters, may be empty. */
  readonly phone: string;
  /** The user who created the tenant. Who belongs to it is told by the users' events. UUID. */
  readonly createdBy: string;
  /** Version of the tenant after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A tenant was deleted. Carries its state before the deletion; its ids are never used again. */
export type TenantDeletedEvent = {
  /** The tenant. UUID. */
  readonly tenantId: string;
  /** Name of the tenant, unique among living tenants, 1 to 200 characters. */
  readonly name: string;
  /** Postal address. Up to 1,000 characters, may be empty. */
  readonly address: string;
  /** Contact address. Empty or an e-mail address of up to 254 characters. */
  readonly email: string;
  /** Contact phone number. Up to 50 characters, may be empty. */
  readonly phone: string;
  /** The user who created the tenant. Who belongs to it is told by the users' events. UUID. */
  readonly createdBy: string;
  /** Version of the tenant after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A tenant was changed. Carries its whole state after the change. */
export type TenantUpdatedEvent = {
  /** The tenant. UUID. */
  readonly tenantId: string;
  /** Name of the tenant, unique among living tenants, 1 to 200 characters. */
  readonly name: string;
  /** Postal address. Up to 1,000 characters, may be empty. */
  readonly address: string;
  /** Contact address. Empty or an e-mail address of up to 254 characters. */
  readonly email: string;
  /** Contact phone number. Up to 50 characters, may be empty. */
  readonly phone: string;
  /** The user who created the tenant. Who belongs to it is told by the users' events. UUID. */
  readonly createdBy: string;
  /** Version of the tenant after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A user became known. Carries its whole state; the profile may follow with UserUpdated. */
export type UserCreatedEvent = {
  /** The user. UUID. */
  readonly userId: string;
  /** The user's e-mail address, up to 254 characters. null: none or not known yet. */
  readonly email: string | null;
  /** The user's Telegram id, as text. null: none or not known. */
  readonly tgId: string | null;
  /** Whether the user is a superadmin; false until the user domain has told it. */
  readonly superadmin: boolean;
  /** The tenant the user belongs to. null: none. UUID. */
  readonly tenantId: string | null;
  /** Reserved, always null. UUID. */
  readonly subdivisionId: string | null;
  /** Version of the user after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A user was deleted in the user domain. Carries its state before the deletion. */
export type UserDeletedEvent = {
  /** The user. UUID. */
  readonly userId: string;
  /** The user's e-mail address, up to 254 characters. null: none or not known yet. */
  readonly email: string | null;
  /** The user's Telegram id, as text. null: none or not known. */
  readonly tgId: string | null;
  /** Whether the user is a superadmin; false until the user domain has told it. */
  readonly superadmin: boolean;
  /** The tenant the user belongs to. null: none. UUID. */
  readonly tenantId: string | null;
  /** Reserved, always null. UUID. */
  readonly subdivisionId: string | null;
  /** Version of the user after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A user's profile or tenant changed. Carries its whole state after the change. Users are written from several topics: go by version. */
export type UserUpdatedEvent = {
  /** The user. UUID. */
  readonly userId: string;
  /** The user's e-mail address, up to 254 characters. null: none or not known yet. */
  readonly email: string | null;
  /** The user's Telegram id, as text. null: none or not known. */
  readonly tgId: string | null;
  /** Whether the user is a superadmin; false until the user domain has told it. */
  readonly superadmin: boolean;
  /** The tenant the user belongs to. null: none. UUID. */
  readonly tenantId: string | null;
  /** Reserved, always null. UUID. */
  readonly subdivisionId: string | null;
  /** Version of the user after the change: 1 at creation, one more with each message that changes it. Events of one message share it. */
  readonly version: number;
  /** The time of the message that made the change. Milliseconds since the epoch, UTC. */
  readonly occurredAt: number;
};

/** A command was understood and refused; nothing has changed. The answer to a command, under the command's own key. */
export type CommandRejected = {
  /** `ce_id` of the command, up to 256 characters of any kind; without one, its topic/partition/offset/timestamp. */
  readonly commandId: string;
  /** `ce_source` of the command. Empty: it had none. */
  readonly commandSource: string;
  /** Full name of the command, e.g. `licensing.commands.CreateTenant`. */
  readonly commandType: string;
  /** Why, for programs: InvalidCommand, TenantAlreadyExists, TenantNotFound, TenantNameTaken, UserBelongsToAnotherTenant, UserDeleted, UserAlreadyExists, SubdivisionAlreadyExists, SubdivisionNotFound, SubdivisionInactive, SubdivisionHasActiveLicense, LicenseAlreadyExists, LicenseNotFound, LicenseAlreadyActive, LicenseAlreadyScheduled, LicenseInactive, LicenseExpired, LicenseExhausted, LicenseChanged, ExpiryNotLater, LimitBelowUsage, StatisticRowInFuture, StatisticRowAlreadyExists, StatisticRowNotFound, CorrectionWindowClosed. More may come. */
  readonly code: string;
  /** Why, in a sentence for a person; may change its wording. */
  readonly message: string;
  /** Name of the command's field at fault. null: no single field, as in most codes but InvalidCommand. */
  readonly field: string | null;
  /** tenantId as the command gave it, well-formed or not. null: the command has none. */
  readonly tenantId: string | null;
  /** Id of the tenant, subdivision or user the command was for, as the command gave it. null: not known. */
  readonly aggregateId: string | null;
  /** `ce_correlationid` of the command. null: it had none. */
  readonly correlationId: string | null;
  /** The time of the command, by which it was refused. Milliseconds since the epoch, UTC. */
  readonly rejectedAt: number;
};

/** Whether a subdivision may be served, so that a service can decide by itself. The topic is compacted and keeps the last one of each key; a deleted subdivision has a tombstone. It is allowed while `allowed`, from `validFrom` until before `validUntil`. */
export type EntitlementMessage = {
  /** The tenant that the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision that this is about. Its id is unique only in its tenant. UUID. */
  readonly subdivisionId: string;
  /** Rises when the database has lost something. The later of two is the one with the higher epoch; of one epoch, the one with the higher version. */
  readonly epoch: number;
  /** The version of the subdivision when this was published. The same version may be published again, anew. */
  readonly version: number;
  /** Whether it may be served within the validity. A booking that nothing stands against is allowed, too: from its `validFrom`. */
  readonly allowed: boolean;
  /** Why: `active`, `overage`, `grace`, `scheduled`, `exhausted`, `expired`, `deactivated` (by a command), `suspended` (the subdivision), `none` (no license was ever active, or those that were are deleted). The list can grow. */
  readonly reason: string;
  /** The license that decides: the active one, else the booked one that starts first, else the one that ended last. UUID. */
  readonly licenseId: string | null;
  /** What that license is in: `current`, `overage` or `grace` while active, else `ready`, `scheduled`, `exhausted` or `expired`. */
  readonly phase: string | null;
  /** Of an active license its first activation, of a booked one its start; null for one that has ended. Milliseconds since the epoch, UTC. */
  readonly validFrom: number | null;
  /** Of an active or booked license its end, grace included, or that of the last booking that follows without a gap: at this time it is over. null: no end is known, or the license has ended. Milliseconds since the epoch, UTC. */
  readonly validUntil: number | null;
  /** The limit of that license; null without one. */
  readonly requestsLimit: number | null;
  /** The usage at which that license ends, overage included; null when no usage ends it. */
  readonly hardLimit: number | null;
  /** What was used of that license when this was published, in the current period where it has one; 0 without a license. A row that changes nothing else brings no new record. */
  readonly usedRequests: number;
  /** When the current period of that license ends; null without one. Milliseconds since the epoch, UTC. */
  readonly periodEndsAt: number | null;
  /** When this was published, by the database's clock. Milliseconds since the epoch, UTC. */
  readonly issuedAt: number;
};

/** The user domain created a user. Creates or refreshes the local user: licensing.events.UserCreated or UserUpdated follows, or nothing if nothing changes. */
export type UserCreatedOutsideEvent = {
  /** The user. UUID. */
  readonly userId: string;
  /** The user's e-mail address, up to 254 characters. null: none. */
  readonly email: string | null;
  /** The user's Telegram id, as text. null: none. */
  readonly tgId: string | null;
  /** Whether the user is a superadmin. */
  readonly superadmin: boolean;
  /** When the user domain made the change; one older than what is known is ignored. null: not told. Milliseconds since the epoch, UTC. */
  readonly updatedAt: number | null;
};

/** The user domain deleted a user. The local user is deleted too: licensing.events.UserDeleted follows. */
export type UserDeletedOutsideEvent = {
  /** The user. UUID. */
  readonly userId: string;
};

/** The user domain changed a user. Creates or refreshes the local user: licensing.events.UserCreated or UserUpdated follows, or nothing if nothing changes. */
export type UserUpdatedOutsideEvent = {
  /** The user. UUID. */
  readonly userId: string;
  /** The user's e-mail address, up to 254 characters. null: none. */
  readonly email: string | null;
  /** The user's Telegram id, as text. null: none. */
  readonly tgId: string | null;
  /** Whether the user is a superadmin. */
  readonly superadmin: boolean;
  /** When the user domain made the change; one older than what is known is ignored. null: not told. Milliseconds since the epoch, UTC. */
  readonly updatedAt: number | null;
};

/** Internal to the worker: applies what has become due in a subdivision when no other message comes. Ends in the events of what was due, or in none, and is never rejected. */
export type AdvanceSubdivision = {
  /** The tenant that the subdivision belongs to. UUID. */
  readonly tenantId: string;
  /** The subdivision in which something was due. UUID. */
  readonly subdivisionId: string;
  /** The message's time: when it was queued, by the database's clock. What is due up to here is applied. Milliseconds since the epoch, UTC. */
  readonly upTo: number;
};

/** Internal to the worker: asks the user domain for the profile of a user created without one. Ends in a UserUpdated, or in nothing if the user domain does not know the user. */
export type LookUpUser = {
  /** The user to look up. UUID. */
  readonly userId: string;
};

/** By full name; on `licensing.commands.v1` unless configured otherwise. */
export type Commands = {
  readonly 'licensing.commands.ActivateSubdivisionLicense': ActivateSubdivisionLicenseCommand;
  readonly 'licensing.commands.AddStatisticRow': AddStatisticRowCommand;
  readonly 'licensing.commands.ChangeLicenseTerms': ChangeLicenseTermsCommand;
  readonly 'licensing.commands.CorrectStatisticRow': CorrectStatisticRowCommand;
  readonly 'licensing.commands.CreateLicense': CreateLicenseCommand;
  readonly 'licensing.commands.CreateSubdivision': CreateSubdivisionCommand;
  readonly 'licensing.commands.CreateTenant': CreateTenantCommand;
  readonly 'licensing.commands.CreateUser': CreateUserCommand;
  readonly 'licensing.commands.DeactivateSubdivisionLicense': DeactivateSubdivisionLicenseCommand;
  readonly 'licensing.commands.DeleteLicense': DeleteLicenseCommand;
  readonly 'licensing.commands.DeleteSubdivision': DeleteSubdivisionCommand;
  readonly 'licensing.commands.DeleteTenant': DeleteTenantCommand;
  readonly 'licensing.commands.RenewLicense': RenewLicenseCommand;
  readonly 'licensing.commands.UpdateLicense': UpdateLicenseCommand;
  readonly 'licensing.commands.UpdateSubdivision': UpdateSubdivisionCommand;
  readonly 'licensing.commands.UpdateTenant': UpdateTenantCommand;
};
export type CommandName = keyof Commands;

/** By full name; on `licensing.events.v1` unless configured otherwise. */
export type Events = {
  readonly 'licensing.events.LicenseActivated': LicenseActivatedEvent;
  readonly 'licensing.events.LicenseCreated': LicenseCreatedEvent;
  readonly 'licensing.events.LicenseDeactivated': LicenseDeactivatedEvent;
  readonly 'licensing.events.LicenseDeleted': LicenseDeletedEvent;
  readonly 'licensing.events.LicenseExpiringSoon': LicenseExpiringSoonEvent;
  readonly 'licensing.events.LicenseGraceStarted': LicenseGraceStartedEvent;
  readonly 'licensing.events.LicenseOverageStarted': LicenseOverageStartedEvent;
  readonly 'licensing.events.LicensePeriodStarted': LicensePeriodStartedEvent;
  readonly 'licensing.events.LicenseRenewed': LicenseRenewedEvent;
  readonly 'licensing.events.LicenseScheduled': LicenseScheduledEvent;
  readonly 'licensing.events.LicenseStartBlocked': LicenseStartBlockedEvent;
  readonly 'licensing.events.LicenseTermsChanged': LicenseTermsChangedEvent;
  readonly 'licensing.events.LicenseThresholdCleared': LicenseThresholdClearedEvent;
  readonly 'licensing.events.LicenseThresholdReached': LicenseThresholdReachedEvent;
  readonly 'licensing.events.LicenseUpdated': LicenseUpdatedEvent;
  readonly 'licensing.events.StatisticRowAdded': StatisticRowAddedEvent;
  readonly 'licensing.events.StatisticRowCorrected': StatisticRowCorrectedEvent;
  readonly 'licensing.events.SubdivisionCreated': SubdivisionCreatedEvent;
  readonly 'licensing.events.SubdivisionDeleted': SubdivisionDeletedEvent;
  readonly 'licensing.events.SubdivisionLicenseExpired': SubdivisionLicenseExpiredEvent;
  readonly 'licensing.events.SubdivisionUpdated': SubdivisionUpdatedEvent;
  readonly 'licensing.events.TenantCreated': TenantCreatedEvent;
  readonly 'licensing.events.TenantDeleted': TenantDeletedEvent;
  readonly 'licensing.events.TenantUpdated': TenantUpdatedEvent;
  readonly 'licensing.events.UserCreated': UserCreatedEvent;
  readonly 'licensing.events.UserDeleted': UserDeletedEvent;
  readonly 'licensing.events.UserUpdated': UserUpdatedEvent;
};
export type EventName = keyof Events;

/** By full name; on `licensing.rejections.v1` unless configured otherwise. */
export type Rejections = {
  readonly 'licensing.rejections.CommandRejected': CommandRejected;
};
export type RejectionName = keyof Rejections;

/** By full name; on `licensing.entitlements.v1` unless configured otherwise. */
export type Entitlements = {
  readonly 'licensing.entitlements.Entitlement': EntitlementMessage;
};
export type EntitlementName = keyof Entitlements;

/** By full name; on `users.events.v1` unless configured otherwise. */
export type OutsideEvents = {
  readonly 'users.events.UserCreated': UserCreatedOutsideEvent;
  readonly 'users.events.UserDeleted': UserDeletedOutsideEvent;
  readonly 'users.events.UserUpdated': UserUpdatedOutsideEvent;
};
export type OutsideEventName = keyof OutsideEvents;

/** By full name; on `licensing.commands.v1` unless configured otherwise. */
export type InternalCommands = {
  readonly 'licensing.internal.AdvanceSubdivision': AdvanceSubdivision;
};
export type InternalCommandName = keyof InternalCommands;

/** By full name; on `licensing.user-lookups.v1` unless configured otherwise. */
export type LookUpMessages = {
  readonly 'licensing.internal.LookUpUser': LookUpUser;
};
export type LookUpMessageName = keyof LookUpMessages;

export type Messages = Commands &
  Events &
  Rejections &
  Entitlements &
  OutsideEvents &
  InternalCommands &
  LookUpMessages;
export type MessageName = keyof Messages;
