import { fileURLToPath } from 'node:url';
import type { Environment, WorkerProcess } from '../support/world-process.ts';
import type { World } from '../support/world.ts';

/** Named places inside a worker, at which the worker program of this suite kills itself. */
export const POINTS = [
  'before the transaction',
  'after the inbox insert',
  'after the commit, before the publication',
  'in the middle of a publication',
  'before the outbox delete',
  'before the offset commit',
  'after the offset commit',
] as const;
export type Point = (typeof POINTS)[number];

export const FAULT_POINT = 'FAULT_POINT';
/** How many milliseconds the clock is wrong. Each SIGUSR2 moves it on: ahead, right, behind, right. */
export const FAULT_CLOCK = 'FAULT_CLOCK_MS';
/** An UpdateTenant with this address meets a bug. */
export const FAULT_BUG = 'FAULT_BUG';

/** The level that a worker states. `none`: nothing, as a worker of the version before levels. */
export const FAULT_LEVEL = 'FAULT_LEVEL';

const PROGRAM = fileURLToPath(new URL('./faulty-worker.ts', import.meta.url));

/** Starts a worker with a fault in it. The fault is harmless until SIGUSR2 arms it. */
export async function startFaulty(world: World, env: Environment): Promise<WorkerProcess> {
  return world.startWorker(env, [PROGRAM]);
}

/** Arms the worker's point, and resolves when the worker has died there. */
export async function dies(worker: WorkerProcess): Promise<void> {
  worker.signal('SIGUSR2');
  await worker.gone();
}

/** The line that a worker writes when it dies at its point. */
export function lastWords(point: Point): string {
  return `killed ${point}`;
}
