import type { Bench } from './bench.ts';
import { check } from './check.ts';
import { clock, startChild } from './child.ts';
import type { Heard, ListenOrder } from './listen.ts';
import type { StartResult } from './results.ts';
import { World } from './world.ts';

/** Sends a command, then starts the process. Measures until the event has arrived at a consumer. */
export async function start(bench: Bench): Promise<readonly StartResult[]> {
  const world = await World.create(bench.stack);
  const places = await world.settle(1, 1);
  const results: StartResult[] = [];
  for (let run = 1; run <= bench.starts; run += 1) {
    const { prefix, commands: first } = world.ledger;
    const order = { prefix, first, count: 1 } satisfies ListenOrder;
    const listener = await startChild<Heard>('listen.ts', world.environment, order);
    await world.publish(world.load.rows(places, 1, Date.now() + run, world.ledger));
    const spawned = clock();
    const worker = world.start();
    const { arrived } = await listener.answer;
    const result = { run, ms: (arrived[0] ?? 0) - spawned };
    results.push(result);
    bench.say(`start ${run}: ${result.ms.toFixed(0)} ms`);
    await world.drained(worker);
    await worker.stop();
  }
  await check(world);
  await world.close();
  return results;
}
