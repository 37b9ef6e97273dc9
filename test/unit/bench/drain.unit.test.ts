import { busySecondsOf, busyShare } from '../../../bench/cpu.ts';
import { describe as lineOf } from '../../../bench/drain.ts';
import { costsOf } from '../../../bench/use.ts';

const STAT = `cpu  1000 200 300 9000 50 7 43 0 0 0
cpu0 500 100 150 4500 25 3 21 0 0 0
`;

describe('a drain', () => {
  const before = { cpu: { worker: 1, database: 2, broker: 3 }, busySeconds: 10, walBytes: 5_000 };
  const after = { cpu: { worker: 4, database: 4, broker: 3.5 }, busySeconds: 18, walBytes: 205_000 };
  const commands = 200_000;
  const costs = costsOf(before, after, commands, 5);

  it('costs what was used between its beginning and its end', () => {
    expect(costs.cpu).toEqual({ worker: 3, database: 2, broker: 0.5 });
    expect(costs.cpuPerCommand).toBe(15);
    expect(costs.walPerCommand).toBe(1);
  });

  it('is told in a line of which builds know the beginning, with database, write-ahead log and cores behind it', () => {
    const result = { run: 1, contender: 'worker', commands, seconds: 5, perSecond: 40_000, peakMemoryMb: 300 } as const;
    expect(lineOf({ ...result, ...costs, busy: 0.8 })).toBe(
      'worker 40000 commands/s in 5.00 s; CPU s: worker 3.0, database 2.0, broker 0.5; 15.0 us a command; 300 MB; ' +
        'database 10.0 us and 1 bytes of WAL a command; cores 80 % busy',
    );
  });
});

describe('the cores of the machine', () => {
  it('are busy when they neither rest nor wait for a disk', () => {
    expect(busySecondsOf(STAT)).toBe(15.5);
  });

  it('are busy by half when one of two never rests', () => {
    expect(busyShare(5, 5, 2)).toBe(0.5);
  });
});
