import { randomUUID } from 'node:crypto';
import type { SendableName } from '../src/cli/message-types.ts';
import type { Sent } from '../src/cli/sender.ts';
import type { CommandName } from '../src/generated/messages.ts';

/** An answer that has to come back: `what` is the type of an event, the code of a rejection or the reason of a dead letter. */
export interface Expected {
  readonly key: string;
  readonly what: string;
}

/** The last record of a key of the entitlements: `tenant/subdivision`, and why it may or may not be served. */
export interface Entitled {
  readonly key: string;
  readonly reason: string;
}

export interface Step {
  /** What happens, told to the person who watches. */
  readonly says: string;
  /** A command and its data, made when it is sent, or bytes that are no message at all. */
  readonly sends:
    { readonly type: SendableName; readonly data: () => object } | { readonly key: string; readonly bytes: string };
  /** What its subdivision is entitled to then. */
  readonly entitles?: Entitled;
  /** It is not sent before this time. Milliseconds since the epoch. */
  readonly notBefore?: () => number;
  /** Answers of the same key come in this order. */
  readonly expects: readonly Expected[];
}

export interface Story {
  readonly steps: readonly Step[];
  /** A command for the person to send next. */
  readonly next: Pick<Sent, 'type'> & { readonly data: object };
}

type CommandShortName = CommandName extends `licensing.commands.${infer Short}` ? Short : never;

/** How long South may try. */
const TRIAL_MS = 1_500;

/** A tenant buys 100 requests for one of its two subdivisions, and uses them up; the other one has a short trial. */
export function tellStory(): Story {
  const tenantId = randomUUID();
  const userId = randomUUID();
  const north = { tenantId, subdivisionId: randomUUID() };
  const south = { tenantId, subdivisionId: randomUUID() };
  const [starter, trial, plan, lastRow] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  let trialEndsAt = 0;
  const ofTenant = (...whats: readonly string[]): readonly Expected[] => whats.map((what) => ({ key: tenantId, what }));
  const step = (says: string, type: SendableName, data: object | (() => object), ...expects: Expected[]): Step => ({
    says,
    sends: { type, data: typeof data === 'function' ? (data as () => object) : () => data },
    expects,
  });
  const command = (
    says: string,
    name: CommandShortName,
    data: object | (() => object),
    ...whats: readonly string[]
  ): Step => step(says, `licensing.commands.${name}`, data, ...ofTenant(...whats));

  return {
    steps: [
      step(
        'A tenant signs up. Its creator is a new user, so the user domain is asked who that is.',
        'licensing.commands.CreateTenant',
        { tenantId, userId, name: 'Acme' },
        ...ofTenant('TenantCreated'),
        { key: userId, what: 'UserCreated' },
        { key: userId, what: 'UserUpdated' },
      ),
      command(
        'It opens a subdivision, North ...',
        'CreateSubdivision',
        { ...north, name: 'North', location: 'Oslo' },
        'SubdivisionCreated',
      ),
      command(
        '... and another one, South.',
        'CreateSubdivision',
        { ...south, name: 'South', location: 'Rome' },
        'SubdivisionCreated',
      ),
      command(
        `South may try for ${TRIAL_MS / 1_000} s ...`,
        'CreateLicense',
        () => {
          trialEndsAt = Date.now() + TRIAL_MS;
          return { ...south, licenseId: trial, name: 'Trial', type: 'bytime', expiresAt: trialEndsAt };
        },
        'LicenseCreated',
      ),
      command(
        '... and begins at once.',
        'ActivateSubdivisionLicense',
        { ...south, licenseId: trial },
        'LicenseActivated',
      ),
      command(
        'North gets a license for 100 requests, and wants to know when half of them are used ...',
        'CreateLicense',
        {
          ...{ ...north, licenseId: starter, name: 'Starter', type: 'bycount' },
          ...{ requestsLimit: 100, usageThresholds: [50] },
        },
        'LicenseCreated',
      ),
      command(
        '... and activates it: from now on North is active.',
        'ActivateSubdivisionLicense',
        { ...north, licenseId: starter },
        'LicenseActivated',
      ),
      command(
        'North serves 50 requests.',
        'AddStatisticRow',
        { ...north, countRequests: 50 },
        'StatisticRowAdded',
        'LicenseThresholdReached',
      ),
      {
        ...command(
          'Then 51 more. The row is kept, but the license is used up: it is deactivated, and North with it. Whoever serves North reads so.',
          'AddStatisticRow',
          { ...north, statisticRowId: lastRow, countRequests: 51 },
          'StatisticRowAdded',
          'LicenseDeactivated',
          'SubdivisionLicenseExpired',
        ),
        entitles: { key: `${tenantId}/${north.subdivisionId}`, reason: 'exhausted' },
      },
      command(
        'North tries to go on without a license. The answer is no.',
        'AddStatisticRow',
        { ...north, countRequests: 1 },
        'SubdivisionInactive',
      ),
      command(
        'There was a mistake: it was 41, not 51. With the correction the license has requests left, and is active again.',
        'CorrectStatisticRow',
        { ...north, statisticRowId: lastRow, countRequests: 41, reason: 'Ten were tests.', reactivate: true },
        'StatisticRowCorrected',
        'LicenseActivated',
      ),
      command(
        'South buys a plan ...',
        'CreateLicense',
        { ...south, licenseId: plan, name: 'Plan', type: 'bycount', requestsLimit: 1_000 },
        'LicenseCreated',
      ),
      {
        ...command(
          '... and activates it once its trial is over. The end of the trial comes first, as of its due time.',
          'ActivateSubdivisionLicense',
          { ...south, licenseId: plan },
          'LicenseDeactivated',
          'SubdivisionLicenseExpired',
          'LicenseActivated',
        ),
        notBefore: () => trialEndsAt,
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
