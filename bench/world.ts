import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { Knex } from 'knex';
import { readConfig, type Config } from '../src/config.ts';
import { createContainer, subjectsOf, type Cradle } from '../src/container.ts';
import { SCHEMAS } from '../src/generated/schemas.ts';
import type { Stack } from '../stack/stack.ts';
import { cpuSeconds } from './cpu.ts';
import { Load } from './load.ts';

/** CPU seconds of everybody who takes part. */
export interface Cpu {
  readonly worker: number;
  readonly database: number;
  readonly broker: number;
}

/** A database, topics and a group of its own on the stack: runs don't see each other. */
export class World {
  readonly config: Config;
  readonly cradle: Cradle;
  readonly admin: Admin;
  readonly load: Load;
  readonly database: Knex;
  private readonly stack: Stack;
  private readonly environment: NodeJS.ProcessEnv;

  private constructor(stack: Stack, environment: NodeJS.ProcessEnv) {
    this.stack = stack;
    this.environment = environment;
    this.config = readConfig(environment);
    this.cradle = createContainer({ config: this.config }).cradle;
    this.admin = this.cradle.kafka.admin();
    this.load = new Load(this.cradle);
    this.database = this.cradle.database;
  }

  static async create(
    stack: Stack,
    { partitions = 4, environment = {} }: { partitions?: number; environment?: NodeJS.ProcessEnv } = {},
  ): Promise<World> {
    const name = `bench_${randomUUID().replaceAll('-', '')}`;
    const server = createContainer({ config: readConfig(addresses(stack, stack.databaseUrl)) }).cradle.database;
    await server.raw(`CREATE DATABASE ${name}`);
    await server.destroy();
    const url = new URL(stack.databaseUrl);
    url.pathname = `/${name}`;
    const world = new World(stack, {
      ...addresses(stack, url.href),
      KAFKA_GROUP_ID: name,
      TOPIC_COMMANDS: `${name}.commands`,
      TOPIC_USERS: `${name}.users`,
      TOPIC_EVENTS: `${name}.events`,
      TOPIC_REJECTIONS: `${name}.rejections`,
      TOPIC_USER_LOOKUPS: `${name}.lookups`,
      TOPIC_PARTITIONS: String(partitions),
      ...environment,
    });
    await world.prepare();
    return world;
  }

  /** Starts a process that consumes the commands; resolves with it when it says that it works. */
  async start([program, ...args]: readonly [string, ...string[]] = ['src/main.ts', 'worker']): Promise<Contender> {
    const log = createWriteStream(join(this.stack.runDir, `${this.config.kafkaGroupId}.log`), { flags: 'a' });
    const flags = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean);
    const child = spawn(process.execPath, [...flags, program, ...args], {
      cwd: new URL('..', import.meta.url).pathname,
      env: { ...process.env, ...this.environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const stop = (): boolean => child.kill('SIGKILL');
    process.once('exit', stop);
    const started = new Promise<number>((resolve, reject) => {
      let text = '';
      child.stderr.on('data', (chunk: Buffer) => {
        text += String(chunk);
        log.write(chunk);
        if (text.includes('the worker works')) resolve(performance.now());
      });
      child.once('exit', (code) => {
        process.removeListener('exit', stop);
        reject(new Error(`${program} ended with ${code} before it worked:\n${text.slice(-2_000)}`));
      });
    });
    return { child, startedAt: await started };
  }

  /** Waits until the events topic holds `events` messages and the group's lag on the commands is 0. */
  async drained(events: number): Promise<number> {
    const { topics, kafkaGroupId } = this.config;
    while ((await this.size(topics.events)) < events) await sleep(10);
    for (;;) {
      const [committed] = await this.admin.fetchOffsets({ groupId: kafkaGroupId, topics: [topics.commands] });
      const done = committed?.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0) ?? 0;
      if (done >= (await this.size(topics.commands))) return performance.now();
      await sleep(10);
    }
  }

  async size(topic: string): Promise<number> {
    const offsets = await this.admin.fetchTopicOffsets(topic);
    return offsets.reduce((sum, { high }) => sum + Number(high), 0);
  }

  async cpu(contender: ChildProcess): Promise<Cpu> {
    const { kafka, postgres } = this.stack;
    return {
      worker: await cpuSeconds(contender.pid ?? 0),
      database: await cpuSeconds(postgres.pid ?? 0, true),
      broker: await cpuSeconds(kafka.pid ?? 0),
    };
  }

  async close(): Promise<void> {
    await this.admin.disconnect();
    await this.cradle.producer.stop();
    await this.database.destroy();
  }

  private async prepare(): Promise<void> {
    const { cradle, config } = this;
    await cradle.migrations.up();
    for (const { subject, type } of subjectsOf(config.topics)) {
      await cradle.schemaRegistry.register(subject, SCHEMAS[type], 'FULL_TRANSITIVE');
    }
    await cradle.codec.prepareWriters(subjectsOf(config.topics), AbortSignal.timeout(30_000));
    await cradle.kafkaAdmin.create(config.topics, {
      partitions: config.topicPartitions,
      replicationFactor: 1,
      retention: config.topicRetention,
    });
    await this.admin.connect();
  }
}

export interface Contender {
  readonly child: ChildProcess;
  /** performance.now() of the moment it said that it works: its first fetch follows at once. */
  readonly startedAt: number;
}

/** Asks a process to end and waits until it has. */
export async function stop({ child }: Contender): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

function addresses(stack: Stack, databaseUrl: string): NodeJS.ProcessEnv {
  return {
    KAFKA_BROKERS: stack.kafkaBrokers,
    SCHEMA_REGISTRY_URL: stack.registryUrl,
    DATABASE_URL: databaseUrl,
  };
}
