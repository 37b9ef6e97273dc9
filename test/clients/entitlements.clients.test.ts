import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { Entitlements, type EntitlementChange, type EntitlementsOptions } from '../../clients/typescript/src/index.ts';
import { Frames } from '../../clients/typescript/src/frames.ts';
import { Registry } from '../../clients/typescript/src/registry.ts';
import type { EntitlementMessage } from '../../src/generated/messages.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { until } from '../support/world-until.ts';

// The reader of entitlements against a real broker. The records are the test's own, so that it can say what no worker would.

const world = theWorld({ workers: 0, partitions: 3 });
const TENANT = randomUUID();
const LICENSE = randomUUID();
/** Long before and long after any test runs. */
const [PAST, FUTURE] = [Date.UTC(2020, 0, 1), Date.UTC(2100, 0, 1)];

let kafka: Kafka;
let producer: Producer;
let frames: Frames;
let topics = 0;
const opened: Entitlements[] = [];

beforeAll(async () => {
  kafka = new Kafka({ brokers: brokers(), logLevel: logLevel.NOTHING });
  producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  frames = new Frames(new Registry({ url: registryUrl() }));
});

afterAll(() => producer.disconnect());

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

test('what stood in the topic at the start is known when it is ready, and what comes later is told', () =>
  world.guard(async () => {
    const topic = await newTopic();
    const [served, expired, deleted, booked] = ids();
    await put(topic, served, { version: 1, allowed: true, reason: 'active', validFrom: PAST, validUntil: FUTURE });
    await put(topic, expired, { version: 1, allowed: true, reason: 'grace', validFrom: PAST, validUntil: PAST + 1 });
    await put(topic, booked, { version: 1, allowed: true, reason: 'scheduled', validFrom: FUTURE });
    await put(topic, deleted, { version: 1, allowed: true, reason: 'active' });
    await remove(topic, deleted);
    const reader = open(topic);
    expect(reader.check(TENANT, served)).toEqual({ allowed: false, reason: 'stale' });
    await reader.ready;
    expect(reader.size).toBe(3);
    expect(reader.check(TENANT, served)).toEqual({ allowed: true, reason: 'active' });
    expect(reader.check(TENANT.toUpperCase(), served.toUpperCase())).toEqual({ allowed: true, reason: 'active' });
    expect(reader.check(TENANT, served, FUTURE)).toEqual({ allowed: false, reason: 'expired' });
    expect(reader.check(TENANT, expired)).toEqual({ allowed: false, reason: 'expired' });
    expect(reader.check(TENANT, booked)).toEqual({ allowed: false, reason: 'scheduled' });
    expect(reader.check(TENANT, booked, FUTURE)).toEqual({ allowed: true, reason: 'scheduled' });
    expect(reader.check(TENANT, deleted)).toEqual({ allowed: false, reason: 'unknown' });
    expect(reader.get(TENANT, served)).toMatchObject({ version: 1, licenseId: LICENSE, hardLimit: null });

    const changes: EntitlementChange[] = [];
    const silence = reader.onChange((change) => changes.push(change));
    await put(topic, served, { version: 3, allowed: false, reason: 'exhausted' });
    await put(topic, served, { version: 2, allowed: true, reason: 'active' });
    // The same again, published anew: no change.
    await put(topic, served, { version: 3, allowed: false, reason: 'exhausted', issuedAt: FUTURE });
    await put(topic, served, { epoch: 1, version: 1, allowed: true, reason: 'active' });
    await remove(topic, expired);
    await until('the last of them has come', () => reader.get(TENANT, expired) === undefined);
    await until('the others have', () => reader.get(TENANT, served)?.epoch === 1);
    const told = changes.filter(({ subdivisionId }) => subdivisionId === served);
    expect(told.map(({ before, entitlement }) => [before?.version, entitlement?.version])).toEqual([
      [1, 3],
      [3, 1],
    ]);
    const removals = changes.filter(({ entitlement }) => entitlement === undefined);
    expect(removals).toMatchObject([{ tenantId: TENANT, subdivisionId: expired, before: { reason: 'grace' } }]);
    silence();
    await put(topic, served, { epoch: 1, version: 2, allowed: false, reason: 'suspended' });
    await until('it is suspended', () => reader.check(TENANT, served).reason === 'suspended');
    expect(changes).toHaveLength(3);
  }));

