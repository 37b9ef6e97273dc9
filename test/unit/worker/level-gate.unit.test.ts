import type { FoundStatement } from '../../../src/ports/levels.ts';
import { LevelGate, sharedLevel } from '../../../src/worker/level-gate.ts';

const PARTITIONS = ['t/0', 't/1'];
const OLD: FoundStatement = { level: null, group: null, partitions: null };

function lane(level: number, ...partitions: string[]): FoundStatement {
  return { level, group: 'workers', partitions };
}

describe('what every worker can read', () => {
  it.each<[string, readonly FoundStatement[], number]>([
    ['the lowest level that a living lane states', [lane(3, 't/0'), lane(2, 't/1'), lane(4)], 2],
    ['nothing while a lane of an older worker lives', [lane(3, 't/0', 't/1'), OLD], 0],
    ['nothing while a partition is stated by nobody: an idle older worker may hold it', [lane(3, 't/0'), lane(3)], 0],
    [
      'nothing while a partition is stated for another group alone',
      [lane(3, 't/0'), { ...lane(3, 't/1'), group: 'others' }],
      0,
    ],
    ['what the lanes of another group can read, too', [lane(3, 't/0', 't/1'), { ...lane(2), group: 'others' }], 2],
    ['nothing where no lane lives', [], 0],
  ])('is %s', (_, living, level) => {
    expect(sharedLevel(living, PARTITIONS, 'workers')).toBe(level);
  });

  it('is told when it changes, and counts once all looks for longer than the silence have found it', async () => {
    const { gate, lookAfter, told, find } = given(lane(2, 't/0'), OLD);
    await lookAfter(0);
    find(lane(3, 't/0'), lane(3, 't/1'));
    await lookAfter(1_000);
    find(lane(2, 't/0'), lane(3, 't/1'));
    await lookAfter(10_000);
    expect(gate.mayWrite(1)).toBe(false);
    find(lane(3, 't/0'), lane(3, 't/1'));
    await lookAfter(1);
    expect([1, 2, 3].map((level) => gate.mayWrite(level))).toEqual([true, true, false]);
    find(lane(2, 't/0'), lane(1, 't/1'));
    await lookAfter(1);
    expect(gate.mayWrite(2)).toBe(false);
    expect(told).toEqual([2, 1]);
  });

  it('falls at each assignment, and when a look has found less', async () => {
    const { gate, lookAfter, find } = given(lane(2, 't/0', 't/1'));
    await lookAfter(0);
    await lookAfter(10_001);
    expect(gate.falls).toBe(0);
    find(lane(1, 't/0', 't/1'));
    await lookAfter(1);
    expect(gate.falls).toBe(1);
    gate.assigned();
    expect(gate.falls).toBe(2);
  });

  it.each<[string, readonly FoundStatement[], RegExp]>([
    ['nobody states a partition', [lane(3, 't/0')], /level 3 for t\/1: an older one holds it, or none does/],
    ['a living lane reads less', [lane(3, 't/0', 't/1'), lane(2)], /no more than level 2 is alive/],
    ['it was found a moment ago', [lane(3, 't/0', 't/1')], /once every look for 10000 ms has found it/],
  ])('says why it does not count while %s', async (_, living, why) => {
    const { gate, lookAfter } = given(...living);
    expect(gate.lacks(3)).toMatch(/no look/);
    await lookAfter(0);
    expect(gate.lacks(3)).toMatch(why);
  });

  it('begins anew when a look in between has found less', async () => {
    const { gate, lookAfter, find } = given(lane(1, 't/0', 't/1'));
    await lookAfter(0);
    find(OLD);
    await lookAfter(5_000);
    find(lane(1, 't/0', 't/1'));
    await lookAfter(1);
    await lookAfter(10_000);
    expect(gate.mayWrite(1)).toBe(false);
  });

  it('is nothing after an assignment, until what lanes of before state has become silent; that is not told', async () => {
    const { gate, lookAfter, told } = given(lane(1, 't/0', 't/1'));
    await lookAfter(0);
    await lookAfter(10_001);
    expect(gate.mayWrite(1)).toBe(true);
    const underWay = lookAfter(0);
    gate.assigned();
    await underWay;
    expect(gate.mayWrite(1)).toBe(false);
    await lookAfter(1);
    await lookAfter(10_000);
    expect(gate.mayWrite(1)).toBe(false);
    await lookAfter(1);
    expect(gate.mayWrite(1)).toBe(true);
    expect(told).toEqual([1]);
  });
});

/** A gate whose clock goes on only before a look. */
function given(...at: FoundStatement[]) {
  const told: number[] = [];
  let [now, living] = [0, at];
  const gate = new LevelGate(
    {
      ...{ group: 'workers', sources: ['t'], partitionsOf: async () => 2, provenAfter: 10_000 },
      outboxMaintenance: { living: async () => living },
      telemetry: { level: (level) => void told.push(level) },
    },
    () => now,
  );
  return {
    ...{ gate, told },
    find: (...found: FoundStatement[]) => void (living = found),
    lookAfter: async (passed: number) => {
      now += passed;
      await gate.look();
    },
  };
}
