import { goalRows } from '../../../bench/goals.ts';
import type { ContenderName } from '../../../bench/programs.ts';
import type { DrainResult, Measured, PacedResult } from '../../../bench/results.ts';

function measured<R>(runs: readonly R[]): Measured<R> {
  return { date: '2026-01-01T00:00:00.000Z', command: '', machine: '', versions: {}, runs };
}

function drained(
  run: number,
  contender: ContenderName,
  perSecond: number,
  part: Partial<DrainResult> = {},
): DrainResult {
  const cpu = { worker: 2, database: 3, broker: 1 };
  const costs = { cpu, cpuPerCommand: 20, walPerCommand: 900, peakMemoryMb: 280, busy: 0.9 };
  return { run, contender, commands: 100_000, seconds: 5, perSecond, ...costs, ...part };
}

function paced(contender: ContenderName, rate: number, p50: number, p99: number): PacedResult {
  return { run: 1, contender, rate, commands: rate, p50, p99, p999: p99, max: p99 };
}

/** The row about a figure: what is here, what is to be reached, and whether it is. */
function row(results: Parameters<typeof goalRows>[0], figure: string): readonly (string | number)[] | undefined {
  return goalRows(results)
    .find(([name]) => name === figure)
    ?.slice(1);
}

describe('what is to be reached', () => {
  const drain = measured([
    drained(1, 'worker', 50_000),
    drained(1, 'commit 08a33c2', 20_000, { cpuPerCommand: 40 }),
    drained(1, 'reference', 80_000),
    drained(2, 'worker', 44_000),
    drained(2, 'commit 08a33c2', 20_000, { cpuPerCommand: 40 }),
  ]);

  it('is told by the median of ratios within a run', () => {
    expect(row({ drain }, 'drain, to commit 08a33c2')).toEqual(['2.35 (2.20 to 2.50)', '>= 2.2', 'yes']);
    expect(row({ drain }, 'drain, to the reference')).toEqual(['0.63 (0.63 to 0.63)', '>= 0.7', 'no']);
  });

  it('is told in what a command costs, and how that is beside the commit', () => {
    expect(row({ drain }, 'worker, us of CPU a command')).toEqual([
      '20.0 (20.0 to 20.0); 0.50 (0.50 to 0.50) of commit 08a33c2',
      '<= 18',
      'no',
    ]);
    expect(row({ drain }, 'write-ahead log, bytes a command')?.at(-1)).toBe('yes');
  });

  it("is told of other kinds as shares of the worker's own drain", () => {
    const hot = measured([
      drained(1, 'worker', 45_000, { ofDrain: 0.9 }),
      drained(1, 'commit 08a33c2', 10_000, { ofDrain: 0.5 }),
    ]);
    expect(row({ drain, hot }, 'hot, to the drain')).toEqual(['0.90 (0.90 to 0.90)', '>= 0.85', 'yes']);
  });

  it('is told of four workers with what their sessions waited for', () => {
    const locks = { active: 3, waiting: 0.2, latched: 0.1, deadlocks: 0 };
    const workers = measured([drained(1, 'worker', 45_000, { ofDrain: 0.8, locks })]);
    expect(row({ workers }, 'four workers on 12 partitions, to the drain')).toEqual([
      '0.80 (0.80 to 0.80); of 3.0 active sessions 0.20 waited for a lock and 0.10 for a latch, 0 deadlocks',
      '>= 0.9',
      'no',
    ]);
  });

  it('is told of 5,000 commands a second, whatever other rates there are', () => {
    const both = measured([
      paced('worker', 1_000, 1, 1),
      paced('commit 08a33c2', 1_000, 1, 1),
      paced('worker', 5_000, 6, 20),
      paced('commit 08a33c2', 5_000, 10, 40),
      paced('reference', 5_000, 8, 25),
    ]);
    expect(row({ paced: both }, 'p50 at 5,000/s, to commit 08a33c2')).toEqual([
      '0.60 (0.60 to 0.60); 6.0 (6.0 to 6.0) ms',
      '<= 0.7',
      'yes',
    ]);
    expect(row({ paced: both }, 'p99 at 5,000/s, to the reference')?.at(-1)).toBe('yes');
  });

  it('is neither reached nor missed by what was not measured', () => {
    expect(goalRows({}).map(([, here, , met]) => [here, met])).toEqual(
      Array.from({ length: 15 }, () => ['not measured', '']),
    );
  });
});
