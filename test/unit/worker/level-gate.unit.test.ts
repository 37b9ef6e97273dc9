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

  it('is written only once a look has found it, and told when it changes', async () => {
    const told: number[] = [];
    let living: readonly FoundStatement[] = [lane(2, 't/0'), OLD];
    const gate = new LevelGate({
      ...{ group: 'workers', sources: ['t'], partitionsOf: async () => 2 },
      outboxMaintenance: { living: async () => living },
      telemetry: { level: (level) => void told.push(level) },
    });
    expect(gate.mayWrite(1)).toBe(false);
    await gate.look();
    expect(gate.mayWrite(1)).toBe(false);
    living = [lane(2, 't/0'), lane(2, 't/1')];
    await gate.look();
    await gate.look();
    expect([1, 2, 3].map((level) => gate.mayWrite(level))).toEqual([true, true, false]);
    living = [lane(2, 't/0'), lane(1, 't/1')];
    await gate.look();
    expect(gate.mayWrite(2)).toBe(false);
    expect(told).toEqual([2, 1]);
  });
});
