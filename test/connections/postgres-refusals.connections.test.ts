import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../stack/ports.ts';
import { licensing, type Environment } from '../support/world-process.ts';
import { Authority, type Issued } from './authority.ts';
import { SECRET } from './counterparts.ts';
import { ADMIN, OPEN_HBA, PostgresServer } from './postgres-server.ts';
import { keep, verbWith, workerWith, type Row } from './refusals.ts';

// What is wrong with the way to PostgreSQL, what the worker says of it, and what it does.

let authority: Authority;
let stranger: Authority;
let server: PostgresServer;
let open: PostgresServer;
let http: Server;
let httpPort: number;
const SCHEMA = 'licensing';

beforeAll(async () => {
  [authority, stranger] = [new Authority(), new Authority()];
  const certificate: Issued = authority.issue('server', { hosts: ['DNS:localhost'] });
  const hba = ['hostssl all member 127.0.0.1/32 cert', 'host all nobody 127.0.0.1/32 reject', ...OPEN_HBA];
  const settings = {
    ssl: 'on',
    ssl_cert_file: certificate.certificate,
    ssl_key_file: authority.keyOfPostgres(certificate.key),
    ssl_ca_file: authority.ca,
  };
  server = await PostgresServer.start({ hba, settings });
  open = await PostgresServer.start();
  for (const role of ['app', 'member', 'nobody', 'guest']) {
    await server.ask(`CREATE ROLE ${role} LOGIN PASSWORD '${SECRET}'`);
  }
  await server.ask('ALTER ROLE guest CONNECTION LIMIT 0');
  await server.ask(`CREATE DATABASE old ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`);
  const migrated = await licensing(['migrate', 'up'], { DATABASE_URL: server.url, DATABASE_SCHEMA: SCHEMA });
  expect(migrated).toMatchObject({ code: 0 });
  await server.ask(`GRANT USAGE ON SCHEMA ${SCHEMA} TO app`, ADMIN);
  await server.ask(`GRANT ALL ON ALL TABLES IN SCHEMA ${SCHEMA} TO app`, ADMIN);
  await server.ask(`REVOKE DELETE ON ${SCHEMA}.inbox, ${SCHEMA}.outbox FROM app`, ADMIN);
  httpPort = await freePort();
  http = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  http.listen(httpPort, '127.0.0.1');
});

afterAll(async () => {
  http.close();
  await server.remove();
  await open.remove();
  authority.remove();
  stranger.remove();
});

/** As the application, by TLS with the server's certificate checked; changed as a case says. */
function to(change: (url: URL) => void = () => undefined): Environment {
  const url = new URL(`postgres://app:${SECRET}@localhost:${server.port}/${ADMIN}`);
  url.searchParams.set('sslmode', 'verify-full');
  url.searchParams.set('sslrootcert', authority.ca);
  change(url);
  return { DATABASE_URL: url.href };
}

const set = (name: string, value: string): Environment => to((url) => url.searchParams.set(name, value));
const file = (name: string, content: string): string => {
  const path = join(authority.folder, name);
  writeFileSync(path, content);
  return path;
};

type Case = readonly [what: string, env: () => Environment, says: RegExp, then: Row['then']];

