import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withTable } from '../../docs/tables.ts';
import { readConfig, SETTINGS } from '../../src/config.ts';
import { ConfigurationError } from '../../src/ports/errors.ts';
import {
  BOOLEAN,
  HOST_AND_PORT,
  HTTP_URL,
  listOf,
  NAME,
  oneOf,
  readSettings,
  settingsIn,
  wholeNumber,
} from '../../src/settings.ts';

const REQUIRED = {
  KAFKA_BROKERS: 'a:9092, b:9093',
  SCHEMA_REGISTRY_URL: 'http://registry/apis/',
  DATABASE_URL: 'postgres://database/licensing',
};

test('with what is required alone, everything else has its default', () => {
  const config = readConfig(REQUIRED);
  expect(config).toMatchObject({
    kafkaBrokers: ['a:9092', 'b:9093'],
    kafkaGroupId: 'licensing-worker',
    schemaRegistryUrls: ['http://registry/apis'],
    userDomainUrl: undefined,
    logLevel: 'info',
    topics: { commands: 'licensing.commands.v1', userLookUps: 'licensing.user-lookups.v1' },
    inboxRetention: 30 * 24 * 3_600_000,
    parkUndecodable: false,
  });
});

test('an empty variable counts as not set', () => {
  const databaseUrl = expect.any(Function);
  expect(readConfig({ ...REQUIRED, LANES: '', USER_DOMAIN_URL: '' })).toEqual({ ...readConfig(REQUIRED), databaseUrl });
  expect(faultsOf({ ...REQUIRED, KAFKA_BROKERS: '' })).toEqual([
    'KAFKA_BROKERS is not set; expected host:port, the host as a name or an IPv4 address, several separated by commas',
  ]);
});

test('a prefix goes before the default names of our topics, and before no other', () => {
  const { topics, kafkaGroupId } = readConfig({ ...REQUIRED, TOPIC_PREFIX: 'eu.', TOPIC_EVENTS: 'events' });
  expect([topics, kafkaGroupId]).toEqual([
    {
      commands: 'eu.licensing.commands.v1',
      users: 'users.events.v1',
      events: 'events',
      rejections: 'eu.licensing.rejections.v1',
      userLookUps: 'eu.licensing.user-lookups.v1',
      entitlements: 'eu.licensing.entitlements.v1',
    },
    'licensing-worker',
  ]);
  expect(faultsOf({ ...REQUIRED, TOPIC_PREFIX: 'a b' })).toContainEqual(
    expect.stringMatching(/^TOPIC_PREFIX is 'a b'/),
  );
});

test('every fault is named at once, those within a group too', () => {
  expect(faultsOf({ ...REQUIRED, KAFKA_BROKERS: 'a', LANES: '65', TOPIC_EVENTS: 'a b', LOG_LEVEL: 'loud' })).toEqual([
    "KAFKA_BROKERS is 'a'; expected host:port, the host as a name or an IPv4 address, several separated by commas",
    "LOG_LEVEL is 'loud'; expected fatal, error, warn, info, debug, trace or silent",
    "TOPIC_EVENTS is 'a b'; expected letters, digits, dots, dashes and underscores",
    "LANES is '65'; expected a whole number from 1 to 64",
  ]);
});

test.each(['DATABASE_STATEMENT_TIMEOUT_MS', 'DATABASE_LOCK_TIMEOUT_MS', 'DATABASE_IDLE_TIMEOUT_MS'])(
  '%s must be shorter than the session',
  (variable) => {
    expect(faultsOf({ ...REQUIRED, [variable]: '30000' })).toEqual([
      expect.stringMatching(/^KAFKA_SESSION_TIMEOUT_MS is 30000; expected more than .*\(30000\)/),
    ]);
    expect(faultsOf({ ...REQUIRED, [variable]: '29999' })).toEqual([]);
  },
);

test.each([
  ['authorization=Bearer%20t,x-tenant=1,', { authorization: 'Bearer t', 'x-tenant': '1' }],
  ['authorization', undefined],
  ['authorization: Bearer=t', undefined],
  ['(authorization)=t', undefined],
  ['authorization=Bearer%2', undefined],
  ['authorization=Bearer%0At', undefined],
])('headers of an export are such as HTTP takes: %s', (text, headers) => {
  const environment = { ...REQUIRED, OTEL_EXPORTER_OTLP_HEADERS: text };
  if (headers !== undefined) expect(readConfig(environment).openTelemetry.headers?.()).toEqual(headers);
  else expect(faultsOf(environment)).toEqual([expect.stringMatching(/^OTEL_EXPORTER_OTLP_HEADERS is malformed/)]);
});

test('no variable stands in the table twice', () => {
  const variables = settingsIn(SETTINGS).map(({ variable }) => variable);
  expect(variables).toEqual([...new Set(variables)]);
});

