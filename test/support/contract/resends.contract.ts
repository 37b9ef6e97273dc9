import type { LetterState } from '../../../src/ports/dead-letters.ts';
import type { Outcome, Seen, Unit, UnitMessage } from '../../../src/ports/unit-of-work.ts';
import * as a from '../builders.ts';
import type { CreateSubject, Subject } from './subject.ts';

const BY = { state: 'discarded', by: 'somebody', note: 'no need' } as const;

/** What comes of a message whose identity was a dead letter before. Copies differ by their offsets, and in what they say. */
export function describeResends(create: CreateSubject): void {
  let subject: Subject;
  const copy = (offset: number, bytes = `copy ${offset}`): UnitMessage => a.aMessage(1, { offset, bytes });

  beforeEach(async () => {
    subject = await create();
  });

  it('is handled, whatever it says, when it was only a letter that parks nothing; that one is superseded', async () => {
    expect(await run([copy(10), 'dead'])).toEqual([undefined]);
    expect(await run([copy(11), 'accepted'])).toEqual([undefined]);
    expect(await states()).toEqual([[10, 'superseded']]);
    expect((await subject.letters.get(1))?.resolution).toMatchObject({
      state: 'superseded',
      note: 'sent again as licensing.commands.v1/0@11',
    });
  });

  it.each<Outcome>(['accepted', 'rejected'])(
    'was %s, and from then on that is what is remembered of it',
    async (outcome) => {
      await run([copy(10), 'dead']);
      await run([copy(11), outcome]);
      const { digest } = copy(11);
      expect(await run([copy(12, 'copy 11'), undefined], [copy(10), undefined])).toEqual([
        { outcome, digest },
        { outcome, digest },
      ]);
    },
  );

  it('is not one that is delivered once more: the same place is the same message', async () => {
    await run([copy(10), 'dead']);
    const seen = { outcome: 'dead', digest: copy(10).digest };
    expect(await run([copy(10), undefined])).toEqual([seen]);
    expect(await states()).toEqual([[10, 'open']]);
  });

  it('leaves the newest letter open when it becomes one again, and so on', async () => {
    await run([copy(10), 'dead']);
    await run([copy(11), 'dead']);
    expect(await states()).toEqual([
      [10, 'superseded'],
      [11, 'open'],
    ]);
    const seen = { outcome: 'dead', digest: copy(11).digest };
    expect(await run([copy(10), undefined], [copy(11), undefined])).toEqual([seen, seen]);
    expect(await run([copy(12), 'accepted'])).toEqual([undefined]);
    expect(await states()).toEqual([
      [10, 'superseded'],
      [11, 'superseded'],
    ]);
  });

  it('is handled in one chunk with the message that is delivered once more, in either order', async () => {
    await run([copy(10), 'dead']);
    expect(await run([copy(10), undefined], [copy(11), 'accepted'], [copy(10), undefined])).toMatchObject([
      { outcome: 'dead' },
      undefined,
      { outcome: 'accepted', digest: copy(11).digest },
    ]);
    expect(await states()).toEqual([[10, 'superseded']]);
  });

  it('is handled once in a chunk that has several copies of it', async () => {
    await run([copy(10), 'dead']);
    const { digest } = copy(12);
    expect(await run([copy(11), 'dead'], [copy(12), 'accepted'], [copy(13), undefined])).toEqual([
      undefined,
      undefined,
      { outcome: 'accepted', digest },
    ]);
    expect(await states()).toEqual([
      [10, 'superseded'],
      [11, 'superseded'],
    ]);
  });

  it('is handled in the chunk in which it became a letter', async () => {
    expect(await run([copy(10), 'dead'], [copy(10), undefined], [copy(11), 'accepted'])).toMatchObject([
      undefined,
      { outcome: 'dead' },
      undefined,
    ]);
    expect(await states()).toEqual([[10, 'superseded']]);
    expect(await run([copy(12), undefined])).toEqual([{ outcome: 'accepted', digest: copy(11).digest }]);
  });

  it('waits for its letter to be replayed when that one parks', async () => {
    await run([copy(10), 'dead', [a.tenantId(1)]]);
    expect(await run([copy(11), undefined])).toEqual([{ outcome: 'dead', digest: copy(10).digest }]);
    expect(await states()).toEqual([[10, 'open']]);
  });

  it('may become a letter that parks; the one before it is superseded', async () => {
    await run([copy(10), 'dead']);
    await run([copy(11), 'dead', [a.tenantId(1)]]);
    expect(await states()).toEqual([
      [10, 'superseded'],
      [11, 'open'],
    ]);
    expect(await run([copy(12), undefined])).toMatchObject([{ outcome: 'dead' }]);
  });

  it('is handled after its letter was discarded, which stays so', async () => {
    await run([copy(10), 'dead']);
    await subject.letters.discard(1, BY, false);
    expect(await run([copy(11), 'accepted'])).toEqual([undefined]);
    expect(await states()).toEqual([[10, 'discarded']]);
  });

  it('is skipped after its letter was replayed', async () => {
    await run([copy(10), 'dead']);
    await replay(copy(10));
    expect(await run([copy(11), undefined])).toMatchObject([{ outcome: 'accepted' }]);
    expect(await states()).toEqual([[10, 'replayed']]);
  });

  it('keeps its letter from being replayed', async () => {
    await run([copy(10), 'dead']);
    await run([copy(11), 'rejected']);
    await expect(replay(copy(10))).rejects.toMatchObject({ why: 'resolved' });
  });

  it('loads what it declares', async () => {
    await run([copy(10), 'dead']);
    const declared: string[] = [];
    const again = a.aMessage(1, { offset: 11, declare: () => declared.push('its loads') });
    await run([again, 'accepted']);
    expect(declared).toEqual(['its loads']);
  });

  it('is as if it had not been when its run fails', async () => {
    await run([copy(10), 'dead']);
    const failing = subject.unitOfWork.run([copy(11)], async (unit) => {
      unit.settle(copy(11), 'accepted');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await states()).toEqual([[10, 'open']]);
    expect(await run([copy(10), undefined], [copy(11), 'accepted'])).toMatchObject([{ outcome: 'dead' }, undefined]);
  });

  type Step = readonly [message: UnitMessage, outcome: Outcome | undefined, parks?: readonly string[]];

  /** One chunk. @returns what was seen of each of its messages before it was settled */
  async function run(...steps: readonly Step[]): Promise<readonly (Seen | undefined)[]> {
    const { value } = await subject.unitOfWork.run(
      steps.map(([message]) => message),
      async (unit) => steps.map((step) => settle(unit, step)),
    );
    return value;
  }

  /** Replays letter 1, whose message this is. */
  async function replay(message: UnitMessage): Promise<void> {
    await subject.unitOfWork.replay([{ letterId: 1, message }], async (unit) => unit.settle(message, 'accepted'));
  }

  function settle(unit: Unit, [message, outcome, parks = []]: Step): Seen | undefined {
    const seen = unit.seen(message);
    if (outcome === undefined) return seen && { outcome: seen.outcome, digest: seen.digest };
    unit.settle(message, outcome);
    const { identity, received } = message;
    const letter = a.aDeadLetter(received.offset, parks);
    if (outcome === 'dead') unit.deadLetters.add({ ...letter, identity });
    return seen;
  }

  /** Of all letters, by the offset of their message. */
  async function states(): Promise<readonly (readonly [offset: number, state: LetterState])[]> {
    const found: (readonly [number, LetterState])[] = [];
    for (const letterId of [1, 2, 3]) {
      const letter = await subject.letters.get(letterId);
      if (letter !== undefined) found.push([letter.offset, letter.state]);
    }
    return found;
  }
}
