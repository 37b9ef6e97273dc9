import type { Due } from '../domain/due.ts';
import type { SubdivisionKey, TimerRepository } from '../ports/repositories.ts';
import { pairOf, type Cache } from './cache.ts';
import type { SubdivisionChange, TimerChange } from './tables/store.ts';

export function timerRepository({ journal, answeredTimers }: Cache): TimerRepository {
  return {
    rewrite({ tenantId, subdivisionId }: SubdivisionKey) {
      const id = pairOf(tenantId, subdivisionId);
      if (answeredTimers.has(id)) return;
      answeredTimers.set(id, { tenantId, subdivisionId });
      journal.record(() => answeredTimers.delete(id));
    },
  };
}

/** The timers that a unit has to write: of what it changes only where what is due next has changed, which is rare. */
export function timerChanges(
  { subdivisions, answeredTimers }: Cache,
  changes: readonly SubdivisionChange[],
): readonly TimerChange[] {
  const timers: TimerChange[] = [];
  for (const { key, before, after } of changes) {
    const due = after?.due ?? null;
    if (isSame(before?.due ?? null, due)) continue;
    if (!answeredTimers.has(pairOf(key.tenantId, key.subdivisionId))) timers.push({ ...key, due });
  }
  for (const [id, key] of answeredTimers) timers.push({ ...key, due: subdivisions.find(id)?.after?.due ?? null });
  return timers;
}

function isSame(a: Due | null, b: Due | null): boolean {
  return a === b || (a !== null && b !== null && a.at === b.at && a.isNotice === b.isNotice);
}
