import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { freePort } from '../../stack/ports.ts';
import type { Environment } from '../support/world-process.ts';
import { createWorld, type World } from '../support/world.ts';
import { Authority, type Issued } from './authority.ts';
import { SECRET, startCounterparts, type Counterparts } from './counterparts.ts';
import { keep, verbWith, workerWith, type Row } from './refusals.ts';

// What is wrong with the way to Kafka, what the worker says of it, and what it does.

let there: Counterparts;
let world: World;
let stranger: Authority;
const servers: Server[] = [];
beforeAll(async () => {
  there = await startCounterparts();
  stranger = new Authority();
  const stack = {
    kafkaBrokers: there.stack.kafkaBrokers,
    registryUrl: there.stack.registryUrl,
    databaseUrl: there.stack.databaseUrl,
  };
  world = await createWorld({ stack, workers: 0 });
});
afterAll(async () => {
  for (const server of servers) server.close();
  await world.close();
  await there.stop();
  stranger.remove();
});

/** Listens like a broker, and says nothing. */
async function listen(certificate: Issued): Promise<string> {
  const port = await freePort();
  const files = { cert: readFileSync(certificate.certificate), key: readFileSync(certificate.key) };
  const server = createServer(files, (socket) => socket.on('error', () => undefined));
  servers.push(server.on('tlsClientError', () => undefined).listen(port, '127.0.0.1'));
  return `127.0.0.1:${port}`;
}

const fileOf = (name: string, content: string): string => {
  const file = join(there.authority.folder, name);
  writeFileSync(file, content);
  return file;
};

type Case = readonly [what: string, env: () => Environment | Promise<Environment>, says: RegExp, then: Row['then']];

const UNTRUSTED = /^KAFKA_SSL_CA_LOCATION: the certificate of the server is not signed by/;
const PROTOCOL = /^(KAFKA_BROKERS .*: )?KAFKA_SECURITY_PROTOCOL is \w+: the port ends connections/;

