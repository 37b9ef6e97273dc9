import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kafkaJars } from '../../stack/downloads.ts';
import { startStack, type Stack } from '../../stack/stack.ts';
import { ConfigResourceTypes } from '../../src/adapters/kafkajs.ts';
import { tell } from '../clients/clients.ts';
import { createTenant, told } from '../e2e/given.ts';
import { licensing } from '../support/world-process.ts';
import { createWorld } from '../support/world.ts';

// A platform that gives topics no settings when they are created. Needs a JDK for the broker's policy.

const CACHE = join(import.meta.dirname, '..', '..', '.cache');
const classes = mkdtempSync(join(tmpdir(), 'licensing-policy-'));
let stack: Stack;
beforeAll(async () => {
  const jars = await kafkaJars(CACHE, tell);
  execFileSync('javac', ['-cp', join(jars, '*'), '-d', classes, join(import.meta.dirname, 'RefusesSettings.java')]);
  stack = await startStack({
    kafka: { classes, properties: () => ['create.topic.policy.class.name=RefusesSettings'] },
  });
});
afterAll(async () => {
  await stack.stop();
  rmSync(classes, { recursive: true });
});

test('topics are created without settings, which is told, and a worker works with them once they have what it needs', async () => {
  const world = await createWorld({ stack, workers: 0 });
  try {
    const { topics, env } = world;
    const names = { ...env, TOPIC_COMMANDS: 'bare.commands', TOPIC_EVENTS: 'bare.events' };
    const { code, stdout } = await licensing(['topics', 'create'], names);
    expect(code).toBe(0);
    for (const [topic, settings] of [
      ['bare.commands', /retention\.ms=\d+, message\.timestamp\.type=LogAppendTime/],
      ['bare.commands.dlq', /retention\.ms=\d+, max\.message\.bytes=\d+/],
    ] as const) {
      expect(stdout).toMatch(
        new RegExp(`^the brokers refuse the settings of ${topic}; give it ${settings.source} by`, 'm'),
      );
    }
    const { stdout: checked } = await licensing(['topics', 'check'], env);
    const dlqs = [topics.commands, topics.users, topics.userLookUps].map((source) => `${source}.dlq`);
    for (const dlq of dlqs) expect(checked).toMatch(new RegExp(`^topic ${dlq} takes .*max\\.message\\.bytes`, 'm'));
    const configEntries = [{ name: 'max.message.bytes', value: '2000000' }];
    const resources = dlqs.map((name) => ({ type: ConfigResourceTypes.TOPIC, name, configEntries }));
    await world.admin.alterConfigs({ validateOnly: false, resources });
    await world.startWorker();
    await world.guard(() => told(world, createTenant(), 'TenantCreated', 'UserCreated'));
  } finally {
    await world.close();
  }
});