const MALFORMED = 'Zq7x kW9';

describe('a secret in a file', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'licensing-config-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const fileOf = (text: string): string => {
    const file = join(folder, 'secret');
    writeFileSync(file, text);
    return file;
  };
  const SASL = {
    ...REQUIRED,
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_SASL_MECHANISM: 'PLAIN',
    KAFKA_SASL_USERNAME: 'app',
  };

  test('is read without the newline at its end, and anew for each use', () => {
    const { password } = readConfig({ ...SASL, KAFKA_SASL_PASSWORD_FILE: fileOf('first\n') }).kafkaSecurity;
    expect(password?.()).toBe('first');
    fileOf(' second');
    expect(password?.()).toBe(' second');
    rmSync(join(folder, 'secret'));
    expect(password).toThrow(/^KAFKA_SASL_PASSWORD_FILE is '.*secret', which can't be read \(ENOENT\)$/);
  });

  test('of topics and their prefix mean what the variables do', () => {
    const TOPIC_PREFIX_FILE = fileOf('eu.\n');
    const { topics } = readConfig({ ...REQUIRED, TOPIC_PREFIX_FILE });
    expect(topics).toEqual(readConfig({ ...REQUIRED, TOPIC_PREFIX: 'eu.' }).topics);
    const named = readConfig({ ...REQUIRED, TOPIC_PREFIX: 'eu.', TOPIC_EVENTS_FILE: fileOf('events') }).topics;
    expect(named).toEqual({ ...topics, events: 'events' });
  });

  test('is no secret everywhere: any setting may stand in a file', () => {
    const KAFKA_BROKERS_FILE = fileOf('one:9092,two:9092\n');
    const { kafkaBrokers } = readConfig({ ...REQUIRED, KAFKA_BROKERS: '', KAFKA_BROKERS_FILE });
    expect(kafkaBrokers).toEqual(['one:9092', 'two:9092']);
  });

  test('may be a URL', () => {
    const DATABASE_URL_FILE = fileOf('postgres://worker:kW9@database/licensing\n');
    const { databaseUrl } = readConfig({ ...REQUIRED, DATABASE_URL: '', DATABASE_URL_FILE });
    expect(databaseUrl().password).toBe('kW9');
    fileOf('postgres://worker:7391@database/licensing');
    expect(databaseUrl().password).toBe('7391');
    fileOf('7391');
    expect(databaseUrl).toThrow(/^DATABASE_URL is malformed/);
    expect(faultsOf({ ...REQUIRED, DATABASE_URL: '', DATABASE_URL_FILE: fileOf('kW9') })).toEqual([
      expect.stringMatching(/^DATABASE_URL is malformed \(its value may be a secret/),
    ]);
  });

  test('is refused beside the variable, when it is empty, and when it is not there', () => {
    const file = fileOf('\n');
    expect(faultsOf({ ...REQUIRED, DATABASE_URL_FILE: file })).toEqual([
      'DATABASE_URL and DATABASE_URL_FILE are both set; expected one of them',
    ]);
    expect(faultsOf({ ...SASL, KAFKA_SASL_PASSWORD_FILE: file })).toEqual([
      `KAFKA_SASL_PASSWORD_FILE is '${file}', which is empty`,
    ]);
    expect(faultsOf({ ...REQUIRED, DATABASE_URL: '', DATABASE_URL_FILE: '/nowhere' })).toEqual([
      "DATABASE_URL_FILE is '/nowhere', which can't be read (ENOENT)",
    ]);
  });
});

