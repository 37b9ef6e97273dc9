import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import type { Stack } from '../stack/stack.ts';
import { cpuSeconds, peakMemory } from './cpu.ts';
import type { Program } from './programs.ts';

/** CPU seconds of everybody who takes part. */
export interface Cpu {
  readonly worker: number;
  readonly database: number;
  readonly broker: number;
}

/** The options with which the image starts the worker (Dockerfile); the other contenders get them, too. */
const NODE_FLAGS = ['--max-semi-space-size=16'];
const READY = 'the worker works';

/** A process of its own that consumes the commands. */
export class Contender {
  /** performance.now() of the moment it was spawned. */
  readonly spawnedAt = performance.now();
  /** performance.now() of the moment it said that it works: its first fetch follows at once. */
  readonly working: Promise<number>;
  private readonly child: ChildProcess;
  private readonly stack: Stack;
  private stopped = false;
  private ended: Error | undefined;

  constructor(
    stack: Stack,
    environment: NodeJS.ProcessEnv,
    { program, log, flags = [] }: { program: Program; log: string; flags?: readonly string[] },
  ) {
    this.stack = stack;
    const { name, root, args } = program;
    const profiling = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean);
    const child = spawn(process.execPath, [...NODE_FLAGS, ...flags, ...profiling, ...args], {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child = child;
    const kill = (): boolean => child.kill('SIGKILL');
    process.once('exit', kill);
    const file = createWriteStream(log, { flags: 'a' });
    let text = '';
    this.working = new Promise((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        text = (text + String(chunk)).slice(-4_000);
        file.write(chunk);
        if (text.includes(READY)) resolve(performance.now());
      });
      child.once('exit', (code, signal) => {
        process.removeListener('exit', kill);
        file.end();
        if (this.stopped) return;
        this.ended = new Error(`${name} ended by itself (${code ?? signal}):\n${text}`);
        reject(this.ended);
      });
    });
    this.working.catch(() => undefined); // `check` throws it, too
  }

  /** @throws when the process has ended though nobody asked it to */
  check(): void {
    if (this.ended !== undefined) throw this.ended;
  }

  /** CPU used so far. */
  async cpu(): Promise<Cpu> {
    const { kafka, postgres } = this.stack;
    return {
      worker: await cpuSeconds(this.child.pid ?? 0),
      database: await cpuSeconds(postgres.pid ?? 0, true),
      broker: await cpuSeconds(kafka.pid ?? 0),
    };
  }

  /** The most memory it ever held, in MB. */
  async peakMemory(): Promise<number> {
    return peakMemory(this.child.pid ?? 0);
  }

  /** Asks it to end, and waits until it has ended. */
  async stop(): Promise<void> {
    this.check();
    this.stopped = true;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
  }
}
