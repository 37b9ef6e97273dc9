import fc from 'fast-check';
import { CONTACT } from '../e2e/given.ts';
import { NOW } from './builders.ts';
import { command, outside, type CommandShortName, type Sending } from './load.ts';

// Random sequences over so few ids that everything meets everything: names that are taken, licenses of other subdivisions, rows that
// exist, what was deleted. fast-check makes a failing one as short as it can.

/** One unit of work: its messages, and by how much the clock of their producers has moved on before it. */
export interface Chunk {
  readonly later: number;
  readonly messages: readonly Step[];
}

/** A message, or one of those before once more, perhaps with other bytes under the same id. */
export type Step = { readonly dated: Dated } & (
  { readonly send: Sending } | { readonly again: number; readonly changed: boolean }
);
/** What its record says: its producer's time, one of a second or a day before, one that nobody's clock has reached, none. */
export type Dated = 'rightly' | 'justBefore' | 'early' | 'ahead' | 'not';

const SECOND = 1_000;
const DAY = 24 * 60 * 60 * SECOND;

/** @param time by the producers' clock, in milliseconds since the epoch */
export function timestampOf(dated: Dated, time: number): number {
  const early = { justBefore: time - SECOND, early: time - DAY };
  return { rightly: time, ...early, ahead: Number.MAX_SAFE_INTEGER, not: -1 }[dated];
}

const id = (kind: string, number: number): string => `${kind}0000000-0000-4000-8000-00000000000${number}`;
const of = (kind: string, count: number): fc.Arbitrary<string> => fc.nat(count - 1).map((number) => id(kind, number));
/** Mostly the first: it is there from the beginning. */
const mostlyFirst = (kind: string): fc.Arbitrary<string> =>
  fc.oneof(weighted(9, fc.constant(id(kind, 0))), one(fc.constant(id(kind, 1))));

const tenantId = mostlyFirst('1');
const userId = of('2', 2);
const subdivisionId = mostlyFirst('3');
const licenseId = of('4', 3);
const name = fc.oneof(weighted(9, fc.constantFrom('One', 'Two', ' One ')), one(fc.constant('')));
const link = fc.constantFrom(null, 'https://processing.example.org');
/** When licenses end and rows are created, and to where the clock moves: so that they meet, and miss each other by a millisecond. */
const at = fc.constantFrom(0, 1, 1_000, 2_000, 2_001, 3_000, DAY, DAY + 2_000, 40 * DAY).map((later) => NOW + later);
const inSubdivision = { tenantId, subdivisionId };
const inLicense = { ...inSubdivision, licenseId };
const place = { name, location: fc.constantFrom('', 'Bergen'), linkToSubdivisionProcessingDomain: link };
const described = { name, description: fc.constantFrom('', 'as agreed') };
const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof(weighted(4, fc.constant(null)), one(arbitrary));
/** All of them together contradict each other more often than not. */
const terms = {
  ...{ startsAt: seldom(at), graceMs: seldom(fc.constantFrom(-1, 0, SECOND)) },
  ...{
    overage: seldom(fc.constantFrom('stop', 'percent', 'unlimited', 'odd')),
    overagePercent: seldom(fc.constant(20)),
  },
  ...{
    usageThresholds: seldom(fc.constantFrom([50, 100], [100, 50])),
    noticesBeforeExpiry: seldom(fc.constant([SECOND])),
  },
  ...{ period: seldom(fc.constantFrom('day', 'month', 'odd')), periodAnchor: seldom(at) },
};
const agreed = fc.oneof(
  weighted(
    4,
    fc.record({ type: fc.constant('bytime'), requestsLimit: fc.constant(null), expiresAt: fc.option(at, { freq: 4 }) }),
  ),
  weighted(
    3,
    fc.record({
      ...{ type: fc.constant('bycount'), requestsLimit: fc.constantFrom(5, 100) },
      expiresAt: fc.constant(null),
    }),
  ),
  weighted(
    2,
    fc.record({
      ...{ type: fc.constantFrom('bycount', 'bytime', 'odd'), requestsLimit: fc.constantFrom(null, 0, 5, 100) },
      ...{ expiresAt: fc.option(at), ...terms },
    }),
  ),
);
const contact = fc.record({ tenantId, name }).map((given) => ({ ...given, ...CONTACT }));

