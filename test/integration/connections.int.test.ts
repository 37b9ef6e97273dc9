import { createServer, type AddressInfo, type Server } from 'node:net';
import type { Knex } from 'knex';
import { ConfigurationError, DatabaseUnavailable } from '../../src/ports/errors.ts';
import { query } from '../../src/repos/tables/sql.ts';
import { connect, createTestDatabase, type TestDatabase } from '../support/database.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { certificateOf, type Certificate } from '../support/tls.ts';

const ROLE = 'connections_test';
const PASSWORD = 'Zq7x';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
  await database.db.raw(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}' CONNECTION LIMIT 0`);
});

afterAll(async () => {
  await database.db.raw(`DROP ROLE ${ROLE}`);
  await database.drop();
});

/** What comes of the first statement over a URL; with the server's URL, and a role that it does not let in. */
async function failureOver(change: (url: URL) => void): Promise<Error> {
  const url = new URL(database.url);
  change(url);
  let db: Knex | undefined;
  try {
    db = connect(url.href);
    await query(db, 'SELECT 1', []);
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  } finally {
    await db?.destroy();
  }
  throw new Error('it was let in');
}

function withOptions(options: string): (url: URL) => void {
  return (url) => url.searchParams.set('options', options);
}

const asRole = (url: URL): void => void Object.assign(url, { username: ROLE, password: PASSWORD });

describe('what waiting does not mend is a fault of the configuration, and names DATABASE_URL', () => {
  test.each<readonly [what: string, change: (url: URL) => void, says: RegExp]>([
    ['a wrong password', (url) => (url.password = 'wrong'), /password authentication failed .*\(28P01\)/],
    ['a database that there is not', (url) => (url.pathname = '/nowhere'), /"nowhere" does not exist \(3D000\)/],
    [
      'a setting that the server does not know',
      withOptions('-c licence=1'),
      /unrecognized .* "licence" \(42704\).*older/,
    ],
    ['a value that a setting does not take', withOptions('-c work_mem=lots'), /"work_mem": "lots" \(22023\)/],
    ['options that are none', withOptions('work_mem'), /\(42601\)/],
    ['a setting of the server as a whole', withOptions('-c shared_buffers=1MB'), /"shared_buffers" .*\(55P02\)/],
    [
      'a root certificate that is not there',
      tls({ sslrootcert: '/nowhere/ca.pem' }),
      /sslrootcert is '\/nowhere\/ca\.pem', .*ENOENT/,
    ],
    ['TLS with a server that has none', tls({}), /does not support TLS \(sslmode\)/],
    [
      'a way to negotiate that there is not',
      (url) => url.searchParams.set('sslnegotiation', 'never'),
      /sslnegotiation/,
    ],
  ])('%s', async (_, change, says) => {
    const failure = await failureOver(change);
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(failure.message).toMatch(says);
    expect(failure.message).toMatch(/^DATABASE_URL: /);
  });

  test('no password', async () => {
    const proxy = await TcpProxy.to(Number(new URL(database.url).port));
    try {
      const failure = await failureOver((url) => Object.assign(url, { password: '', port: proxy.port }));
      expect(failure).toBeInstanceOf(ConfigurationError);
      expect(failure.message).toMatch(/^DATABASE_URL: the password does not do/);
    } finally {
      // The driver leaves its socket open, and until its end nobody can drop a database.
      await proxy.close();
    }
  });

  test('a startup parameter that a pooler does not take', async () => {
    const pooler = await poolerThatSays('08P01', 'unsupported startup parameter: options');
    try {
      const failure = await failureOver((url) => (url.port = pooler.port));
      expect(failure).toBeInstanceOf(ConfigurationError);
      expect(failure.message).toMatch(/unsupported startup parameter: options \(08P01\)/);
    } finally {
      pooler.close();
    }
  });
});

