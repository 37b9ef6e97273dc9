import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { peakMemory } from './cpu.ts';
import type { Program } from './programs.ts';

/** The options with which the image starts the worker (Dockerfile); the other contenders get them, too. */
const NODE_FLAGS = ['--max-semi-space-size=16'];
const READY = 'the worker works';

/** A process of its own that consumes the commands. */
export class Contender {
  /** performance.now() of the moment it was spawned. */
  readonly spawnedAt = performance.now();
  /** performance.now() of the moment it said that it works: its first fetch follows at once. */
  readonly working: Promise<number>;
  readonly pid: number;
  private readonly child: ChildProcess;
  private stopped = false;
  private ended: Error | undefined;

  constructor(
    environment: NodeJS.ProcessEnv,
    { program, log, flags = [] }: { program: Program; log: string; flags?: readonly string[] },
  ) {
    const { name, root, args } = program;
    const profiling = (process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean);
    const child = spawn(process.execPath, [...NODE_FLAGS, ...flags, ...profiling, ...args], {
      cwd: root,
      env: { ...process.env, ...environment, ...program.environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child = child;
    this.pid = child.pid ?? 0; // without one it was not started, and ends by itself
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

  /** The most memory it ever held, in MB. */
  async peakMemory(): Promise<number> {
    return peakMemory(this.pid);
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
