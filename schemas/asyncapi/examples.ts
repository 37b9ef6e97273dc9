// One example of each message for docs/asyncapi.yaml. A test holds each against its Avro schema, and the commands against the domain.
import type { FieldSchema, RecordSchema } from '../../src/generated/schemas.ts';
import { isOptional, SchemaRuleError } from '../rules.ts';

export type Content = string | number | boolean | null | readonly number[];
export type Example = Readonly<Record<string, Content>>;

const DAY_MS = 86_400_000;
/** Nine o'clock in UTC. */
const on = (month: number, day: number): number => Date.UTC(2027, month - 1, day, 9);
const [TENANT, SUBDIVISION, LICENSE] = [
  '018f4e9c-6a3b-7c2d-8e1f-0a1b2c3d4e5f',
  '018f4e9c-7b1a-7f40-9c22-1b2c3d4e5f60',
  '018f4e9c-8c2b-7a51-a033-2c3d4e5f6071',
];

/** By field. An optional field that is not named here is null. */
const COMMON: Example = {
  ...{ tenantId: TENANT, subdivisionId: SUBDIVISION, licenseId: LICENSE },
  ...{ userId: '018f4e9c-9d3c-7b62-b144-3d4e5f607182', createdBy: '018f4e9c-9d3c-7b62-b144-3d4e5f607182' },
  statisticRowId: '018f4e9c-ae4d-7c73-8255-4e5f60718293',
  ...{ name: 'North', location: 'Oslo', workStatus: 'active', activeLicenseId: LICENSE },
  ...{ address: 'Main street 1, Oslo', email: 'office@initech.example', phone: '+47 22 00 00 00' },
  ...{ superadmin: false, tgId: null, updatedAt: on(3, 10) },
  ...{
    countRequests: 50,
    countRequestsBefore: 55,
    counted: true,
    created: on(3, 10),
    version: 7,
    occurredAt: on(3, 10),
  },
  ...{ type: 'bycount', status: 'active', phase: 'current', termsVersion: 1, requestsLimit: 1_000, usedRequests: 850 },
  ...{ createdAt: on(2, 28), activatedAt: on(3, 1), expiresAt: on(4, 1), graceMs: 7 * DAY_MS, description: '' },
  ...{ usageThresholds: [80, 100], noticesBeforeExpiry: [7 * DAY_MS, DAY_MS] },
};
const LICENSE_NAME: Example = { name: 'Starter' };
const ENDED: Example = { status: 'inactive', workStatus: 'inactive', activeLicenseId: null };
const UNUSED: Example = { ...ENDED, phase: 'ready', usedRequests: 0, activatedAt: null };
const BY_MONTH: Example = {
  period: 'month',
  periodAnchor: on(3, 1),
  expiresAt: null,
  graceMs: null,
  noticesBeforeExpiry: null,
};

