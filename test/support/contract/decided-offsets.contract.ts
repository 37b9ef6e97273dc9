import { randomUUID } from 'node:crypto';
import type { DecidedOffset, Step } from '../../../src/ports/decided-offsets.ts';
import { HistoryLost } from '../../../src/ports/errors.ts';
import * as a from '../builders.ts';
import type { CreateSubject, Subject } from './subject.ts';

const GROUP = 'workers';
const HISTORY = randomUUID();

function at(decided: number, partition = 0, history = HISTORY): DecidedOffset {
  return { topic: 't', partition, history, decided };
}

function step(from: number, to: number, partition = 0, history = HISTORY): Step {
  return { topic: 't', partition, history, from, to };
}

export function describeDecidedOffsets(create: CreateSubject): void {
  let subject: Subject;

  beforeEach(async () => {
    subject = await create();
    await subject.decidedOffsets.change(
      GROUP,
      [at(10), at(20, 1)].map((after) => ({ before: undefined, after })),
    );
  });

  const rows = async (group = GROUP): Promise<readonly DecidedOffset[]> =>
    [...(await subject.decidedOffsets.read(group)).offsets].sort((x, y) => x.partition - y.partition);
  const decide = async (...steps: readonly Step[]): Promise<void> => {
    await subject.unitOfWork.run([a.aMessage(1)], async () => undefined, undefined, { group: GROUP, steps });
  };

  it('rise with the transaction that decides, each partition by itself', async () => {
    await decide(step(10, 15), step(20, 22, 1));
    await expect(rows()).resolves.toEqual([at(15), at(22, 1)]);
  });

  it('stay as they are when the transaction is undone', async () => {
    const failing = subject.unitOfWork.run(
      [a.aMessage(1)],
      async () => {
        throw new Error('a bug');
      },
      undefined,
      { group: GROUP, steps: [step(10, 15)] },
    );
    await expect(failing).rejects.toThrow('a bug');
    await expect(rows()).resolves.toEqual([at(10), at(20, 1)]);
  });

  it.each([
    ['has decided less than the transaction builds on', step(11, 15)],
    ['is of another history', step(10, 15, 0, randomUUID())],
    ['does not know the partition', step(10, 15, 2)],
  ])('refuse the whole transaction when the database %s', async (_, refused) => {
    await expect(decide(step(20, 25, 1), refused)).rejects.toThrow(HistoryLost);
    await expect(rows()).resolves.toEqual([at(10), at(20, 1)]);
    const again = a.aMessage(1);
    await subject.unitOfWork.run([again], async (unit) => expect(unit.seen(again)).toBeUndefined());
  });

  it('never fall within a history, however late a worker comes', async () => {
    await decide(step(10, 30));
    await decide(step(10, 15));
    await expect(rows()).resolves.toEqual([at(30), at(20, 1)]);
  });

  it('change as a whole only where they are as they were read', async () => {
    const other = at(3, 0, randomUUID());
    await expect(subject.decidedOffsets.change(GROUP, [{ before: at(9), after: other }])).resolves.toBe(false);
    await expect(subject.decidedOffsets.change(GROUP, [{ before: undefined, after: other }])).resolves.toBe(false);
    await expect(rows()).resolves.toEqual([at(10), at(20, 1)]);
    await expect(subject.decidedOffsets.change(GROUP, [{ before: at(10), after: other }])).resolves.toBe(true);
    await expect(rows()).resolves.toEqual([other, at(20, 1)]);
  });

  it('are those of one group: another group on the same database has its own', async () => {
    await expect(rows('others')).resolves.toEqual([]);
    await subject.decidedOffsets.change('others', [{ before: undefined, after: at(1) }]);
    await decide(step(10, 15));
    await expect(rows('others')).resolves.toEqual([at(1)]);
  });
}
