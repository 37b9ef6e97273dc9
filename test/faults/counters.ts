import type { WorkerProcess } from '../support/world-process.ts';

/** How many commands a worker has counted as ended like that, as it tells at its end: of one type, or of all. */
export function counted({ log }: WorkerProcess, ending: 'accepted' | 'duplicate', name = '\\w+'): number {
  const counters = log.matchAll(new RegExp(`"${ending} licensing\\.commands\\.${name}":(\\d+)`, 'g'));
  return [...counters].reduce((sum, [, count]) => sum + Number(count), 0);
}
