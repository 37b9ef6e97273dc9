import type { Service } from '../../stack/service.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { check } from '../oracle/check.ts';
import { createWorld, type World } from '../support/world.ts';
import { until } from '../support/world-until.ts';
import { amid, MESSAGES, sendLoad, SMALL_CHUNKS } from './under-load.ts';

describe('services that go away', () => {
  let stack: Stack;
  let world: World;
  beforeAll(async () => {
    stack = await startStack();
    world = await createWorld({ stack, env: SMALL_CHUNKS });
  });
  afterAll(async () => {
    try {
      await world.close();
    } finally {
      await Promise.all([stack.kafka, stack.registry, stack.postgres].map(down));
      await stack.stop();
    }
  });

  test('the broker stops and starts', () =>
    world.guard(async () => {
      const done = await sendLoad(world, 3);
      await amid(world, done);
      await down(stack.kafka);
      // Nobody can commit an offset any more, and what is committed in the database can't be published.
      await world.worker().logs('waiting for the broker');
      expect(await world.outboxRows()).toBeGreaterThan(0);
      await stack.kafka.start();
      await check(world);
      expect(world.worker().log).toContain('the broker is back');
    }));

  test('the database stops and starts', () =>
    world.guard(async () => {
      const done = await sendLoad(world, 4);
      await amid(world, done);
      await down(stack.postgres);
      await world.worker().logs('waiting for the database');
      expect(await world.lag()).toBeGreaterThan(0);
      await stack.postgres.start();
      await check(world);
      expect(world.worker().log).toContain('the database is back');
    }));

  test('the registry stops and starts: who knows the schemas goes on, who starts waits', () =>
    world.guard(async () => {
      stack.registry.signal('SIGSTOP');
      const starting = world.startWorker();
      const second = world.worker(1);
      await second.logs('trying until there is an answer');
      // An id that nobody has ever seen would have to be asked for, and make the one who knows the others wait too.
      const done = await sendLoad(world, 5, { unknownSchemas: false });
      await until('the load is worked off', async () => (await world.lag()) === 0);
      expect(await world.count('inbox')).toBeGreaterThan(done + MESSAGES * 0.8);
      expect(second.log).not.toContain('the worker works');
      stack.registry.signal('SIGCONT');
      await starting;
      await check(world);
    }));
});

async function down(service: Service): Promise<void> {
  // Its processes can end while they are being listed, which `stop` takes for an error where jest has replaced `Error`.
  await service.stop().catch(() => undefined);
  await until(`${service.name} is down`, () => service.pid === undefined);
}