/** Some of each command; a command without an entry does not compile. */
const COMMANDS: Readonly<Record<CommandShortName, fc.WeightedArbitrary<Sending>>> = {
  CreateTenant: one(
    fc.tuple(contact, userId).map(([given, user]) => command('CreateTenant', { ...given, userId: user })),
  ),
  UpdateTenant: one(contact.map((data) => command('UpdateTenant', data))),
  DeleteTenant: one(fc.record({ tenantId: of('1', 4) }).map((data) => command('DeleteTenant', data))),
  CreateSubdivision: weighted(
    3,
    fc.record({ ...inSubdivision, ...place }).map((data) => command('CreateSubdivision', data)),
  ),
  UpdateSubdivision: weighted(
    4,
    fc
      .record({ ...inSubdivision, ...place, workStatus: fc.constantFrom(null, 'active', 'active', 'inactive', 'odd') })
      .map((data) => command('UpdateSubdivision', data)),
  ),
  DeleteSubdivision: one(
    fc.record({ tenantId, subdivisionId: of('3', 4) }).map((data) => command('DeleteSubdivision', data)),
  ),
  CreateLicense: weighted(
    5,
    fc
      .tuple(fc.record({ ...inLicense, ...described }), agreed)
      .map(([data, how]) => command('CreateLicense', { ...data, ...how })),
  ),
  UpdateLicense: one(fc.record({ ...inLicense, ...described }).map((data) => command('UpdateLicense', data))),
  DeleteLicense: one(fc.record(inLicense).map((data) => command('DeleteLicense', data))),
  ActivateSubdivisionLicense: weighted(
    10,
    fc.record(inLicense).map((data) => command('ActivateSubdivisionLicense', data)),
  ),
  DeactivateSubdivisionLicense: weighted(
    2,
    fc.record(inLicense).map((data) => command('DeactivateSubdivisionLicense', data)),
  ),
  AddStatisticRow: weighted(
    15,
    fc
      .record({
        ...inSubdivision,
        statisticRowId: of('5', 9),
        created: at,
        countRequests: fc.oneof(weighted(9, fc.constantFrom(0, 1, 4, 96)), one(fc.constant(-1))),
      })
      .map((data) => command('AddStatisticRow', data)),
  ),
  RenewLicense: weighted(
    2,
    fc
      .record({
        ...{ ...inLicense, expiresAt: fc.option(at), requestsLimit: seldom(fc.constantFrom(0, 5, 200)) },
        ...{ resetUsage: fc.boolean(), activate: fc.boolean(), expectedTermsVersion: seldom(fc.constantFrom(1, 2)) },
      })
      .map((data) => command('RenewLicense', data)),
  ),
  ChangeLicenseTerms: weighted(
    2,
    fc
      .record({
        ...{ ...inLicense, expiresAt: fc.option(at), requestsLimit: seldom(fc.constantFrom(0, 5, 200)), ...terms },
        ...{
          whenBelowUsage: fc.constantFrom('reject', 'exhaust', 'odd'),
          expectedTermsVersion: seldom(fc.constant(1)),
        },
      })
      .map((data) => command('ChangeLicenseTerms', data)),
  ),
  CorrectStatisticRow: weighted(
    3,
    fc
      .record({
        ...{ ...inSubdivision, statisticRowId: of('5', 9), countRequests: fc.constantFrom(-1, 0, 0, 1, 100) },
        ...{ reason: fc.constantFrom('', 'wrong'), reactivate: fc.boolean() },
      })
      .map((data) => command('CorrectStatisticRow', data)),
  ),
  CreateUser: one(fc.record({ userId }).map((data) => command('CreateUser', data))),
};

const profile = fc.record({
  ...{ userId, email: fc.constantFrom(null, 'a@example.org'), tgId: fc.constant(null) },
  ...{ superadmin: fc.boolean(), updatedAt: fc.option(at) },
});
const sending: fc.Arbitrary<Sending> = fc.oneof(
  ...Object.values(COMMANDS),
  one(profile.chain((data) => fc.constantFrom(outside('UserCreated', data), outside('UserUpdated', data)))),
  one(fc.record({ userId }).map((data) => outside('UserDeleted', data))),
);

const dated = fc.oneof(
  weighted(12, fc.constant<Dated>('rightly')),
  fc.constantFrom<Dated>('justBefore', 'early', 'ahead', 'not'),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ send: sending, dated }) },
  { weight: 1, arbitrary: fc.record({ again: fc.nat(60), changed: fc.boolean(), dated }) },
);

/** Tenant, subdivision, license: without them most of the rest would be refused. */
const beginning: Chunk = {
  later: 0,
  messages: [
    command('CreateTenant', { tenantId: id('1', 0), userId: id('2', 0), name: 'One', ...CONTACT }),
    command('CreateSubdivision', {
      ...{ tenantId: id('1', 0), subdivisionId: id('3', 0), name: 'North', location: '' },
      linkToSubdivisionProcessingDomain: null,
    }),
    command('CreateLicense', {
      ...{ tenantId: id('1', 0), subdivisionId: id('3', 0), licenseId: id('4', 0), name: 'Trial', description: '' },
      ...{ type: 'bycount', requestsLimit: 100, expiresAt: null },
    }),
    command('CreateLicense', {
      ...{ tenantId: id('1', 0), subdivisionId: id('3', 0), licenseId: id('4', 1), name: 'Month', description: '' },
      ...{ type: 'bytime', requestsLimit: null, expiresAt: NOW + 2_000 },
    }),
  ].map((send) => ({ send, dated: 'rightly' })),
};

const chunk: fc.Arbitrary<Chunk> = fc.record({
  later: fc.constantFrom(0, 0, 1, 999, 1_000, DAY),
  messages: fc.array(step, { minLength: 1, maxLength: 8 }),
});

export const sequences: fc.Arbitrary<readonly Chunk[]> = fc
  .array(chunk, { minLength: 1, maxLength: 8 })
  .map((chunks) => [beginning, ...chunks]);

function one<T>(arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> {
  return weighted(1, arbitrary);
}

function weighted<T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> {
  return { weight, arbitrary };
}
