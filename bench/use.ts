import type { Stack } from '../stack/stack.ts';
import { busySeconds, busyShare, cpuSeconds } from './cpu.ts';
import type { Cpu, DrainResult } from './results.ts';

/** What everybody who takes part has used so far. */
export interface Use {
  readonly cpu: Cpu;
  readonly busySeconds: number;
  readonly walBytes: number;
}

type Costs = Pick<DrainResult, 'cpu' | 'cpuPerCommand' | 'walPerCommand' | 'busy'>;

/** Reads what processes of workers, PostgreSQL and the broker use. */
export class Meter {
  private readonly stack: Stack;
  private readonly workers: readonly number[];
  private readonly walBytes: () => Promise<number>;

  constructor(stack: Stack, workers: readonly number[], walBytes: () => Promise<number>) {
    this.stack = stack;
    this.workers = workers;
    this.walBytes = walBytes;
  }

  async read(): Promise<Use> {
    const { kafka, postgres } = this.stack;
    const [walBytes, busy, database, broker, ...workers] = await Promise.all([
      this.walBytes(),
      busySeconds(),
      cpuSeconds(postgres.pid ?? 0, true),
      cpuSeconds(kafka.pid ?? 0),
      ...this.workers.map((pid) => cpuSeconds(pid)),
    ]);
    const worker = workers.reduce((sum, one) => sum + one, 0);
    return { cpu: { worker, database, broker }, busySeconds: busy, walBytes };
  }
}

/** What was used between two readings, for so many commands in so many seconds. */
export function costsOf(before: Use, after: Use, commands: number, seconds: number): Costs {
  const cpu = {
    worker: after.cpu.worker - before.cpu.worker,
    database: after.cpu.database - before.cpu.database,
    broker: after.cpu.broker - before.cpu.broker,
  };
  return {
    cpu,
    cpuPerCommand: (cpu.worker / commands) * 1e6,
    walPerCommand: (after.walBytes - before.walBytes) / commands,
    busy: busyShare(after.busySeconds - before.busySeconds, seconds),
  };
}
