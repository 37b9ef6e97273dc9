import { byContender, inTurn, ratios, spreadOf } from '../../../bench/pairs.ts';
import type { ContenderName } from '../../../bench/programs.ts';

function measured(run: number, contender: ContenderName, perSecond: number) {
  return { run, contender, perSecond };
}

const speed = ({ perSecond }: { readonly perSecond: number }): number => perSecond;

describe('contenders that take turns', () => {
  const runs = [
    measured(1, 'worker', 30_000),
    measured(1, 'commit 08a33c2', 20_000),
    measured(2, 'commit 08a33c2', 10_000),
    measured(2, 'worker', 22_000),
    measured(3, 'worker', 90_000),
  ];

  it('are compared within a run, however the speed of the machine drifts between runs', () => {
    expect(ratios(runs, 'worker', 'commit 08a33c2', speed)).toEqual([1.5, 2.2]);
  });

  it('have no ratio when no run measured both', () => {
    expect(ratios(runs, 'worker', 'baseline', speed)).toEqual([]);
  });

  it('are told by median and spread', () => {
    expect(spreadOf([2.2, 1.5, 1.8])).toBe('1.80 (1.50 to 2.20)');
  });

  it('come in another order in every other run', () => {
    expect([1, 2, 3].map((run) => inTurn(run, ['one', 'other']))).toEqual([
      ['one', 'other'],
      ['other', 'one'],
      ['one', 'other'],
    ]);
  });

  it('each keep all of their runs', () => {
    expect([...byContender(runs)].map(([name, all]) => [name, all.length])).toEqual([
      ['worker', 3],
      ['commit 08a33c2', 2],
    ]);
  });
});
