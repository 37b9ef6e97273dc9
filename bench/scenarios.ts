import type { Results } from './results.ts';

export type ScenarioName = keyof Results;

export const SCENARIOS: readonly ScenarioName[] = [
  ...(['drain', 'mixed', 'hot', 'workers', 'large', 'many'] as const),
  ...(['paced', 'history', 'leftovers', 'start', 'profile', 'soak'] as const),
];

/** Names for several scenarios at once. */
export const GROUPS: Readonly<Record<string, readonly ScenarioName[]>> = {
  tenants: ['large', 'many'],
};

/**
 * The scenarios that these names of scenarios and groups stand for, in the order in which they run; all of them when nothing is named.
 *
 * @throws when there is no such name
 */
export function scenariosOf(names: readonly string[]): readonly ScenarioName[] {
  if (names.length === 0) return SCENARIOS;
  const wanted = new Set<string>(names.flatMap((name) => GROUPS[name] ?? name));
  const known = SCENARIOS.filter((name) => wanted.delete(name));
  for (const unknown of wanted) throw new Error(`there is no scenario '${unknown}'`);
  return known;
}
