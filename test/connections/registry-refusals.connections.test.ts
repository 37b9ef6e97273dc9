import { freePort } from '../../stack/ports.ts';
import type { Environment } from '../support/world-process.ts';
import { createWorld, type World } from '../support/world.ts';
import { APP, SECRET, startCounterparts, type Counterparts } from './counterparts.ts';
import { bearer } from './gateway.ts';
import { keep, verbWith, workerWith, type Row } from './refusals.ts';

// What is wrong with the way to the registry, what the worker says of it, and what it does.

let there: Counterparts;
let world: World;
let nobody = '';
beforeAll(async () => {
  nobody = `http://127.0.0.1:${await freePort()}`;
  there = await startCounterparts();
  world = await createWorld({ stack: there.stack, workers: 0 });
});
afterAll(async () => {
  await world.close();
  await there.stop();
});

const open = (): Environment => ({
  SCHEMA_REGISTRY_URL: there.registry.url,
  SCHEMA_REGISTRY_SSL_CA_LOCATION: there.authority.ca,
});
const byEndpoint = (): Environment => ({
  ...open(),
  SCHEMA_REGISTRY_BEARER_TOKEN_ENDPOINT_URL: there.tokens.url,
  SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_ID: APP,
  SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_SECRET: SECRET,
  SCHEMA_REGISTRY_BEARER_TOKEN_SSL_CA_LOCATION: there.authority.ca,
});

type Case = readonly [what: string, env: () => Environment, says: RegExp, then: Row['then']];

const CASES: readonly Case[] = [
  [
    'the authority of the registry is private, and not set',
    () => ({ SCHEMA_REGISTRY_URL: there.registry.url }),
    /^SCHEMA_REGISTRY_SSL_CA_LOCATION: the certificate of the server is not signed by/,
    'exit 1',
  ],
  [
    'the registry asks for a certificate, and none is set',
    () => ({ ...open(), SCHEMA_REGISTRY_URL: there.registryOfMembers.url }),
    /^SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION: the server asks for/,
    'exit 1',
  ],
  [
    'the registry asks for credentials, and none are set',
    open,
    /^SCHEMA_REGISTRY_URL https:.*: the registry asks for credentials, and none are set \(status 401\)$/,
    'exit 1',
  ],
  [
    'a token that the registry does not know',
    () => ({ ...open(), SCHEMA_REGISTRY_BEARER_TOKEN: 'a.b.c' }),
    /^SCHEMA_REGISTRY_BEARER_TOKEN: the registry refuses the credentials \(status 401\)/,
    'exit 1',
  ],
  [
    'a token that has ended',
    () => ({ ...open(), SCHEMA_REGISTRY_BEARER_TOKEN: there.tokens.tokenOf(APP, -60) }),
    /^SCHEMA_REGISTRY_BEARER_TOKEN: the registry refuses the credentials \(status 401\)/,
    'exit 1',
  ],
  [
    'a wrong password (Basic)',
    () => ({ ...open(), SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO: `app:${SECRET}` }),
    /^SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO: the registry refuses the credentials \(status 401\)/,
    'exit 1',
  ],
  [
    'the token endpoint refuses the client',
    () => ({ ...byEndpoint(), SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_SECRET: `${SECRET}?` }),
    /^SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_SECRET: the token endpoint refuses it \(invalid_client\)/,
    'exit 1',
  ],
  [
    'the user may not read',
    () => {
      there.registry.judge = () => 403;
      return byEndpoint();
    },
    /^SCHEMA_REGISTRY_BEARER_TOKEN_CLIENT_ID: the registry refuses the credentials \(status 403\)/,
    'exit 1',
  ],
  [
    'files of TLS, and a URL of http',
    () => ({ ...open(), SCHEMA_REGISTRY_URL: there.stack.registryUrl }),
    /^SCHEMA_REGISTRY_URL begins with http:, expected https:/,
    'exit 1',
  ],
  [
    'a URL of https, and a port without TLS',
    () => ({ SCHEMA_REGISTRY_URL: there.stack.registryUrl.replace('http:', 'https:') }),
    /^the port does not speak TLS .*SCHEMA_REGISTRY_URL/,
    'exit 1',
  ],
  [
    'a URL of http, and a port with TLS',
    () => ({ SCHEMA_REGISTRY_URL: there.registry.url.replace('https:', 'http:') }),
    /^SCHEMA_REGISTRY_URL http:/,
    'waits',
  ],
  [
    'nobody listens at the port',
    () => ({ SCHEMA_REGISTRY_URL: nobody }),
    /^SCHEMA_REGISTRY_URL http:.*ECONNREFUSED/,
    'waits',
  ],
  [
    'the path is another one',
    () => ({ SCHEMA_REGISTRY_URL: `${there.stack.registryUrl}/nowhere` }),
    /^SCHEMA_REGISTRY_URL http:.*status 404/,
    'waits',
  ],
];

const rows: Row[] = [];

test.each(CASES)('%s', async (what, env, says, then) => {
  try {
    const settings = { ...world.env, ...env() };
    const [seen, verb] = await Promise.all([
      workerWith(settings, SECRET),
      verbWith(['schemas', 'check'], settings, SECRET),
    ]);
    expect(seen).toEqual({ then, sentence: expect.stringMatching(says) });
    expect(verb).toMatch(says);
    rows.push({ what, ...seen });
  } finally {
    there.registry.judge = bearer((token) => there.tokens.holds(token));
  }
});

test('the table of docs/operations.md tells what was seen', async () => {
  expect(rows).toHaveLength(CASES.length);
  await keep('refusals-registry', rows);
});
