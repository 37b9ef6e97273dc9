import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureCached } from './cache.ts';
import { StackError } from './errors.ts';
import { keepAtDeath, removeAtDeath, spawnChild } from './processes.ts';
import { describeExit, tailOf } from './service.ts';
import type { Log } from './service.ts';

interface Order {
  /** Its name for a person. */
  readonly what: string;
  /** Its name in the cache. It holds the version, so another version is another download. */
  readonly cacheName: string;
  readonly fetch: (directory: string, logFile: string) => Promise<void>;
}

const POM_FILE = fileURLToPath(new URL('./pom.xml', import.meta.url));
const PROGRESS_EVERY_MS = 5_000;

/** The directory that holds the broker's jars, downloaded if need be. */
export function kafkaJars(cacheDir: string, log: Log): Promise<string> {
  const pom = readFileSync(POM_FILE, 'utf8');
  const version = property(pom, 'kafka.version');
  return download(cacheDir, log, {
    what: `Kafka ${version} (45 jars, 43 MB)`,
    // The pom names more than the broker's version (its logger, for one).
    cacheName: `kafka-${version}-${createHash('sha256').update(pom).digest('hex').slice(0, 8)}`,
    fetch: (directory, logFile) => maven(['dependency:copy-dependencies', `-DoutputDirectory=${directory}`], logFile),
  });
}

/** The directory that holds the jar of Kafka's command-line tools, downloaded if need be. They run with the broker's jars beside it. */
export function kafkaTools(cacheDir: string, log: Log): Promise<string> {
  const version = property(readFileSync(POM_FILE, 'utf8'), 'kafka.version');
  const artifact = `org.apache.kafka:kafka-tools:${version}`;
  return download(cacheDir, log, {
    what: `Kafka's tools ${version} (1 MB)`,
    cacheName: `kafka-tools-${version}`,
    fetch: (directory, logFile) =>
      maven(['dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${directory}`], logFile),
  });
}

/** The directory that holds the unpacked registry, downloaded if need be. */
export function registryFiles(cacheDir: string, log: Log): Promise<string> {
  const version = property(readFileSync(POM_FILE, 'utf8'), 'apicurio.version');
  const artifact = `io.apicurio:apicurio-registry-app:${version}:tar.gz:all`;
  return download(cacheDir, log, {
    what: `Apicurio Registry ${version} (142 MB)`,
    cacheName: `apicurio-${version}`,
    fetch: async (directory, logFile) => {
      await maven(['dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${directory}`], logFile);
      const archive = (await readdir(directory)).find((name) => name.endsWith('.tar.gz'));
      if (archive === undefined) throw new StackError(`Maven reported success but brought no ${artifact}.`);
      await run('tar', ['-xzf', join(directory, archive), '-C', directory], logFile);
      await rm(join(directory, archive));
    },
  });
}

/** @returns the directory of that name in the cache, filled by `fetch` if it was not there yet */
export async function download(cacheDir: string, log: Log, order: Order): Promise<string> {
  return ensureCached(join(cacheDir, order.cacheName), (directory) =>
    oneAtATime(async () => {
      const scratch = await mkdtemp(join(tmpdir(), 'licensing-download-'));
      removeAtDeath(scratch);
      const began = performance.now();
      const seconds = (): string => `${Math.round((performance.now() - began) / 1000)} s`;
      log(`downloading ${order.what}, once`);
      const ticker = setInterval(() => log(`  ... ${order.what}: ${seconds()}`), PROGRESS_EVERY_MS);
      try {
        await order.fetch(directory, join(scratch, 'log'));
        log(`got ${order.what} in ${seconds()}`);
      } finally {
        clearInterval(ticker);
        await rm(scratch, { recursive: true, force: true });
        keepAtDeath(scratch);
      }
    }),
  );
}

let queue: Promise<unknown> = Promise.resolve();

/** Runs one Maven after the other: two that fill one local repository at the same time can spoil each other's files. */
function oneAtATime(work: () => Promise<void>): Promise<void> {
  const turn = queue.then(work);
  queue = turn.catch(() => undefined); // only the caller of `work` has to know
  return turn;
}

/** Runs Maven on a pom that names nothing but dependencies. */
export function maven(args: readonly string[], logFile: string, pomFile = POM_FILE): Promise<void> {
  return run('mvn', ['-q', '-B', '-f', pomFile, ...args], logFile);
}

/** Runs a command to its end. @throws StackError with its output, unless its exit code is 0 */
export async function run(command: string, args: readonly string[], logFile: string): Promise<void> {
  const exit = await spawnChild({ command, args, logFile, stopSignal: 'SIGTERM' }).exited;
  if (exit.code === 0) return;
  throw new StackError(`\`${command} ${args.join(' ')}\` ${describeExit(exit)}. It said:\n${tailOf(logFile)}`);
}

function property(pom: string, name: string): string {
  const value = new RegExp(`<${name}>([^<]+)</${name}>`).exec(pom)?.[1];
  if (value === undefined) throw new StackError(`${POM_FILE} has no property ${name}.`);
  return value;
}
