import { randomUUID } from 'node:crypto';
import type { SendableName } from '../src/cli/message-types.ts';
import type { Sent } from '../src/cli/sender.ts';

/** An answer that has to come back: `what` is the type of an event, the code of a rejection or the reason of a dead letter. */
export interface Expected {
  readonly key: string;
  readonly what: string;
}

export interface Step {
  /** What happens, told to the person who watches. */
  readonly says: string;
  /** A command and its data, or bytes that are no message at all. */
  readonly sends:
    { readonly type: SendableName; readonly data: object } | { readonly key: string; readonly bytes: string };
  /** Answers of the same key come in this order. */
  readonly expects: readonly Expected[];
}

export interface Story {
  readonly steps: readonly Step[];
  /** A command for the person to send next. */
  readonly next: Pick<Sent, 'type'> & { readonly data: object };
}

/** A tenant buys 100 requests for one of its two subdivisions, and uses them up. */
export function tellStory(): Story {
  const tenantId = randomUUID();
  const userId = randomUUID();
  const north = randomUUID();
  const south = randomUUID();
  const licenseId = randomUUID();
  const ofTenant = (...whats: readonly string[]): readonly Expected[] => whats.map((what) => ({ key: tenantId, what }));
  const row = (countRequests: number): Step['sends'] => ({
    type: 'licensing.commands.AddStatisticRow',
    data: { tenantId, subdivisionId: north, countRequests },
  });
  return {
    steps: [
      {
        says: 'A tenant signs up. Its creator is a new user, so the user domain is asked who that is.',
        sends: { type: 'licensing.commands.CreateTenant', data: { tenantId, userId, name: 'Acme' } },
        expects: [
          ...ofTenant('TenantCreated'),
          { key: userId, what: 'UserCreated' },
          { key: userId, what: 'UserUpdated' },
        ],
      },
      {
        says: 'It opens a subdivision, North ...',
        sends: {
          type: 'licensing.commands.CreateSubdivision',
          data: { tenantId, subdivisionId: north, name: 'North', location: 'Oslo' },
        },
        expects: ofTenant('SubdivisionCreated'),
      },
      {
        says: '... and another one, South.',
        sends: {
          type: 'licensing.commands.CreateSubdivision',
          data: { tenantId, subdivisionId: south, name: 'South', location: 'Rome' },
        },
        expects: ofTenant('SubdivisionCreated'),
      },
      {
        says: 'North gets a license for 100 requests ...',
        sends: {
          type: 'licensing.commands.CreateLicense',
          data: { tenantId, subdivisionId: north, licenseId, name: 'Starter', type: 'bycount', requestsLimit: 100 },
        },
        expects: ofTenant('LicenseCreated'),
      },
      {
        says: '... and activates it: from now on North is active.',
        sends: {
          type: 'licensing.commands.ActivateSubdivisionLicense',
          data: { tenantId, subdivisionId: north, licenseId },
        },
        expects: ofTenant('LicenseActivated'),
      },
      {
        says: 'North serves 50 requests.',
        sends: row(50),
        expects: ofTenant('StatisticRowAdded'),
      },
      {
        says: 'Then 51 more. The row is kept, but the license is used up: it is deactivated, and North with it.',
        sends: row(51),
        expects: ofTenant('StatisticRowAdded', 'LicenseDeactivated', 'SubdivisionLicenseExpired'),
      },
      {
        says: 'North tries to go on without a license. The answer is no.',
        sends: row(1),
        expects: ofTenant('SubdivisionInactive'),
      },
      {
        says: 'Somebody publishes bytes that are no Avro. They are set aside, and nothing behind them waits.',
        sends: { key: tenantId, bytes: 'this is not Avro' },
        expects: ofTenant('UndecodableMessage'),
      },
    ],
    next: { type: 'licensing.commands.CreateSubdivision', data: { tenantId, name: 'West' } },
  };
}
