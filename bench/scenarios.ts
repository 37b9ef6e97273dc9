import type { Results } from './results.ts';

export type ScenarioName = keyof Results;

export const SCENARIOS: readonly ScenarioName[] = [
  ...(['drain', 'mixed', 'hot', 'workers', 'large', 'many'] as const),
  ...(['paced', 'history', 'leftovers', 'timers', 'start', 'profile', 'soak'] as const),
];

/** Names for several scenarios at once. */
export const GROUPS: Readonly<Record<string, readonly ScenarioName[]>> = {
  tenants: ['large', 'many'],
  /** All that the goals ask about but history: it takes minutes to make one. */
  goal: ['drain', 'mixed', 'hot', 'workers', 'large', 'many', 'paced'],
};

/** Of --quick when nothing is named: without those that do the same as others, in other sizes. */
export const QUICK_SCENARIOS = SCENARIOS.filter((name) => name !== 'large' && name !== 'many');

/**
 * The scenarios that these names of scenarios and groups stand for, in the order in which they run; `all` when nothing is named.
 *
 * @throws when there is no such name
 */
export function scenariosOf(names: readonly string[], all = SCENARIOS): readonly ScenarioName[] {
  if (names.length === 0) return all;
  const wanted = new Set<string>(names.flatMap((name) => GROUPS[name] ?? name));
  const known = SCENARIOS.filter((name) => wanted.delete(name));
  for (const unknown of wanted) throw new Error(`there is no scenario '${unknown}'`);
  return known;
}
