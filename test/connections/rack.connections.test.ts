import { check } from '../oracle/check.ts';
import { generate } from '../oracle/generate.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { createWorld } from '../support/world.ts';

// Three brokers in three racks, and a worker in the second one.

let stack: Stack;
beforeAll(async () => {
  const selector = 'replica.selector.class=org.apache.kafka.common.replica.RackAwareReplicaSelector';
  stack = await startStack({ brokers: 3, kafka: { properties: (id) => [`broker.rack=rack-${id}`, selector] } });
});
afterAll(() => stack.stop());

const PREFERS = /Preferred read replica is now 2/;

test('a worker reads from the replica of its rack, from the leader once that is gone, and loses nothing', async () => {
  const world = await createWorld({ stack, env: { KAFKA_CLIENT_RACK: 'rack-2', LOG_LEVEL: 'debug' } });
  try {
    await world.guard(async () => {
      const { first, load } = generate({ seed: 7, messages: 2_000, partitions: world.partitions, now: Date.now() });
      await world.send(first);
      await world.settled();
      const half = load.length / 2;
      await world.send(load.slice(0, half));
      await world.settled();
      expect(world.worker().log).toMatch(PREFERS);
      await stack.brokers[1]?.kill();
      await world.send(load.slice(half));
      await world.settled();
      expect(world.worker().log).not.toContain('messages were lost');
      await stack.brokers[1]?.start();
      await check(world);
    });
  } finally {
    await world.close();
  }
});
