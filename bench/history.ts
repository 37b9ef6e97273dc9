import type { Bench } from './bench.ts';
import { describe, drain, drainOf } from './drain.ts';
import type { Place } from './load.ts';
import { WORKER } from './programs.ts';
import type { HistoryResult } from './results.ts';
import { World } from './world.ts';

const AHEAD_MS = 60_000;
/** The delivered outbox rows are made and deleted in this many steps, each with a vacuum, as in years of work. */
const STEPS = 10;
/** The share of inbox rows that are older than their retention: the worker prunes them during the load. */
const EXPIRED = 0.2;

/** Drains with an empty database and with one that has a past, in turns. */
export async function history(bench: Bench): Promise<readonly HistoryResult[]> {
  const past = await World.create(bench.stack);
  const places = await past.settle(bench.tenants, bench.subdivisions);
  bench.say(`history: making ${bench.history} rows of each kind`);
  await makePast(past, bench.history, places);
  const results: HistoryResult[] = [];
  for (let run = 1; run <= bench.runs; run += 1) {
    const empty = await drainOf(bench, 'drain', WORKER, run);
    // The rows of each run are later than those of the run before.
    const from = Date.now() + AHEAD_MS;
    const messages = past.load.rows(places, bench.commands, from, past.ledger);
    const before = await expired(past);
    const full = await drain(past, { run, program: WORKER, commands: bench.commands, messages });
    const pruned = before - (await expired(past));
    const ratio = full.perSecond / empty.perSecond;
    results.push({ run, history: bench.history, empty, full, ratio, pruned });
    bench.say(`history ${run}: ${describe(full)}; ${ratio.toFixed(2)} of the empty database's; ${pruned} rows pruned`);
  }
  await past.close();
  return results;
}

async function expired(world: World): Promise<number> {
  const [row] = await world.query<{ n: number }>(
    `SELECT count(*) AS n FROM inbox WHERE received_at < now() - interval '35 days'`,
  );
  return row?.n ?? Number.NaN;
}

/**
 * Makes statistic rows of the load's tenants, inbox rows, and delivered outbox rows. Indexes are built afterwards, with as much free room in
 * their pages as rows in random order leave. Ten million single insertions would take an hour and have the same result.
 */
async function makePast(world: World, rows: number, places: readonly Place[]): Promise<void> {
  const { ledger } = world;
  const perPlace = Math.ceil(rows / places.length);
  const count = perPlace * places.length;
  await world.query('BEGIN');
  for (const setting of ['synchronous_commit = off', `maintenance_work_mem = '512MB'`])
    await world.query(`SET LOCAL ${setting}`);
  await world.query(`ALTER TABLE statistic_rows DROP CONSTRAINT statistic_rows_pkey`);
  await world.query(`ALTER TABLE statistic_rows DROP CONSTRAINT statistic_rows_same_time`);
  await world.query(
    `INSERT INTO statistic_rows (tenant_id, statistic_row_id, subdivision_id, license_id, created, count_requests, counted)
     SELECT tenant_id, gen_random_uuid(), subdivision_id, active_license_id, now() - n * interval '1 second', 1, true
     FROM generate_series(1, $1::int) AS n, subdivisions`,
    [perPlace],
  );
  await world.query(
    `ALTER TABLE statistic_rows ADD PRIMARY KEY (tenant_id, statistic_row_id) WITH (fillfactor = 70),
       ADD CONSTRAINT statistic_rows_same_time UNIQUE (tenant_id, subdivision_id, created) WITH (fillfactor = 70)`,
  );
  await world.query(`UPDATE licenses SET used_requests = used_requests + $1::int`, [perPlace]);
  await world.query(`ALTER TABLE inbox DROP CONSTRAINT inbox_pkey`);
  await world.query(
    `INSERT INTO inbox (identity, digest, lane, outcome, received_at)
     SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'accepted',
       now() - ($1::int - n) * interval '20 milliseconds' - CASE WHEN n <= $2::int THEN interval '40 days' ELSE '0' END
     FROM generate_series(1, $1::int) AS n`,
    [count, Math.floor(count * EXPIRED)],
  );
  await world.query(`ALTER TABLE inbox ADD PRIMARY KEY (identity) WITH (fillfactor = 70)`);
  await world.query('COMMIT');
  ledger.past(count, count - Math.floor(count * EXPIRED));
  await makeDelivered(world, count);
  await world.query('VACUUM ANALYZE');
  await world.checkpoint();
}

async function makeDelivered(world: World, count: number): Promise<void> {
  for (let step = 0; step < STEPS; step += 1) {
    await world.query(
      `INSERT INTO outbox (lane, seq, topic, key, headers, value)
       SELECT '00000000-0000-4000-8000-000000000000', n, 'past', decode(repeat('ab', 36), 'hex'), decode(repeat('cd', 380), 'hex'),
         decode(repeat('ef', 170), 'hex')
       FROM generate_series($1::int, $2::int) AS n`,
      [Math.floor((step * count) / STEPS) + 1, Math.floor(((step + 1) * count) / STEPS)],
    );
    await world.query('DELETE FROM outbox');
    await world.query('VACUUM outbox');
  }
}
