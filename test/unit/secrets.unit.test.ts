import fc from 'fast-check';
import { readConfig, SETTINGS } from '../../src/config.ts';
import { ConfigurationError } from '../../src/ports/errors.ts';
import { placeOf, placeOfDatabase } from '../../src/urls.ts';
import { licensing, type Environment } from '../support/world-process.ts';

/** Nothing listens there. */
const NOWHERE = '127.0.0.1:1';
const WITHOUT_SECRETS: Environment = {
  KAFKA_BROKERS: NOWHERE,
  SCHEMA_REGISTRY_URL: `http://${NOWHERE}/apis`,
  DATABASE_URL: `postgres://${NOWHERE}/licensing`,
};

interface SecretUrl {
  readonly variable: string;
  readonly with: (password: string) => string;
  /** All of it that may be told. */
  readonly place: string;
}

const URLS: readonly SecretUrl[] = [
  {
    variable: SETTINGS.databaseUrl.variable,
    with: (password) => `postgres://worker:${password}@${NOWHERE}/licensing`,
    place: `${NOWHERE}/licensing`,
  },
  {
    variable: SETTINGS.schemaRegistryUrls.variable,
    with: (password) => `http://worker:${password}@${NOWHERE}/apis`,
    place: `http://${NOWHERE}/apis`,
  },
  {
    variable: SETTINGS.userDomainUrl.variable,
    with: (password) => `https://worker:${password}@${NOWHERE}/users`,
    place: `https://${NOWHERE}/users`,
  },
];

/** None of them is part of a sentence of ours. Digits stand where a port would. */
const TOKENS = ['7391', '52', 'Zq7x', 'kW9', 'host=', 'ß'];
const DELIMITERS = ['/', '#', '@', '%', '?', ':', '\\', ' ', '&', '%zz', '%E4', '%41', '[', ']', '+', '|', '"', "'"];

const password = fc
  .array(fc.oneof(fc.constantFrom(...TOKENS), fc.constantFrom(...DELIMITERS)), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''));

describe.each(URLS)('a password in $variable', ({ variable, with: urlWith, place }) => {
  test('is never told: the URL is refused without its value, or what is told of it is where it leads to', () => {
    fc.assert(
      fc.property(password, (secret) => {
        const told = toldOf(variable, urlWith(secret));
        expect([place, expect.stringMatching(new RegExp(`^${variable} is malformed .*; expected `))]).toContainEqual(
          told,
        );
        for (const token of TOKENS) expect(told).not.toContain(token);
      }),
      { numRuns: 500 },
    );
  });

  test('may be anything that is percent-encoded', () => {
    fc.assert(
      fc.property(fc.oneof(password, fc.string({ unit: 'grapheme' })), (secret) => {
        expect(toldOf(variable, urlWith(encodeURIComponent(secret)))).toBe(place);
      }),
    );
  });
});

describe('a DATABASE_URL', () => {
  test.each([
    ['a parameter of the driver that would replace one of ours', '?statement_timeout=0'],
    ['a parameter that nobody knows', '?sslmod=verify-full'],
    ['a port that is none', '?port=abc'],
    ['a session of another kind', '?replication=database'],
  ])('with %s is refused', (_, search) => {
    expect(toldOf('DATABASE_URL', `postgres://${NOWHERE}/licensing${search}`)).toMatch(/^DATABASE_URL is malformed/);
  });

  test('may hold a socket, a password and files among its parameters, and tells of them where it leads to', () => {
    const url = `postgresql://${NOWHERE}/licensing?host=%2Frun&password=Zq7x&sslmode=verify-full&sslrootcert=/etc/ca.pem&channel_binding=require`;
    expect(toldOf('DATABASE_URL', url)).toBe('/run:1/licensing');
  });

  test('may name several servers, and tells all of them', () => {
    const url = 'postgres://worker:Zq7x@one:5433,[::1]:5434,%2Frun%2Fpg/licensing?target_session_attrs=read-write';
    expect(toldOf('DATABASE_URL', url)).toBe('one:5433,[::1]:5434,/run/pg/licensing');
  });
});

describe('the CLI', () => {
  const raw = 'Zq7x/#@%kW9';
  test.each([
    ['worker', [], raw],
    ['migrate', ['status'], raw],
    ['schemas', ['check'], raw],
    ['migrate', ['status'], encodeURIComponent(raw)],
    ['schemas', ['check'], encodeURIComponent(raw)],
    ['dlq', ['list'], encodeURIComponent(raw)],
  ])('%s %j prints no secret when the password is %s', async (verb, args, secret) => {
    const secrets = Object.fromEntries(URLS.slice(0, 2).map((one) => [one.variable, one.with(secret)]));
    const { code, stdout, stderr } = await licensing([verb, ...args], {
      ...WITHOUT_SECRETS,
      ...secrets,
      LOG_LEVEL: 'trace',
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/DATABASE_URL|SCHEMA_REGISTRY_URL/);
    expect(stdout + stderr).not.toMatch(/Zq7x|kW9/);
  });
});

/** What a person reads about a setting: its fault, or where it leads to. */
function toldOf(variable: string, value: string): string {
  try {
    const config = readConfig({ ...WITHOUT_SECRETS, [variable]: value });
    const { databaseUrl, schemaRegistryUrls, userDomainUrl } = config;
    if (variable === 'DATABASE_URL') return placeOfDatabase(databaseUrl());
    const urls: Readonly<Record<string, string | undefined>> = {
      SCHEMA_REGISTRY_URL: schemaRegistryUrls[0],
      USER_DOMAIN_URL: userDomainUrl,
    };
    return placeOf(urls[variable] ?? '');
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
}
