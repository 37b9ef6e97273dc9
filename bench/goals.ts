import { spread, type Cells } from './format.ts';
import { describeLocks } from './locks.ts';
import { ratios } from './pairs.ts';
import type { ContenderName } from './programs.ts';
import type { DrainResult, Measured, PacedResult, Results } from './results.ts';
import { median } from './statistics.ts';

// What is to be reached ("Twice as fast"): each figure of one contender divided by another's in the same run, or a cost of the worker's drain.

/** The worker as it was before. */
const BEFORE: ContenderName = 'commit 08a33c2';
const PACE = 5_000;
export const GOAL_HEAD: Cells = ['figure', 'here: median (spread)', 'to reach', 'met'];

interface Goal {
  readonly figure: string;
  /** Of each run. */
  readonly here: readonly number[];
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  readonly digits?: number;
  /** What else there is to say about it. */
  readonly note?: string;
}

/** Rows of a table with `GOAL_HEAD`. */
export function goalRows(results: Results): readonly Cells[] {
  return goals(results).map(({ figure, here, bound, digits = 2, note = '' }) => {
    const [sign, value] = 'atLeast' in bound ? ['>=', bound.atLeast] : ['<=', bound.atMost];
    return [figure, `${spread(here, digits)}${note}`, `${sign} ${value.toLocaleString('en')}`, met(here, bound)];
  });
}

function met(here: readonly number[], bound: Goal['bound']): string {
  if (here.length === 0) return '';
  const reached = 'atLeast' in bound ? median(here) >= bound.atLeast : median(here) <= bound.atMost;
  return reached ? 'yes' : 'no';
}

function goals({ drain, mixed, hot, workers, large, many, paced, history }: Results): readonly Goal[] {
  const drains = drain?.runs ?? [];
  const atPace = paced?.runs.filter(({ rate }) => rate === PACE) ?? [];
  return [
    {
      figure: `drain, to ${BEFORE}`,
      here: ratios(drains, 'worker', BEFORE, ({ perSecond }) => perSecond),
      bound: { atLeast: 2.2 },
    },
    {
      figure: 'drain, to the reference',
      here: ratios(drains, 'worker', 'reference', ({ perSecond }) => perSecond),
      bound: { atLeast: 0.7 },
    },
    { figure: 'hot, to the drain', here: ofDrain(hot), bound: { atLeast: 0.85 } },
    { figure: 'mixed, to the drain', here: ofDrain(mixed), bound: { atLeast: 0.8 } },
    cost(drains, 'PostgreSQL, us of CPU a command', 15, 1, ({ cpu, commands }) => (cpu.database / commands) * 1e6),
    cost(drains, 'write-ahead log, bytes a command', 1_000, 0, ({ walPerCommand }) => walPerCommand),
    cost(drains, 'worker, us of CPU a command', 18, 1, ({ cpuPerCommand }) => cpuPerCommand),
    ...(['p50', 'p99'] as const).map((name) => pacedGoal(atPace, name, BEFORE, 0.7)),
    pacedGoal(atPace, 'p99', 'reference', 1),
    cost(drains, 'RSS at its peak in the drain, MB', 300, 0, ({ peakMemoryMb }) => peakMemoryMb),
    {
      figure: 'with a past, to the empty database',
      here: history?.runs.map(({ ratio }) => ratio) ?? [],
      bound: { atLeast: 0.95 },
    },
    {
      figure: 'four workers on 12 partitions, to the drain',
      here: ofDrain(workers),
      bound: { atLeast: 0.9 },
      note: locksOf(workers),
    },
    { figure: 'one tenant with 10,000 subdivisions, to the drain', here: ofDrain(large), bound: { atLeast: 0.9 } },
    { figure: '100,000 tenants with one, to the drain', here: ofDrain(many), bound: { atLeast: 0.9 } },
  ];
}

/** The worker's speed in another kind of drain, as shares of that in the drain. */
function ofDrain(measured: Measured<DrainResult> | undefined): readonly number[] {
  return measured?.runs.flatMap(({ contender, ofDrain }) => (contender === 'worker' ? (ofDrain ?? []) : [])) ?? [];
}

/** A cost of the worker's drain. Microseconds are another machine's on another machine, so it is also told beside the commit's. */
function cost(
  drains: readonly DrainResult[],
  figure: string,
  atMost: number,
  digits: number,
  of: (result: DrainResult) => number | undefined,
): Goal {
  const here = drains.filter(({ contender }) => contender === 'worker').flatMap((run) => of(run) ?? []);
  const beside = ratios(drains, 'worker', BEFORE, (result) => of(result) ?? Number.NaN).filter(Number.isFinite);
  const note = beside.length === 0 ? '' : `; ${spread(beside, 2)} of ${BEFORE}`;
  return { figure, here, bound: { atMost }, digits, note };
}

function pacedGoal(runs: readonly PacedResult[], name: 'p50' | 'p99', other: ContenderName, atMost: number): Goal {
  const ms = runs.filter(({ contender }) => contender === 'worker').map((run) => run[name]);
  return {
    figure: `${name} at ${PACE.toLocaleString('en')}/s, to ${other === 'reference' ? 'the reference' : other}`,
    here: ratios(runs, 'worker', other, (run) => run[name]),
    bound: { atMost },
    ...(ms.length > 0 && { note: `; ${spread(ms, 1)} ms` }),
  };
}

function locksOf(measured: Measured<DrainResult> | undefined): string {
  const all = measured?.runs.flatMap(({ locks }) => locks ?? []) ?? [];
  if (all.length === 0) return '';
  const of = (name: keyof (typeof all)[number]): number => median(all.map((run) => run[name]));
  return `; ${describeLocks({ active: of('active'), waiting: of('waiting'), latched: of('latched'), deadlocks: of('deadlocks') })}`;
}
