import { describeLocks, locksOf } from '../../../bench/locks.ts';

describe('what the sessions of several workers wait for', () => {
  const looks = [
    { active: 3, waiting: 1, latched: 0 },
    { active: 1, waiting: 0, latched: 1 },
  ];

  it('is told as an average over all looks', () => {
    expect(locksOf(looks, 2)).toEqual({ active: 2, waiting: 0.5, latched: 0.5, deadlocks: 2 });
  });

  it('is told in a line', () => {
    expect(describeLocks(locksOf(looks, 2))).toBe(
      'of 2.0 active sessions 0.50 waited for a lock and 0.50 for a latch, 2 deadlocks',
    );
  });
});