const CASES: readonly Case[] = [
  [
    'the password is wrong',
    () => to((url) => (url.password = 'x')),
    /^DATABASE_URL: PostgreSQL says: password/,
    'exit 1',
  ],
  [
    'DATABASE_PASSWORD is wrong',
    () => ({ ...to(), DATABASE_PASSWORD: 'x' }),
    /^DATABASE_PASSWORD: PostgreSQL says: password/,
    'exit 1',
  ],
  [
    'the file of the password is not there',
    () => ({ ...to(), DATABASE_PASSWORD_FILE: '/nowhere/password' }),
    /^DATABASE_PASSWORD_FILE is '.*', which can't be read \(ENOENT\)$/,
    'exit 1',
  ],
  ['there is no password', () => to((url) => (url.password = '')), /^DATABASE_URL: the password does not do/, 'exit 1'],
  ['the database is not there', () => to((url) => (url.pathname = '/x')), /^DATABASE_URL: .*\(3D000\)$/, 'exit 1'],
  [
    'pg_hba.conf lets nobody in',
    () => to((url) => (url.username = 'nobody')),
    /^DATABASE_URL: .*\(28000\): see/,
    'exit 1',
  ],
  ['nobody listens on the port', () => to((url) => (url.port = '1')), /^DATABASE_URL .*ECONNREFUSED/, 'waits'],
  [
    'the name of the host is wrong',
    () => to((url) => (url.host = 'nowhere.invalid:5432')),
    /^DATABASE_URL .*nowhere/,
    'waits',
  ],
  [
    'something else listens on the port',
    () => to((url) => (url.port = String(httpPort))),
    /^DATABASE_URL: what listens at .* does not speak PostgreSQL's protocol$/,
    'exit 1',
  ],
  ['there are no connections left', () => to((url) => (url.username = 'guest')), /^DATABASE_URL .*\(53300\)$/, 'waits'],
  [
    'another authority has signed the certificate of the server',
    () => set('sslrootcert', stranger.ca),
    /^DATABASE_URL: .*does not verify \(sslrootcert\)/,
    'exit 1',
  ],
  [
    'no authority is set, and the one of the server is private',
    () => to((url) => url.searchParams.delete('sslrootcert')),
    /^DATABASE_URL: .*does not verify \(sslrootcert\)/,
    'exit 1',
  ],
  [
    'the file of the authority is not there',
    () => set('sslrootcert', '/nowhere/ca.pem'),
    /^DATABASE_URL: sslrootcert is '.*', which can't be read \(ENOENT\)$/,
    'exit 1',
  ],
  [
    'a file is no PEM',
    () => set('sslrootcert', file('text', 'no PEM')),
    /^DATABASE_URL: sslrootcert, .*: no PEM file/,
    'exit 1',
  ],
  [
    "the certificate of the server is another host's",
    () => to((url) => (url.hostname = '127.0.0.1')),
    /^DATABASE_URL: .*another host's \(sslmode=verify-full\)/,
    'exit 1',
  ],
  [
    'the server has no TLS',
    () => to((url) => (url.port = String(open.port))),
    /^DATABASE_URL: .*does not support TLS \(sslmode\)$/,
    'exit 1',
  ],
  [
    'the server asks for a certificate, and none is set',
    () => to((url) => (url.username = 'member')),
    /^DATABASE_URL: .*client certificate \(28000\): set sslcert and sslkey$/,
    'exit 1',
  ],
  [
    'the server does not know the authority of the certificate',
    () => {
      const { certificate, key } = stranger.issue('member');
      return to((url) => {
        url.username = 'member';
        url.searchParams.set('sslcert', certificate);
        url.searchParams.set('sslkey', key);
      });
    },
    /^DATABASE_URL: .*\(sslcert\)/,
    'exit 1',
  ],
  ['a parameter is unknown', () => set('sslmod', 'require'), /^DATABASE_URL is malformed/, 'exit 1'],
  ['a parameter is not supported', () => set('passfile', '/p'), /^DATABASE_URL: passfile is not supported/, 'exit 1'],
  ['`options` are wrong', () => set('options', '-c licence=1'), /^DATABASE_URL: .*\(42704\)/, 'exit 1'],
  [
    'commits do not wait for the disk',
    () => set('options', '-c synchronous_commit=off'),
    /^DATABASE_URL: synchronous_commit is off/,
    'exit 1',
  ],
  ['the database is not in UTF8', () => to((url) => (url.pathname = '/old')), /^DATABASE_URL: .*LATIN1/, 'exit 1'],
  ['`migrate up` was not run', () => to(), /^DATABASE_URL: the database lacks \d+ migrations/, 'exit 1'],
  [
    'the schema is not there',
    () => ({ ...to(), DATABASE_SCHEMA: 'x' }),
    /^DATABASE_SCHEMA is x, which is not/,
    'exit 1',
  ],
  [
    'the role lacks rights on the tables',
    () => ({ ...to(), DATABASE_SCHEMA: SCHEMA }),
    /^DATABASE_URL: the role app lacks rights: DELETE on inbox, outbox \(/,
    'exit 1',
  ],
  [
    'no server takes writes',
    () =>
      to((url) => (url.search += '&target_session_attrs=read-write&options=-c%20default_transaction_read_only%3Don')),
    /^DATABASE_URL .* is read-only \(target_session_attrs\)$/,
    'waits',
  ],
  [
    'the library of the cloud is not installed',
    () => ({ ...to(), DATABASE_IAM: 'azure' }),
    /^DATABASE_IAM azure needs the package @azure\/identity/,
    'exit 1',
  ],
  ['the region is not set', () => ({ ...to(), DATABASE_IAM: 'aws' }), /^AWS_REGION is not set/, 'exit 1'],
  [
    'a token would be sent in the clear',
    () => ({ ...set('sslmode', 'prefer'), DATABASE_IAM: 'gcp' }),
    /^DATABASE_URL: sslmode is expected to be require/,
    'exit 1',
  ],
];

const rows: Row[] = [];

test.each(CASES)('%s', async (what, env, says, then) => {
  const settings = { KAFKA_BROKERS: '127.0.0.1:1', SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1', ...env() };
  const told = await workerWith(settings, SECRET, 'database');
  expect(told).toEqual({ then, sentence: expect.stringMatching(says) });
  rows.push({ what, ...told });
});

test('a verb of the command line says the same, and waits for nothing', async () => {
  expect(
    await verbWith(
      ['dlq', 'list'],
      to((url) => (url.password = 'x')),
      SECRET,
    ),
  ).toMatch(/^DATABASE_URL: .*\(28P01\)$/);
  expect(
    await verbWith(
      ['dlq', 'list'],
      to((url) => (url.port = '1')),
      SECRET,
    ),
  ).toMatch(/^DATABASE_URL .*ECONNREFUSED/);
});

test('the table of docs/operations.md tells what was seen', () => keep('refusals-postgres', rows));
