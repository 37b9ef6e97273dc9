// generated from schemas/ by `npm run generate`; do not edit

import type {
  CommandName,
  EventName,
  RejectionName,
  OutsideEventName,
  InternalMessageName,
  MessageName,
} from './messages.ts';

/** The only types used on the wire. */
export type ValueSchema =
  | 'string'
  | 'long'
  | 'boolean'
  | { readonly type: 'string'; readonly logicalType: 'uuid' }
  | { readonly type: 'long'; readonly logicalType: 'timestamp-millis' };

/** Only where null is allowed, too. */
export type ListSchema = { readonly type: 'array'; readonly items: ValueSchema };

export type FieldSchema =
  | { readonly name: string; readonly type: ValueSchema; readonly doc: string }
  | {
      readonly name: string;
      readonly type: readonly ['null', ValueSchema | ListSchema];
      readonly default: null;
      readonly doc: string;
    };

/** An Avro record as the contract allows it: flat but for lists, and documented throughout. */
export type RecordSchema = {
  readonly type: 'record';
  readonly name: string;
  readonly namespace: string;
  readonly doc: string;
  readonly fields: readonly FieldSchema[];
};

/** Every message by its full name, docs included: this is what gets registered. */
export const SCHEMAS = {
  'licensing.commands.ActivateSubdivisionLicense': {
    type: 'record',
    name: 'ActivateSubdivisionLicense',
    namespace: 'licensing.commands',
    doc: 'Makes a license the active one of its subdivision, and the subdivision active. Answered with LicenseActivated. Rejected with InvalidCommand, SubdivisionNotFound, LicenseNotFound, LicenseAlreadyActive, SubdivisionHasActiveLicense, LicenseExpired, LicenseExhausted.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      {
        name: 'subdivisionId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The subdivision the license belongs to.',
      },
      { name: 'licenseId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The license.' },
    ],
  },
  'licensing.commands.AddStatisticRow': {
    type: 'record',
    name: 'AddStatisticRow',
    namespace: 'licensing.commands',
    doc: 'Adds usage to a subdivision, counted on its active license. Answered with StatisticRowAdded; the row that reaches the limit is kept and also brings LicenseDeactivated and SubdivisionLicenseExpired. Rejected with InvalidCommand, SubdivisionNotFound, SubdivisionInactive, LicenseExpired, StatisticRowInFuture, StatisticRowAlreadyExists.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      {
        name: 'subdivisionId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The subdivision that served the requests.',
      },
      {
        name: 'statisticRowId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'Id of the row, chosen by the sender. A row with the same id, or the same subdivision and `created`, is the same row.',
      },
      {
        name: 'created',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: "The time the row stands for; from the year 2001 on, at most 5 minutes ahead of the command's own time. Rows at or before the license's first activation are kept and count nothing.",
      },
      { name: 'countRequests', type: 'long', doc: 'Number of requests served, 0 to 1,000,000,000.' },
    ],
  },
  'licensing.commands.CreateLicense': {
    type: 'record',
    name: 'CreateLicense',
    namespace: 'licensing.commands',
    doc: 'Creates a license of a subdivision, inactive. Answered with LicenseCreated. Rejected with InvalidCommand, SubdivisionNotFound, LicenseAlreadyExists.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      {
        name: 'subdivisionId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The subdivision the license belongs to.',
      },
      {
        name: 'licenseId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'Id of the new license, chosen by the sender: unique in its tenant and never used again, not even after a deletion.',
      },
      { name: 'name', type: 'string', doc: 'Name of the license. Trimmed and NFC-normalised, 1 to 200 characters.' },
      { name: 'description', type: 'string', doc: 'Up to 1,000 characters, may be empty.' },
      {
        name: 'type',
        type: 'string',
        doc: '`bycount` (ends after requestsLimit requests) or `bytime` (ends at expiresAt).',
      },
      {
        name: 'requestsLimit',
        type: ['null', 'long'],
        default: null,
        doc: 'How many requests the license is good for, 1 to 1,000,000,000,000. Needed for `bycount`, null for `bytime`.',
      },
      {
        name: 'expiresAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: "When the license ends; must lie ahead of the command's own time. Only for `bytime`, where null means 30 days after its creation; null for `bycount`.",
      },
    ],
  },
  'licensing.commands.CreateSubdivision': {
    type: 'record',
    name: 'CreateSubdivision',
    namespace: 'licensing.commands',
    doc: 'Creates a subdivision, inactive and without licenses. Answered with SubdivisionCreated. Rejected with InvalidCommand, TenantNotFound, SubdivisionAlreadyExists.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      {
        name: 'subdivisionId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'Id of the new subdivision, chosen by the sender: unique in its tenant and never used again, not even after a deletion.',
      },
      {
        name: 'name',
        type: 'string',
        doc: 'Name of the subdivision. Trimmed and NFC-normalised, 1 to 200 characters.',
      },
      { name: 'location', type: 'string', doc: 'Where it is. Up to 1,000 characters, may be empty.' },
      {
        name: 'linkToSubdivisionProcessingDomain',
        type: ['null', 'string'],
        default: null,
        doc: "Link to the domain that processes the subdivision's requests. Up to 1,000 characters. null: none.",
      },
    ],
  },
  'licensing.commands.CreateTenant': {
    type: 'record',
    name: 'CreateTenant',
    namespace: 'licensing.commands',
    doc: 'Creates a tenant with its creator as its one user. Answered with TenantCreated and with UserCreated (the user was new) or UserUpdated (it existed without a tenant). Rejected with InvalidCommand, TenantAlreadyExists, TenantNameTaken, UserBelongsToAnotherTenant, UserDeleted.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'Id of the new tenant, chosen by the sender: unique everywhere and never used again, not even after a deletion.',
      },
      {
        name: 'userId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The user who creates the tenant and becomes its one user; need not exist yet.',
      },
      {
        name: 'name',
        type: 'string',
        doc: 'Name of the tenant, unique among living tenants. Trimmed and NFC-normalised, 1 to 200 characters.',
      },
      { name: 'address', type: 'string', doc: 'Postal address. Up to 1,000 characters, may be empty.' },
      { name: 'email', type: 'string', doc: 'Contact address. Empty or an e-mail address of up to 254 characters.' },
      {
        name: 'phone',
        type: 'string',
        doc: 'Contact phone number, in any notation. Up to 50 characters, may be empty.',
      },
    ],
  },
  'licensing.commands.CreateUser': {
    type: 'record',
    name: 'CreateUser',
    namespace: 'licensing.commands',
    doc: "Creates a user without a tenant. Answered with UserCreated, and with UserUpdated once the user domain has told the user's profile. Rejected with InvalidCommand, UserAlreadyExists.",
    fields: [
      {
        name: 'userId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'Id of the new user, as the user domain knows it: unique everywhere.',
      },
    ],
  },
  'licensing.commands.DeactivateSubdivisionLicense': {
    type: 'record',
    name: 'DeactivateSubdivisionLicense',
    namespace: 'licensing.commands',
    doc: 'Makes the active license and its subdivision inactive; what was used stays counted. Answered with LicenseDeactivated. Rejected with InvalidCommand, SubdivisionNotFound, LicenseNotFound, LicenseInactive.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      {
        name: 'subdivisionId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The subdivision the license belongs to.',
      },
      { name: 'licenseId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The license.' },
    ],
  },
  'licensing.commands.DeleteLicense': {
    type: 'record',
    name: 'DeleteLicense',
    namespace: 'licensing.commands',
    doc: 'Deletes a license; an active one is deactivated first, and its subdivision with it. Answered with LicenseDeactivated if it was active, and LicenseDeleted. Rejected with InvalidCommand, SubdivisionNotFound, LicenseNotFound.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      {
        name: 'subdivisionId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The subdivision the license belongs to.',
      },
      { name: 'licenseId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The license.' },
    ],
  },
  'licensing.commands.DeleteSubdivision': {
    type: 'record',
    name: 'DeleteSubdivision',
    namespace: 'licensing.commands',
    doc: 'Deletes a subdivision with its licenses and statistic rows. Answered with LicenseDeactivated if a license was active, LicenseDeleted for each license by id, and SubdivisionDeleted. Rejected with InvalidCommand, SubdivisionNotFound.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      { name: 'subdivisionId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The subdivision.' },
    ],
  },
  'licensing.commands.DeleteTenant': {
    type: 'record',
    name: 'DeleteTenant',
    namespace: 'licensing.commands',
    doc: 'Deletes a tenant with its subdivisions and licenses; its users stay, without a tenant. Answered, for each subdivision, as DeleteSubdivision is, then with TenantDeleted and a UserUpdated for each user. Rejected with InvalidCommand, TenantNotFound.',
    fields: [{ name: 'tenantId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The tenant.' }],
  },
  'licensing.commands.UpdateLicense': {
    type: 'record',
    name: 'UpdateLicense',
    namespace: 'licensing.commands',
    doc: "Replaces a license's name and description. Answered with LicenseUpdated. Rejected with InvalidCommand, SubdivisionNotFound, LicenseNotFound.",
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      {
        name: 'subdivisionId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The subdivision the license belongs to.',
      },
      { name: 'licenseId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The license.' },
      { name: 'name', type: 'string', doc: 'New name. Trimmed and NFC-normalised, 1 to 200 characters.' },
      { name: 'description', type: 'string', doc: 'New description. Up to 1,000 characters, may be empty.' },
    ],
  },
  'licensing.commands.UpdateSubdivision': {
    type: 'record',
    name: 'UpdateSubdivision',
    namespace: 'licensing.commands',
    doc: 'Replaces what is known of a subdivision, and can suspend or resume it. Answered with SubdivisionUpdated. Rejected with InvalidCommand, SubdivisionNotFound, LicenseInactive, LicenseExpired.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      { name: 'subdivisionId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The subdivision.' },
      { name: 'name', type: 'string', doc: 'New name. Trimmed and NFC-normalised, 1 to 200 characters.' },
      { name: 'location', type: 'string', doc: 'Where it is. Up to 1,000 characters, may be empty.' },
      {
        name: 'linkToSubdivisionProcessingDomain',
        type: ['null', 'string'],
        default: null,
        doc: "Link to the domain that processes the subdivision's requests. Up to 1,000 characters. null clears it.",
      },
      {
        name: 'workStatus',
        type: ['null', 'string'],
        default: null,
        doc: '`active` (needs an active license) or `inactive` (suspends). null keeps it as it is.',
      },
    ],
  },
  'licensing.commands.UpdateTenant': {
    type: 'record',
    name: 'UpdateTenant',
    namespace: 'licensing.commands',
    doc: 'Replaces what is known of a tenant. Answered with TenantUpdated. Rejected with InvalidCommand, TenantNotFound, TenantNameTaken.',
    fields: [
      { name: 'tenantId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The tenant.' },
      {
        name: 'name',
        type: 'string',
        doc: 'New name of the tenant, unique among living tenants. Trimmed and NFC-normalised, 1 to 200 characters.',
      },
      { name: 'address', type: 'string', doc: 'Postal address. Up to 1,000 characters, may be empty.' },
      { name: 'email', type: 'string', doc: 'Contact address. Empty or an e-mail address of up to 254 characters.' },
      {
        name: 'phone',
        type: 'string',
        doc: 'Contact phone number, in any notation. Up to 50 characters, may be empty.',
      },
    ],
  },
  'licensing.events.LicenseActivated': {
    type: 'record',
    name: 'LicenseActivated',
    namespace: 'licensing.events',
    doc: 'A license became the active one of its subdivision. Carries its whole state after the change.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      {
        name: 'subdivisionId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The subdivision the license belongs to.',
      },
      { name: 'licenseId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The license.' },
      { name: 'name', type: 'string', doc: 'Name of the license, 1 to 200 characters.' },
      { name: 'description', type: 'string', doc: 'Up to 1,000 characters, may be empty.' },
      {
        name: 'type',
        type: 'string',
        doc: '`bycount` (ends after requestsLimit requests) or `bytime` (ends at expiresAt).',
      },
      { name: 'status', type: 'string', doc: '`active` or `inactive`.' },
      {
        name: 'requestsLimit',
        type: ['null', 'long'],
        default: null,
        doc: 'How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`.',
      },
      {
        name: 'usedRequests',
        type: 'long',
        doc: 'Requests counted on the license so far, across its activations. Can exceed requestsLimit by part of the last row.',
      },
      {
        name: 'createdAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'When the license was created.',
      },
      {
        name: 'expiresAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'When the license ends. null for `bycount`.',
      },
      {
        name: 'activatedAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'First activation; rows created after it count. null: never activated.',
      },
      {
        name: 'deactivatedAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'Latest deactivation. null: never deactivated, or active again.',
      },
      {
        name: 'phase',
        type: ['null', 'string'],
        default: null,
        doc: 'Active: `current`. Inactive: `ready` (can be activated), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases.',
      },
      {
        name: 'effectiveAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself.',
      },
      {
        name: 'workStatus',
        type: 'string',
        doc: 'Whether the subdivision works: `active` (only with an active license) or `inactive`.',
      },
      {
        name: 'activeLicenseId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: "The subdivision's one active license. null: none.",
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.LicenseCreated': {
    type: 'record',
    name: 'LicenseCreated',
    namespace: 'licensing.events',
    doc: 'A license was created, inactive. Carries its whole state.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      {
        name: 'subdivisionId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The subdivision the license belongs to.',
      },
      { name: 'licenseId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The license.' },
      { name: 'name', type: 'string', doc: 'Name of the license, 1 to 200 characters.' },
      { name: 'description', type: 'string', doc: 'Up to 1,000 characters, may be empty.' },
      {
        name: 'type',
        type: 'string',
        doc: '`bycount` (ends after requestsLimit requests) or `bytime` (ends at expiresAt).',
      },
      { name: 'status', type: 'string', doc: '`active` or `inactive`.' },
      {
        name: 'requestsLimit',
        type: ['null', 'long'],
        default: null,
        doc: 'How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`.',
      },
      {
        name: 'usedRequests',
        type: 'long',
        doc: 'Requests counted on the license so far, across its activations. Can exceed requestsLimit by part of the last row.',
      },
      {
        name: 'createdAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'When the license was created.',
      },
      {
        name: 'expiresAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'When the license ends. null for `bycount`.',
      },
      {
        name: 'activatedAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'First activation; rows created after it count. null: never activated.',
      },
      {
        name: 'deactivatedAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'Latest deactivation. null: never deactivated, or active again.',
      },
      {
        name: 'phase',
        type: ['null', 'string'],
        default: null,
        doc: 'Active: `current`. Inactive: `ready` (can be activated), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases.',
      },
      {
        name: 'effectiveAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself.',
      },
      {
        name: 'workStatus',
        type: 'string',
        doc: 'Whether the subdivision works: `active` (only with an active license) or `inactive`.',
      },
      {
        name: 'activeLicenseId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: "The subdivision's one active license. null: none.",
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.LicenseDeactivated': {
    type: 'record',
    name: 'LicenseDeactivated',
    namespace: 'licensing.events',
    doc: 'A license stopped being active, by command or by itself. Carries its whole state after the change.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      {
        name: 'subdivisionId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The subdivision the license belongs to.',
      },
      { name: 'licenseId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The license.' },
      { name: 'name', type: 'string', doc: 'Name of the license, 1 to 200 characters.' },
      { name: 'description', type: 'string', doc: 'Up to 1,000 characters, may be empty.' },
      {
        name: 'type',
        type: 'string',
        doc: '`bycount` (ends after requestsLimit requests) or `bytime` (ends at expiresAt).',
      },
      { name: 'status', type: 'string', doc: '`active` or `inactive`.' },
      {
        name: 'requestsLimit',
        type: ['null', 'long'],
        default: null,
        doc: 'How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`.',
      },
      {
        name: 'usedRequests',
        type: 'long',
        doc: 'Requests counted on the license so far, across its activations. Can exceed requestsLimit by part of the last row.',
      },
      {
        name: 'createdAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'When the license was created.',
      },
      {
        name: 'expiresAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'When the license ends. null for `bycount`.',
      },
      {
        name: 'activatedAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'First activation; rows created after it count. null: never activated.',
      },
      {
        name: 'deactivatedAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'Latest deactivation. null: never deactivated, or active again.',
      },
      {
        name: 'phase',
        type: ['null', 'string'],
        default: null,
        doc: 'Active: `current`. Inactive: `ready` (can be activated), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases.',
      },
      {
        name: 'effectiveAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself.',
      },
      {
        name: 'workStatus',
        type: 'string',
        doc: 'Whether the subdivision works: `active` (only with an active license) or `inactive`.',
      },
      {
        name: 'activeLicenseId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: "The subdivision's one active license. null: none.",
      },
      {
        name: 'reason',
        type: 'string',
        doc: 'Why: `command` (DeactivateSubdivisionLicense), `exhausted` (requests used up), `expired` (time over) or `deleted` (with its license, subdivision or tenant).',
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.LicenseDeleted': {
    type: 'record',
    name: 'LicenseDeleted',
    namespace: 'licensing.events',
    doc: 'A license was deleted. Carries its state before the deletion.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      {
        name: 'subdivisionId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The subdivision the license belongs to.',
      },
      { name: 'licenseId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The license.' },
      { name: 'name', type: 'string', doc: 'Name of the license, 1 to 200 characters.' },
      { name: 'description', type: 'string', doc: 'Up to 1,000 characters, may be empty.' },
      {
        name: 'type',
        type: 'string',
        doc: '`bycount` (ends after requestsLimit requests) or `bytime` (ends at expiresAt).',
      },
      { name: 'status', type: 'string', doc: '`active` or `inactive`.' },
      {
        name: 'requestsLimit',
        type: ['null', 'long'],
        default: null,
        doc: 'How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`.',
      },
      {
        name: 'usedRequests',
        type: 'long',
        doc: 'Requests counted on the license so far, across its activations. Can exceed requestsLimit by part of the last row.',
      },
      {
        name: 'createdAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'When the license was created.',
      },
      {
        name: 'expiresAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'When the license ends. null for `bycount`.',
      },
      {
        name: 'activatedAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'First activation; rows created after it count. null: never activated.',
      },
      {
        name: 'deactivatedAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'Latest deactivation. null: never deactivated, or active again.',
      },
      {
        name: 'phase',
        type: ['null', 'string'],
        default: null,
        doc: 'Active: `current`. Inactive: `ready` (can be activated), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases.',
      },
      {
        name: 'effectiveAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself.',
      },
      {
        name: 'workStatus',
        type: 'string',
        doc: 'Whether the subdivision works: `active` (only with an active license) or `inactive`.',
      },
      {
        name: 'activeLicenseId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: "The subdivision's one active license. null: none.",
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.LicenseUpdated': {
    type: 'record',
    name: 'LicenseUpdated',
    namespace: 'licensing.events',
    doc: "A license's name or description was changed. Carries its whole state after the change.",
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      {
        name: 'subdivisionId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The subdivision the license belongs to.',
      },
      { name: 'licenseId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The license.' },
      { name: 'name', type: 'string', doc: 'Name of the license, 1 to 200 characters.' },
      { name: 'description', type: 'string', doc: 'Up to 1,000 characters, may be empty.' },
      {
        name: 'type',
        type: 'string',
        doc: '`bycount` (ends after requestsLimit requests) or `bytime` (ends at expiresAt).',
      },
      { name: 'status', type: 'string', doc: '`active` or `inactive`.' },
      {
        name: 'requestsLimit',
        type: ['null', 'long'],
        default: null,
        doc: 'How many requests the license is good for, 1 to 1,000,000,000,000. null for `bytime`.',
      },
      {
        name: 'usedRequests',
        type: 'long',
        doc: 'Requests counted on the license so far, across its activations. Can exceed requestsLimit by part of the last row.',
      },
      {
        name: 'createdAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'When the license was created.',
      },
      {
        name: 'expiresAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'When the license ends. null for `bycount`.',
      },
      {
        name: 'activatedAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'First activation; rows created after it count. null: never activated.',
      },
      {
        name: 'deactivatedAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'Latest deactivation. null: never deactivated, or active again.',
      },
      {
        name: 'phase',
        type: ['null', 'string'],
        default: null,
        doc: 'Active: `current`. Inactive: `ready` (can be activated), `exhausted` (requests used up) or `expired` (time over). null: written before there were phases.',
      },
      {
        name: 'effectiveAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'The due time, when time made the change; occurredAt is the time of the message with which it was told. null: a message made the change itself.',
      },
      {
        name: 'workStatus',
        type: 'string',
        doc: 'Whether the subdivision works: `active` (only with an active license) or `inactive`.',
      },
      {
        name: 'activeLicenseId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: "The subdivision's one active license. null: none.",
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.StatisticRowAdded': {
    type: 'record',
    name: 'StatisticRowAdded',
    namespace: 'licensing.events',
    doc: "A row of usage was added to a subdivision. Carries the row and the license's usage after it.",
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      {
        name: 'subdivisionId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The subdivision that served the requests.',
      },
      {
        name: 'licenseId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: "The subdivision's active license when the row came.",
      },
      { name: 'statisticRowId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The row.' },
      {
        name: 'created',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time the row stands for, as its sender told it.',
      },
      { name: 'countRequests', type: 'long', doc: 'Number of requests served, 0 to 1,000,000,000.' },
      {
        name: 'counted',
        type: 'boolean',
        doc: "Whether the row counts on the license: true if `created` is after the license's first activation.",
      },
      { name: 'usedRequests', type: 'long', doc: 'Requests counted on the license so far, this row included.' },
      {
        name: 'requestsLimit',
        type: ['null', 'long'],
        default: null,
        doc: 'How many requests the license is good for. null for `bytime`.',
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.SubdivisionCreated': {
    type: 'record',
    name: 'SubdivisionCreated',
    namespace: 'licensing.events',
    doc: 'A subdivision was created, inactive and without licenses. Carries its whole state.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      { name: 'subdivisionId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The subdivision.' },
      { name: 'name', type: 'string', doc: 'Name of the subdivision, 1 to 200 characters.' },
      { name: 'location', type: 'string', doc: 'Where it is. Up to 1,000 characters, may be empty.' },
      {
        name: 'linkToSubdivisionProcessingDomain',
        type: ['null', 'string'],
        default: null,
        doc: "Link to the domain that processes the subdivision's requests. Up to 1,000 characters. null: none.",
      },
      {
        name: 'workStatus',
        type: 'string',
        doc: 'Whether the subdivision works: `active` (only with an active license) or `inactive`.',
      },
      {
        name: 'activeLicenseId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: "The subdivision's one active license. null: none.",
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.SubdivisionDeleted': {
    type: 'record',
    name: 'SubdivisionDeleted',
    namespace: 'licensing.events',
    doc: 'A subdivision was deleted with its licenses and statistic rows. Carries its state before the deletion.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      { name: 'subdivisionId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The subdivision.' },
      { name: 'name', type: 'string', doc: 'Name of the subdivision, 1 to 200 characters.' },
      { name: 'location', type: 'string', doc: 'Where it is. Up to 1,000 characters, may be empty.' },
      {
        name: 'linkToSubdivisionProcessingDomain',
        type: ['null', 'string'],
        default: null,
        doc: "Link to the domain that processes the subdivision's requests. Up to 1,000 characters. null: none.",
      },
      {
        name: 'workStatus',
        type: 'string',
        doc: 'Whether the subdivision works: `active` (only with an active license) or `inactive`.',
      },
      {
        name: 'activeLicenseId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: "The subdivision's one active license. null: none.",
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.SubdivisionLicenseExpired': {
    type: 'record',
    name: 'SubdivisionLicenseExpired',
    namespace: 'licensing.events',
    doc: "The active license of a subdivision ended by itself: its requests are used up or its time is over. Carries the subdivision's whole state after that; the LicenseDeactivated before it names the license.",
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      { name: 'subdivisionId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The subdivision.' },
      { name: 'name', type: 'string', doc: 'Name of the subdivision, 1 to 200 characters.' },
      { name: 'location', type: 'string', doc: 'Where it is. Up to 1,000 characters, may be empty.' },
      {
        name: 'linkToSubdivisionProcessingDomain',
        type: ['null', 'string'],
        default: null,
        doc: "Link to the domain that processes the subdivision's requests. Up to 1,000 characters. null: none.",
      },
      {
        name: 'workStatus',
        type: 'string',
        doc: 'Whether the subdivision works: `active` (only with an active license) or `inactive`.',
      },
      {
        name: 'activeLicenseId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: "The subdivision's one active license. null: none.",
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.SubdivisionUpdated': {
    type: 'record',
    name: 'SubdivisionUpdated',
    namespace: 'licensing.events',
    doc: 'A subdivision was changed, suspended or resumed by command. Carries its whole state after the change.',
    fields: [
      {
        name: 'tenantId',
        type: { type: 'string', logicalType: 'uuid' },
        doc: 'The tenant the subdivision belongs to.',
      },
      { name: 'subdivisionId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The subdivision.' },
      { name: 'name', type: 'string', doc: 'Name of the subdivision, 1 to 200 characters.' },
      { name: 'location', type: 'string', doc: 'Where it is. Up to 1,000 characters, may be empty.' },
      {
        name: 'linkToSubdivisionProcessingDomain',
        type: ['null', 'string'],
        default: null,
        doc: "Link to the domain that processes the subdivision's requests. Up to 1,000 characters. null: none.",
      },
      {
        name: 'workStatus',
        type: 'string',
        doc: 'Whether the subdivision works: `active` (only with an active license) or `inactive`.',
      },
      {
        name: 'activeLicenseId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: "The subdivision's one active license. null: none.",
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the subdivision after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.TenantCreated': {
    type: 'record',
    name: 'TenantCreated',
    namespace: 'licensing.events',
    doc: 'A tenant was created. Carries its whole state.',
    fields: [
      { name: 'tenantId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The tenant.' },
      { name: 'name', type: 'string', doc: 'Name of the tenant, unique among living tenants, 1 to 200 characters.' },
      { name: 'address', type: 'string', doc: 'Postal address. Up to 1,000 characters, may be empty.' },
      { name: 'email', type: 'string', doc: 'Contact address. Empty or an e-mail address of up to 254 characters.' },
      { name: 'phone', type: 'string', doc: 'Contact phone number. Up to 50 characters, may be empty.' },
      {
        name: 'createdBy',
        type: { type: 'string', logicalType: 'uuid' },
        doc: "The user who created the tenant. Who belongs to it is told by the users' events.",
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the tenant after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.TenantDeleted': {
    type: 'record',
    name: 'TenantDeleted',
    namespace: 'licensing.events',
    doc: 'A tenant was deleted. Carries its state before the deletion; its ids are never used again.',
    fields: [
      { name: 'tenantId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The tenant.' },
      { name: 'name', type: 'string', doc: 'Name of the tenant, unique among living tenants, 1 to 200 characters.' },
      { name: 'address', type: 'string', doc: 'Postal address. Up to 1,000 characters, may be empty.' },
      { name: 'email', type: 'string', doc: 'Contact address. Empty or an e-mail address of up to 254 characters.' },
      { name: 'phone', type: 'string', doc: 'Contact phone number. Up to 50 characters, may be empty.' },
      {
        name: 'createdBy',
        type: { type: 'string', logicalType: 'uuid' },
        doc: "The user who created the tenant. Who belongs to it is told by the users' events.",
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the tenant after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.TenantUpdated': {
    type: 'record',
    name: 'TenantUpdated',
    namespace: 'licensing.events',
    doc: 'A tenant was changed. Carries its whole state after the change.',
    fields: [
      { name: 'tenantId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The tenant.' },
      { name: 'name', type: 'string', doc: 'Name of the tenant, unique among living tenants, 1 to 200 characters.' },
      { name: 'address', type: 'string', doc: 'Postal address. Up to 1,000 characters, may be empty.' },
      { name: 'email', type: 'string', doc: 'Contact address. Empty or an e-mail address of up to 254 characters.' },
      { name: 'phone', type: 'string', doc: 'Contact phone number. Up to 50 characters, may be empty.' },
      {
        name: 'createdBy',
        type: { type: 'string', logicalType: 'uuid' },
        doc: "The user who created the tenant. Who belongs to it is told by the users' events.",
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the tenant after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.UserCreated': {
    type: 'record',
    name: 'UserCreated',
    namespace: 'licensing.events',
    doc: 'A user became known. Carries its whole state; the profile may follow with UserUpdated.',
    fields: [
      { name: 'userId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The user.' },
      {
        name: 'email',
        type: ['null', 'string'],
        default: null,
        doc: "The user's e-mail address, up to 254 characters. null: none or not known yet.",
      },
      {
        name: 'tgId',
        type: ['null', 'string'],
        default: null,
        doc: "The user's Telegram id, as text. null: none or not known.",
      },
      {
        name: 'superadmin',
        type: 'boolean',
        doc: 'Whether the user is a superadmin; false until the user domain has told it.',
      },
      {
        name: 'tenantId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: 'The tenant the user belongs to. null: none.',
      },
      {
        name: 'subdivisionId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: 'Reserved, always null.',
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the user after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.UserDeleted': {
    type: 'record',
    name: 'UserDeleted',
    namespace: 'licensing.events',
    doc: 'A user was deleted in the user domain. Carries its state before the deletion.',
    fields: [
      { name: 'userId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The user.' },
      {
        name: 'email',
        type: ['null', 'string'],
        default: null,
        doc: "The user's e-mail address, up to 254 characters. null: none or not known yet.",
      },
      {
        name: 'tgId',
        type: ['null', 'string'],
        default: null,
        doc: "The user's Telegram id, as text. null: none or not known.",
      },
      {
        name: 'superadmin',
        type: 'boolean',
        doc: 'Whether the user is a superadmin; false until the user domain has told it.',
      },
      {
        name: 'tenantId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: 'The tenant the user belongs to. null: none.',
      },
      {
        name: 'subdivisionId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: 'Reserved, always null.',
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the user after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.events.UserUpdated': {
    type: 'record',
    name: 'UserUpdated',
    namespace: 'licensing.events',
    doc: "A user's profile or tenant changed. Carries its whole state after the change. Users are written from several topics: go by version.",
    fields: [
      { name: 'userId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The user.' },
      {
        name: 'email',
        type: ['null', 'string'],
        default: null,
        doc: "The user's e-mail address, up to 254 characters. null: none or not known yet.",
      },
      {
        name: 'tgId',
        type: ['null', 'string'],
        default: null,
        doc: "The user's Telegram id, as text. null: none or not known.",
      },
      {
        name: 'superadmin',
        type: 'boolean',
        doc: 'Whether the user is a superadmin; false until the user domain has told it.',
      },
      {
        name: 'tenantId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: 'The tenant the user belongs to. null: none.',
      },
      {
        name: 'subdivisionId',
        type: ['null', { type: 'string', logicalType: 'uuid' }],
        default: null,
        doc: 'Reserved, always null.',
      },
      {
        name: 'version',
        type: 'long',
        doc: 'Version of the user after the change: 1 at creation, one more with each message that changes it. Events of one message share it.',
      },
      {
        name: 'occurredAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the message that made the change.',
      },
    ],
  },
  'licensing.rejections.CommandRejected': {
    type: 'record',
    name: 'CommandRejected',
    namespace: 'licensing.rejections',
    doc: "A command was understood and refused; nothing has changed. The answer to a command, under the command's own key.",
    fields: [
      {
        name: 'commandId',
        type: 'string',
        doc: '`ce_id` of the command, up to 256 characters of any kind; without one, its topic/partition/offset/timestamp.',
      },
      { name: 'commandSource', type: 'string', doc: '`ce_source` of the command. Empty: it had none.' },
      { name: 'commandType', type: 'string', doc: 'Full name of the command, e.g. `licensing.commands.CreateTenant`.' },
      {
        name: 'code',
        type: 'string',
        doc: 'Why, for programs: InvalidCommand, TenantAlreadyExists, TenantNotFound, TenantNameTaken, UserBelongsToAnotherTenant, UserDeleted, UserAlreadyExists, SubdivisionAlreadyExists, SubdivisionNotFound, SubdivisionInactive, SubdivisionHasActiveLicense, LicenseAlreadyExists, LicenseNotFound, LicenseAlreadyActive, LicenseInactive, LicenseExpired, LicenseExhausted, StatisticRowInFuture, StatisticRowAlreadyExists. More may come.',
      },
      { name: 'message', type: 'string', doc: 'Why, in a sentence for a person; may change its wording.' },
      {
        name: 'field',
        type: ['null', 'string'],
        default: null,
        doc: "Name of the command's field at fault. null: no single field, as in most codes but InvalidCommand.",
      },
      {
        name: 'tenantId',
        type: ['null', 'string'],
        default: null,
        doc: 'tenantId as the command gave it, well-formed or not. null: the command has none.',
      },
      {
        name: 'aggregateId',
        type: ['null', 'string'],
        default: null,
        doc: 'Id of the tenant, subdivision or user the command was for, as the command gave it. null: not known.',
      },
      {
        name: 'correlationId',
        type: ['null', 'string'],
        default: null,
        doc: '`ce_correlationid` of the command. null: it had none.',
      },
      {
        name: 'rejectedAt',
        type: { type: 'long', logicalType: 'timestamp-millis' },
        doc: 'The time of the command, by which it was refused.',
      },
    ],
  },
  'users.events.UserCreated': {
    type: 'record',
    name: 'UserCreated',
    namespace: 'users.events',
    doc: 'The user domain created a user. Creates or refreshes the local user: licensing.events.UserCreated or UserUpdated follows, or nothing if nothing changes.',
    fields: [
      { name: 'userId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The user.' },
      {
        name: 'email',
        type: ['null', 'string'],
        default: null,
        doc: "The user's e-mail address, up to 254 characters. null: none.",
      },
      { name: 'tgId', type: ['null', 'string'], default: null, doc: "The user's Telegram id, as text. null: none." },
      { name: 'superadmin', type: 'boolean', doc: 'Whether the user is a superadmin.' },
      {
        name: 'updatedAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'When the user domain made the change; one older than what is known is ignored. null: not told.',
      },
    ],
  },
  'users.events.UserDeleted': {
    type: 'record',
    name: 'UserDeleted',
    namespace: 'users.events',
    doc: 'The user domain deleted a user. The local user is deleted too: licensing.events.UserDeleted follows.',
    fields: [{ name: 'userId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The user.' }],
  },
  'users.events.UserUpdated': {
    type: 'record',
    name: 'UserUpdated',
    namespace: 'users.events',
    doc: 'The user domain changed a user. Creates or refreshes the local user: licensing.events.UserCreated or UserUpdated follows, or nothing if nothing changes.',
    fields: [
      { name: 'userId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The user.' },
      {
        name: 'email',
        type: ['null', 'string'],
        default: null,
        doc: "The user's e-mail address, up to 254 characters. null: none.",
      },
      { name: 'tgId', type: ['null', 'string'], default: null, doc: "The user's Telegram id, as text. null: none." },
      { name: 'superadmin', type: 'boolean', doc: 'Whether the user is a superadmin.' },
      {
        name: 'updatedAt',
        type: ['null', { type: 'long', logicalType: 'timestamp-millis' }],
        default: null,
        doc: 'When the user domain made the change; one older than what is known is ignored. null: not told.',
      },
    ],
  },
  'licensing.internal.LookUpUser': {
    type: 'record',
    name: 'LookUpUser',
    namespace: 'licensing.internal',
    doc: 'Internal to the worker: asks the user domain for the profile of a user created without one. Ends in a UserUpdated, or in nothing if the user domain does not know the user.',
    fields: [{ name: 'userId', type: { type: 'string', logicalType: 'uuid' }, doc: 'The user to look up.' }],
  },
} as const satisfies Readonly<Record<MessageName, RecordSchema>>;

export const COMMAND_NAMES = [
  'licensing.commands.ActivateSubdivisionLicense',
  'licensing.commands.AddStatisticRow',
  'licensing.commands.CreateLicense',
  'licensing.commands.CreateSubdivision',
  'licensing.commands.CreateTenant',
  'licensing.commands.CreateUser',
  'licensing.commands.DeactivateSubdivisionLicense',
  'licensing.commands.DeleteLicense',
  'licensing.commands.DeleteSubdivision',
  'licensing.commands.DeleteTenant',
  'licensing.commands.UpdateLicense',
  'licensing.commands.UpdateSubdivision',
  'licensing.commands.UpdateTenant',
] as const satisfies readonly CommandName[];

export const EVENT_NAMES = [
  'licensing.events.LicenseActivated',
  'licensing.events.LicenseCreated',
  'licensing.events.LicenseDeactivated',
  'licensing.events.LicenseDeleted',
  'licensing.events.LicenseUpdated',
  'licensing.events.StatisticRowAdded',
  'licensing.events.SubdivisionCreated',
  'licensing.events.SubdivisionDeleted',
  'licensing.events.SubdivisionLicenseExpired',
  'licensing.events.SubdivisionUpdated',
  'licensing.events.TenantCreated',
  'licensing.events.TenantDeleted',
  'licensing.events.TenantUpdated',
  'licensing.events.UserCreated',
  'licensing.events.UserDeleted',
  'licensing.events.UserUpdated',
] as const satisfies readonly EventName[];

export const REJECTION_NAMES = ['licensing.rejections.CommandRejected'] as const satisfies readonly RejectionName[];

export const OUTSIDE_EVENT_NAMES = [
  'users.events.UserCreated',
  'users.events.UserDeleted',
  'users.events.UserUpdated',
] as const satisfies readonly OutsideEventName[];

export const INTERNAL_MESSAGE_NAMES = [
  'licensing.internal.LookUpUser',
] as const satisfies readonly InternalMessageName[];
