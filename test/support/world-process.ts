import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnChild, type Child, type ChildExit } from '../../stack/processes.ts';
import { until } from './world-until.ts';

export type Environment = Readonly<Record<string, string>>;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The program itself. */
export const MAIN = join(ROOT, 'src', 'main.ts');
/** What the contract promises for a stop that was asked for. */
const STOP_WITHIN_MS = 10_000;
const BOOT_WITHIN_MS = 30_000;
/** Bytes that a program may print. */
const MOST_OUTPUT = 64 * 1024 * 1024;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program whose UpdateTenant has a fault, see its head. */
export const BROKEN = join(ROOT, 'test', 'support', 'broken.ts');

/** The real CLI, to its end: `licensing(['topics', 'create'], env)`. */
export async function licensing(args: readonly string[], env: Environment, program = MAIN): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, ...args],
      { cwd: ROOT, env: { ...clean(process.env), ...env }, timeout: 60_000, maxBuffer: MOST_OUTPUT },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

/** Runs a program until it has printed `text`, and ends it by SIGKILL there. */
export async function killedAt(
  text: string,
  args: readonly string[],
  env: Environment,
  program: string,
): Promise<void> {
  const child = execFile(process.execPath, [program, ...args], { cwd: ROOT, env: { ...clean(process.env), ...env } });
  let said = '';
  child.stdout?.on('data', (chunk) => (said += String(chunk)));
  child.stderr?.on('data', (chunk) => (said += String(chunk)));
  const gone = new Promise((resolve) => child.once('exit', resolve));
  try {
    await until(
      `${args.join(' ')} prints '${text}'`,
      () => said.includes(text),
      BOOT_WITHIN_MS,
      () => said,
    );
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
}

/** A real worker process. It does not survive the test's own process, however that ends. */
export class WorkerProcess {
  readonly name: string;
  readonly env: Environment;
  private readonly folder: string;
  private readonly program: readonly string[];
  private child: Child;
  private lives = 0;
  private logFile = '';

  /** @param program what Node runs; default: the real CLI's `worker` */
  constructor(name: string, env: Environment, program: readonly string[] = [MAIN, 'worker']) {
    this.name = name;
    this.env = env;
    this.program = program;
    this.folder = mkdtempSync(join(tmpdir(), 'licensing-worker-'));
    this.child = this.spawn();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  get exit(): ChildExit | undefined {
    return this.child.exit;
  }

  /** stdout and stderr of the present life. */
  get log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  /** Resolves when the worker has booted and asked to join its group. */
  async works(): Promise<void> {
    await this.logs('the worker works', BOOT_WITHIN_MS);
  }

  async logs(text: string, within = BOOT_WITHIN_MS): Promise<void> {
    await until(`${this.name} logs '${text}'`, () => this.log.includes(text) || this.ended(), within);
    if (!this.log.includes(text)) throw new Error(`${this.name} ended before it logged '${text}':\n${this.tail()}`);
  }

  /** SIGKILL and the like; for a signal that ends it, await `gone`. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    if (pid === undefined || this.child.exit !== undefined) throw new Error(`${this.name} does not run`);
    process.kill(pid, signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.child.exited;
  }

  /** Asks it to stop. @returns after how many milliseconds it ended; throws unless with exit code 0 and in time */
  async stop(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<number> {
    const began = performance.now();
    this.signal(signal);
    await until(`${this.name} ends after ${signal}`, () => this.ended(), STOP_WITHIN_MS);
    const took = performance.now() - began;
    const { exit } = this.child;
    if (exit?.code !== 0) {
      throw new Error(`${this.name} ended with ${exit?.code ?? exit?.signal} after ${signal}:\n${this.tail()}`);
    }
    return took;
  }

  async gone(): Promise<ChildExit> {
    return this.child.exited;
  }

  /** A new life, with another environment if one is given. */
  async restart(env: Environment = this.env): Promise<void> {
    if (!this.ended()) await this.stop();
    this.child = this.spawn(env);
    await this.works();
  }

  /** Ends it whatever it does, and removes its logs. */
  async dispose(): Promise<void> {
    if (!this.ended()) await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  tail(lines = 25): string {
    const all = this.log.trimEnd().split('\n');
    return [`--- ${this.name}, life ${this.lives}, the last of ${all.length} lines`, ...all.slice(-lines)].join('\n');
  }

  private ended(): boolean {
    return this.child.exit !== undefined;
  }

  private spawn(env: Environment = this.env): Child {
    this.lives += 1;
    this.logFile = join(this.folder, `${this.lives}.log`);
    return spawnChild({
      command: process.execPath,
      args: this.program,
      cwd: ROOT,
      env,
      logFile: this.logFile,
      stopSignal: 'SIGKILL',
    });
  }
}

/** Settings of the shell that runs the tests are none of the worker's. */
function clean(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const ours =
    /^(KAFKA_|SCHEMA_REGISTRY_|DATABASE_|USER_DOMAIN_|TOPIC_|EVENT_SOURCE|LANES|CHUNK_|INBOX_|DEAD_LETTER_|PARK_|LOG_LEVEL|AWS_)/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !ours.test(name)));
}
