import { once, type EventEmitter } from 'node:events';
import type { Knex } from 'knex';
import { DatabaseUnavailable } from '../../src/ports/errors.ts';
import { query } from '../../src/repos/tables/sql.ts';
import { createDatabase } from '../../src/uow/database.ts';
import { createTestDatabase, urlOf } from '../support/database.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

describe('a connection to the database', () => {
  it('is given up when there is no answer, though it was idle for as long before', async () => {
    const database = await createTestDatabase();
    const proxy = await TcpProxy.to(Number(new URL(database.url).port));
    const timeouts = {
      connectTimeout: 5_000,
      statementTimeout: 100,
      lockTimeout: 100,
      idleInTransactionTimeout: 5_000,
    };
    const db = createDatabase({ url: urlOf(proxy.via(database.url)), poolMax: 1, ...timeouts });
    try {
      await idleForLong(db);
      proxy.blackhole();
      await expect(query(db, 'SELECT 1', [])).rejects.toThrow(DatabaseUnavailable);
      proxy.heal();
      await expect(query(db, 'SELECT 1 AS one', [])).resolves.toEqual([{ one: 1 }]);
    } finally {
      await db.destroy();
      await proxy.close();
      await database.drop();
    }
  });
});

interface Client {
  acquireConnection(): Promise<{ readonly connection: { readonly stream: EventEmitter } }>;
  releaseConnection(connection: object): Promise<void>;
}

/** Until its connection has been without a packet for as long as an answer may take. */
async function idleForLong(db: Knex): Promise<void> {
  const client = db.client as Client;
  const connection = await client.acquireConnection();
  const idle = once(connection.connection.stream, 'timeout');
  await client.releaseConnection(connection);
  await idle;
}
