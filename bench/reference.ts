import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { ensureCached } from '../stack/cache.ts';
import { processTree } from '../stack/process-tree.ts';
import type { Stack } from '../stack/stack.ts';
import { CheckFailed } from './check.ts';
import { peakMemory } from './cpu.ts';
import { BUILDS } from './programs.ts';
import type { DrainResult, PacedResult } from './results.ts';
import { Meter, type Use } from './use.ts';
import { walBytes } from './world.ts';

// The reference: a pipeline that was written by hand for this one purpose, in a folder beside the repository. It makes its own load, with the
// same numbers of tenants, subdivisions and partitions, and checks its own results; the harness gives it the stack and reads what it says.

const DATABASE = 'reference';
const TOPIC = 'bench.commands';
/** Of its worker, as its README and its run.sh start it where it is fastest. */
const DRAIN_OPTIONS = ['--db=copy', '--batch=4000'];
const NODE_OPTIONS = '--import ./fast.mjs';
const POLL_MS = 50;

const run = promisify(execFile);

/** What it prints about a drain. Its `machine` is the busy seconds of all cores in a second. */
export interface Drained {
  readonly n: number;
  readonly s: number;
  readonly perSecond: number;
  readonly nodeUs: number;
  readonly brokerUs: number;
  readonly machine: number;
  readonly committed: boolean;
  readonly exact: boolean;
  readonly disorder: number;
}

/** What it prints about commands at a steady pace, in milliseconds. */
type Paced = Pick<PacedResult, 'p50' | 'p99' | 'p999' | 'max'> & Pick<Drained, 'exact' | 'disorder'>;

/** What the harness saw while the reference's worker lived, of which it says nothing or which it can't know. */
interface Seen {
  readonly databaseSeconds: number;
  readonly walBytes: number;
  readonly peakMemoryMb: number;
}

/** A copy of the reference, with a backlog on the stack that each of its drains reads from the beginning. */
export class Reference {
  readonly name = 'reference';
  private readonly folder: string;
  private readonly stack: Stack;
  private readonly commands: number;
  private readonly environment: NodeJS.ProcessEnv;

  private constructor(folder: string, stack: Stack, commands: number) {
    this.folder = folder;
    this.stack = stack;
    this.commands = commands;
    const url = new URL(stack.databaseUrl);
    url.pathname = `/${DATABASE}`; // its tables have names that ours have, too
    this.environment = {
      ...process.env,
      ...{ KAFKA: stack.kafkaBrokers, PG: url.href, REGISTRY: stack.registryUrl },
      ...{ BROKER_PID: String(stack.kafka.pid), NODEARGS: NODE_OPTIONS },
    };
  }

  /** Makes its database, topics and schemas, and the backlog of its drains. */
  static async create(folder: string, stack: Stack, commands: number): Promise<Reference> {
    const reference = new Reference(folder, stack, commands);
    const client = new pg.Client(stack.databaseUrl);
    await client.connect();
    await client.query(`CREATE DATABASE ${DATABASE}`);
    await client.end();
    await reference.run('setup.mjs');
    await reference.run('load.mjs', ['preload', TOPIC, String(commands)]);
    return reference;
  }

  /** @throws CheckFailed when its own check fails */
  async drain(number: number): Promise<DrainResult> {
    const seen = Promise.withResolvers<Seen>();
    const args = ['drain', TOPIC, String(this.commands), ...DRAIN_OPTIONS];
    const drained = this.run('load.mjs', args, (pid) => void this.watch(pid).then(seen.resolve, seen.reject));
    const [said, use] = await Promise.all([drained, seen.promise]);
    return resultOf(number, JSON.parse(said) as Drained, use);
  }

  /** @throws CheckFailed when its own check fails */
  async paced(number: number, rate: number, seconds: number): Promise<PacedResult> {
    const said = JSON.parse(await this.run('load.mjs', ['paced', String(rate), String(seconds)])) as Paced;
    assertRight(said);
    const { p50, p99, p999, max } = said;
    return { run: number, contender: 'reference', rate, commands: rate * seconds, p50, p99, p999, max };
  }

