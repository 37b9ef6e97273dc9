import type { Bench } from './bench.ts';
import { check } from './check.ts';
import { startChild } from './child.ts';
import type { Heard, ListenOrder } from './listen.ts';
import { inTurn } from './pairs.ts';
import type { Program } from './programs.ts';
import { Reference } from './reference.ts';
import type { PacedResult } from './results.ts';
import type { SendOrder, Sent } from './send.ts';
import { percentile } from './statistics.ts';
import { World } from './world.ts';

/** Measures from the moment at which a command is handed to a producer until its event arrives at a consumer, in three processes. */
export async function paced(bench: Bench): Promise<readonly PacedResult[]> {
  const results: PacedResult[] = [];
  for (let run = 1; run <= bench.runs; run += 1) {
    for (const contender of inTurn(run, [...bench.workers, ...bench.references])) {
      const measured =
        contender instanceof Reference
          ? await pacedReference(bench, contender, run)
          : await pacedOf(bench, contender, run);
      for (const result of measured) bench.say(describe(result));
      results.push(...measured);
    }
  }
  return results;
}

async function pacedOf(bench: Bench, program: Program, run: number): Promise<readonly PacedResult[]> {
  const world = await World.create(bench.stack, program.root);
  const places = await world.settle(bench.tenants, bench.subdivisions);
  const worker = world.start(program);
  await worker.working;
  // These commands are not counted, since the worker and the two clients are still cold.
  const warmUp = { rate: Math.max(...bench.rates), seconds: Math.ceil(bench.pacedSeconds / 6) };
  const parts = [warmUp, ...bench.rates.map((rate) => ({ rate, seconds: bench.pacedSeconds }))];
  const { prefix } = world.ledger;
  const first = world.ledger.commands;
  const count = parts.reduce((sum, { rate, seconds }) => sum + rate * seconds, 0);
  for (let i = 0; i < count; i += 1) world.ledger.note(1, 1);
  const listener = await startChild<Heard>('listen.ts', world.environment, {
    prefix,
    first,
    count,
  } satisfies ListenOrder);
  const order = { places, prefix, first, parts, pauseSeconds: bench.pauseSeconds } satisfies SendOrder;
  const sender = await startChild<Sent>('send.ts', world.environment, order);
  const [{ handedOver }, { arrived }] = await Promise.all([sender.answer, listener.answer]);
  await world.drained(worker);
  await worker.stop();
  await check(world);
  await world.close();

  let at = warmUp.rate * warmUp.seconds;
  return parts.slice(1).map(({ rate, seconds }) => {
    const latencies = arrived.slice(at, at + rate * seconds).map((time, n) => time - (handedOver[at + n] ?? 0));
    at += rate * seconds;
    const figures = {
      p50: percentile(latencies, 0.5),
      p99: percentile(latencies, 0.99),
      p999: percentile(latencies, 0.999),
      max: percentile(latencies, 1),
    };
    return { run, contender: program.name, rate, commands: rate * seconds, ...figures };
  });
}

async function pacedReference(bench: Bench, reference: Reference, run: number): Promise<readonly PacedResult[]> {
  const results: PacedResult[] = [];
  for (const rate of bench.rates) results.push(await reference.paced(run, rate, bench.pacedSeconds));
  return results;
}

function describe({ run, contender, rate, commands, p50, p99, p999, max }: PacedResult): string {
  const said = Object.entries({ p50, p99, p999, max }).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
  return `paced ${run}: ${contender} ${rate}/s for ${commands / rate} s: ${said.join(', ')} ms`;
}
