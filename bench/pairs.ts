import type { ContenderName } from './programs.ts';
import { median } from './statistics.ts';

/** Every other run goes the other way round, so that nobody always comes after the same one. */
export function inTurn<T>(run: number, contenders: readonly T[]): readonly T[] {
  return run % 2 === 1 ? contenders : contenders.toReversed();
}

/** A figure of one contender divided by another's, of each run that measured both. */
export function ratios<R extends { readonly run: number; readonly contender: ContenderName }>(
  runs: readonly R[],
  one: ContenderName,
  other: ContenderName,
  figure: (result: R) => number,
): readonly number[] {
  return runs.flatMap((result) => {
    const beside = runs.find(({ run, contender }) => run === result.run && contender === other);
    return result.contender === one && beside ? [figure(result) / figure(beside)] : [];
  });
}

/** Everybody's runs, in the order in which they came first. */
export function byContender<R extends { readonly contender: ContenderName }>(
  runs: readonly R[],
): ReadonlyMap<ContenderName, readonly R[]> {
  return Map.groupBy(runs, ({ contender }) => contender);
}

/** Median and spread of ratios: `1.52 (1.48 to 1.60)`. */
export function spreadOf(values: readonly number[]): string {
  return `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
}