/** What a message has that others have not. */
const OWN: Readonly<Record<string, Example>> = {
  'licensing.commands.ChangeLicenseTerms': { whenBelowUsage: 'reject', expectedTermsVersion: 1 },
  'licensing.commands.CorrectStatisticRow': { reason: 'counted twice', reactivate: true },
  'licensing.commands.CreateLicense': LICENSE_NAME,
  'licensing.commands.CreateTenant': { name: 'Initech' },
  'licensing.commands.RenewLicense': { expiresAt: on(5, 1), resetUsage: true, activate: true },
  'licensing.commands.UpdateLicense': { name: 'Starter, 2027' },
  'licensing.commands.UpdateSubdivision': { name: 'North and west', workStatus: null },
  'licensing.commands.UpdateTenant': { name: 'Initech Nordic' },
  'licensing.entitlements.Entitlement': {
    ...{ allowed: true, reason: 'active', epoch: 1, validFrom: on(3, 1), validUntil: on(4, 8), issuedAt: on(3, 10) },
    hardLimit: 1_000,
  },
  'licensing.events.LicenseCreated': UNUSED,
  'licensing.events.LicenseDeactivated': {
    ...ENDED,
    ...{ phase: 'expired', reason: 'expired', deactivatedAt: on(4, 8), effectiveAt: on(4, 8), occurredAt: on(4, 8) },
  },
  'licensing.events.LicenseDeleted': { ...ENDED, phase: 'ready', deactivatedAt: on(3, 9) },
  'licensing.events.LicenseExpiringSoon': { noticeMs: 7 * DAY_MS, effectiveAt: on(3, 25), occurredAt: on(3, 25) },
  'licensing.events.LicenseGraceStarted': { phase: 'grace', effectiveAt: on(4, 1), occurredAt: on(4, 1) },
  'licensing.events.LicenseOverageStarted': {
    ...{ phase: 'overage', overage: 'percent', overagePercent: 20, usedRequests: 1_010 },
  },
  'licensing.events.LicensePeriodStarted': {
    ...BY_MONTH,
    ...{ periodStartsAt: on(4, 1), periodEndsAt: on(5, 1), closedPeriodStartsAt: on(3, 1), closedUsedRequests: 850 },
    ...{ usedRequests: 0, effectiveAt: on(4, 1), occurredAt: on(4, 1) },
  },
  'licensing.events.LicenseRenewed': { expiresAt: on(5, 1), termsVersion: 2, usedRequests: 0 },
  'licensing.events.LicenseScheduled': { ...UNUSED, phase: 'scheduled', startsAt: on(3, 15) },
  'licensing.events.LicenseStartBlocked': { ...UNUSED, startsAt: on(3, 10), effectiveAt: on(3, 10) },
  'licensing.events.LicenseTermsChanged': { termsVersion: 2 },
  'licensing.events.LicenseThresholdCleared': { thresholds: [80], usedRequests: 790 },
  'licensing.events.LicenseThresholdReached': { thresholds: [80] },
  'licensing.events.LicenseUpdated': { name: 'Starter, 2027' },
  'licensing.events.StatisticRowCorrected': { reason: 'counted twice' },
  'licensing.events.SubdivisionCreated': { workStatus: 'inactive', activeLicenseId: null, version: 1 },
  'licensing.events.SubdivisionDeleted': { workStatus: 'inactive', activeLicenseId: null },
  'licensing.events.SubdivisionLicenseExpired': { workStatus: 'inactive', activeLicenseId: null },
  'licensing.events.TenantCreated': { name: 'Initech', version: 1 },
  'licensing.events.TenantDeleted': { name: 'Initech' },
  'licensing.events.TenantUpdated': { name: 'Initech Nordic' },
  'licensing.internal.AdvanceSubdivision': { upTo: on(4, 1) },
  'licensing.rejections.CommandRejected': {
    ...{ commandId: '4711', commandSource: 'billing', commandType: 'licensing.commands.CreateSubdivision' },
    ...{ code: 'InvalidCommand', message: 'name must have 1 to 200 characters.', field: 'name' },
    ...{ aggregateId: SUBDIVISION, correlationId: '4711', rejectedAt: on(3, 10) },
  },
  'users.events.UserCreated': { email: 'ada@initech.example' },
  'users.events.UserUpdated': { email: 'ada@initech.example' },
};

/** @throws SchemaRuleError for a field that nothing is known of, and for what is known of a field that is not there */
export function exampleOf({ namespace, name, fields }: RecordSchema): Example {
  const own: Example = {
    ...(name.includes('License') && namespace === 'licensing.events' && LICENSE_NAME),
    ...OWN[`${namespace}.${name}`],
  };
  const stray = Object.keys(own).find((known) => !fields.some((field) => field.name === known));
  if (stray !== undefined) throw unlike(`${namespace}.${name} has no field ${stray}`);
  return Object.fromEntries(fields.map((field) => [field.name, contentOf(field, own, `${namespace}.${name}`)]));
}

function contentOf(field: FieldSchema, own: Example, of: string): Content {
  const content = own[field.name] ?? (field.name in own ? null : COMMON[field.name]);
  if (content !== undefined) return content;
  if (isOptional(field)) return null;
  throw unlike(`${of} has a field ${field.name}`);
}

function unlike(sentence: string): SchemaRuleError {
  return new SchemaRuleError(`schemas/asyncapi/examples.ts: ${sentence}`);
}