describe('what passes by itself is waited for', () => {
  test.each<readonly [what: string, change: (url: URL) => void, says: RegExp]>([
    ['nobody listens', (url) => (url.port = '1'), /ECONNREFUSED/],
    ['a name that does not resolve', (url) => (url.hostname = 'nowhere.invalid'), /ENOTFOUND|EAI_AGAIN/],
    ['no socket at its place', (url) => url.searchParams.set('host', '/nowhere'), /ENOENT/],
    ['no connections left', asRole, /too many connections .*\(53300\)/],
  ])('%s', async (_, change, says) => {
    const failure = await failureOver(change);
    expect(failure).toBeInstanceOf(DatabaseUnavailable);
    expect(failure.message).toMatch(says);
  });

  test('a pooler that has no server', async () => {
    const pooler = await poolerThatSays('08P01', 'pgbouncer cannot connect to server');
    try {
      expect(await failureOver((url) => (url.port = pooler.port))).toBeInstanceOf(DatabaseUnavailable);
    } finally {
      pooler.close();
    }
  });
});

describe('a server with TLS', () => {
  let [own, other]: [Certificate?, Certificate?] = [];

  beforeAll(async () => {
    own = certificateOf('localhost');
    other = certificateOf('localhost');
    // A key that anybody may read is refused.
    for (const [file, text] of [
      ['test.key', own.key],
      ['test.crt', own.certificate],
    ] as const) {
      await database.db.raw(
        `COPY (SELECT unnest(string_to_array($pem$${text.trim()}$pem$, E'\\n'))) TO PROGRAM 'umask 077; cat >${file}'`,
      );
    }
    await database.db.raw(`ALTER SYSTEM SET ssl_cert_file = 'test.crt'`);
    await database.db.raw(`ALTER SYSTEM SET ssl_key_file = 'test.key'`);
    await reloadedWith('on');
  });

  afterAll(async () => {
    await reloadedWith('off');
    own?.remove();
    other?.remove();
  });

  async function reloadedWith(ssl: 'on' | 'off'): Promise<void> {
    await database.db.raw(`ALTER SYSTEM SET ssl = ${ssl}`);
    await database.db.raw('SELECT pg_reload_conf()');
    for (;;) {
      const [shown] = await query<{ ssl: string }>(database.db, `SELECT current_setting('ssl') AS ssl`, []);
      if (shown?.ssl === ssl) return;
    }
  }

  test.each<readonly [what: string, host: string, ca: () => string | undefined, says: RegExp]>([
    ['nobody vouches for', 'localhost', () => undefined, /does not verify \(sslrootcert\): self-signed/],
    ['another authority vouches for', 'localhost', () => other?.file, /does not verify \(sslrootcert\)/],
    ['is of another host', '127.0.0.1', () => own?.file, /another host's \(sslmode=verify-full\)/],
  ])('whose certificate %s is a fault of the configuration', async (_, host, ca, says) => {
    const sslrootcert = ca();
    const change = tls(sslrootcert === undefined ? {} : { sslrootcert });
    const failure = await failureOver((url) => {
      change(url);
      url.hostname = host;
    });
    expect(failure).toBeInstanceOf(ConfigurationError);
    expect(failure.message).toMatch(says);
  });

  test('whose certificate verifies lets us in', async () => {
    const failure = failureOver((url) => {
      tls({ sslrootcert: own?.file ?? '' })(url);
      url.hostname = 'localhost';
    });
    await expect(failure).rejects.toThrow('it was let in');
  });
});

function tls(parameters: Readonly<Record<string, string>>): (url: URL) => void {
  return (url) => {
    for (const [name, value] of Object.entries({ sslmode: 'verify-full', ...parameters }))
      url.searchParams.set(name, value);
  };
}

/** Answers every connection with one error, as PgBouncer 1.18 does. */
async function poolerThatSays(state: string, message: string): Promise<{ readonly port: string; close(): Server }> {
  const fields = Buffer.from(`SFATAL\0C${state}\0M${message}\0\0`);
  const length = Buffer.alloc(4);
  length.writeInt32BE(fields.length + 4);
  const server = createServer((socket) => {
    socket.on('error', () => undefined); // the client may be faster to go
    socket.once('data', () => socket.end(Buffer.concat([Buffer.from('E'), length, fields])));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port: String(port), close: () => server.close() };
}
