import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { referenceOf, resultOf, type Drained } from '../../../bench/reference.ts';

const SEEN = { databaseSeconds: 2.4, walBytes: 150_000_000, peakMemoryMb: 250 };

function said(part: Partial<Drained> = {}): Drained {
  return {
    ...{ n: 200_000, s: 4, perSecond: 50_000, nodeUs: 15, brokerUs: 5, machine: cpus().length },
    ...{ committed: true, exact: true, disorder: 0 },
    ...part,
  };
}

describe('the reference', () => {
  it('has a drain like everybody else, of what it says and of what was seen', () => {
    expect(resultOf(3, said(), SEEN)).toEqual({
      run: 3,
      contender: 'reference',
      commands: 200_000,
      seconds: 4,
      perSecond: 50_000,
      cpu: { worker: 3, database: 2.4, broker: 1 },
      cpuPerCommand: 15,
      peakMemoryMb: 250,
      walPerCommand: 750,
      busy: 1,
    });
  });

  it.each([
    [{ exact: false }, 'the reference was wrong: exact false, disorder 0'],
    [{ disorder: 2 }, 'the reference was wrong: exact true, disorder 2'],
    [{ committed: false }, 'the reference has not committed all offsets'],
  ])('has no figure when it says %j', (part, message) => {
    expect(() => resultOf(1, said(part), SEEN)).toThrow(message);
  });

  it('is not to be found in a folder without its files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'licensing-reference-'));
    try {
      await expect(referenceOf(folder, () => undefined)).rejects.toThrow(
        `'${folder}' holds no reference: it has no package.json`,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