test('an empty topic is ready, and so is one that ends with what is no record for a reader', () =>
  world.guard(async () => {
    const topic = await newTopic();
    const empty = open(topic);
    await empty.ready;
    expect(empty.check(TENANT, randomUUID())).toEqual({ allowed: false, reason: 'unknown' });
    const transactional = kafka.producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true });
    await transactional.connect();
    const [aborted] = ids();
    const transaction = await transactional.transaction();
    await transaction.send({ topic, messages: [await record(aborted, { allowed: true })] });
    await transaction.abort();
    await transactional.disconnect();
    const reader = open(topic);
    await reader.ready;
    expect(reader.size).toBe(0);
    const [served] = ids();
    await put(topic, served, { allowed: true, reason: 'active' });
    for (const one of [empty, reader]) await until('both go on', () => one.check(TENANT, served).allowed);
  }));

test('what can not be read is passed over and told, and what was known before goes on', () =>
  world.guard(async () => {
    const topic = await newTopic();
    const [served] = ids();
    await put(topic, served, { allowed: true, reason: 'active' });
    await producer.send({ topic, messages: [{ key: `${TENANT}/${served}`, value: 'no Avro' }] });
    const problems: unknown[] = [];
    const reader = open(topic, { onProblem: (problem) => problems.push(problem) });
    await reader.ready;
    expect(reader.check(TENANT, served)).toEqual({ allowed: true, reason: 'active' });
    expect(problems.map(String)).toEqual([expect.stringMatching(/^UnreadableRecord: the entitlement of /)]);
  }));

test('through an outage it answers until the offline grace is over, and goes on by itself afterwards', () =>
  world.guard(async () => {
    const topic = await newTopic();
    const [served] = ids();
    await put(topic, served, { version: 1, allowed: true, reason: 'active' });
    const line = new Line();
    const reader = open(topic, { kafka: line.config(), offlineGraceMs: 3_000, probeIntervalMs: 100 });
    await reader.ready;
    line.cut();
    await put(topic, served, { version: 2, allowed: false, reason: 'suspended' });
    expect(reader.check(TENANT, served)).toEqual({ allowed: true, reason: 'active' });
    await until('it is stale', () => reader.check(TENANT, served).reason === 'stale');
    expect(reader.age).toBeGreaterThan(3_000);
    expect(reader.check(TENANT, served)).toEqual({ allowed: false, reason: 'stale' });
    expect(reader.get(TENANT, served)).toMatchObject({ version: 1, allowed: true });
    line.mend();
    await until('it goes on', () => reader.check(TENANT, served).reason === 'suspended', 60_000);
    expect(line.cuts).toBeGreaterThan(0);
  }));

test('started while the brokers are away, it is ready once they are back', () =>
  world.guard(async () => {
    const topic = await newTopic();
    const [served] = ids();
    await put(topic, served, { allowed: true, reason: 'active' });
    const line = new Line();
    line.cut();
    const problems: unknown[] = [];
    const reader = open(topic, { kafka: line.config(), onProblem: (problem) => problems.push(problem) });
    await until('it has tried', () => problems.length > 0);
    expect(reader.check(TENANT, served)).toEqual({ allowed: false, reason: 'stale' });
    line.mend();
    await reader.ready;
    expect(reader.check(TENANT, served)).toEqual({ allowed: true, reason: 'active' });
  }));

