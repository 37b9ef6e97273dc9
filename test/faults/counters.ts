import type { WorkerProcess } from '../support/world-process.ts';

/** How many messages a worker has counted under this ending, of one type or of all. A worker logs its counters when it stops. */
export function counted({ log }: WorkerProcess, ending: 'accepted' | 'duplicate', name = '\\w+'): number {
  const counters = log.matchAll(new RegExp(`"${ending} licensing\\.commands\\.${name}":(\\d+)`, 'g'));
  return [...counters].reduce((sum, [, count]) => sum + Number(count), 0);
}
