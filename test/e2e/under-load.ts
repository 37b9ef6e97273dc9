import { generate } from '../oracle/generate.ts';
import type { WorkerProcess } from '../support/world-process.ts';
import type { World } from '../support/world.ts';
import { until } from '../support/world-until.ts';

export const MESSAGES = 5_000;
/** Many transactions in a load, so that a fault finds some before it, some after it, and one under way. */
export const SMALL_CHUNKS = { CHUNK_MAX_MESSAGES: '20' };

/** @returns how many messages had been handled before it */
export async function sendLoad(world: World, seed: number, { unknownSchemas = true } = {}): Promise<number> {
  const { first, load } = generate({
    ...{ seed, messages: MESSAGES, unknownSchemas },
    ...{ partitions: world.partitions, now: Date.now() },
  });
  await world.send(first);
  await world.settled();
  const before = await world.count('inbox');
  await world.send(load);
  return before;
}

/** Resolves with a part of the load handled, and a part not. */
export async function amid(world: World, before: number): Promise<void> {
  const handled = await until('the load is under way', async () => {
    const n = (await world.count('inbox')) - before;
    return n > MESSAGES / 20 && n;
  });
  expect(handled).toBeLessThan(MESSAGES * 0.9);
}

/** Stops the worker's process at a moment when it has committed what nobody has been told yet, and has more before it. */
export async function frozenAmid(world: World, worker: WorkerProcess, before: number): Promise<void> {
  await amid(world, before);
  await until('the worker is caught between a commit and its publication', async () => {
    worker.signal('SIGSTOP');
    if ((await untold(world)) > 0 && (await world.lag()) > MESSAGES / 50) return true;
    worker.signal('SIGCONT');
    return false;
  });
}

/** How many rows of the outbox are not in their topics. */
async function untold({ db, collector, topics }: World): Promise<number> {
  const owed = await db.raw<{ rows: readonly { readonly value: string }[] }>(
    `SELECT encode(value, 'hex') AS value FROM outbox WHERE value IS NOT NULL`,
  );
  if (owed.rows.length === 0) return 0;
  const told = [topics.events, topics.rejections];
  await collector.caughtUp(told);
  const values = new Set(told.flatMap((topic) => collector.records(topic)).map(({ value }) => value?.toString('hex')));
  return owed.rows.filter(({ value }) => !values.has(value)).length;
}