test.each([
  ['shorter than it was', 1],
  ['longer than it was', 60],
])('a topic that was made anew, and is %s, is read from its beginning: what it lacks is gone', (_, records) =>
  world.guard(async () => {
    const topic = await newTopic();
    const [served, other] = ids();
    for (let version = 1; version <= 5; version += 1) await put(topic, served, { version, allowed: true, epoch: 7 });
    const changes: EntitlementChange[] = [];
    const line = new Line();
    const reader = open(topic, { kafka: line.config(), offlineGraceMs: 600_000 });
    reader.onChange((change) => changes.push(change));
    await reader.ready;
    // Away, so that all it can notice is what the topic holds afterwards.
    line.cut();
    await world.admin.deleteTopics({ topics: [topic] });
    await until('it is gone', async () => !(await world.admin.listTopics()).includes(topic));
    await create(topic);
    for (let i = 0; i < records; i += 1) {
      for (const id of [other, randomUUID(), randomUUID()]) await put(topic, id, { allowed: false, reason: 'none' });
    }
    line.mend();
    await until('the old one is gone', () => reader.check(TENANT, served).reason === 'unknown', 60_000);
    expect(reader.check(TENANT, other)).toEqual({ allowed: false, reason: 'none' });
    expect(changes.filter(({ subdivisionId }) => subdivisionId === served)).toMatchObject([{ entitlement: undefined }]);
  }),
);

/** A way to the brokers that can be cut. */
class Line {
  cuts = 0;
  #isCut = false;
  readonly #sockets = new Set<Socket>();

  config(): EntitlementsOptions['kafka'] {
    return {
      brokers: brokers(),
      logLevel: logLevel.NOTHING,
      connectionTimeout: 1_000,
      retry: { retries: 1, initialRetryTime: 50 },
      socketFactory: ({ host, port, onConnect }) => {
        const socket = connect({ host, port: this.#isCut ? 1 : port }, onConnect);
        this.#sockets.add(socket.once('close', () => this.#sockets.delete(socket)));
        return socket;
      },
    };
  }

  cut(): void {
    this.#isCut = true;
    this.cuts += this.#sockets.size;
    for (const socket of this.#sockets) socket.destroy(new Error('the line was cut'));
  }

  mend(): void {
    this.#isCut = false;
  }
}

function open(topic: string, options: Partial<EntitlementsOptions> = {}): Entitlements {
  const reader = new Entitlements({
    kafka: { brokers: brokers(), logLevel: logLevel.NOTHING },
    registry: { url: registryUrl() },
    offlineGraceMs: 60_000,
    probeIntervalMs: 200,
    topic,
    ...options,
  });
  opened.push(reader);
  return reader;
}

async function newTopic(): Promise<string> {
  const topic = `${world.topics.entitlements}.${(topics += 1)}`;
  await create(topic);
  return topic;
}

async function create(topic: string): Promise<void> {
  const configEntries = [{ name: 'cleanup.policy', value: 'compact' }];
  await world.admin.createTopics({ topics: [{ topic, numPartitions: 3, configEntries }], waitForLeaders: true });
}

async function put(topic: string, subdivisionId: string, fields: Partial<EntitlementMessage>): Promise<void> {
  await producer.send({ topic, messages: [await record(subdivisionId, fields)] });
}

async function record(
  subdivisionId: string,
  fields: Partial<EntitlementMessage>,
): Promise<{ key: string; value: Buffer }> {
  const whole = {
    ...{ tenantId: TENANT, subdivisionId, epoch: 0, version: 1, allowed: false, reason: 'none', licenseId: LICENSE },
    ...{ usedRequests: 0, issuedAt: PAST },
    ...fields,
  };
  const subject = `${world.topics.entitlements}-licensing.entitlements.Entitlement`;
  return { key: `${TENANT}/${subdivisionId}`, value: await frames.encode(subject, whole) };
}

async function remove(topic: string, subdivisionId: string): Promise<void> {
  await producer.send({ topic, messages: [{ key: `${TENANT}/${subdivisionId}`, value: null }] });
}

function ids(): readonly [string, string, string, string] {
  return [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
}

function brokers(): string[] {
  return (world.env['KAFKA_BROKERS'] ?? '').split(',');
}

function registryUrl(): string {
  return world.env['SCHEMA_REGISTRY_URL'] ?? '';
}
