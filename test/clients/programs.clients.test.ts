import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { Partitioners } from '../../src/adapters/kafkajs.ts';
import { header, type WireRecord } from '../support/collect.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { CLIENTS, tell, type Program } from './clients.ts';

// Runs the programs of docs/clients.md as their readers do. Where a machine lacks what a program needs, there is no test of it, and the run
// says so.

const DOWNLOADS_WITHIN_MS = 300_000;
const RUNS_WITHIN_MS = 90_000;

const world = theWorld({
  partitions: 12,
  env: {
    // The programs know the default topics only.
    TOPIC_COMMANDS: 'licensing.commands.v1',
    TOPIC_EVENTS: 'licensing.events.v1',
    TOPIC_REJECTIONS: 'licensing.rejections.v1',
    PARK_UNDECODABLE: 'true',
  },
});

for (const { file, lacks } of CLIENTS)
  tell(lacks === undefined ? `${file}: run` : `${file}: NOT run, it takes ${lacks}`);

describe.each(CLIENTS.filter(({ lacks }) => lacks === undefined))('$file', ({ prepare, source }) => {
  let program: Program;
  beforeAll(async () => {
    program = await prepare();
  }, DOWNLOADS_WITHIN_MS);

  test('prints the event that answers its command', () =>
    world.guard(async () => {
      const ids = signUp();
      const said = await run(program, ids);
      expect(said).toMatch(/^licensing\.events\.(TenantCreated|UserCreated) /);
      expect(said).toContain(ids.userId);
      const answers = await world.answers(ids.id, 2);
      expect(answers.map(({ decoded }) => decoded?.type).sort()).toEqual([
        'licensing.events.TenantCreated',
        'licensing.events.UserCreated',
      ]);
      const [command] = sentUnder(ids.id);
      expect(command && namedHeaders(command)).toEqual({
        ce_specversion: '1.0',
        ce_id: ids.id,
        ce_source: source,
        ce_type: 'licensing.commands.CreateTenant',
        ce_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|\+00:00)$/),
        'content-type': 'application/avro',
      });
    }));

  test('a retry finds the answer of the first try, and the command has taken effect once', () =>
    world.guard(async () => {
      const ids = signUp();
      await run(program, ids);
      expect(await run(program, ids)).toMatch(/^licensing\.events\./);
      await world.settled();
      expect(sentUnder(ids.id)).toHaveLength(2);
      expect(await world.answers(ids.id, 2)).toHaveLength(2);
    }));

  test('prints the rejection of a command that is refused', () =>
    world.guard(async () => {
      const ids = signUp();
      await run(program, ids);
      const again = { ...ids, id: `another ${ids.id}` };
      const said = await run(program, again);
      expect(said).toMatch(/^licensing\.rejections\.CommandRejected /);
      expect(said).toContain('TenantAlreadyExists');
    }));

  test('prints why a command is set aside, and puts keys into the partitions that kafkajs does', () =>
    world.guard(async () => {
      const ids = signUp();
      // With PARK_UNDECODABLE, all later messages with this key wait behind it.
      const noAvro = { topic: 'commands', key: ids.tenantId, value: Buffer.from('no Avro'), headers: {} } as const;
      await world.send([noAvro]);
      expect(await run(program, ids)).toMatch(/^ParkedBehind /);
      await world.settled();
      const sent = world.collector.records(world.topics.commands).filter((one) => header(one, 'ce_source') === source);
      expect(new Set(sent.map(({ key }) => String(key))).size).toBeGreaterThan(3);
      expect(sent.map(({ partition }) => partition)).toEqual(sent.map(({ key }) => murmur2(key)));
    }));
});

interface SignUp {
  readonly id: string;
  readonly tenantId: string;
  readonly userId: string;
  readonly name: string;
}

function signUp(): SignUp {
  return {
    id: `sign-up-${randomUUID()}`,
    tenantId: randomUUID(),
    userId: randomUUID(),
    name: `Globex ${randomUUID()}`,
  };
}

/** @returns its output. @throws an Error with its stderr, unless it ends with exit code 0 */
async function run([command, ...args]: Program, { id, tenantId, userId, name }: SignUp): Promise<string> {
  const { stdout } = await promisify(execFile)(command, [...args, id, tenantId, userId, name], {
    env: { ...process.env, ...world.env },
    timeout: RUNS_WITHIN_MS,
  });
  return stdout;
}

function sentUnder(id: string): readonly WireRecord[] {
  return world.collector.records(world.topics.commands).filter((record) => header(record, 'ce_id') === id);
}

function namedHeaders({ headers }: WireRecord): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values.join()]));
}

function murmur2(key: Buffer | null): number {
  const partitionMetadata = Array.from({ length: world.partitions }, (_, partitionId) => {
    return { partitionId, leader: 1, partitionErrorCode: 0, replicas: [1], isr: [1] };
  });
  const message = { key, value: null };
  return Partitioners.DefaultPartitioner()({ topic: world.topics.commands, partitionMetadata, message });
}
