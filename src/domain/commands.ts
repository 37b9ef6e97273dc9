import {
  email,
  id,
  integer,
  LICENSE_TYPES,
  MAX_COUNT_REQUESTS,
  MAX_REQUESTS_LIMIT,
  MAX_TEXT,
  name,
  oneOf,
  optionalText,
  phone,
  recentTime,
  text,
  time,
  WORK_STATUSES,
} from './fields.ts';
import type { LicenseType, WorkStatus } from './fields.ts';
import type { LicenseId, StatisticRowId, SubdivisionId, TenantId, UserId } from './ids.ts';
import { defaultExpiry, parseTerms, rejectContradiction, rejectLimit, rejectUnfit, type Terms } from './terms.ts';

// The commands as the domain takes them: ids branded and lower-case, text trimmed and NFC, every value in its range.

type OfTenant = { readonly tenantId: TenantId };
type OfSubdivision = OfTenant & { readonly subdivisionId: SubdivisionId };
type OfLicense = OfSubdivision & { readonly licenseId: LicenseId };
type TenantFields = { readonly name: string; readonly address: string; readonly email: string; readonly phone: string };
type SubdivisionFields = {
  readonly name: string;
  readonly location: string;
  readonly linkToSubdivisionProcessingDomain: string | null;
};
type LicenseFields = { readonly name: string; readonly description: string };

export type CreateTenant = OfTenant & { readonly userId: UserId } & TenantFields;
export type UpdateTenant = OfTenant & TenantFields;
export type DeleteTenant = OfTenant;
export type CreateSubdivision = OfSubdivision & SubdivisionFields;
/** `workStatus` null keeps the present one. */
export type UpdateSubdivision = OfSubdivision & SubdivisionFields & { readonly workStatus: WorkStatus | null };
export type DeleteSubdivision = OfSubdivision;
/** bycount has a `requestsLimit`, and may have an `expiresAt`; bytime has no `requestsLimit`, and `expiresAt` null asks for the default. */
export type CreateLicense = OfLicense &
  LicenseFields & {
    readonly type: LicenseType;
    readonly requestsLimit: number | null;
    readonly expiresAt: number | null;
  } & Terms;
export type UpdateLicense = OfLicense & LicenseFields;
export type DeleteLicense = OfLicense;
/** null keeps the present end or limit. `expectedTermsVersion` null: whatever they are. */
export type RenewLicense = OfLicense & {
  readonly expiresAt: number | null;
  readonly requestsLimit: number | null;
  readonly resetUsage: boolean;
  readonly activate: boolean;
  readonly expectedTermsVersion: number | null;
};
/** The whole set of terms: null means none. Only `requestsLimit` null keeps the present one. */
export type ChangeLicenseTerms = OfLicense & {
  readonly requestsLimit: number | null;
  readonly expiresAt: number | null;
} & Terms & {
    readonly whenBelowUsage: WhenBelowUsage;
    readonly expectedTermsVersion: number | null;
  };
export type ActivateSubdivisionLicense = OfLicense;
export type DeactivateSubdivisionLicense = OfLicense;
export type AddStatisticRow = OfSubdivision & {
  readonly statisticRowId: StatisticRowId;
  readonly created: number;
  readonly countRequests: number;
};
/** `countRequests` takes the place of the row's present one. */
export type CorrectStatisticRow = OfSubdivision & {
  readonly statisticRowId: StatisticRowId;
  readonly countRequests: number;
  readonly reason: string;
  readonly reactivate: boolean;
};
export type CreateUser = { readonly userId: UserId };

/** What a change of terms does whose limit is used up already: it is refused, or the license is exhausted. */
export type WhenBelowUsage = 'reject' | 'exhaust';

/** A command's record as decoded: the same fields, their values not yet checked. */
export type Raw<Command> = { readonly [Field in keyof Command]: RawValue<Command[Field]> };
type RawValue<Value> = Value extends string ? string : Value;

// Each function throws Rejection('InvalidCommand') for the first faulty field. Literals are evaluated from top to bottom, so the
// order of their lines is the order of the checks, which is the order of the contract's table.

