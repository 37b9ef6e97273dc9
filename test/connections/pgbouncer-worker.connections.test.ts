import { startStack, type Stack } from '../../stack/stack.ts';
import { check } from '../oracle/check.ts';
import { generate } from '../oracle/generate.ts';
import { createWorld } from '../support/world.ts';
import { PgBouncer, PGBOUNCERS, versionOf } from './pgbouncer.ts';

// Workers and command line behind a pooler in transaction mode, which is killed while they work.

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ log: () => undefined });
});
afterAll(() => stack.stop());

const PARTS = 4;

test.each(PGBOUNCERS.map((binary) => [versionOf(binary), binary]))(
  'PgBouncer %s: what the workers did is what the contract says',
  async (_, binary) => {
    const to = Number(new URL(stack.databaseUrl).port);
    const pooler = await PgBouncer.start({ binary, mode: 'transaction', to });
    const world = await createWorld({ stack, workers: 0 });
    try {
      await world.guard(async () => {
        const DATABASE_URL = pooler.via(world.database.url);
        await world.startWorker({ DATABASE_URL });
        await world.startWorker({ DATABASE_URL });
        const { first, load } = generate({ seed: 7, messages: 4_000, partitions: world.partitions, now: Date.now() });
        await world.send(first);
        await world.settled();
        for (let i = 0; i < PARTS; i += 1) {
          await world.send(load.slice((i * load.length) / PARTS, ((i + 1) * load.length) / PARTS));
          if (i === 1) await pooler.restart();
        }
        await check(world);
        expect(world.worker().log).toContain('a connection pooler stands before the database');
        await world.worker().stop();
      });
    } finally {
      await world.close();
      await pooler.stop();
    }
  },
);
