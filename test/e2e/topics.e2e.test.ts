import { randomUUID } from 'node:crypto';
import { CompressionTypes, ConfigResourceTypes } from '../../src/adapters/kafkajs.ts';
import { COMMAND_NAMES } from '../../src/generated/schemas.ts';
import { dlqOf } from '../../src/ports/topics.ts';
import { header } from '../support/collect.ts';
import { licensing, type Environment } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { BY_ZSTD } from '../support/zstd.ts';
import { answersTo, createTenant } from './given.ts';

const world = theWorld();

test.each([
  ['gzip', CompressionTypes.GZIP],
  ['zstd', BY_ZSTD],
])(
  'a command comes in a batch packed by %s, and is not held up by one ahead of it that unpacks to too much',
  (_, codec) =>
    world.guard(async () => {
      const tenant = createTenant();
      const key = tenant.data.tenantId;
      const producer = world.kafka.producer({ allowAutoTopicCreation: false });
      await producer.connect();
      const [sent] = await producer.send({
        topic: world.topics.commands,
        compression: codec,
        messages: [{ key, value: Buffer.alloc(40_000_000) }],
      });
      await producer.disconnect();
      await world.send([tenant], codec);
      const answers = await answersTo(world, tenant, 2);
      expect(answers.map(({ type }) => type)).toEqual(['TenantCreated', 'UserCreated']);
      const { partition, baseOffset } = sent ?? {};
      const letter = await until('the letter is there', async () =>
        world.collector
          .records(dlqOf(world.topics.commands))
          .find(
            (one) => header(one, 'dlq-partition') === String(partition) && header(one, 'dlq-offset') === baseOffset,
          ),
      );
      expect(header(letter, 'dlq-reason')).toBe('UndecodableMessage');
      expect(header(letter, 'dlq-message')).toMatch(
        new RegExp(`^the batch of offsets ${baseOffset} to ${baseOffset} .*unpacks to more than`),
      );
    }),
);

test('the check names each topic that does not fit, how to mend it, and what it advises', async () => {
  const env = await otherTopics('other');
  const { TOPIC_COMMANDS: commands = '', TOPIC_USERS: users = '', TOPIC_USER_LOOKUPS: lookUps = '' } = env;
  // Settings that are not named go back to the broker's defaults, so producers date the records.
  await change(commands, {});
  await change(users, { 'compression.type': 'lz4', 'segment.ms': '1987200000' });
  await change(lookUps, { 'compression.type': 'gzip', 'max.message.bytes': '900000', ...DATED });
  await change(dlqOf(lookUps), { 'max.message.bytes': '1065535' });
  const said = await until('the check has seen it all', async () => {
    const { code, stdout } = await licensing(['topics', 'check'], env);
    const lines = stdout.trim().split('\n');
    return code === 1 && lines.length === 6 ? lines : undefined;
  });
  expect(said).toEqual([
    // 7 days and 23 are 30.
    expect.stringMatching(
      /users.*retention\.ms 604800000 and segment\.ms 1987200000.*INBOX_RETENTION_MS is 2592000000/,
    ),
    expect.stringMatching(/user-lookups.*dlq takes 1065535 bytes.*MAX_MESSAGE_BYTES is 1000000.*1065536/),
    ...[commands, users].map((topic) => expect.stringMatching(adviceOn(topic))),
    expect.stringMatching(/^advice: topic .*users.*compression\.type is lz4.*--delete-config compression\.type/),
    expect.stringMatching(
      /^advice: topic .*user-lookups.*compression\.type is gzip.*--delete-config compression\.type/,
    ),
  ]);
});

test('topics whose records are dated by their producers fit: the check advises otherwise, with exit code 0', async () => {
  const env = await otherTopics('dated');
  const { TOPIC_COMMANDS: commands = '' } = env;
  await change(commands, {});
  const said = await until('the check has seen it', async () => {
    const { code, stdout } = await licensing(['topics', 'check'], env);
    return code === 0 && stdout.startsWith('advice') ? stdout : undefined;
  });
  expect(said.trim().split('\n')).toEqual([expect.stringMatching(adviceOn(commands)), 'all topics are there and fit']);
});

test('a message is dated when the broker took it, whatever its producer says', () =>
  world.guard(async () => {
    const tenant = createTenant({}, { timestamp: String(Date.now() - 60 * 60 * 1_000) });
    await world.send([tenant]);
    const [created] = await answersTo(world, tenant, 2);
    const sent = world.collector
      .records(world.topics.commands)
      .find((record) => header(record, 'ce_id') === tenant.envelope.id);
    expect(sent?.timestamp).toBeGreaterThan(Date.now() - 60 * 60 * 1_000);
    expect(created?.data['occurredAt']).toBe(sent?.timestamp);
  }));

const DATED = { 'message.timestamp.type': 'LogAppendTime' };

function adviceOn(topic: string): RegExp {
  return new RegExp(
    `^advice: topic ${topic} .*message\\.timestamp\\.type is CreateTime.*--add-config message\\.timestamp\\.type=LogAppendTime`,
  );
}

/** Makes topics beside those of the world, whose worker has to go on. @returns the settings by which a verb finds them */
async function otherTopics(prefix: string): Promise<Environment> {
  const renamed = Object.entries(world.env).map(([name, value]) => [
    name,
    name.startsWith('TOPIC_') ? `${prefix}.${value}` : value,
  ]);
  const env: Environment = { ...Object.fromEntries(renamed), TOPIC_PARTITIONS: '1' };
  expect(await licensing(['topics', 'create'], env)).toMatchObject({ code: 0 });
  expect(await licensing(['topics', 'check'], env)).toMatchObject({ code: 0 });
  return env;
}

async function change(topic: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }];
  await world.admin.alterConfigs({ validateOnly: false, resources });
}

test('`schemas register --written` leaves out what producers write, until all is registered', async () => {
  const { SCHEMA_REGISTRY_URL = '' } = world.env;
  const env = { SCHEMA_REGISTRY_URL, TOPIC_PREFIX: `${randomUUID()}.` };
  const newCommands = async (...options: readonly string[]) => {
    const { code, stdout } = await licensing(['schemas', 'register', ...options], env);
    expect(code).toBe(0);
    expect(stdout).toContain('licensing.events.LicenseRenewed');
    return stdout.match(/^registered .*-licensing\.commands\./gm)?.length ?? 0;
  };
  expect(await newCommands('--written')).toBe(0);
  expect(await newCommands()).toBe(COMMAND_NAMES.length);
  expect((await licensing(['schemas', 'check', '--written'], env)).code).toBe(2);
});
