import { fileURLToPath } from 'node:url';
import type { WorkerProcess } from '../support/world-process.ts';

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

/** The same of what timers send. */
export const TIMER_POINTS = [
  'after timers are queued, before they are published',
  'after timers are published',
] as const;
export type Point = (typeof POINTS)[number] | (typeof TIMER_POINTS)[number];

export const FAULT_POINT = 'FAULT_POINT';
/** How many milliseconds the clock is wrong. Each SIGUSR2 moves it on: ahead, right, behind, right. */
export const FAULT_CLOCK = 'FAULT_CLOCK_MS';
/** An UpdateTenant with this address meets a bug. */
export const FAULT_BUG = 'FAULT_BUG';

/** The level that a worker states. `none`: nothing, as a worker of the version before levels. */
export const FAULT_LEVEL = 'FAULT_LEVEL';

/** After how many milliseconds a worker believes that all others can read what they state. Default: as without this suite. */
export const FAULT_PROVEN_AFTER = 'FAULT_PROVEN_AFTER_MS';

/** After how many milliseconds an entitlement is published once more; so long it is claimed, too. */
export const FAULT_REPEAT = 'FAULT_REPEAT_MS';

/** The worker program of this suite; without FAULT_* it is the real worker. */
export const PROGRAM: readonly string[] = [fileURLToPath(new URL('./faulty-worker.ts', import.meta.url))];

/** Arms the worker's point, and resolves when the worker has died there. */
export async function dies(worker: WorkerProcess): Promise<void> {
  worker.signal('SIGUSR2');
  await worker.gone();
}

/** The line that a worker writes when it dies at its point. */
export function lastWords(point: Point): string {
  return `killed ${point}`;
}
