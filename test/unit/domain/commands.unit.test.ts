import fc from 'fast-check';
import { anyText } from '../../support/any-text.ts';
import * as commands from '../../../src/domain/commands.ts';
import { EARLIEST_TIME, LATEST_TIME } from '../../../src/domain/fields.ts';
import { rejectEnded } from '../../../src/domain/license.ts';
import { NO_TERMS } from '../../../src/domain/terms.ts';
import type { CommandShortName } from '../../support/load.ts';
import { DAY, NOW, refusal } from './given.ts';

const A = 'a0000000-0000-4000-8000-000000000001';
const B = 'b0000000-0000-4000-8000-000000000002';
const C = 'c0000000-0000-4000-8000-000000000003';
const TENANT = { tenantId: A, name: 'Acme', address: 'Main street 1', email: 'office@acme.example', phone: '+47 1' };
const SUBDIVISION = {
  tenantId: A,
  subdivisionId: B,
  name: 'North',
  location: 'Oslo',
  linkToSubdivisionProcessingDomain: null,
};
const LICENSE = { tenantId: A, subdivisionId: B, licenseId: C, name: 'Basic', description: '' };
const BYCOUNT = { ...LICENSE, ...NO_TERMS, type: 'bycount', requestsLimit: 100, expiresAt: null };
const BYTIME = { ...LICENSE, ...NO_TERMS, type: 'bytime', requestsLimit: null, expiresAt: NOW + DAY };
const ROW = { tenantId: A, subdivisionId: B, statisticRowId: C, created: NOW, countRequests: 5 };
const LICENSE_IDS = { tenantId: A, subdivisionId: B, licenseId: C };
const RENEWAL = {
  ...LICENSE_IDS,
  expiresAt: NOW,
  requestsLimit: 200,
  resetUsage: true,
  activate: false,
  expectedTermsVersion: 1,
};
const TERMS = {
  ...LICENSE_IDS,
  requestsLimit: 100,
  expiresAt: NOW + DAY,
  startsAt: NOW,
  graceMs: DAY,
  overage: 'percent',
  overagePercent: 20,
  usageThresholds: [80, 100],
  noticesBeforeExpiry: [DAY],
  period: 'month',
  periodAnchor: NOW,
  whenBelowUsage: 'reject',
  expectedTermsVersion: 3,
};
const CORRECTION = {
  tenantId: A,
  subdivisionId: B,
  statisticRowId: C,
  countRequests: 0,
  reason: 'Counted twice',
  reactivate: true,
};

/** Each command: a valid record, its fields in the order of the contract, and what makes each of them faulty. */
type Case = {
  readonly parse: (changes: Record<string, unknown>) => unknown;
  readonly fields: readonly string[];
};

function aCase<R extends object>(parse: (raw: R) => unknown, raw: R, fields: readonly string[]): Case {
  return { parse: (changes) => parse({ ...raw, ...changes }), fields };
}