export function parseCreateTenant(raw: Raw<CreateTenant>): CreateTenant {
  return {
    tenantId: id<TenantId>(raw.tenantId, 'tenantId'),
    userId: id<UserId>(raw.userId, 'userId'),
    name: name(raw.name),
    address: text(raw.address, 'address', 0, MAX_TEXT),
    email: email(raw.email),
    phone: phone(raw.phone),
  };
}

export function parseUpdateTenant(raw: Raw<UpdateTenant>): UpdateTenant {
  return {
    tenantId: id<TenantId>(raw.tenantId, 'tenantId'),
    name: name(raw.name),
    address: text(raw.address, 'address', 0, MAX_TEXT),
    email: email(raw.email),
    phone: phone(raw.phone),
  };
}

export function parseDeleteTenant(raw: Raw<DeleteTenant>): DeleteTenant {
  return { tenantId: id<TenantId>(raw.tenantId, 'tenantId') };
}

export function parseCreateSubdivision(raw: Raw<CreateSubdivision>): CreateSubdivision {
  return {
    tenantId: id<TenantId>(raw.tenantId, 'tenantId'),
    subdivisionId: id<SubdivisionId>(raw.subdivisionId, 'subdivisionId'),
    name: name(raw.name),
    location: text(raw.location, 'location', 0, MAX_TEXT),
    linkToSubdivisionProcessingDomain: optionalText(
      raw.linkToSubdivisionProcessingDomain,
      'linkToSubdivisionProcessingDomain',
    ),
  };
}

export function parseUpdateSubdivision(raw: Raw<UpdateSubdivision>): UpdateSubdivision {
  return {
    tenantId: id<TenantId>(raw.tenantId, 'tenantId'),
    subdivisionId: id<SubdivisionId>(raw.subdivisionId, 'subdivisionId'),
    name: name(raw.name),
    location: text(raw.location, 'location', 0, MAX_TEXT),
    linkToSubdivisionProcessingDomain: optionalText(
      raw.linkToSubdivisionProcessingDomain,
      'linkToSubdivisionProcessingDomain',
    ),
    workStatus: raw.workStatus === null ? null : oneOf(raw.workStatus, 'workStatus', WORK_STATUSES),
  };
}

export function parseDeleteSubdivision(raw: Raw<DeleteSubdivision>): DeleteSubdivision {
  return {
    tenantId: id<TenantId>(raw.tenantId, 'tenantId'),
    subdivisionId: id<SubdivisionId>(raw.subdivisionId, 'subdivisionId'),
  };
}

/** `rejectEnded` checks that `expiresAt` lies ahead. */
export function parseCreateLicense(raw: Raw<CreateLicense>): CreateLicense {
  const command = {
    ...parseLicenseIds(raw),
    name: name(raw.name),
    description: text(raw.description, 'description', 0, MAX_TEXT),
    type: oneOf(raw.type, 'type', LICENSE_TYPES),
    requestsLimit: parseRequestsLimit(raw),
    expiresAt: optionalTime(raw.expiresAt, 'expiresAt'),
    ...parseTerms(raw),
  };
  const { type, requestsLimit, expiresAt } = command;
  rejectUnfit(type, requestsLimit, type === 'bytime' ? (expiresAt ?? earliestDefault(command)) : expiresAt, command);
  return command;
}

export function parseUpdateLicense(raw: Raw<UpdateLicense>): UpdateLicense {
  return {
    tenantId: id<TenantId>(raw.tenantId, 'tenantId'),
    subdivisionId: id<SubdivisionId>(raw.subdivisionId, 'subdivisionId'),
    licenseId: id<LicenseId>(raw.licenseId, 'licenseId'),
    name: name(raw.name),
    description: text(raw.description, 'description', 0, MAX_TEXT),
  };
}

export function parseDeleteLicense(raw: Raw<DeleteLicense>): DeleteLicense {
  return parseLicenseIds(raw);
}