  /** @returns the last line that it prints */
  private async run(file: string, args: readonly string[] = [], started?: (pid: number) => void): Promise<string> {
    const child = spawn(process.execPath, [file, ...args], { cwd: this.folder, env: this.environment });
    const kill = (): boolean => child.kill('SIGKILL');
    process.once('exit', kill);
    if (child.pid !== undefined) started?.(child.pid);
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    process.removeListener('exit', kill);
    if (code !== 0) throw new Error(`the reference's ${file} ended with ${code}:\n${output}${errors.slice(-4_000)}`);
    return output.trimEnd().split('\n').at(-1) ?? '';
  }

  /** Reads what is used from the start of its worker, a child of `load`, until the worker has ended. */
  private async watch(load: number): Promise<Seen> {
    const client = new pg.Client(this.stack.databaseUrl);
    await client.connect();
    try {
      const meter = new Meter(this.stack, [], () => walBytes(client));
      let worker: number | undefined;
      let before: Use | undefined;
      let peakMemoryMb = 0;
      for (;;) {
        const [alive, child] = processTree(load);
        if (worker === undefined && child !== undefined) {
          worker = child;
          before = await meter.read();
        }
        if (worker === undefined && alive === undefined) throw new Error('the reference started no worker');
        if (worker !== undefined && child !== worker) break;
        if (worker !== undefined) peakMemoryMb = await peakMemory(worker).catch(() => peakMemoryMb);
        await sleep(POLL_MS);
      }
      const after = await meter.read();
      return {
        databaseSeconds: after.cpu.database - (before?.cpu.database ?? Number.NaN),
        walBytes: after.walBytes - (before?.walBytes ?? Number.NaN),
        peakMemoryMb,
      };
    } finally {
      await client.end();
    }
  }
}

/**
 * Copies the reference to the cache and installs what it needs, at its first use.
 *
 * @throws when the folder holds none, or when npm fails
 */
export async function referenceOf(folder: string, say: (line: string) => void): Promise<string> {
  const files = (await readdir(folder)).filter((name) => name === 'package.json' || name.endsWith('.mjs')).sort();
  for (const name of ['package.json', 'load.mjs', 'setup.mjs', 'worker.mjs', 'fast.mjs']) {
    if (!files.includes(name)) throw new Error(`'${folder}' holds no reference: it has no ${name}`);
  }
  const hash = createHash('sha256');
  for (const name of files) hash.update(name).update(await readFile(join(folder, name)));
  return ensureCached(join(BUILDS, `reference-${hash.digest('hex').slice(0, 12)}`), async (copy) => {
    say('installing the reference, once');
    for (const name of files) await copyFile(join(folder, name), join(copy, name));
    await run('npm', ['install', '--no-audit', '--no-fund'], { cwd: copy });
  });
}

export function resultOf(number: number, said: Drained, seen: Seen): DrainResult {
  assertRight(said);
  if (!said.committed) throw new CheckFailed('the reference has not committed all offsets');
  const { n: commands, s: seconds, perSecond, nodeUs, brokerUs, machine } = said;
  const secondsOf = (microseconds: number): number => (microseconds * commands) / 1e6;
  return {
    run: number,
    contender: 'reference',
    commands,
    seconds,
    perSecond,
    cpu: { worker: secondsOf(nodeUs), database: seen.databaseSeconds, broker: secondsOf(brokerUs) },
    cpuPerCommand: nodeUs,
    peakMemoryMb: seen.peakMemoryMb,
    walPerCommand: seen.walBytes / commands,
    busy: machine / cpus().length,
  };
}

function assertRight({ exact, disorder }: Pick<Drained, 'exact' | 'disorder'>): void {
  if (!exact || disorder > 0) throw new CheckFailed(`the reference was wrong: exact ${exact}, disorder ${disorder}`);
}
