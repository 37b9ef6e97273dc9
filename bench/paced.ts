import type { Bench } from './bench.ts';
import { check } from './check.ts';
import { startChild } from './child.ts';
import type { Heard, ListenOrder } from './listen.ts';
import type { PacedResult } from './results.ts';
import type { SendOrder, Sent } from './send.ts';
import { percentile } from './statistics.ts';
import { World } from './world.ts';

/** Measures from the moment at which a command is handed to a producer until its event arrives at a consumer, in three processes. */
export async function paced(bench: Bench): Promise<readonly PacedResult[]> {
  const results: PacedResult[] = [];
  for (let run = 1; run <= bench.runs; run += 1) {
    const world = await World.create(bench.stack);
    const places = await world.settle(bench.tenants, bench.subdivisions);
    const worker = world.start('worker');
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
    const order = { places, prefix, first, parts } satisfies SendOrder;
    const sender = await startChild<Sent>('send.ts', world.environment, order);
    const [{ handedOver }, { arrived }] = await Promise.all([sender.answer, listener.answer]);
    await world.drained(worker);
    await worker.stop();
    await check(world);
    await world.close();

    let at = 0;
    for (const [i, { rate, seconds }] of parts.entries()) {
      const latencies = arrived.slice(at, at + rate * seconds).map((time, n) => time - (handedOver[at + n] ?? 0));
      at += rate * seconds;
      if (i === 0) continue;
      const result: PacedResult = {
        run,
        rate,
        commands: rate * seconds,
        p50: percentile(latencies, 0.5),
        p99: percentile(latencies, 0.99),
        p999: percentile(latencies, 0.999),
        max: percentile(latencies, 1),
      };
      results.push(result);
      const { p50, p99, p999, max } = result;
      const figures = Object.entries({ p50, p99, p999, max }).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
      bench.say(`paced ${run}: ${rate}/s for ${seconds} s: ${figures.join(', ')} ms`);
    }
  }
  return results;
}