export function parseRenewLicense(raw: Raw<RenewLicense>): RenewLicense {
  return {
    ...parseLicenseIds(raw),
    expiresAt: optionalTime(raw.expiresAt, 'expiresAt'),
    requestsLimit: optionalLimit(raw.requestsLimit),
    resetUsage: raw.resetUsage,
    activate: raw.activate,
    expectedTermsVersion: optionalTermsVersion(raw.expectedTermsVersion),
  };
}

/** `rejectUnfit` checks what only the license shows. */
export function parseChangeLicenseTerms(raw: Raw<ChangeLicenseTerms>): ChangeLicenseTerms {
  const command = {
    ...parseLicenseIds(raw),
    requestsLimit: optionalLimit(raw.requestsLimit),
    expiresAt: optionalTime(raw.expiresAt, 'expiresAt'),
    ...parseTerms(raw),
    whenBelowUsage: oneOf(raw.whenBelowUsage, 'whenBelowUsage', WHEN_BELOW_USAGE),
    expectedTermsVersion: optionalTermsVersion(raw.expectedTermsVersion),
  };
  rejectContradiction(command.expiresAt, command);
  return command;
}

export function parseActivateSubdivisionLicense(raw: Raw<ActivateSubdivisionLicense>): ActivateSubdivisionLicense {
  return parseLicenseIds(raw);
}

export function parseDeactivateSubdivisionLicense(
  raw: Raw<DeactivateSubdivisionLicense>,
): DeactivateSubdivisionLicense {
  return parseLicenseIds(raw);
}

export function parseAddStatisticRow(raw: Raw<AddStatisticRow>): AddStatisticRow {
  return {
    tenantId: id<TenantId>(raw.tenantId, 'tenantId'),
    subdivisionId: id<SubdivisionId>(raw.subdivisionId, 'subdivisionId'),
    statisticRowId: id<StatisticRowId>(raw.statisticRowId, 'statisticRowId'),
    created: recentTime(raw.created, 'created'),
    countRequests: integer(raw.countRequests, 'countRequests', 0, MAX_COUNT_REQUESTS),
  };
}

export function parseCorrectStatisticRow(raw: Raw<CorrectStatisticRow>): CorrectStatisticRow {
  return {
    tenantId: id<TenantId>(raw.tenantId, 'tenantId'),
    subdivisionId: id<SubdivisionId>(raw.subdivisionId, 'subdivisionId'),
    statisticRowId: id<StatisticRowId>(raw.statisticRowId, 'statisticRowId'),
    countRequests: integer(raw.countRequests, 'countRequests', 0, MAX_COUNT_REQUESTS),
    reason: text(raw.reason, 'reason', 0, MAX_TEXT),
    reactivate: raw.reactivate,
  };
}

export function parseCreateUser(raw: Raw<CreateUser>): CreateUser {
  return { userId: id<UserId>(raw.userId, 'userId') };
}

function parseLicenseIds(raw: Raw<OfLicense>): OfLicense {
  return {
    tenantId: id<TenantId>(raw.tenantId, 'tenantId'),
    subdivisionId: id<SubdivisionId>(raw.subdivisionId, 'subdivisionId'),
    licenseId: id<LicenseId>(raw.licenseId, 'licenseId'),
  };
}

const WHEN_BELOW_USAGE: readonly WhenBelowUsage[] = ['reject', 'exhaust'];

function optionalTime(value: number | null, field: string): number | null {
  return value === null ? null : time(value, field);
}

function optionalLimit(value: number | null): number | null {
  return value === null ? null : integer(value, 'requestsLimit', 1, MAX_REQUESTS_LIMIT);
}

function optionalTermsVersion(value: number | null): number | null {
  return value === null ? null : integer(value, 'expectedTermsVersion', 1, Number.MAX_SAFE_INTEGER);
}

/** Comes after the check of `type`, so what is not bycount is bytime. */
function parseRequestsLimit({ type, requestsLimit }: Raw<CreateLicense>): number | null {
  rejectLimit(type === 'bycount' ? 'bycount' : 'bytime', requestsLimit);
  return optionalLimit(requestsLimit);
}

/** The message's time, from which the default counts, is not known here. What starts in the last days of the year 9999 has none. */
function earliestDefault(terms: Terms): number {
  return time(defaultExpiry(0, terms), 'expiresAt');
}
