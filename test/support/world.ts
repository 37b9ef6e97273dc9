import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { asValue } from 'awilix/browser';
import type { Admin, Kafka, Producer } from 'kafkajs';
import type { Knex } from 'knex';
import { pino } from 'pino';
import { createTopics, registerSchemas } from '../../stack/set-up.ts';
import type { Stack } from '../../stack/stack.ts';
import { CompressionTypes } from '../../src/adapters/kafkajs.ts';
import { readConfig } from '../../src/config.ts';
import { subjectsOf } from '../../src/adapters/subjects.ts';
import { createContainer, type Cradle } from '../../src/container.ts';
import type { Codec } from '../../src/ports/codec.ts';
import { dlqOf, type Topics } from '../../src/ports/topics.ts';
import { Collector, header, type WireRecord } from './collect.ts';
import { createTemplateDatabase, createTestDatabase, fromEnvironment, type TestDatabase } from './database.ts';
import { toOutgoing, type Outgoing, type RawSending, type Sending } from './load.ts';
import { GroupOffsets, membersOf, unlessNotYet, type Offsets } from './world-offsets.ts';
import { licensing, WorkerProcess, type Environment } from './world-process.ts';
import { until } from './world-until.ts';

export interface WorldOptions {
  /** A stack of the test's own, for faults of its services; default: the one that all tests share. */
  readonly stack?: Pick<Stack, 'kafkaBrokers' | 'registryUrl' | 'databaseUrl'>;
  /** How many of the real ones to start; default 1. */
  readonly workers?: number;
  readonly partitions?: number;
  /** Beside and above what the world sets itself. */
  readonly env?: Environment;
  /** What Node runs as a worker; default: the real CLI's `worker`. */
  readonly program?: readonly string[] | undefined;
  /** Registers the schemas that there are at first. @returns with what messages are sent until `registerSchemas`. Default: all of this build */
  readonly schemas?: ((env: Environment) => Promise<Codec>) | undefined;
}

/** Short enough that a killed worker's partitions come free in seconds; each is below the session timeout, as it must be. */
const SWIFT: Environment = {
  KAFKA_SESSION_TIMEOUT_MS: '6000',
  DATABASE_STATEMENT_TIMEOUT_MS: '5000',
  DATABASE_LOCK_TIMEOUT_MS: '2000',
  DATABASE_IDLE_TIMEOUT_MS: '4000',
  LOG_LEVEL: 'info',
};

/** kafkajs copies the list for every message of a send. */
const SEND_AT_ONCE = 1_000;

/** Database, topics, group and workers of its own, on a real stack. */
export class World {
  readonly env: Environment;
  readonly topics: Topics;
  readonly group: string;
  /** That one, and those of workers that were started with another. */
  readonly groups = new Set<string>();
  readonly partitions: number;
  readonly database: TestDatabase;
  readonly workers: WorkerProcess[] = [];
  /** The source topics' ends, as the collector counts, at moments when everything before them had taken effect. */
  readonly barriers: Offsets[] = [];
  /** Where the source topics ended when the world settled last. */
  private settledAt: Offsets = new Map();
  readonly collector: Collector;
  /** The `ce_id` of every message that the broker has acknowledged, null where it has none. */
  readonly acknowledged: (string | null)[] = [];
  readonly admin: Admin;
  private readonly program: readonly string[] | undefined;
  private readonly cradle: Cradle;
  /** Of the build whose schemas the messages are sent with. */
  private sendsWith: Codec;
  private readonly producer: Producer;
  private readonly offsets: GroupOffsets;

  constructor(env: Environment, database: TestDatabase, program?: readonly string[]) {
    const config = readConfig(env);
    this.program = program;
    this.env = env;
    this.database = database;
    this.topics = config.topics;
    this.group = config.kafkaGroupId;
    this.partitions = config.topicPartitions;
    this.groups.add(this.group);
    this.cradle = createContainer({ config, overrides: { logger: asValue(pino({ level: 'silent' })) } }).cradle;
    this.sendsWith = this.cradle.codec;
    this.collector = new Collector(this.cradle.kafka, this.cradle.codec, `${this.group}-collector`);
    this.admin = this.cradle.kafka.admin();
    this.offsets = new GroupOffsets(this.admin, this.groups, this.sources);
    this.producer = this.cradle.kafka.producer({ allowAutoTopicCreation: false });
  }

  get db(): Knex {
    return this.database.db;
  }

  get sources(): readonly string[] {
    const { commands, users, userLookUps } = this.topics;
    return [commands, users, userLookUps];
  }

