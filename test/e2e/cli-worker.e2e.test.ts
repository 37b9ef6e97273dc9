import { randomUUID } from 'node:crypto';
import type { PartitionAssigner } from 'kafkajs';
import { PartitionAssigners } from '../../src/adapters/kafkajs.ts';
import { check } from '../oracle/check.ts';
import { generate } from '../oracle/generate.ts';
import { createTestDatabase } from '../support/database.ts';
import { examplesOf, wordsOf } from '../support/help-examples.ts';
import { licensing, MAIN, type Environment } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import { theWorld } from '../support/world-of-tests.ts';

const [workerCall = []] = (await examplesOf('worker')).map(wordsOf);
const world = theWorld({ env: { CHUNK_MAX_MESSAGES: '50' }, program: [MAIN, ...workerCall] });

/** Warns as a library would, as soon as the program listens. Options of Node are parted by blanks, so it has none. */
const WARNS_THE_LISTENER =
  "--import=data:text/javascript,process.on('newListener',(event)=>event==='warning'&&setImmediate(process.emitWarning,'on%20its%20way%20out'))";

describe('a configuration that can not work ends the worker with exit code 1 and a sentence', () => {
  test('every fault at once, by the name of its variable', async () => {
    const { said, code } = await workerWith({ LANES: 'many', TOPIC_EVENTS: 'not a name!' }, [
      'KAFKA_BROKERS',
      'SCHEMA_REGISTRY_URL',
      'DATABASE_URL',
    ]);
    expect(code).toBe(1);
    for (const name of ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'DATABASE_URL', 'LANES', 'TOPIC_EVENTS']) {
      expect(said).toMatch(new RegExp(`^(licensing worker: )?${name} is .*expected`, 'm'));
    }
  });

  const wrongPassword = (): Environment => {
    const url = new URL(world.env['DATABASE_URL'] ?? '');
    url.password = 'not-the-secret';
    return { DATABASE_URL: url.href };
  };
  test.each<readonly [what: string, change: () => Environment, says: RegExp]>([
    [
      'a topic is missing',
      () => ({ TOPIC_COMMANDS: 'nowhere.v1' }),
      /topic nowhere\.v1 does not exist.*licensing topics create/,
    ],
    [
      'schemas are not registered',
      () => ({ TOPIC_EVENTS: world.topics.rejections }),
      /TenantCreated.*licensing schemas register/,
    ],
    ['the password is wrong', wrongPassword, /DATABASE_URL: .*password/],
    ['the inbox forgets before Kafka does', () => ({ INBOX_RETENTION_MS: '60000' }), /INBOX_RETENTION_MS/],
    ['sessions end before locks do', () => ({ DATABASE_LOCK_TIMEOUT_MS: '60000' }), /KAFKA_SESSION_TIMEOUT_MS/],
  ])('%s', async (_, change, says) => {
    const { said, code, log } = await workerWith(change());
    expect(said).toMatch(says);
    expect(code).toBe(1);
    expect(log).not.toContain('not-the-secret');
  });

  test('the group is one of consumers of another kind', async () => {
    const groupId = randomUUID();
    const other = world.kafka.consumer({ groupId, partitionAssigners: [ofAnotherKind] });
    await other.connect();
    try {
      await other.subscribe({ topic: world.topics.commands });
      await other.run({ eachMessage: async () => undefined });
      const { said, code } = await workerWith({ KAFKA_GROUP_ID: groupId });
      expect([code, said]).toEqual([1, expect.stringMatching(/KAFKA_GROUP_ID .* another kind/)]);
    } finally {
      await other.disconnect();
    }
  });

  test('the sentence stands alone: no library prints beside it', async () => {
    const { said, stdout } = await workerWith(wrongPassword());
    expect([said.trim().split('\n').length, stdout]).toEqual([1, '']);
  });

  test('what a library warns of is a line of the log', async () => {
    const { said, code, log } = await workerWith({ ...wrongPassword(), NODE_OPTIONS: WARNS_THE_LISTENER });
    expect([code, said]).toEqual([1, expect.not.stringContaining('on its way out')]);
    expect(log).toMatch(/^\{"level":40,.*"library":"node".*on its way out.*\}$/m);
  });

  test('the database is not migrated; once it is, the check of it says so', async () => {
    const database = await createTestDatabase({ empty: true });
    try {
      const env = { ...world.env, DATABASE_URL: database.url };
      const { said, code } = await workerWith(env);
      expect([code, said]).toEqual([1, expect.stringMatching(/DATABASE_URL.*0001_tenants.*licensing migrate up/)]);
      // The check has created nothing, so a backup can still be restored here.
      expect(await database.db('pg_tables').where('schemaname', 'public').pluck('tablename')).toEqual([]);
      const ends: string[] = [];
      const migrate = async (...args: readonly string[]) =>
        ends.push(`${args.join(' ')} ${(await licensing(['migrate', ...args], env)).code}`);
      for (const [, ...args] of (await examplesOf('migrate')).map(wordsOf)) await migrate(...args);
      await migrate('up');
      await migrate('status');
      await migrate('down', '--all');
      // The first status tells of the step that is undone.
      expect(ends).toEqual(['up 0', 'down 0', 'status 1', 'up 0', 'status 0', 'down --all 0']);
    } finally {
      await database.drop();
    }
  });
});

test('where all is set up, what sets it up does nothing, and what checks it agrees', async () => {
  const calls = (await examplesOf('topics', 'schemas')).map(wordsOf);
  const [missing, ...ends] = await Promise.all([
    licensing(['topics', 'check'], { ...world.env, TOPIC_USERS: 'nowhere.v1' }),
    ...calls.map((words) => licensing(words, world.env)),
  ]);
  expect([missing.code, missing.stdout]).toEqual([1, expect.stringContaining('topic nowhere.v1 does not exist')]);
  for (const end of ends) expect(end).toMatchObject({ code: 0, stderr: '' });
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s under load: finishes its chunk, exits 0 within 10 s, and loses nothing',
  (signal) =>
    world.guard(async () => {
      const { first, load } = generate({
        seed: signal.length,
        messages: 3_000,
        partitions: world.partitions,
        now: Date.now(),
      });
      await world.send(first);
      await world.settled();
      const before = await world.count('inbox');
      await world.send(load);
      await until('the worker is at it', async () => (await world.count('inbox')) > before + 200);
      const took = await world.worker().stop(signal);
      expect(took).toBeLessThan(10_000);
      expect(await world.lag()).toBeGreaterThan(0);
      expect(world.worker().log).toContain('stopped');
      await world.worker().restart();
      await check(world);
    }),
);

/** A consumer with another group protocol than the worker's. */
const ofAnotherKind: PartitionAssigner = (of) => ({
  ...PartitionAssigners.roundRobin(of),
  name: 'of another kind',
});

/** @returns its output for a person, and its log */
async function workerWith(
  change: Environment,
  without: readonly string[] = [],
): Promise<{ readonly code: number | null; readonly said: string; readonly log: string; readonly stdout: string }> {
  const env = Object.fromEntries(
    Object.entries({ ...world.env, ...change }).filter(([name]) => !without.includes(name)),
  );
  const { code, stderr, stdout } = await licensing(['worker'], env);
  const said = stderr.split('\n').filter((line) => !line.startsWith('{'));
  return { code, said: said.join('\n'), log: stderr, stdout };
}
