import { chmodSync } from 'node:fs';
import type { Knex } from 'knex';
import { ConfigurationError } from '../../src/ports/errors.ts';
import { query } from '../../src/repos/tables/sql.ts';
import { connect } from '../support/database.ts';
import { Authority, type Issued } from './authority.ts';
import { ADMIN, OPEN_HBA, PostgresServer } from './postgres-server.ts';

// Each of libpq's modes of TLS against a server that has it, one that has none, and roles that pg_hba.conf lets in one way alone.

let authority: Authority;
let stranger: Authority;
let member: Issued;
let secure: PostgresServer;
let open: PostgresServer;

beforeAll(async () => {
  [authority, stranger] = [new Authority(), new Authority()];
  member = authority.issue('member');
  // Its name is no other's, and no address is in it.
  const certificate = authority.issue('server', { hosts: ['DNS:localhost'] });
  const hba = [
    'hostssl all member 127.0.0.1/32 cert',
    'hostssl all sslonly 127.0.0.1/32 scram-sha-256',
    'hostnossl all clearonly 127.0.0.1/32 scram-sha-256',
    'host all sslonly,clearonly 127.0.0.1/32 reject',
    ...OPEN_HBA,
  ];
  secure = await PostgresServer.start({
    hba,
    settings: {
      ssl: 'on',
      ssl_cert_file: certificate.certificate,
      ssl_key_file: authority.keyOfPostgres(certificate.key),
      ssl_ca_file: authority.ca,
    },
  });
  open = await PostgresServer.start({ hba: OPEN_HBA });
  for (const role of ['member', 'sslonly', 'clearonly']) {
    await secure.ask(`CREATE ROLE ${role} LOGIN PASSWORD '${ADMIN}'`);
  }
});

afterAll(async () => {
  await secure.remove();
  await open.remove();
  authority.remove();
  stranger.remove();
});

type Parameters = Readonly<Record<string, string>>;

