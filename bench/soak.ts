import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Bench } from './bench.ts';
import { check } from './check.ts';
import { startChild } from './child.ts';
import { drainOf } from './drain.ts';
import { WORKER } from './programs.ts';
import type { SoakResult, SoakSample } from './results.ts';
import type { SendOrder, Sent } from './send.ts';
import { World } from './world.ts';

const SAMPLES = 120;
const PROBE = fileURLToPath(new URL('probe.mjs', import.meta.url));

/** Runs at half of the worker's speed for a long time, to show what grows. */
export async function soak(bench: Bench): Promise<readonly SoakResult[]> {
  const { perSecond } = await drainOf(bench, 'drain', WORKER, 1);
  const rate = Math.floor(perSecond / 2);
  const seconds = Math.round(bench.minutes * 60);
  const world = await World.create(bench.stack);
  const places = await world.settle(bench.tenants, bench.subdivisions);
  const file = join(tmpdir(), `${world.config.kafkaGroupId}.probe`);
  const worker = world.start(WORKER, ['--import', PROBE], { BENCH_PROBE: file });
  await worker.working;
  const { prefix, commands: first } = world.ledger;
  for (let i = 0; i < rate * seconds; i += 1) world.ledger.note(1, 1);
  bench.say(`soak: ${rate} commands/s for ${bench.minutes} minutes`);
  const order = { places, prefix, first, parts: [{ rate, seconds }], pauseSeconds: 0 } satisfies SendOrder;
  const sender = await startChild<Sent>('send.ts', world.environment, order);
  const start = performance.now();
  const samples: SoakSample[] = [];
  const every = Math.max(1_000, (seconds * 1_000) / SAMPLES);
  const end = sender.answer.then(() => true);
  while (!(await Promise.race([end, sleep(every, false)]))) {
    worker.check();
    const probed = await lastOf(file);
    if (probed === undefined) continue; // the probe has not written its first line yet
    samples.push({
      at: Math.round((performance.now() - start) / 1_000),
      rssMb: Math.round(probed.rss / 2 ** 20),
      heapMb: Math.round(probed.heapUsed / 2 ** 20),
      loopDelayP99: probed.loopDelayP99,
      deadTuples: await deadTuples(world),
      lag: await world.lag(),
    });
  }
  await world.drained(worker);
  await worker.stop();
  await check(world);
  await world.close();
  await rm(file, { force: true });
  bench.say(`soak: RSS MB ${samples.map(({ rssMb }) => rssMb).join(' ')}`);
  return [{ run: 1, minutes: bench.minutes, rate, commands: rate * seconds, samples }];
}

interface Probed {
  readonly rss: number;
  readonly heapUsed: number;
  readonly loopDelayP99: number;
}

async function lastOf(file: string): Promise<Probed | undefined> {
  const lines = await readFile(file, 'utf8').catch(() => '');
  const line = lines.trimEnd().split('\n').at(-1) ?? '';
  return line === '' ? undefined : (JSON.parse(line) as Probed);
}

async function deadTuples(world: World): Promise<number> {
  const [row] = await world.query<{ n: number }>('SELECT sum(n_dead_tup)::bigint AS n FROM pg_stat_user_tables');
  return row?.n ?? Number.NaN;
}