test.each([
  [{ KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' }, /^KAFKA_SASL_MECHANISM is not set/],
  [{ KAFKA_SASL_MECHANISM: 'PLAIN' }, /^KAFKA_SASL_MECHANISM is PLAIN; expected KAFKA_SECURITY_PROTOCOL to be/],
  [{ KAFKA_SSL_CA_LOCATION: '/ca.pem' }, /^KAFKA_SECURITY_PROTOCOL is PLAINTEXT; expected SSL or SASL_SSL/],
  [
    { KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_KEY_LOCATION: '/key.pem' },
    /^KAFKA_SSL_CERTIFICATE_LOCATION and KAFKA_SSL_KEY_LOCATION are expected together/,
  ],
  [
    { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', KAFKA_SASL_USERNAME: 'app' },
    /^KAFKA_SASL_PASSWORD is not set; KAFKA_SASL_MECHANISM SCRAM-SHA-512 needs it$/,
  ],
  [
    { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: 'OAUTHBEARER' },
    /^KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL is not set/,
  ],
  [{ KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM' }, /^AWS_REGION is not set/],
])('what the settings of Kafka lack to fit each other is named: %j', (environment, said) => {
  expect(faultsOf({ ...REQUIRED, ...environment })).toEqual([expect.stringMatching(said)]);
});

test.each(['SCHEMA_REGISTRY_SSL_', 'USER_DOMAIN_SSL_'])('%s... has no certificate without its key', (prefix) => {
  for (const name of [`${prefix}CERTIFICATE_LOCATION`, `${prefix}KEY_LOCATION`]) {
    expect(faultsOf({ ...REQUIRED, SCHEMA_REGISTRY_URL: 'https://registry', [name]: '/one.pem' })).toEqual([
      `${prefix}CERTIFICATE_LOCATION and ${prefix}KEY_LOCATION are expected together; one of them is not set`,
    ]);
  }
});

test.each([
  ['SCHEMA_REGISTRY_URL', 'SCHEMA_REGISTRY_SSL_'],
  ['USER_DOMAIN_URL', 'USER_DOMAIN_SSL_'],
  ['KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL', 'KAFKA_HTTPS_'],
])('%s of http with a file of TLS for it, which nobody would read, is refused', (variable, prefix) => {
  const files = { [`${prefix}CA_LOCATION`]: '/ca.pem' };
  expect(faultsOf({ ...REQUIRED, [variable]: 'http://a.example', ...files })).toEqual([
    `${variable} begins with http:, expected https:, since ${prefix}... are set`,
  ]);
  expect(() => readConfig({ ...REQUIRED, [variable]: 'https://a.example', ...files })).not.toThrow();
});

test('what may hold a password is a secret, and no error shows what it was set to', () => {
  const secrets = settingsIn(SETTINGS).filter(({ secret }) => secret);
  expect(secrets.map(({ variable }) => variable)).toEqual(
    expect.arrayContaining(['SCHEMA_REGISTRY_URL', 'DATABASE_URL', 'USER_DOMAIN_URL']),
  );
  for (const { variable, type } of secrets.filter(({ type }) => type.read(MALFORMED) === undefined)) {
    expect(faultsOf({ ...REQUIRED, [variable]: MALFORMED })).toEqual([
      `${variable} is malformed (its value may be a secret and is not shown); expected ${type.expected}`,
    ]);
  }
});

describe('a table of settings', () => {
  const table = {
    urls: { variable: 'URLS', type: listOf(HTTP_URL), optional: true, about: '' },
    mechanism: { variable: 'MECHANISM', type: oneOf(['PLAIN', 'SCRAM']), optional: true, about: '' },
    inner: { deeper: { count: { variable: 'COUNT', type: wholeNumber(1, 3), default: '2', about: '' } } },
  } as const;

  test('gives what is optional as undefined, and groups as they stand', () => {
    expect(readSettings(table, {})).toEqual({
      urls: undefined,
      mechanism: undefined,
      inner: { deeper: { count: 2 } },
    });
    const values = readSettings(table, { URLS: 'http://a/, https://b', MECHANISM: 'PLAIN', COUNT: '3' });
    const mechanism: 'PLAIN' | 'SCRAM' | undefined = values.mechanism;
    expect({ ...values, mechanism }).toEqual({
      urls: ['http://a', 'https://b'],
      mechanism: 'PLAIN',
      inner: { deeper: { count: 3 } },
    });
  });

  test.each([
    [HOST_AND_PORT, ['kafka:9092', '10.0.0.1:1'], ['kafka', 'kafka:', ':9092', 'kafka:123456', 'a b:1', '[::1]:9092']],
    [listOf(HOST_AND_PORT), ['a:1,b:2', 'a:1 , b:2'], ['a:1,', 'a:1,b']],
    [wholeNumber(-1, 5), ['-1', '5', '1e0'], ['-2', '6', '1.5', 'one', 'NaN']],
    [BOOLEAN, ['true', 'false'], ['TRUE', 'yes', '1']],
    [NAME, ['a.b-c_D1'], ['a b', 'ä', 'a/b']],
    [oneOf(['on', 'off']), ['on', 'off'], ['On', '', 'toString']],
  ])('%j reads what it expects, and nothing else', (type, good, bad) => {
    for (const text of good) expect([text, type.read(text)]).toEqual([text, expect.anything()]);
    for (const text of bad) expect([text, type.read(text)]).toEqual([text, undefined]);
  });
});

describe('a table of the docs', () => {
  const begin = '<!-- table x: generated by `npm run generate`; do not edit -->';
  const end = '<!-- end of table x -->';

  test('takes the place between its markers, and nothing else', () => {
    expect(withTable(`a\n${begin}\nold\n${end}\nb`, 'x', 'new')).toBe(`a\n${begin}\n\nnew\n\n${end}\nb`);
  });

  test.each([
    ['no place', 'text'],
    ['no end', begin],
    ['two places', `${begin}${end}${begin}${end}`],
  ])('is refused where there is %s for it', (_, page) => {
    expect(() => withTable(page, 'x', 'new')).toThrow(/expected one place/);
  });
});

function faultsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message.split('\n');
    throw error;
  }
}