/** How a connection came to be: with TLS, without it, or the sentence with which it was refused. */
async function comesTo(
  server: PostgresServer,
  parameters: Parameters,
  at: { host?: string; role?: string } = {},
): Promise<string> {
  const url = new URL(server.url);
  url.hostname = at.host ?? 'localhost';
  url.username = at.role ?? ADMIN;
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  let db: Knex | undefined;
  try {
    db = connect(url.href);
    const rows = await query<{ ssl: boolean }>(db, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()', []);
    return rows[0]?.ssl === true ? 'TLS' : 'plain';
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  } finally {
    await db?.destroy();
  }
}

describe('sslmode', () => {
  const ca = (): Parameters => ({ sslrootcert: authority.ca });
  const others = (): Parameters => ({ sslrootcert: stranger.ca });
  const none = (): Parameters => ({});
  const NO_TLS = /^DATABASE_URL: .* does not support TLS \(sslmode\)$/;
  const UNTRUSTED = /^DATABASE_URL: the server's certificate does not verify \(sslrootcert\)/;

  test.each([
    [undefined, none, 'TLS', 'plain'],
    ['disable', none, 'plain', 'plain'],
    ['allow', none, 'plain', 'plain'],
    ['prefer', none, 'TLS', 'plain'],
    // Nobody is asked who has signed the certificate.
    ['prefer', others, 'TLS', 'plain'],
    ['require', none, 'TLS', NO_TLS],
    ['require', ca, 'TLS', NO_TLS],
    ['require', others, UNTRUSTED, NO_TLS],
    ['verify-ca', ca, 'TLS', NO_TLS],
    ['verify-ca', others, UNTRUSTED, NO_TLS],
    ['verify-ca', none, /sslrootcert is not set; sslmode verify-ca needs it/, /sslrootcert is not set/],
    ['verify-full', ca, 'TLS', NO_TLS],
    ['verify-full', others, UNTRUSTED, NO_TLS],
    // The authorities of Node, and of the operating system.
    ['verify-full', none, UNTRUSTED, NO_TLS],
    ['verify-full', () => ({ sslrootcert: 'system' }), UNTRUSTED, NO_TLS],
    [
      'require',
      () => ({ sslrootcert: 'system' }),
      /expected verify-full, since sslrootcert is system/,
      /expected verify-full/,
    ],
  ])('%s with %s: a server with TLS, and one without', async (sslmode, trust, withTls, without) => {
    const parameters = { ...(sslmode !== undefined && { sslmode }), ...trust() };
    expect(await comesTo(secure, parameters)).toMatch(withTls);
    expect(await comesTo(open, parameters)).toMatch(without);
  });

  test('verify-full wants the name of the server in its certificate, verify-ca does not', async () => {
    const at = { host: '127.0.0.1' };
    expect(await comesTo(secure, { sslmode: 'verify-full', ...ca() }, at)).toMatch(
      /another host's \(sslmode=verify-full\)/,
    );
    expect(await comesTo(secure, { sslmode: 'verify-ca', ...ca() }, at)).toBe('TLS');
  });

  test('allow goes on to TLS, and prefer does without it, where pg_hba.conf wants that', async () => {
    expect(await comesTo(secure, { sslmode: 'allow' }, { role: 'sslonly' })).toBe('TLS');
    expect(await comesTo(secure, { sslmode: 'prefer' }, { role: 'clearonly' })).toBe('plain');
    expect(await comesTo(secure, { sslmode: 'disable' }, { role: 'sslonly' })).toMatch(/\(28000\): see sslmode/);
    expect(await comesTo(secure, { sslmode: 'require' }, { role: 'clearonly' })).toMatch(/\(28000\): see sslmode/);
  });

  test('a connection may begin with TLS at once, and be bound to the certificate', async () => {
    const parameters = { sslmode: 'verify-full', ...ca() };
    expect(await comesTo(secure, { ...parameters, sslnegotiation: 'direct' })).toBe('TLS');
    expect(await comesTo(secure, { ...parameters, channel_binding: 'require' })).toBe('TLS');
    expect(await comesTo(secure, { sslmode: 'disable', channel_binding: 'require' })).toMatch(/\(channel_binding\)$/);
    expect(await comesTo(secure, { sslmode: 'prefer', sslnegotiation: 'direct' })).toMatch(/expected require or more/);
  });

  test('versions of TLS are kept to', async () => {
    expect(await comesTo(secure, { sslmode: 'require', ssl_min_protocol_version: 'TLSv1.3' })).toBe('TLS');
    expect(await comesTo(secure, { sslmode: 'require', ssl_max_protocol_version: 'TLSv1.1' })).toMatch(/TLS fails/);
  });
});

describe('a client certificate', () => {
  const files = ({ certificate, key }: Issued): Parameters => ({
    sslmode: 'require',
    sslcert: certificate,
    sslkey: key,
  });

  test('lets its owner in without a password', async () => {
    expect(await comesTo(secure, files(member), { role: 'member' })).toBe('TLS');
  });

  test.each<readonly [what: string, parameters: () => Parameters, says: RegExp]>([
    ['is missing', () => ({ sslmode: 'require' }), /client certificate \(28000\): set sslcert and sslkey$/],
    ["is another role's", () => files(authority.issue('somebody')), /\(28000\)/],
    ['is of another authority', () => files(stranger.issue('member')), /\(sslcert\)/],
    [
      'has a key of another',
      () => ({ ...files(member), sslkey: authority.issue('other').key }),
      /key of another certificate/,
    ],
    [
      'has no key',
      () => ({ sslmode: 'require', sslcert: member.certificate }),
      /sslcert and sslkey are expected together/,
    ],
    [
      'is not there',
      () => ({ ...files(member), sslcert: '/nowhere/c.pem' }),
      /sslcert is '\/nowhere\/c\.pem', .*ENOENT/,
    ],
  ])('that %s is refused with a sentence', async (_, parameters, says) => {
    expect(await comesTo(secure, parameters(), { role: 'member' })).toMatch(says);
  });
});

describe('a unix socket', () => {
  test('is found by its folder, and needs no TLS', async () => {
    chmodSync(secure.folder, 0o711);
    const socket = { host: secure.folder, port: String(secure.port), sslmode: 'require' };
    expect(await comesTo(secure, socket)).toBe('plain');
  });
});
