import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server, type TlsOptions } from 'node:tls';
import { createKafka } from '../../../src/adapters/kafka-client.ts';
import { isRefusal, KafkaFaults, KafkaRefuses } from '../../../src/adapters/kafka-faults.ts';
import { readConfig } from '../../../src/config.ts';
import { ConfigurationError } from '../../../src/ports/errors.ts';
import { certificateOf, type Certificate } from '../../support/tls.ts';
import { givenClock, givenLogger } from './given.ts';

let certificate: Certificate;
let other: Certificate;
let server: Server | undefined;

beforeAll(() => {
  certificate = certificateOf('localhost');
  other = certificateOf('localhost');
});
afterEach(async () => {
  const closed = server && once(server, 'close');
  server?.close();
  server = undefined;
  await closed;
});
afterAll(() => {
  certificate.remove();
  other.remove();
});

/** Listens like a broker, and says nothing. It reads, or it would not see that a client has gone. */
async function listen(options: TlsOptions = {}): Promise<number> {
  const listening = createServer({ cert: certificate.certificate, key: certificate.key, ...options });
  listening.on('secureConnection', (socket) => socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => listening.listen(0, resolve));
  server = listening;
  return (listening.address() as AddressInfo).port;
}

function clientOf(environment: Readonly<Record<string, string>>) {
  const { kafkaSecurity: security, kafkaBrokers: brokers } = readConfig({
    SCHEMA_REGISTRY_URL: 'http://registry',
    DATABASE_URL: 'postgres://database/licensing',
    KAFKA_SECURITY_PROTOCOL: 'SSL',
    KAFKA_BROKERS: 'localhost:9093',
    ...environment,
  });
  const timeouts = { connectTimeout: 1_000, requestTimeout: 1_000 };
  const faults = new KafkaFaults(security, brokers);
  const settings = { brokers, clientId: 'test', ...timeouts, security, faults, clock: givenClock() };
  return createKafka(settings, givenLogger().logger);
}

async function faultOf(environment: Readonly<Record<string, string>>): Promise<unknown> {
  const admin = clientOf(environment).admin({ retry: { retries: 0 } });
  const fault = await admin.connect().catch((error: unknown) => error);
  await admin.disconnect();
  return fault;
}

test('a certificate that no trusted authority has signed is told by the setting for authorities', async () => {
  const KAFKA_BROKERS = `localhost:${await listen()}`;
  for (const environment of [{}, { KAFKA_SSL_CA_LOCATION: other.file }]) {
    const fault = await faultOf({ KAFKA_BROKERS, ...environment });
    expect(fault).toBeInstanceOf(ConfigurationError);
    expect(fault).toMatchObject({ message: expect.stringMatching(/^KAFKA_SSL_CA_LOCATION: .*; KAFKA_BROKERS local/) });
  }
});

