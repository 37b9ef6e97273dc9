import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { Frames } from '../../clients/typescript/src/frames.ts';
import { Registry } from '../../clients/typescript/src/registry.ts';
import type { EntitlementMessage } from '../../src/generated/messages.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { READERS, tell, type Program } from './clients.ts';

// Runs the programs of docs/clients.md that read entitlements, on records that no worker has written.

const DOWNLOADS_WITHIN_MS = 300_000;
const RUNS_WITHIN_MS = 90_000;
const TENANT = randomUUID();
const [PAST, FUTURE] = [Date.UTC(2020, 0, 1), Date.UTC(2100, 0, 1)];

const world = theWorld({ workers: 0, partitions: 3 });
let producer: Producer;
let frames: Frames;

beforeAll(async () => {
  const kafka = new Kafka({ brokers: (world.env['KAFKA_BROKERS'] ?? '').split(','), logLevel: logLevel.NOTHING });
  producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  frames = new Frames(new Registry({ url: world.env['SCHEMA_REGISTRY_URL'] ?? '' }));
});

afterAll(() => producer.disconnect());

for (const { file, lacks } of READERS)
  tell(lacks === undefined ? `${file}: run` : `${file}: NOT run, it takes ${lacks}`);

type Fields = Partial<EntitlementMessage> | null;

const SERVED = { version: 1, allowed: true, reason: 'active', validFrom: PAST, validUntil: FUTURE };

describe.each(READERS.filter(({ lacks }) => lacks === undefined))('$file', ({ prepare }) => {
  let program: Program;
  beforeAll(async () => {
    program = await prepare();
  }, DOWNLOADS_WITHIN_MS);

  test.each<readonly [string, readonly Fields[], string]>([
    ['an allowed one within its validity', [SERVED], 'allowed active'],
    ['one without an end', [{ ...SERVED, validFrom: null, validUntil: null }], 'allowed active'],
    ['one that is over', [{ ...SERVED, validUntil: PAST + 1 }], 'not allowed expired'],
    ['one that is booked', [{ ...SERVED, validFrom: FUTURE, validUntil: null }], 'not allowed scheduled'],
    ['one that is not allowed', [SERVED, { version: 2, reason: 'exhausted' }], 'not allowed exhausted'],
    ['an older record behind a newer one', [{ version: 3, reason: 'suspended' }, SERVED], 'not allowed suspended'],
    [
      'a later epoch',
      [
        { version: 3, reason: 'suspended' },
        { ...SERVED, epoch: 1 },
      ],
      'allowed active',
    ],
    ['a deleted one', [SERVED, null], 'not allowed unknown'],
    ['one that nobody has heard of', [], 'not allowed unknown'],
  ])('tells of %s', (_, records, said) =>
    world.guard(async () => {
      const subdivisionId = randomUUID();
      for (const fields of records) await put(subdivisionId, fields);
      expect(await run(program, subdivisionId)).toBe(`${said}\n`);
    }),
  );
});

async function put(subdivisionId: string, fields: Fields): Promise<void> {
  const topic = world.topics.entitlements;
  const whole = {
    ...{ tenantId: TENANT, subdivisionId, epoch: 0, version: 1, allowed: false, reason: 'none' },
    ...{ usedRequests: 0, issuedAt: PAST },
    ...fields,
  };
  const value = fields && (await frames.encode(`${topic}-licensing.entitlements.Entitlement`, whole));
  await producer.send({ topic, messages: [{ key: `${TENANT}/${subdivisionId}`, value }] });
}

/** @returns its output. @throws an Error with its stderr, unless it ends with exit code 0 */
async function run([command, ...args]: Program, subdivisionId: string): Promise<string> {
  const prefix = world.topics.entitlements.replace('licensing.entitlements.v1', '');
  const { stdout } = await promisify(execFile)(command, [...args, TENANT, subdivisionId], {
    env: { ...process.env, ...world.env, TOPIC_PREFIX: prefix, NODE_NO_WARNINGS: '1' },
    timeout: RUNS_WITHIN_MS,
  });
  return stdout;
}