  get allTopics(): readonly string[] {
    const { events, rejections, entitlements } = this.topics;
    return [...this.sources, events, rejections, entitlements, ...this.sources.map(dlqOf)];
  }

  /** For clients of a test's own. */
  get kafka(): Kafka {
    return this.cradle.kafka;
  }

  worker(index = 0): WorkerProcess {
    const worker = this.workers[index];
    if (worker === undefined) throw new Error(`this world has ${this.workers.length} workers`);
    return worker;
  }

  async open(workers: number, schemas?: WorldOptions['schemas']): Promise<void> {
    const registered =
      schemas?.(this.env).then((codec) => (this.sendsWith = codec)) ?? this.sendWithOwn(registerSchemas(this.cradle));
    await Promise.all([createTopics(this.cradle), registered, this.admin.connect(), this.producer.connect()]);
    await this.collector.start(this.allTopics);
    await Promise.all(Array.from({ length: workers }, () => this.startWorker()));
  }

  /** By the real CLI. From now on messages are sent with the schemas of this build. */
  async registerSchemas(): Promise<void> {
    const registered = licensing(['schemas', 'register'], this.env).then(({ code, stderr }) => {
      if (code !== 0) throw new Error(`licensing schemas register ended with ${code}: ${stderr}`);
    });
    await this.sendWithOwn(registered);
  }

  private async sendWithOwn(registered: Promise<void>): Promise<void> {
    await registered;
    await this.cradle.codec.prepareWriters(subjectsOf(this.topics), AbortSignal.timeout(20_000));
    this.sendsWith = this.cradle.codec;
  }

  async startWorker(env: Environment = {}, program = this.program): Promise<WorkerProcess> {
    const worker = new WorkerProcess(`worker ${this.workers.length + 1}`, { ...this.env, ...env }, program);
    this.workers.push(worker);
    this.groups.add(worker.env['KAFKA_GROUP_ID'] ?? this.group);
    await worker.works();
    return worker;
  }

  /** In order, by one producer, acknowledged by all replicas when it resolves. */
  async send(messages: readonly (Sending | RawSending)[], compression = CompressionTypes.None): Promise<void> {
    const outgoing = this.outgoing(messages);
    for (let i = 0; i < outgoing.length; i += SEND_AT_ONCE) {
      const byTopic = Map.groupBy(outgoing.slice(i, i + SEND_AT_ONCE), ({ topic }) => topic);
      await this.producer.sendBatch({
        acks: -1,
        compression,
        topicMessages: [...byTopic].map(([topic, some]) => ({ topic, messages: some })),
      });
      for (const { headers } of outgoing.slice(i, i + SEND_AT_ONCE))
        this.acknowledged.push(typeof headers?.['ce_id'] === 'string' ? headers['ce_id'] : null);
    }
  }

  /** For a producer of a test's own. */
  outgoing(messages: readonly (Sending | RawSending)[]): readonly Outgoing[] {
    return messages.map((message) => toOutgoing(message, this.sendsWith, this.topics));
  }

  /** How many messages of the source topics the groups have not finished yet. */
  async lag(): Promise<number> {
    return this.offsets.lagBehind(await this.offsets.ends());
  }

  /** The same of one topic. */
  async lagOf(topic: string): Promise<number> {
    const ends = await this.offsets.ends();
    return this.offsets.lagBehind(new Map([...ends].filter(([name]) => name.startsWith(`${topic}/`))));
  }

  /** All source topics again, from their beginning, once whoever was in the group has left it. */
  async resetOffsets(): Promise<void> {
    // kafkajs as it comes resets offsets by a consumer that seeks, stops and so commits. The worker's own copy leaves commits to the worker.
    const { Kafka, logLevel } = await import('kafkajs');
    const brokers = readConfig(this.env).kafkaBrokers.slice();
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
    try {
      await admin.connect();
      for (const topic of this.sources) {
        await until('nobody is in the group', async () => (await membersOf(admin, this.group)) === 0);
        await admin.resetOffsets({ groupId: this.group, topic, earliest: true });
      }
    } finally {
      await admin.disconnect();
    }
  }

  /** Rows of the outbox, in whatever form. */
  async outboxRows(): Promise<number> {
    const { rows } = await this.db.raw<{ rows: readonly { readonly there: boolean }[] }>(
      `SELECT to_regclass('outbox_chunks') IS NOT NULL AS there`,
    );
    // The tables of the version before have none.
    return (await this.count('outbox')) + (rows[0]?.there === true ? await this.count('outbox_chunks') : 0);
  }