test('a certificate of another host is told with the name that was asked for', async () => {
  const KAFKA_BROKERS = `127.0.0.1:${await listen()}`;
  const fault = await faultOf({ KAFKA_BROKERS, KAFKA_SSL_CA_LOCATION: certificate.file });
  expect(fault).toBeInstanceOf(ConfigurationError);
  expect(fault).toMatchObject({
    message: expect.stringMatching(/another host's: .*127\.0\.0\.1.*; KAFKA_BROKERS 127/),
  });
});

test('a broker that asks for a certificate of its clients is told by the setting for it', async () => {
  const KAFKA_BROKERS = `localhost:${await listen({ requestCert: true, rejectUnauthorized: true })}`;
  const fault = await faultOf({ KAFKA_BROKERS, KAFKA_SSL_CA_LOCATION: certificate.file });
  expect(fault).toMatchObject({ message: expect.stringMatching(/^KAFKA_SSL_CERTIFICATE_LOCATION: the server asks/) });
});

test.each([
  ['bad certificate', 42],
  ['certificate unknown', 46],
])('a broker on Java that refuses a certificate or its absence is told by the setting for it: %s', async (_, alert) => {
  const fatal = Buffer.from([21, 3, 3, 0, 2, 2, alert]);
  const listening = createTcpServer((socket) => socket.once('data', () => socket.end(fatal)));
  await new Promise<void>((resolve) => listening.listen(0, resolve));
  const KAFKA_BROKERS = `localhost:${(listening.address() as AddressInfo).port}`;
  const fault = await faultOf({ KAFKA_BROKERS, KAFKA_SSL_CA_LOCATION: certificate.file });
  listening.close();
  expect(fault).toMatchObject({ message: expect.stringMatching(/^KAFKA_SSL_CERTIFICATE_LOCATION: the server asks/) });
});

test('a trusted broker is connected to, by each connection with the files as they are then', async () => {
  const KAFKA_BROKERS = `localhost:${await listen()}`;
  const file = join(certificate.file, '..', 'ca.pem');
  writeFileSync(file, other.certificate);
  const kafka = clientOf({ KAFKA_BROKERS, KAFKA_SSL_CA_LOCATION: file });
  const connect = async (): Promise<unknown> => {
    const admin = kafka.admin({ retry: { retries: 0 } });
    const fault = await admin.connect().catch((error: unknown) => error);
    await admin.disconnect();
    return fault;
  };
  expect(await connect()).toBeInstanceOf(ConfigurationError);
  writeFileSync(file, certificate.certificate);
  // It gets as far as its first request, which this server does not answer.
  expect(await connect()).toMatchObject({ message: expect.stringContaining('ApiVersions') });
});

test.each([
  [
    'is not there',
    () => ({ KAFKA_SSL_CA_LOCATION: '/nowhere/ca.pem' }),
    /^KAFKA_SSL_CA_LOCATION is '\/nowhere.*ENOENT/,
  ],
  [
    'is the key of another certificate',
    () => ({
      KAFKA_SSL_CERTIFICATE_LOCATION: certificate.file,
      KAFKA_SSL_KEY_LOCATION: join(other.file, '..', 'key.pem'),
    }),
    /KAFKA_SSL_KEY_LOCATION.*key of another certificate.*KEY_VALUES_MISMATCH/,
  ],
  ['is no PEM', () => ({ KAFKA_SSL_CA_LOCATION: import.meta.filename }), /^KAFKA_SSL_CA_LOCATION.*PEM/],
])('a file that %s is told before anything is connected to', (_, environment, said) => {
  expect(() => clientOf(environment())).toThrow(ConfigurationError);
  expect(() => clientOf(environment())).toThrow(said);
});

describe('SASL', () => {
  const security = readConfig({
    SCHEMA_REGISTRY_URL: 'http://registry',
    DATABASE_URL: 'postgres://database/licensing',
    KAFKA_BROKERS: 'localhost:9093',
    KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: 'app',
    KAFKA_SASL_PASSWORD: 'kW9',
  }).kafkaSecurity;
  const failed = (why: string): Error =>
    Object.assign(new Error(`SASL SCRAM SHA512 authentication failed: ${why}`), {
      name: 'KafkaJSSASLAuthenticationError',
    });

  test('a refusal is told by the settings of the credentials', () => {
    const refusal = new Error('after retries', { cause: failed('Authentication failed due to invalid credentials') });
    expect(new KafkaFaults(security, ['a:9093']).explained(refusal)).toEqual(
      new ConfigurationError(
        'KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: the brokers refuse them; KAFKA_BROKERS a:9093',
      ),
    );
  });

  test('once the brokers have let the process in, a refusal is an outage that says the same', () => {
    const faults = new KafkaFaults(security, ['a:9093']);
    const refusal = failed('Authentication failed due to invalid credentials');
    const first = faults.explained(refusal);
    faults.letIn();
    const later = faults.explained(refusal);
    expect(first).toBeInstanceOf(ConfigurationError);
    expect(later).toBeInstanceOf(KafkaRefuses);
    expect(String(later)).toBe(String(first).replace('ConfigurationError', 'KafkaRefuses'));
  });

  test('a mechanism that the brokers do not have is told by its setting', () => {
    const unsupported = Object.assign(new Error('no'), { type: 'UNSUPPORTED_SASL_MECHANISM' });
    expect(new KafkaFaults(security, ['a:9093']).explained(unsupported)).toEqual(
      new ConfigurationError(
        'KAFKA_SASL_MECHANISM is SCRAM-SHA-512, which the brokers do not offer; KAFKA_BROKERS a:9093',
      ),
    );
  });

  test.each([
    'Closed connection',
    'Connection error: read ECONNRESET',
    'Connection timeout',
    'Connection closed by the server',
    'Not connected',
    'Request SaslAuthenticate(key: 36, version: 1) timed out',
  ])('a broker that goes away meanwhile refuses nothing: %s', (why) => {
    expect(isRefusal(failed(why))).toBe(false);
    expect(new KafkaFaults(security, ['a:9093']).explained(failed(why))).not.toBeInstanceOf(ConfigurationError);
  });
});
