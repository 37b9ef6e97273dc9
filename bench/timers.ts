import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { CheckFailed, checkOutbox } from './check.ts';
import { clock, startChild } from './child.ts';
import type { Contender } from './contender.ts';
import type { Heard, ListenOrder } from './listen.ts';
import type { TimersResult } from './results.ts';
import type { SendOrder, Sent } from './send.ts';
import { percentile } from './statistics.ts';
import { World } from './world.ts';

const POLL_MS = 250;
/** Each license that ends brings LicenseDeactivated and SubdivisionLicenseExpired. */
const EVENTS_OF_AN_END = 2;

/** Licenses that all end at one moment, while commands come in at a steady rate. */
export async function timers(bench: Bench): Promise<readonly TimersResult[]> {
  const results: TimersResult[] = [];
  for (let run = 1; run <= bench.runs; run += 1) {
    const result = await endAtOnce(bench, run);
    bench.say(describe(result));
    results.push(result);
  }
  return results;
}

async function endAtOnce(bench: Bench, run: number): Promise<TimersResult> {
  const world = await World.create(bench.stack);
  const places = await world.settle(bench.tenants, bench.subdivisions);
  const settled = world.ledger.events;
  await makeLicenses(world, Math.ceil(bench.timers / bench.tenants));
  // A worker sends for nothing before it has seen for a while that no older one is there, and has looked for missing timers then.
  const dueAt = Date.now() + bench.timersLeadSeconds * 1_000;
  const due = await letThemEnd(world, dueAt);
  const worker = world.start();
  await worker.working;

  const { prefix, commands: first } = world.ledger;
  const count = bench.timersRate * bench.timersSeconds;
  for (let i = 0; i < count; i += 1) world.ledger.note(1, 1);
  const listener = await startChild<Heard>('listen.ts', world.environment, {
    ...{ prefix, first, count },
  } satisfies ListenOrder);
  const parts = [{ rate: bench.timersRate, seconds: bench.timersSeconds }];
  const order = { places, prefix, first, parts, pauseSeconds: 0 } satisfies SendOrder;
  const sender = await startChild<Sent>('send.ts', world.environment, order);
  if (dueAt < Date.now()) throw new Error(`the licenses ended before the worker was ready: the lead is too short`);
  await sleep(dueAt - Date.now());
  const begun = clock();
  const memoryBefore = await worker.peakMemory();
  await allEnded(world, worker, dueAt, due);
  const ended = clock();
  const [{ handedOver }, { arrived }] = await Promise.all([sender.answer, listener.answer]);
  const all = { events: settled + count + EVENTS_OF_AN_END * due, rejected: 0 };
  await world.drained(worker, all);
  const peakMemoryMb = await worker.peakMemory();
  await worker.stop();
  await checkOutbox(world);
  const told = await world.size(world.config.topics.events);
  if (told !== all.events) throw new CheckFailed(`${told} events instead of ${all.events}`);
  await world.close();

  const meanwhile = [...handedOver.keys()].filter((i) => handedOver[i]! >= begun && handedOver[i]! <= ended);
  const latencies = meanwhile.map((i) => arrived[i]! - handedOver[i]!);
  return {
    ...{ run, timers: due, rate: bench.timersRate, seconds: (ended - begun) / 1_000 },
    ...{ p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), max: percentile(latencies, 1) },
    ...{ memoryBeforeMb: memoryBefore, peakMemoryMb },
  };
}

/** So many subdivisions of each tenant, each with an active license by time. Commands would take as long as the measurement. */
async function makeLicenses(world: World, perTenant: number): Promise<void> {
  await world.query('BEGIN');
  await world.query('SET LOCAL synchronous_commit = off');
  await world.query(
    `INSERT INTO subdivisions (tenant_id, subdivision_id, version, name, location, work_status, active_license_id)
     SELECT tenant_id, gen_random_uuid(), 3, 'Ends', '', 'active', gen_random_uuid()
     FROM tenants, generate_series(1, $1::int) WHERE NOT deleted`,
    [perTenant],
  );
  await world.query(
    `INSERT INTO licenses (tenant_id, license_id, subdivision_id, status, name, description, type, used_requests, created_at, expires_at,
       activated_at)
     SELECT tenant_id, active_license_id, subdivision_id, 'active', 'Trial', '', 'bytime', 0, now(), now() + interval '1 day', now()
     FROM subdivisions WHERE name = 'Ends'`,
  );
  await world.query(
    `INSERT INTO tenant_active_licenses (tenant_id, license_id, subdivision_id)
     SELECT tenant_id, active_license_id, subdivision_id FROM subdivisions WHERE name = 'Ends'`,
  );
  await world.query('COMMIT');
}

/** @returns how many licenses end at this time (milliseconds since the epoch) */
async function letThemEnd(world: World, at: number): Promise<number> {
  const time = `timestamptz 'epoch' + $1::bigint * interval '1 millisecond'`;
  await world.query(`UPDATE licenses SET expires_at = ${time} WHERE type = 'bytime'`, [at]);
  await world.query(
    `INSERT INTO subdivision_timers (tenant_id, subdivision_id, due_at, is_notice)
     SELECT tenant_id, subdivision_id, ${time}, false FROM licenses WHERE type = 'bytime'
     ON CONFLICT (tenant_id, subdivision_id) DO UPDATE SET due_at = excluded.due_at`,
    [at],
  );
  await world.query('VACUUM ANALYZE licenses, subdivisions, subdivision_timers');
  await world.checkpoint();
  const [row] = await world.query<{ n: number }>('SELECT count(*) AS n FROM subdivision_timers');
  return row?.n ?? Number.NaN;
}

/** Waits until no timer is left. @throws CheckFailed when a license did not end, or not at its time */
async function allEnded(world: World, worker: Contender, dueAt: number, due: number): Promise<void> {
  for (;;) {
    worker.check();
    const [row] = await world.query<{ left: boolean }>('SELECT EXISTS (SELECT FROM subdivision_timers) AS left');
    if (row?.left === false) break;
    await sleep(POLL_MS);
  }
  const [row] = await world.query<{ n: number }>(
    `SELECT count(*) AS n FROM licenses WHERE end_reason = 'expired' AND status = 'inactive'
       AND deactivated_at = timestamptz 'epoch' + $1::bigint * interval '1 millisecond'`,
    [dueAt],
  );
  if (row?.n !== due) throw new CheckFailed(`${row?.n} licenses ended at their time instead of ${due}`);
}

function describe({ run, timers: count, rate, seconds, p50, p99, max, ...memory }: TimersResult): string {
  const latency = `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, max ${max.toFixed(0)} ms`;
  const { memoryBeforeMb, peakMemoryMb } = memory;
  return (
    `timers ${run}: ${count} ends told in ${seconds.toFixed(1)} s (${Math.round(count / seconds)}/s); ` +
    `${rate} commands/s meanwhile: ${latency}; RSS ${Math.round(memoryBeforeMb)} MB before, ${Math.round(peakMemoryMb)} MB at its peak`
  );
}
