import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Knex } from 'knex';
import { ConfigurationError, DatabaseUnavailable } from '../../src/ports/errors.ts';
import { query } from '../../src/repos/tables/sql.ts';
import { connect, createTestDatabase, urlOf, type TestDatabase } from '../support/database.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/world-until.ts';

// What happens to a connection between the moment at which the server lets it in and the moment at which the pool has it.

let database: TestDatabase;
let proxy: TcpProxy;
let db: Knex | undefined;

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
});

beforeEach(async () => {
  proxy = await TcpProxy.to(Number(new URL(database.url).port));
});

afterEach(async () => {
  await db?.destroy();
  await proxy.close();
});

afterAll(() => database.drop());

/** Part of the first statement of each connection. */
const LOOK = 'pg_backend_pid';

/** The URL of a server, with the proxy as the first of two hosts. */
function bothOf({ port }: TcpProxy, url: string): string {
  const { host } = new URL(url);
  return url.replace(host, `127.0.0.1:${port},${host}`);
}

describe('a connection that ends right after it was let in', () => {
  it('is an outage, and the next one does', async () => {
    proxy.watch((bytes) => (bytes.includes(LOOK) ? 'cut' : 'pass'));
    db = connect(proxy.via(database.url));
    await expect(query(db, 'SELECT 1', [])).rejects.toThrow(DatabaseUnavailable);
    proxy.watch();
    await expect(query(db, 'SELECT 1 AS one', [])).resolves.toEqual([{ one: 1 }]);
  });
});

describe('a server that lets a connection in, and then says nothing', () => {
  beforeEach(() => {
    proxy.watch((bytes) => {
      if (bytes.includes(LOOK)) proxy.blackhole();
      return 'pass';
    });
  });

  it('is given up after the time for one address, so that the next server is tried', async () => {
    db = connect(bothOf(proxy, database.url), { connectTimeout: 200 });
    await expect(query(db, 'SELECT 1 AS one', [])).resolves.toEqual([{ one: 1 }]);
    await until('the connection to the silent server is closed', () => proxy.connections === 0);
  });

  it('is named in the error', async () => {
    db = connect(proxy.via(database.url), { connectTimeout: 200 });
    const failure = query(db, 'SELECT 1', []);
    await expect(failure).rejects.toThrow(DatabaseUnavailable);
    await expect(failure).rejects.toThrow(`127.0.0.1:${proxy.port}: no answer within 200 ms`);
  });
});

describe('a first server that takes long to fail', () => {
  const { jest } = import.meta;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'Date', 'performance', 'hrtime'] });
  });

  afterEach(() => jest.useRealTimers());

  it('is waited for as the URL says, and so is the second', async () => {
    proxy.blackhole();
    db = connect(`${bothOf(proxy, database.url)}?sslmode=disable&connect_timeout=40`);
    const answer = query(db, 'SELECT 1 AS one', []);
    await until('the first server is asked', () => proxy.connections === 1);
    jest.advanceTimersByTime(39_000);
    proxy.cut();
    await expect(answer).resolves.toEqual([{ one: 1 }]);
  });
});

describe('a name with several addresses', () => {
  const silent = ['127.0.0.2', '127.0.0.3'];
  const servers: Server[] = [];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    for (const host of silent) {
      const server = createServer((socket) => void sockets.push(socket.on('error', () => undefined)));
      servers.push(server.listen({ host, port: Number(new URL(database.url).port) }));
      await once(server, 'listening');
    }
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  const connectTo = (addresses: readonly string[], connectTimeout: number): Knex => {
    const url = new URL(database.url);
    url.hostname = 'db.example';
    return (db = connect(url.href, { connectTimeout, addressesOf: async () => addresses }));
  };

  it('is asked at the next one when some are silent', async () => {
    await expect(query(connectTo([...silent, '127.0.0.1'], 3_000), 'SELECT 1 AS one', [])).resolves.toEqual([
      { one: 1 },
    ]);
    expect(sockets).toHaveLength(2);
  });

  it('is told with all of them when none answers', async () => {
    const failure: unknown = await query(connectTo(silent, 400), 'SELECT 1', []).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DatabaseUnavailable);
    const { port } = new URL(database.url);
    const places = silent.map((address) => `db\\.example ${address}:${port}: no answer within \\d+ ms`);
    expect(failure).toHaveProperty('message', expect.stringMatching(new RegExp(`^${places.join('; ')}$`)));
  });
});

it('knows all that the URL says from one reading: its file may be gone for a moment', async () => {
  const url = urlOf(database.url);
  let readings = Infinity;
  const read = () => {
    if (readings === 0) throw new ConfigurationError('DATABASE_URL_FILE is being replaced');
    readings -= 1;
    return url();
  };
  db = connect(database.url, { url: read });
  readings = 1;
  await expect(query(db, 'SELECT 1 AS one', [])).resolves.toEqual([{ one: 1 }]);
});
