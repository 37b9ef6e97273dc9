import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SchemaRegistration } from '../../../src/adapters/avro/schema-registration.ts';
import { SchemaRegistryClient } from '../../../src/adapters/avro/schema-registry.ts';
import { httpAccess, type HttpAccess } from '../../../src/adapters/http-access.ts';
import { HttpUserDomainClient } from '../../../src/adapters/user-domain-client.ts';
import { readConfig, type Config } from '../../../src/config.ts';
import { SCHEMAS } from '../../../src/generated/schemas.ts';
import { ConfigurationError } from '../../../src/ports/errors.ts';
import { NEVER } from '../../support/given-codec.ts';
import { silentTelemetry } from '../../support/telemetry.ts';
import { certificateOf, type Certificate } from '../../support/tls.ts';
import { FAST, givenClock, givenServer } from './given.ts';

let certificate: Certificate;
let server: Server | undefined;

beforeAll(() => (certificate = certificateOf('localhost')));
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});
afterAll(() => certificate.remove());

/** Answers as a registry and a user domain do to whoever has this authorization, where one is asked for. */
async function listen({
  wants,
  status = 200,
  ...options
}: ServerOptions & { readonly wants?: string; readonly status?: number } = {}): Promise<string> {
  const pair = { cert: certificate.certificate, key: certificate.key };
  const listening = createServer({ ...pair, ...options }, (request, response) => {
    if (wants !== undefined && request.headers.authorization !== wants) {
      response.writeHead(401).end('{}');
      return;
    }
    const user = { userId: 'u', email: null, tgId: null, superadmin: false };
    const body = { id: 7, version: 1, schema: '"string"', compatibilityLevel: 'FULL_TRANSITIVE', ...user };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => listening.listen(0, resolve));
  server = listening;
  return `https://localhost:${(listening.address() as AddressInfo).port}`;
}

function configOf(environment: Readonly<Record<string, string>>): Config {
  return readConfig({
    KAFKA_BROKERS: 'localhost:9092',
    SCHEMA_REGISTRY_URL: 'https://registry',
    DATABASE_URL: 'postgres://database/licensing',
    ...environment,
  });
}

const accessOf = (environment: Readonly<Record<string, string>>): HttpAccess =>
  httpAccess(configOf(environment).schemaRegistrySecurity, 'SCHEMA_REGISTRY_', givenClock());

const latest = (url: string, access: HttpAccess): Promise<unknown> =>
  new SchemaRegistryClient({ urls: [url], access, telemetry: silentTelemetry(), backoff: FAST }).latest('subject');

const trusting = () => ({ SCHEMA_REGISTRY_SSL_CA_LOCATION: certificate.file });
const KEY = () => certificate.file.replace('certificate.pem', 'key.pem');

test.each([
  ['SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO', 'app:p:ß/@', `Basic ${Buffer.from('app:p:ß/@').toString('base64')}`],
  ['SCHEMA_REGISTRY_BEARER_TOKEN', 'kW9', 'Bearer kW9'],
])('%s is told to a registry of a private authority, to register too', async (variable, secret, wants) => {
  const url = await listen({ wants });
  const access = accessOf({ ...trusting(), [variable]: secret });
  expect(await latest(url, access)).toMatchObject({ id: 7 });
  const registration = new SchemaRegistration({ urls: [url], access });
  expect(await registration.register('subject', SCHEMAS['licensing.commands.DeleteTenant'], 'FULL_TRANSITIVE')).toBe(7);
  const refused = latest(url, accessOf({ ...trusting(), [variable]: 'Zq7x' }));
  await expect(refused).rejects.toThrow(ConfigurationError);
  await expect(refused).rejects.toThrow(
    new RegExp(`^${variable}: the registry refuses the credentials \\(status 401\\); SCHEMA_REGISTRY_URL https:`),
  );
});

test('a token of the endpoint is asked for once; when it is refused, a new one is tried, once', async () => {
  let issued = 0;
  await using endpoint = await givenServer((_, __, response) => {
    issued += 1;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ access_token: `t${issued}`, token_type: 'Bearer', expires_in: 3_600 }));
  });
  const url = await listen({ wants: 'Bearer t2' });
  const access = accessOf({
    ...trusting(),
    SCHEMA_REGISTRY_BEARER_TOKEN_ENDPOINT_URL: endpoint.url,
    SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_ID: 'app',
    SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_SECRET: 'kW9',
  });
  await latest(url, access);
  await latest(url, access);
  expect(issued).toBe(2);
  server?.close();
  await expect(latest(await listen({ wants: 'Bearer t0' }), access)).rejects.toThrow(/refuses the credentials/);
  expect(issued).toBe(3);
});

test('an authority that is not trusted, and a certificate that is asked for, are told by their settings', async () => {
  const url = await listen();
  await expect(latest(url, accessOf({}))).rejects.toThrow(/^SCHEMA_REGISTRY_SSL_CA_LOCATION: .*not signed by/);
  server?.close();
  const mutual = await listen({ requestCert: true, rejectUnauthorized: true, ca: certificate.certificate });
  await expect(latest(mutual, accessOf(trusting()))).rejects.toThrow(/^SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION: /);
  const pair = {
    SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION: certificate.file,
    SCHEMA_REGISTRY_SSL_KEY_LOCATION: KEY(),
  };
  expect(await latest(mutual, accessOf({ ...trusting(), ...pair }))).toMatchObject({ id: 7 });
});

test('the user domain is asked with its token, over mutual TLS', async () => {
  const url = await listen({ wants: 'Bearer kW9', requestCert: true, ca: certificate.certificate });
  const { userDomainSecurity } = configOf({
    USER_DOMAIN_URL: url,
    USER_DOMAIN_BEARER_TOKEN: 'kW9',
    USER_DOMAIN_SSL_CA_LOCATION: certificate.file,
    USER_DOMAIN_SSL_CERTIFICATE_LOCATION: certificate.file,
    USER_DOMAIN_SSL_KEY_LOCATION: KEY(),
  });
  const access = httpAccess(userDomainSecurity, 'USER_DOMAIN_', givenClock());
  const client = new HttpUserDomainClient({ baseUrl: url, access, telemetry: silentTelemetry(), backoff: FAST });
  expect(await client.lookUp('u', NEVER)).toEqual({ email: null, tgId: null, superadmin: false });
});

test.each([
  [205, '205'],
  [700, 'RangeError'],
])('an answer of status %d is an answer or an error, and does not end the process', async (status, expected) => {
  const url = await listen({ status });
  const { fetch } = accessOf(trusting());
  const answered = fetch(url, { headers: {}, signal: NEVER }).then(
    (response) => String(response.status),
    (error: unknown) => (error as Error).name,
  );
  expect(await answered).toBe(expected);
});

test('two ways to prove who the worker is are refused', () => {
  const both = { SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO: 'a:b', SCHEMA_REGISTRY_BEARER_TOKEN: 'kW9' };
  expect(() => configOf(both)).toThrow(/^SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO, .*: expected one of them$/);
});