  async count(table: 'outbox' | 'outbox_chunks' | 'inbox' | 'dead_letters'): Promise<number> {
    const found = await this.db.raw<{ rows: readonly { readonly n: string }[] }>(`SELECT count(*) AS n FROM ${table}`);
    return Number(found.rows[0]?.n);
  }

  /**
   * Resolves when everything sent so far has taken effect and is published: lag 0 on all three source topics, and nothing owed.
   * What is sent afterwards takes effect after it: the oracle is told by a barrier.
   */
  async settled(within = 60_000): Promise<void> {
    let [lag, owed] = [-1, -1];
    const barrier = await until(
      'the world settles',
      async () => {
        const ends = await unlessNotYet(this.offsets.ends());
        lag = (ends && (await unlessNotYet(this.offsets.lagBehind(ends)))) ?? -1;
        if (ends === undefined || lag !== 0) return undefined;
        owed = await this.outboxRows();
        // Offsets are committed after the publication, so what a message brings about is in the topics or in the outbox.
        return owed === 0 && isDeepStrictEqual(ends, await unlessNotYet(this.offsets.ends())) ? ends : undefined;
      },
      within,
      () => `(lag ${lag}, outbox ${owed})`,
    );
    this.settledAt = barrier;
    await this.collector.caughtUp(this.allTopics);
    this.barriers.push(new Map([...barrier].map(([name, end]) => [name, this.collector.indexOf(name, end)])));
  }

  /** Whether anything was sent since the world settled last, or is owed: a timer may send at any time. */
  async hasMoved(): Promise<boolean> {
    return (await this.outboxRows()) > 0 || !isDeepStrictEqual(this.settledAt, await this.offsets.ends());
  }

  /** The events and rejections that name this message as their cause, as soon as there are `atLeast` many, in their order. */
  async answers(id: string, atLeast = 1): Promise<readonly WireRecord[]> {
    const { events, rejections } = this.topics;
    const look = (): readonly WireRecord[] =>
      [...this.collector.records(events), ...this.collector.records(rejections)].filter(
        (record) => header(record, 'ce_causationid') === id,
      );
    await until(
      `${atLeast} answers to ${id}`,
      () => look().length >= atLeast,
      20_000,
      () => `(there are ${look().length})`,
    );
    await this.collector.decode();
    return look();
  }

  /** Runs a test's body; if it fails, the error shows what the workers said last. */
  async guard<T>(body: (world: this) => Promise<T>): Promise<T> {
    try {
      return await body(this);
    } catch (error) {
      const tails = this.workers.map((worker) => worker.tail()).join('\n');
      if (error instanceof Error) error.message = `${error.message}\n${tails}`;
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.dispose()));
    await Promise.allSettled([this.collector.stop(), this.admin.disconnect(), this.producer.disconnect()]);
    await this.database.drop();
  }
}

/** `workers` of them work when it resolves; what `licensing topics create` and `schemas register` call has set it up. */
export async function createWorld({
  stack,
  workers = 1,
  partitions = 4,
  env = {},
  program,
  schemas,
}: WorldOptions = {}): Promise<World> {
  const prefix = `w${randomUUID().slice(0, 8)}.`;
  const serverUrl = stack && (await createTemplateDatabase(stack.databaseUrl));
  const database = await createTestDatabase(serverUrl === undefined ? {} : { serverUrl });
  const world = new World(
    {
      KAFKA_BROKERS: stack?.kafkaBrokers ?? fromEnvironment('TEST_KAFKA_BROKERS'),
      SCHEMA_REGISTRY_URL: stack?.registryUrl ?? fromEnvironment('TEST_SCHEMA_REGISTRY_URL'),
      DATABASE_URL: database.url,
      KAFKA_GROUP_ID: `${prefix}worker`,
      TOPIC_COMMANDS: `${prefix}licensing.commands.v1`,
      TOPIC_USERS: `${prefix}users.events.v1`,
      TOPIC_EVENTS: `${prefix}licensing.events.v1`,
      TOPIC_REJECTIONS: `${prefix}licensing.rejections.v1`,
      TOPIC_USER_LOOKUPS: `${prefix}licensing.user-lookups.v1`,
      TOPIC_ENTITLEMENTS: `${prefix}licensing.entitlements.v1`,
      TOPIC_PARTITIONS: String(partitions),
      ...SWIFT,
      ...env,
    },
    database,
    program,
  );
  try {
    await world.open(workers, schemas);
  } catch (error) {
    await world.close();
    throw error;
  }
  return world;
}
