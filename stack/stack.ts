import { chmodSync, mkdirSync, mkdtempSync, readdirSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PortTakenError, StackError } from './errors.ts';
import { createKafka, type KafkaAddition, type KafkaOptions, type KafkaService } from './kafka.ts';
import { createPostgres, databaseUrl } from './postgres.ts';
import type { PostgresService } from './postgres.ts';
import { processStart } from './process-tree.ts';
import { keepAtDeath, removeAtDeath } from './processes.ts';
import { createRegistry, registryUrl } from './registry.ts';
import type { Log, Service, ServiceSurroundings } from './service.ts';

export type ServiceName = 'kafka' | 'registry' | 'postgres';

export interface StackOptions {
  /**
   * Where data and logs go, in a directory per run. The next start in the same `dataDir` deletes what earlier runs left,
   * so the last run's logs can be read in between. Every start is EMPTY: the registry forgets its schema ids with its
   * process, and a Kafka that kept messages with those ids would hold what nobody can decode, or decode it wrongly.
   * What makes the next start fast (downloads, an initialised cluster, formatted logs) is in `cacheDir`.
   * Default: a temporary directory, removed by `stop` or when this process dies.
   */
  readonly dataDir?: string;
  /** Default: `.cache` in the project's root. */
  readonly cacheDir?: string;
  /** Gets a line about each download and other slow step. Default: nobody. */
  readonly log?: Log;
  /** Default: all three. */
  readonly only?: readonly ServiceName[];
  /**
   * The ports of a test's proxies, one for each broker. Each broker gets a second listener, `portBehindProxy`, which tells its clients to
   * come back by the proxy's port. Without it, clients would go around the proxies as soon as they knew the brokers' own addresses.
   */
  readonly kafkaProxyPorts?: readonly number[];
  /** For tests: they run for minutes, and together they leave the broker mostly idle. */
  readonly fewRequests?: boolean;
  /** 1 or 3; default 1, which is up sooner. Each of three takes some 400 MB. */
  readonly brokers?: KafkaOptions['brokers'];
  /** Further listeners and settings of the brokers. */
  readonly kafka?: KafkaAddition;
  /** Further settings of PostgreSQL, by name. */
  readonly postgres?: Readonly<Record<string, string>>;
}

/** The running servers. Reading one that `only` left out throws a StackError. */
export interface Stack {
  /** For KAFKA_BROKERS: all of them. */
  readonly kafkaBrokers: string;
  /** For SCHEMA_REGISTRY_URL; holds the path of the Confluent API. */
  readonly registryUrl: string;
  /** For DATABASE_URL; a superuser's, so tests can create databases of their own. */
  readonly databaseUrl: string;
  /** The only broker, or the first of three. */
  readonly kafka: KafkaService;
  readonly brokers: readonly KafkaService[];
  readonly registry: Service;
  readonly postgres: PostgresService;
  /** Holds `kafka.log` (of three brokers `kafka-1.log` and so on), `registry.log` and `postgres.log`. */
  readonly runDir: string;
  /** Stops everything gracefully. */
  readonly stop: () => Promise<void>;
}

const ALL: readonly ServiceName[] = ['kafka', 'registry', 'postgres'];
const CACHE_DIR = fileURLToPath(new URL('../.cache', import.meta.url));
const PORT_ATTEMPTS = 3;
const RUN_DIR = /^run-(\d+)-/;