const OF_LICENSE = ['tenantId', 'subdivisionId', 'licenseId'];
const OF_TERMS = Object.keys(NO_TERMS);
const CASES: Readonly<Record<CommandShortName | 'RenewLicense' | 'ChangeLicenseTerms' | 'CorrectStatisticRow', Case>> =
  {
    CreateTenant: aCase(commands.parseCreateTenant, { ...TENANT, userId: B }, [
      'tenantId',
      'userId',
      'name',
      'address',
      'email',
      'phone',
    ]),
    UpdateTenant: aCase(commands.parseUpdateTenant, TENANT, ['tenantId', 'name', 'address', 'email', 'phone']),
    DeleteTenant: aCase(commands.parseDeleteTenant, { tenantId: A }, ['tenantId']),
    CreateSubdivision: aCase(commands.parseCreateSubdivision, SUBDIVISION, [
      'tenantId',
      'subdivisionId',
      'name',
      'location',
      'linkToSubdivisionProcessingDomain',
    ]),
    UpdateSubdivision: aCase(commands.parseUpdateSubdivision, { ...SUBDIVISION, workStatus: null }, [
      'tenantId',
      'subdivisionId',
      'name',
      'location',
      'linkToSubdivisionProcessingDomain',
      'workStatus',
    ]),
    DeleteSubdivision: aCase(commands.parseDeleteSubdivision, { tenantId: A, subdivisionId: B }, [
      'tenantId',
      'subdivisionId',
    ]),
    CreateLicense: aCase(commands.parseCreateLicense, BYCOUNT, [
      'tenantId',
      'subdivisionId',
      'licenseId',
      'name',
      'description',
      'type',
      'requestsLimit',
      'expiresAt',
      ...OF_TERMS,
    ]),
    UpdateLicense: aCase(commands.parseUpdateLicense, LICENSE, [
      'tenantId',
      'subdivisionId',
      'licenseId',
      'name',
      'description',
    ]),
    DeleteLicense: aCase(commands.parseDeleteLicense, LICENSE_IDS, OF_LICENSE),
    RenewLicense: aCase(commands.parseRenewLicense, RENEWAL, [
      ...OF_LICENSE,
      'expiresAt',
      'requestsLimit',
      'expectedTermsVersion',
    ]),
    ChangeLicenseTerms: aCase(commands.parseChangeLicenseTerms, TERMS, [
      ...OF_LICENSE,
      'requestsLimit',
      'expiresAt',
      ...OF_TERMS,
      'whenBelowUsage',
      'expectedTermsVersion',
    ]),
    ActivateSubdivisionLicense: aCase(commands.parseActivateSubdivisionLicense, LICENSE_IDS, OF_LICENSE),
    DeactivateSubdivisionLicense: aCase(commands.parseDeactivateSubdivisionLicense, LICENSE_IDS, OF_LICENSE),
    AddStatisticRow: aCase(commands.parseAddStatisticRow, ROW, [
      'tenantId',
      'subdivisionId',
      'statisticRowId',
      'created',
      'countRequests',
    ]),
    CorrectStatisticRow: aCase(commands.parseCorrectStatisticRow, CORRECTION, [
      'tenantId',
      'subdivisionId',
      'statisticRowId',
      'countRequests',
      'reason',
    ]),
    CreateUser: aCase(commands.parseCreateUser, { userId: A }, ['userId']),
  };

const FAULTS: Record<string, unknown> = {
  requestsLimit: 0,
  expiresAt: -1,
  created: -1,
  countRequests: -1,
  startsAt: -1,
  graceMs: -1,
  overagePercent: 0,
  usageThresholds: [0],
  noticesBeforeExpiry: [0],
  periodAnchor: -1,
  expectedTermsVersion: 0,
};
const fault = (field: string): unknown => FAULTS[field] ?? '\u0000';

describe.each(Object.entries(CASES))('%s', (_, { parse, fields }) => {
  test('accepts a valid record, and parsing what it made changes nothing', () => {
    const parsed = parse({});
    expect(parse(Object(parsed))).toEqual(parsed);
    expect(Object.keys(Object(parsed))).toEqual(expect.arrayContaining([...fields]));
  });

  test.each(fields)('refuses a faulty %s and names it', (field) => {
    expect(refusal(() => parse({ [field]: fault(field) }))).toBe(`InvalidCommand ${field}`);
  });

  test.each(fields)('names %s when all the fields after it are faulty too', (field) => {
    const faulty = fields.slice(fields.indexOf(field));
    expect(refusal(() => parse(Object.fromEntries(faulty.map((one) => [one, fault(one)]))))).toBe(
      `InvalidCommand ${field}`,
    );
  });
});

describe('ids', () => {
  test('are lower-cased', () => {
    expect(commands.parseCreateUser({ userId: A.toUpperCase() }).userId).toBe(A);
  });

  test.each(['', 'a', A.slice(1), `${A}0`, ` ${A}`, `${A}\n`, `{${A}}`, A.replaceAll('-', ''), A.replace('a', 'g')])(
    'of another form are refused: %j',
    (userId) => expect(refusal(() => commands.parseCreateUser({ userId }))).toBe('InvalidCommand userId'),
  );
});