const CASES: readonly Case[] = [
  [
    'no authority is set, and the one of the brokers is private',
    () => ({ ...there.kafka.scram, KAFKA_SSL_CA_LOCATION: '' }),
    UNTRUSTED,
    'exit 1',
  ],
  [
    'another authority has signed the certificate of the brokers',
    () => ({ ...there.kafka.scram, KAFKA_SSL_CA_LOCATION: stranger.ca }),
    UNTRUSTED,
    'exit 1',
  ],
  [
    'the file of the authority is not there',
    () => ({ ...there.kafka.scram, KAFKA_SSL_CA_LOCATION: '/nowhere/ca.pem' }),
    /^KAFKA_SSL_CA_LOCATION is '.*', which can't be read \(ENOENT\)$/,
    'exit 1',
  ],
  [
    'a file is no PEM',
    () => ({ ...there.kafka.scram, KAFKA_SSL_CA_LOCATION: fileOf('text', 'no PEM') }),
    /^KAFKA_SSL_CA_LOCATION, .*no PEM file/,
    'exit 1',
  ],
  [
    'the certificate of the brokers has ended',
    async () => ({ ...there.kafka.scram, KAFKA_BROKERS: await listen(there.authority.issue('server', { days: -1 })) }),
    /^the certificate of the server is not valid now.*KAFKA_BROKERS/,
    'exit 1',
  ],
  [
    "the certificate of the brokers is another host's",
    async () => ({
      ...there.kafka.scram,
      KAFKA_BROKERS: await listen(there.authority.issue('server', { hosts: ['DNS:elsewhere.example'] })),
    }),
    /^the certificate of the server is another host's.*KAFKA_BROKERS/,
    'exit 1',
  ],
  [
    'the brokers ask for a certificate, and none is set',
    () => ({ ...there.kafka.mutual, KAFKA_SSL_CERTIFICATE_LOCATION: '', KAFKA_SSL_KEY_LOCATION: '' }),
    /^KAFKA_SSL_CERTIFICATE_LOCATION: the server asks for/,
    'exit 1',
  ],
  [
    'the brokers do not know the authority of the certificate',
    () => {
      const { certificate, key } = stranger.issue('app');
      return { ...there.kafka.mutual, KAFKA_SSL_CERTIFICATE_LOCATION: certificate, KAFKA_SSL_KEY_LOCATION: key };
    },
    /^KAFKA_SSL_CERTIFICATE_LOCATION: the server asks for/,
    'exit 1',
  ],
  [
    'the key is that of another certificate',
    () => ({ ...there.kafka.mutual, KAFKA_SSL_KEY_LOCATION: stranger.issue('app').key }),
    /KAFKA_SSL_KEY_LOCATION: .*a key of another certificate/,
    'exit 1',
  ],
  [
    'a wrong password (SCRAM)',
    () => ({ ...there.kafka.scram, KAFKA_SASL_PASSWORD: `${SECRET}?` }),
    /^KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: the brokers refuse them/,
    'exit 1',
  ],
  [
    'an unknown user (SCRAM)',
    () => ({ ...there.kafka.scram, KAFKA_SASL_USERNAME: 'nobody' }),
    /^KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: the brokers refuse them/,
    'exit 1',
  ],
  [
    'a wrong password (PLAIN)',
    () => ({ ...there.kafka.plain, KAFKA_SASL_PASSWORD: `${SECRET}?` }),
    /^KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: the brokers refuse them/,
    'exit 1',
  ],
  [
    'the file of the password is empty',
    () => {
      const { KAFKA_SASL_PASSWORD: _, ...rest } = there.kafka.scram;
      return { ...rest, KAFKA_SASL_PASSWORD_FILE: fileOf('empty', '\n') };
    },
    /^KAFKA_SASL_PASSWORD_FILE is '.*', which is empty$/,
    'exit 1',
  ],
  [
    'the brokers do not have the mechanism',
    () => ({ ...there.kafka.scram, KAFKA_SASL_MECHANISM: 'SCRAM-SHA-256' }),
    /^KAFKA_SASL_MECHANISM is SCRAM-SHA-256, which the brokers do not offer/,
    'exit 1',
  ],
  [
    'the token endpoint refuses the client',
    () => ({ ...there.kafka.bearer, KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: `${SECRET}?` }),
    /^KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: the token endpoint refuses it \(invalid_client\)/,
    'exit 1',
  ],
  [
    'the token endpoint refuses the scope',
    () => ({ ...there.kafka.bearer, KAFKA_SASL_OAUTHBEARER_SCOPE: 'forbidden' }),
    /^KAFKA_SASL_OAUTHBEARER_SCOPE: the token endpoint refuses it \(invalid_scope\)/,
    'exit 1',
  ],
  [
    'the authority of the token endpoint is private, and not set',
    () => ({ ...there.kafka.bearer, KAFKA_HTTPS_CA_LOCATION: '' }),
    /^KAFKA_HTTPS_CA_LOCATION: the certificate of the server is not signed by/,
    'exit 1',
  ],
  [
    'the brokers refuse the token (another audience)',
    () => {
      there.tokens.audience = 'others';
      return there.kafka.bearer;
    },
    /^KAFKA_SASL_OAUTHBEARER_CLIENT_ID and its tokens: the brokers refuse them/,
    'exit 1',
  ],
  [
    'the token has ended when it is issued',
    () => {
      Object.assign(there.tokens, { life: -60, told: 3_600 });
      return there.kafka.bearer;
    },
    /^KAFKA_SASL_OAUTHBEARER_CLIENT_ID and its tokens: the brokers refuse them/,
    'exit 1',
  ],
  [
    'nobody listens where the token endpoint should be',
    () => ({ ...there.kafka.bearer, KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: 'https://127.0.0.1:1/token' }),
    /KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL https:.*ECONNREFUSED/,
    'waits',
  ],
  [
    'nobody listens at the port',
    () => ({ ...there.kafka.scram, KAFKA_BROKERS: '127.0.0.1:1' }),
    /^KAFKA_BROKERS .*ECONNREFUSED/,
    'waits',
  ],
  ['the port speaks no TLS', () => ({ ...there.kafka.scram, ...there.kafka.open }), PROTOCOL, 'waits'],
  [
    'the port speaks TLS, and the setting says that it does not',
    () => ({ KAFKA_BROKERS: there.kafka.scram['KAFKA_BROKERS'] ?? '' }),
    PROTOCOL,
    'waits',
  ],
  [
    'the port asks for credentials, and the setting says TLS alone',
    () => ({ ...there.kafka.mutual, KAFKA_BROKERS: there.kafka.scram['KAFKA_BROKERS'] ?? '' }),
    PROTOCOL,
    'waits',
  ],
  [
    'the port asks for no credentials, and the setting says that it does',
    () => ({
      ...there.kafka.open,
      KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
      KAFKA_SASL_MECHANISM: 'PLAIN',
      KAFKA_SASL_USERNAME: 'app',
      KAFKA_SASL_PASSWORD: SECRET,
    }),
    /^KAFKA_SECURITY_PROTOCOL is SASL_PLAINTEXT, but the port asks for no credentials/,
    'exit 1',
  ],
  [
    'AWS_MSK_IAM without the package that signs',
    () => ({ ...there.kafka.bearer, KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM', AWS_REGION: 'eu-central-1' }),
    /^KAFKA_SASL_MECHANISM AWS_MSK_IAM needs the package aws-msk-iam-sasl-signer-js/,
    'exit 1',
  ],
];

const rows: Row[] = [];

test.each(CASES)('%s', async (what, env, says, then) => {
  const { audience, life } = there.tokens;
  try {
    const settings = { ...world.env, ...(await env()) };
    const [told, verb] = await Promise.all([
      workerWith(settings, SECRET),
      verbWith(['topics', 'check'], settings, SECRET),
    ]);
    expect(told).toEqual({ then, sentence: expect.stringMatching(says) });
    expect(verb).toMatch(says);
    rows.push({ what, ...told });
  } finally {
    Object.assign(there.tokens, { audience, life, told: undefined });
  }
});

test('the table of docs/operations.md tells what was seen', async () => {
  expect(rows).toHaveLength(CASES.length);
  await keep('refusals-kafka', rows);
});
