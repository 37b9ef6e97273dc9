import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import pg from 'pg';
import { readConfig, type Config } from '../src/config.ts';
import { subjectsOf } from '../src/adapters/subjects.ts';
import { createContainer, type Cradle } from '../src/container.ts';
import type { OutgoingMessage } from '../src/ports/messages.ts';
import { registerSchemas, setUp } from '../stack/set-up.ts';
import type { Stack } from '../stack/stack.ts';
import { Contender } from './contender.ts';
import { Ledger } from './ledger.ts';
import { inParts, Load, type Place } from './load.ts';
import { ROOT, setUpBy, workerOf, type Program } from './programs.ts';

const POLL_MS = 20;
const PARSERS: (oid: number, format?: 'text' | 'binary') => unknown = pg.types.getTypeParser;

/** A database, topics and a group of one run, so that runs don't see each other. */
export class World {
  readonly config: Config;
  readonly cradle: Cradle;
  readonly admin: Admin;
  readonly load: Load;
  readonly environment: NodeJS.ProcessEnv;
  /** Counts everything that was sent here. */
  readonly ledger = new Ledger();
  readonly stack: Stack;
  private readonly root: string;
  private readonly client: pg.Client;

  private constructor(stack: Stack, root: string, environment: NodeJS.ProcessEnv) {
    this.stack = stack;
    this.root = root;
    this.environment = environment;
    // kafkajs warns of topics that are not known yet, and asks again: no need to log that.
    this.config = readConfig({ ...environment, LOG_LEVEL: 'fatal' });
    this.cradle = createContainer({ config: this.config }).cradle;
    this.admin = this.cradle.kafka.admin();
    this.load = new Load(this.cradle);
    this.client = new pg.Client({ connectionString: environment['DATABASE_URL'], types: TYPES });
    // When a scenario fails, the stack stops under this connection: without a listener that would be all that is told.
    this.client.on('error', () => undefined);
  }

  /** @param root the tree that makes the world, and whose worker works in it */
  static async create(stack: Stack, root: string = ROOT, partitions = 4): Promise<World> {
    const name = `bench_${randomUUID().replaceAll('-', '')}`;
    await onServer(stack, `CREATE DATABASE ${name}`);
    const url = new URL(stack.databaseUrl);
    url.pathname = `/${name}`;
    const world = new World(stack, root, {
      ...addresses(stack, url.href),
      KAFKA_GROUP_ID: name,
      TOPIC_COMMANDS: `${name}.commands`,
      TOPIC_USERS: `${name}.users`,
      TOPIC_EVENTS: `${name}.events`,
      TOPIC_REJECTIONS: `${name}.rejections`,
      TOPIC_USER_LOOKUPS: `${name}.lookups`,
      TOPIC_ENTITLEMENTS: `${name}.entitlements`,
      TOPIC_PARTITIONS: String(partitions),
      TOPIC_REPLICATION_FACTOR: '1',
    });
    await world.prepare();
    return world;
  }

  /** Founds tenants and subdivisions, as upstream services would: by commands that the worker works off. */
  async settle(tenants: number, subdivisions: number): Promise<readonly Place[]> {
    const { places, setUp } = this.load.setUp(tenants, subdivisions, this.ledger);
    const worker = this.start();
    await worker.working;
    await this.publish(setUp);
    await this.drained(worker);
    await worker.stop();
    return places;
  }

  async publish(messages: Iterable<OutgoingMessage>): Promise<void> {
    for (const part of inParts(messages, 2_000)) await this.cradle.producer.publish(part);
  }

  start(
    program: Program = workerOf(this.root),
    flags: readonly string[] = [],
    environment: NodeJS.ProcessEnv = {},
  ): Contender {
    const log = join(this.stack.runDir, `${this.config.kafkaGroupId}.log`);
    return new Contender({ ...this.environment, ...environment }, { program, log, flags });
  }

  /** Waits until all events and rejections are on their topics, and the group's lag is 0. @returns performance.now() */
  async drained(
    contender: Pick<Contender, 'check'>,
    { events, rejected }: Pick<Ledger, 'events' | 'rejected'> = this.ledger,
  ): Promise<number> {
    const { topics } = this.config;
    for (;;) {
      contender.check();
      if ((await this.size(topics.events)) >= events && (await this.size(topics.rejections)) >= rejected) break;
      await sleep(POLL_MS);
    }
    for (;;) {
      contender.check();
      if ((await this.lag()) <= 0) return performance.now();
      await sleep(POLL_MS);
    }
  }

  async size(topic: string): Promise<number> {
    const offsets = await this.admin.fetchTopicOffsets(topic);
    return offsets.reduce((sum, { high }) => sum + Number(high), 0);
  }

  /** How many commands on the topic are not committed yet. */
  async lag(): Promise<number> {
    const { topics, kafkaGroupId } = this.config;
    const [committed] = await this.admin.fetchOffsets({ groupId: kafkaGroupId, topics: [topics.commands] });
    const done = committed?.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0) ?? 0;
    return (await this.size(topics.commands)) - done;
  }

  async walBytes(): Promise<number> {
    return walBytes(this.client);
  }

  /** Lets the disk come to rest before a run. */
  async checkpoint(): Promise<void> {
    await this.query('CHECKPOINT');
  }

  /** A connection of the harness: without the worker's timeouts and plans, and with int8 as a number. */
  async query<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<readonly R[]> {
    return (await this.client.query<R>(text, values)).rows;
  }

  async close(): Promise<void> {
    const { config, cradle } = this;
    await this.admin.deleteTopics({ topics: [config.topics.commands, config.topics.events] });
    await this.admin.disconnect();
    await cradle.producer.stop();
    await this.client.end();
    await onServer(this.stack, `DROP DATABASE ${config.kafkaGroupId} WITH (FORCE)`);
  }

  private async prepare(): Promise<void> {
    const { cradle, config } = this;
    await this.client.connect();
    if (this.root !== ROOT) await setUpBy(this.root, this.environment);
    // The load is written with the schemas of this tree, whoever reads it.
    await (this.root === ROOT ? setUp(cradle) : registerSchemas(cradle));
    await cradle.codec.prepareWriters(subjectsOf(config.topics), AbortSignal.timeout(30_000));
    await this.admin.connect();
  }
}

const INT8_OID = 20;
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown =>
    oid === INT8_OID ? Number : PARSERS(oid, format),
};

/** Bytes that the server has written to its write-ahead log since it was made, for all of its databases. */
export async function walBytes(client: pg.Client): Promise<number> {
  const text = `SELECT pg_current_wal_insert_lsn() - '0/0' AS n`;
  const { rows } = await client.query<{ n: string }>(text);
  return Number(rows[0]?.n);
}

async function onServer(stack: Stack, statement: string): Promise<void> {
  const client = new pg.Client(stack.databaseUrl);
  await client.connect();
  await client.query(statement);
  await client.end();
}

function addresses(stack: Stack, databaseUrl: string): NodeJS.ProcessEnv {
  return {
    KAFKA_BROKERS: stack.kafkaBrokers,
    SCHEMA_REGISTRY_URL: stack.registryUrl,
    DATABASE_URL: databaseUrl,
  };
}