describe('text', () => {
  const tenant = (changes: Partial<typeof TENANT>) => commands.parseUpdateTenant({ ...TENANT, ...changes });
  const subdivision = (link: string | null) =>
    commands.parseCreateSubdivision({ ...SUBDIVISION, linkToSubdivisionProcessingDomain: link });

  test('is trimmed and NFC-normalised', () => {
    expect(tenant({ name: ' \t\u00a0Cafe\u0301\n' }).name).toBe('Caf\u00e9');
    expect(subdivision('  https://a.example ').linkToSubdivisionProcessingDomain).toBe('https://a.example');
    expect(subdivision(null).linkToSubdivisionProcessingDomain).toBeNull();
  });

  test.each(['\u0000', 'a\u0000b', '\ud800', 'a\udc00', '\udc00\ud800'])('with %j is refused in every field', (bad) => {
    for (const field of ['name', 'address', 'email', 'phone']) {
      expect(refusal(() => tenant({ [field]: bad }))).toBe(`InvalidCommand ${field}`);
    }
    expect(refusal(() => subdivision(bad))).toBe('InvalidCommand linkToSubdivisionProcessingDomain');
  });

  test.each([
    ['name', 1, 200],
    ['phone', 0, 50],
    ['address', 0, 1_000],
  ] as const)('%s has %i to %i characters', (field, min, max) => {
    expect(tenant({ [field]: 'a'.repeat(max) })[field]).toHaveLength(max);
    expect(refusal(() => tenant({ [field]: 'a'.repeat(max + 1) }))).toBe(`InvalidCommand ${field}`);
    expect(refusal(() => tenant({ [field]: '' }))).toBe(min === 0 ? 'accepted' : `InvalidCommand ${field}`);
    expect(refusal(() => tenant({ [field]: '  ' }))).toBe(min === 0 ? 'accepted' : `InvalidCommand ${field}`);
  });

  test('is measured in code points, after normalising', () => {
    expect(refusal(() => tenant({ name: '\u{1f600}'.repeat(200) }))).toBe('accepted');
    expect(refusal(() => tenant({ name: '\u{1f600}'.repeat(201) }))).toBe('InvalidCommand name');
    expect(refusal(() => tenant({ name: 'e\u0301'.repeat(200) }))).toBe('accepted');
    expect(refusal(() => tenant({ name: `  ${'a'.repeat(200)}  ` }))).toBe('accepted');
  });

  test.each([
    '',
    '  ',
    'a@b.example',
    'a.b+c@d-e.f.example',
    '\u00fc@m\u00fcller.example',
    `${'a'.repeat(244)}@b.example`,
  ])('e-mail %j is plausible', (email) => expect(refusal(() => tenant({ email }))).toBe('accepted'));

  test.each([
    'a',
    'a@',
    '@b.example',
    'a@b',
    'a@@b.example',
    'a b@c.example',
    'a@b.',
    'a@.b',
    'a@b..c',
    'a\n@b.example',
  ])('e-mail %j is not', (email) => expect(refusal(() => tenant({ email }))).toBe('InvalidCommand email'));

  test('an e-mail address has at most 254 characters', () => {
    expect(refusal(() => tenant({ email: `${'a'.repeat(245)}@b.example` }))).toBe('InvalidCommand email');
  });

  test('never lets U+0000 or a lone surrogate through, and is idempotent', () => {
    const text = fc.string({
      unit: fc.oneof(
        anyText(),
        fc.nat(0xffff).map((c) => String.fromCharCode(c)),
      ),
      maxLength: 60,
    });
    fc.assert(
      fc.property(text, (address) => {
        if (address.includes('\u0000') || !address.isWellFormed()) {
          expect(refusal(() => tenant({ address }))).toBe('InvalidCommand address');
          return;
        }
        const once = tenant({ address }).address;
        expect(once).not.toContain('\u0000');
        expect(once.isWellFormed()).toBe(true);
        expect(tenant({ address: once }).address).toBe(once);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('numbers and times', () => {
  const limit = (requestsLimit: number) => refusal(() => commands.parseCreateLicense({ ...BYCOUNT, requestsLimit }));
  const count = (countRequests: number) => refusal(() => commands.parseAddStatisticRow({ ...ROW, countRequests }));
  const created = (time: number) => refusal(() => commands.parseAddStatisticRow({ ...ROW, created: time }));

  test('requestsLimit is a whole number from 1 to 1e12', () => {
    expect([1, 1e12].map(limit)).toEqual(['accepted', 'accepted']);
    for (const bad of [0, -1, 1.5, 1e12 + 1, NaN, Infinity]) expect(limit(bad)).toBe('InvalidCommand requestsLimit');
  });

  test('countRequests is a whole number from 0 to 1e9', () => {
    expect([0, 1e9].map(count)).toEqual(['accepted', 'accepted']);
    for (const bad of [-1, 0.5, 1e9 + 1, NaN]) expect(count(bad)).toBe('InvalidCommand countRequests');
  });

  test('created lies between the years 2001 and 9999: in seconds it would be of 1970', () => {
    expect(EARLIEST_TIME).toBe(Date.parse('2001-01-01T00:00:00.000Z'));
    expect(LATEST_TIME).toBe(Date.parse('9999-12-31T23:59:59.999Z'));
    expect([EARLIEST_TIME, LATEST_TIME].map(created)).toEqual(['accepted', 'accepted']);
    for (const bad of [-1, 0, Math.floor(NOW / 1_000), EARLIEST_TIME - 1, LATEST_TIME + 1, NOW + 0.5, NaN]) {
      expect(created(bad)).toBe('InvalidCommand created');
    }
  });
});

describe('CreateLicense', () => {
  const parse = (raw: commands.Raw<commands.CreateLicense>) =>
    refusal(() => rejectEnded(commands.parseCreateLicense(raw), NOW));

  test('bycount needs a limit, and its expiry lies ahead where it has one', () => {
    expect(parse({ ...BYCOUNT, requestsLimit: null })).toBe('InvalidCommand requestsLimit');
    expect(parse({ ...BYCOUNT, expiresAt: NOW + 1 })).toBe('accepted');
    expect(parse({ ...BYCOUNT, expiresAt: NOW })).toBe('InvalidCommand expiresAt');
  });

  test('terms are judged after the defaults', () => {
    const ahead = NOW + 400 * DAY;
    expect(parse({ ...BYTIME, expiresAt: null, startsAt: ahead, graceMs: DAY, noticesBeforeExpiry: [DAY] })).toBe(
      'accepted',
    );
    expect(parse({ ...BYTIME, startsAt: NOW + DAY })).toBe('InvalidCommand startsAt');
    expect(parse({ ...BYTIME, expiresAt: null, startsAt: LATEST_TIME })).toBe('InvalidCommand expiresAt');
    expect(parse({ ...BYCOUNT, graceMs: DAY })).toBe('InvalidCommand graceMs');
    expect(parse({ ...BYCOUNT, overagePercent: 10 })).toBe('InvalidCommand overagePercent');
    expect(parse({ ...BYTIME, period: 'month' })).toBe('InvalidCommand period');
    expect(parse({ ...BYTIME, usageThresholds: [80] })).toBe('InvalidCommand usageThresholds');
  });

  test('bytime takes no limit, and its expiry lies ahead', () => {
    expect(parse(BYTIME)).toBe('accepted');
    expect(parse({ ...BYTIME, expiresAt: null })).toBe('accepted');
    expect(parse({ ...BYTIME, requestsLimit: 1 })).toBe('InvalidCommand requestsLimit');
    expect(parse({ ...BYTIME, expiresAt: NOW + 1 })).toBe('accepted');
    expect(parse({ ...BYTIME, expiresAt: NOW })).toBe('InvalidCommand expiresAt');
    expect(parse({ ...BYTIME, expiresAt: Math.floor((NOW + DAY) / 1_000) })).toBe('InvalidCommand expiresAt');
    expect(parse({ ...BYTIME, expiresAt: LATEST_TIME + 1 })).toBe('InvalidCommand expiresAt');
  });

  test.each(['', 'ByCount', 'forever', ' bycount'])('refuses the type %j', (type) => {
    expect(parse({ ...BYCOUNT, type })).toBe('InvalidCommand type');
  });
});

test.each([
  ['active', 'accepted'],
  ['inactive', 'accepted'],
  [null, 'accepted'],
  ['Active', 'InvalidCommand workStatus'],
  ['', 'InvalidCommand workStatus'],
])('UpdateSubdivision with workStatus %j: %s', (workStatus, answer) => {
  expect(refusal(() => commands.parseUpdateSubdivision({ ...SUBDIVISION, workStatus }))).toBe(answer);
});

describe('RenewLicense', () => {
  const parse = (changes: object) => refusal(() => commands.parseRenewLicense({ ...RENEWAL, ...changes }));

  test('keeps what it does not tell', () => {
    const kept = { expiresAt: null, requestsLimit: null, expectedTermsVersion: null };
    expect(commands.parseRenewLicense({ ...RENEWAL, ...kept })).toEqual({ ...RENEWAL, ...kept });
  });

  test('has limits and ends in the ranges of CreateLicense', () => {
    for (const bad of [0, 1.5, 1e12 + 1]) expect(parse({ requestsLimit: bad })).toBe('InvalidCommand requestsLimit');
    for (const bad of [-1, LATEST_TIME + 1]) expect(parse({ expiresAt: bad })).toBe('InvalidCommand expiresAt');
    for (const bad of [0, 1.5, -1])
      expect(parse({ expectedTermsVersion: bad })).toBe('InvalidCommand expectedTermsVersion');
  });
});

describe('ChangeLicenseTerms', () => {
  const parse = (changes: object) => refusal(() => commands.parseChangeLicenseTerms({ ...TERMS, ...changes }));

  test('takes terms away by null, and keeps the limit so', () => {
    const none = { ...NO_TERMS, requestsLimit: null, expiresAt: null, expectedTermsVersion: null };
    expect(commands.parseChangeLicenseTerms({ ...TERMS, ...none })).toEqual({ ...TERMS, ...none });
  });

  test.each<[string, object]>([
    ['startsAt', { startsAt: NOW + DAY }],
    ['graceMs', { expiresAt: null }],
    ['noticesBeforeExpiry', { expiresAt: null, graceMs: null }],
    ['overagePercent', { overagePercent: null }],
    ['overagePercent', { overage: null }],
    ['periodAnchor', { period: null }],
  ])('is refused by %s when its terms contradict each other: %j', (field, changes) => {
    expect(parse(changes)).toBe(`InvalidCommand ${field}`);
  });

  test('leaves to the license what only its type and its limit show', () => {
    expect(parse({ requestsLimit: null })).toBe('accepted');
  });

  test.each(['reject', 'exhaust'])('whenBelowUsage can be %s', (whenBelowUsage) => {
    expect(parse({ whenBelowUsage })).toBe('accepted');
  });
});

test('a correction has a reason, trimmed, of up to 1,000 characters', () => {
  const parse = (reason: string) => commands.parseCorrectStatisticRow({ ...CORRECTION, reason });
  expect(parse('  Counted twice\n').reason).toBe('Counted twice');
  expect(parse('x'.repeat(1_000)).reason).toHaveLength(1_000);
  expect(refusal(() => parse('x'.repeat(1_001)))).toBe('InvalidCommand reason');
});