/** Starts the services at the same time and resolves when each of them really answers. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const wanted = options.only ?? ALL;
  const temporary: string[] = [];
  const runDir = await makeRunDir(options.dataDir, temporary);
  const cacheDir = resolve(options.cacheDir ?? CACHE_DIR);
  mkdirSync(cacheDir, { recursive: true });
  const around: ServiceSurroundings = {
    // A class archive fits one path alone, so links are resolved.
    cacheDir: realpathSync(cacheDir),
    runDir,
    log: options.log ?? (() => undefined),
  };

  const parts: Part[] = [];
  const begin = <S extends Part>(name: ServiceName, create: () => Promise<S>): Promise<S | undefined> =>
    wanted.includes(name) ? startOnFreePort(create, parts) : Promise.resolve(undefined);
  const [cluster, registry, postgres] = await allOrNone(
    [
      begin('kafka', () =>
        createKafka(around, {
          brokers: options.brokers ?? 1,
          proxyPorts: options.kafkaProxyPorts,
          added: options.kafka,
          ...(options.fewRequests && { fewRequests: true }),
        }),
      ),
      begin('registry', () => createRegistry(around)),
      begin('postgres', () => createPostgres(around, temporary, options.postgres)),
    ],
    async () => {
      keepAtDeath(runDir); // the error names the logs in it
      await Promise.all(parts.map((part) => part.kill()));
    },
  );

  const stop = async (): Promise<void> => {
    await Promise.all(parts.map((part) => part.stop()));
    for (const directory of temporary) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    for (const directory of temporary.splice(0)) keepAtDeath(directory);
  };
  const there = <S>(service: S | undefined, name: ServiceName): S => {
    if (service === undefined) throw new StackError(`This stack was started without ${name}.`);
    return service;
  };
  return {
    get kafkaBrokers() {
      return there(cluster, 'kafka')
        .brokers.map(({ port }) => `127.0.0.1:${port}`)
        .join(',');
    },
    get registryUrl() {
      return registryUrl(there(registry, 'registry').port);
    },
    get databaseUrl() {
      return databaseUrl(there(postgres, 'postgres').port);
    },
    get kafka() {
      return there(cluster?.brokers[0], 'kafka');
    },
    get brokers() {
      return there(cluster, 'kafka').brokers;
    },
    get registry() {
      return there(registry, 'registry');
    },
    get postgres() {
      return there(postgres, 'postgres');
    },
    runDir,
    stop,
  };
}

async function makeRunDir(dataDir: string | undefined, temporary: string[]): Promise<string> {
  if (dataDir === undefined) {
    const runDir = mkdtempSync(join(tmpdir(), 'licensing-stack-'));
    temporary.push(runDir);
    removeAtDeath(runDir);
    chmodSync(runDir, 0o711); // under root, PostgreSQL's user has to get through
    return runDir;
  }
  const parent = resolve(dataDir);
  mkdirSync(parent, { recursive: true });
  for (const name of readdirSync(parent)) {
    const owner = RUN_DIR.exec(name)?.[1];
    // A run that is still alive keeps its directory, since two stacks may share a dataDir.
    if (owner === undefined || processStart(Number(owner)) !== undefined) continue;
    await rm(join(parent, name), { recursive: true, force: true, maxRetries: 5 });
  }
  const runDir = join(parent, `run-${process.pid}-${Date.now().toString(36)}`);
  mkdirSync(runDir, { mode: 0o755 });
  return runDir;
}

/** What starts and ends as one: a service, or a cluster. */
type Part = Pick<Service, 'start' | 'stop' | 'kill'>;

async function startOnFreePort<S extends Part>(create: () => Promise<S>, parts: Part[]): Promise<S> {
  for (let attempt = 1; ; attempt++) {
    const service = await create();
    parts.push(service);
    try {
      await service.start();
      return service;
    } catch (error) {
      // Another process took the port between our choice and its use.
      if (!(error instanceof PortTakenError) || attempt === PORT_ATTEMPTS) throw error;
      await service.kill(); // the other brokers of a cluster may be up
    }
  }
}

/** Waits for all even if one fails, so that `cleanUp` finds nothing that is still starting. */
async function allOrNone<A, B, C>(
  starting: readonly [Promise<A>, Promise<B>, Promise<C>],
  cleanUp: () => Promise<void>,
): Promise<readonly [A, B, C]> {
  const [a, b, c] = await Promise.allSettled(starting);
  if (a.status === 'fulfilled' && b.status === 'fulfilled' && c.status === 'fulfilled')
    return [a.value, b.value, c.value];
  await cleanUp();
  throw [a, b, c].find((one) => one.status === 'rejected')?.reason;
}
