import { fileURLToPath } from 'node:url';
import type { Environment, WorkerProcess } from '../support/world-process.ts';
import type { World } from '../support/world.ts';

/** Named points inside a worker, at which the test-only worker program ends itself by SIGKILL. */
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
/** By how many milliseconds the clock is wrong, alternately to either side, from SIGUSR2 to SIGUSR2. */
export const FAULT_CLOCK = 'FAULT_CLOCK_MS';
/** The address with which UpdateTenant meets a bug. */
export const FAULT_BUG = 'FAULT_BUG';

const PROGRAM = fileURLToPath(new URL('./faulty-worker.ts', import.meta.url));

/** A worker with a fault in it, which is harmless until SIGUSR2 arms it. */
export async function startFaulty(world: World, env: Environment): Promise<WorkerProcess> {
  return world.startWorker(env, [PROGRAM]);
}

/** The next time it comes to its point it dies; resolves when it has. */
export async function dies(worker: WorkerProcess): Promise<void> {
  worker.signal('SIGUSR2');
  await worker.gone();
}

/** What a worker wrote when it died at its point. */
export function lastWords(point: Point): string {
  return `killed ${point}`;
}
