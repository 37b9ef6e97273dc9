import { NotReplayable } from '../../../src/ports/errors.ts';
import type { StoredLetter } from '../../../src/ports/dead-letters.ts';
import type { Following, Outcome, Replay, Unit, UnitMessage } from '../../../src/ports/unit-of-work.ts';
import { UnattendedLane } from '../../../src/worker/outbox/unattended-lane.ts';
import * as a from '../builders.ts';
import { addTenants, attempt, changeTenant, reading, there, type CreateSubject, type Subject } from './subject.ts';

const TENANT = a.tenantId(1);
const OTHER = a.tenantId(2);
const USER = a.userId(1);
const REPLAYED = ['replayed', 'replayed', 'replayed'];
const BY = { by: 'somebody', note: 'no need' };

/** What is a dead letter of a key holds back what comes after it, until it is through. */
export function describeParking(create: CreateSubject): void {
  let subject: Subject;
  const lane = new a.TestLane(1);

  beforeEach(async () => {
    subject = await create();
  });

  describe('a parked key', () => {
    it('is parked for what comes after the letter, in its unit and later, and no other is', async () => {
      await subject.unitOfWork.run([], async (unit) => {
        expect(parkedIn(unit, TENANT, OTHER)).toEqual([undefined, undefined]);
        unit.deadLetters.add(a.aDeadLetter(1, [TENANT]));
        expect(parkedIn(unit, TENANT, OTHER)).toEqual([TENANT, undefined]);
      });
      expect(await parked(TENANT, OTHER)).toEqual([TENANT, undefined]);
    });

    it('is read when messages were seen before, and when there is nothing else to say', async () => {
      await bury(1, TENANT);
      const [first, second] = [message(10, TENANT), message(11, TENANT)];
      await subject.unitOfWork.run([first], async (unit) => unit.settle(first, 'rejected'));
      await subject.unitOfWork.run([first, second], async (unit) => expect(unit.parked(second)).toBe(TENANT));
    });

    it('is every key that the letter names', async () => {
      await bury(1, TENANT, USER);
      expect(await parked(TENANT, OTHER, USER)).toEqual([TENANT, undefined, USER]);
    });

    it('holds back a message that names it beside another', async () => {
      await bury(1, USER);
      const both = message(2, OTHER, USER);
      await subject.unitOfWork.run([both], async (unit) => expect(unit.parked(both)).toBe(USER));
    });

    it('is not parked by a letter that parks nothing, nor by what is no id', async () => {
      await subject.unitOfWork.run([], async ({ deadLetters }) => {
        deadLetters.add({ ...a.aDeadLetter(1, [TENANT]), parks: false });
      });
      const odd = message(2, `{"',}`, TENANT.toUpperCase(), '');
      await subject.unitOfWork.run([odd], async (unit) => expect(unit.parked(odd)).toBeUndefined());
      expect(await parked(TENANT)).toEqual([undefined]);
      expect(await subject.letters.list({ key: TENANT }, PAGE)).toHaveLength(1);
    });

    it('is as it was after an attempt or a run that fails', async () => {
      await subject.unitOfWork.run([], async (unit) => {
        const failing = attempt(unit, async () => {
          unit.deadLetters.add(a.aDeadLetter(1, [TENANT]));
          throw new Error('no');
        });
        await expect(failing).rejects.toThrow('no');
        expect(parkedIn(unit, TENANT)).toEqual([undefined]);
      });
      const run = subject.unitOfWork.run([], async ({ deadLetters }) => {
        deadLetters.add(a.aDeadLetter(1, [TENANT]));
        throw new Error('no');
      });
      await expect(run).rejects.toThrow('no');
      expect(await parked(TENANT)).toEqual([undefined]);
      expect(await subject.letters.parkedKeys({ limit: 9 })).toEqual([]);
    });

    it('loads nothing for what it holds back', async () => {
      await bury(1, TENANT);
      let declared = false;
      const held = a.aMessage(2, { keys: [TENANT], declare: () => (declared = true) });
      await subject.unitOfWork.run([held], async () => undefined);
      expect(declared).toBe(false);
    });
  });

  describe('a replay', () => {
    it('resolves its letter and flips the outcome; its key is free with the last one', async () => {
      const [first, second] = [await bury(1, TENANT), await bury(2, TENANT)];
      await replay(1, first);
      expect(await stateOf(first)).toBe('replayed');
      expect(await outcomeOf(1)).toBe('accepted');
      expect(await parked(TENANT)).toEqual([TENANT]);
      await replay(2, second, 'rejected');
      expect(await stateOf(second)).toBe('replayed');
      expect(await outcomeOf(2)).toBe('rejected');
      expect(await parked(TENANT)).toEqual([undefined]);
      expect(await subject.letters.parkedKeys({ limit: 9 })).toEqual([]);
    });

    it('is not held back by its own key, loads what it declares, and takes effect', async () => {
      await subject.unitOfWork.run([], (unit) => addTenants(unit, a.aTenant(1)));
      const letter = await bury(1, TENANT);
      await replay(1, letter, 'accepted', async (unit, own) => {
        expect(unit.parked(own)).toBeUndefined();
        expect(unit.seen(own)).toBeUndefined();
        await changeTenant(unit, TENANT, { name: 'Replayed' });
      });
      expect(await reading(subject, ({ tenants }) => tenants.get(TENANT))).toMatchObject({ name: 'Replayed' });
    });

    it('waits behind a lower letter of one of its keys', async () => {
      const [first, second] = [await bury(1, USER), await bury(2, TENANT, USER)];
      await expect(replay(2, second)).rejects.toThrow(NotReplayable);
      await expect(replay(2, second)).rejects.toThrow(`behind letter ${first}`);
      expect(await stateOf(second)).toBe('open');
      await replay(1, first);
      expect(await parked(TENANT, USER)).toEqual([TENANT, USER]);
      await replay(2, second);
      expect(await parked(TENANT, USER)).toEqual([undefined, undefined]);
    });

    it('of a letter in no order waits behind the lower letters of what it turns out to name', async () => {
      const first = await bury(1, TENANT);
      const unordered = await bury(2);
      await expect(replay(2, unordered, 'accepted', undefined, [TENANT])).rejects.toThrow(`behind letter ${first}`);
      await replay(1, first);
      await replay(2, unordered, 'accepted', undefined, [TENANT]);
      expect(await stateOf(unordered)).toBe('replayed');
    });

    it('of a letter in no order frees no key', async () => {
      const unordered = await bury(1);
      await bury(2, TENANT);
      await replay(1, unordered, 'accepted', undefined, [TENANT]);
      expect(await parked(TENANT)).toEqual([TENANT]);
    });

    it('comes once: not again, and not when there is no such letter', async () => {
      const letter = await bury(1, TENANT);
      await replay(1, letter);
      await expect(replay(1, letter)).rejects.toThrow(`letter ${letter} is replayed already`);
      await expect(replay(1, letter + 1)).rejects.toThrow('there is no letter');
    });

    it('comes once though the inbox has forgotten, and is remembered then', async () => {
      const letter = await bury(1, TENANT);
      await subject.forgetMessages();
      await replay(1, letter);
      await expect(replay(1, letter)).rejects.toThrow(NotReplayable);
      expect(await outcomeOf(1)).toBe('accepted');
    });

    it('does not come when its message has taken effect otherwise', async () => {
      const letter = await bury(1, TENANT);
      await subject.forgetMessages();
      await subject.unitOfWork.run([a.aMessage(1)], async (unit) => unit.settle(a.aMessage(1), 'accepted'));
      await expect(replay(1, letter)).rejects.toThrow('has taken effect since');
      expect(await stateOf(letter)).toBe('open');
    });

    it('that fails leaves the letter open and its key parked, and the message dead', async () => {
      const letter = await bury(1, TENANT);
      const failing = replay(1, letter, 'accepted', async () => {
        throw new Error('still no');
      });
      await expect(failing).rejects.toThrow('still no');
      expect([await stateOf(letter), await outcomeOf(1)]).toEqual(['open', 'dead']);
      expect(await parked(TENANT)).toEqual([TENANT]);
      const why = { reason: 'FlushFailed', message: 'still no', exception: 'TypeError' } as const;
      await subject.letters.failed(letter, why);
      expect(await subject.letters.get(letter)).toMatchObject(why);
    });

    it('that fails leaves the reason why an id that was used is never replayed unasked', async () => {
      await subject.unitOfWork.run([], async ({ deadLetters }) => {
        deadLetters.add({ ...a.aDeadLetter(1, [TENANT]), reason: 'IdReused', parks: false });
      });
      const [letter] = await subject.letters.list({ key: TENANT }, PAGE);
      const { letterId } = there(letter);
      const why = { message: 'still no', exception: 'TypeError' };
      await subject.letters.failed(letterId, { reason: 'HandlerFailed', ...why });
      expect(await subject.letters.get(letterId)).toMatchObject({ reason: 'IdReused', ...why });
    });

    it("owes under its lane what others put ahead of their own, for any aggregate of the key, and the key's row goes then", async () => {
      const letter = await bury(1, TENANT);
      await replay(1, letter, 'accepted', async ({ outbox }) => outbox.add(a.anEvent(TENANT, 'of the replay')));
      const next = message(2, TENANT);
      const { outbox } = await subject.unitOfWork.run(
        [next],
        async (unit) => unit.outbox.add(a.anEvent(TENANT, 'after it')),
        new a.TestLane(2),
      );
      expect(a.textsOf(outbox)).toEqual(['of the replay', 'after it']);
      const later = await subject.unitOfWork.run([message(3, TENANT)], async () => undefined, new a.TestLane(3));
      expect(later.outbox).toEqual([]);
    });

    it.each([false, true])(
      'of a key that was freed with letters left owes no less; its row is there: %s',
      async (row) => {
        const [first, second] = [await bury(1, TENANT), await bury(2, TENANT)];
        await subject.letters.discard(first, { state: 'discarded', ...BY }, true);
        if (!row) await parked(TENANT);
        await replay(2, second, 'accepted', async ({ outbox }) => outbox.add(a.anEvent(TENANT, 'of the replay')));
        const { outbox } = await subject.unitOfWork.run(
          [message(3, TENANT)],
          async (unit) => unit.outbox.add(a.anEvent(TENANT, 'after it')),
          new a.TestLane(2),
        );
        expect(a.textsOf(outbox)).toEqual(['of the replay', 'after it']);
      },
    );

    it('puts what the lane that has buried it still owes under its keys ahead of its own, once', async () => {
      const [before, failing, behind] = [message(1, TENANT), message(2, TENANT), message(3, TENANT)];
      const burying = async (unit: Unit): Promise<void> => {
        unit.outbox.add(a.anEvent(TENANT, 'one'));
        unit.outbox.add(a.anEvent(OTHER, "another's"));
        unit.settle(failing, 'dead');
        unit.settle(behind, 'dead');
        unit.deadLetters.add(a.aDeadLetter(2, [TENANT]));
        unit.deadLetters.add(a.aDeadLetter(3, [TENANT]));
      };
      await subject.unitOfWork.run([before, failing, behind], burying, lane);
      const replays = new UnattendedLane(a.laneId(2));
      const owed = async (number: number, text: string): Promise<readonly string[]> => {
        const again = { letterId: there(await subject.letters.lowest(TENANT)), message: a.aMessage(number) };
        const adding = async (unit: Unit): Promise<void> => unit.outbox.add(a.anEvent(TENANT, text));
        const { outbox } = await subject.unitOfWork.replay([again], adding, replays);
        replays.committed(outbox);
        return a.textsOf(outbox);
      };
      expect(await owed(2, 'two')).toEqual(['one', 'two']);
      expect(await owed(3, 'three')).toEqual(['three']);
    });

    it('puts what an earlier replay of its key by another lane still owes ahead of its own', async () => {
      const [first, second] = [await bury(1, TENANT), await bury(2, TENANT)];
      await replay(1, first, 'accepted', async ({ outbox }) => outbox.add(a.anEvent(TENANT, 'one')));
      const { outbox } = await subject.unitOfWork.replay(
        [{ letterId: second, message: message(2, TENANT) }],
        async (unit) => unit.outbox.add(a.anEvent(TENANT, 'two')),
        new a.TestLane(2),
      );
      expect(a.textsOf(outbox)).toEqual(['one', 'two']);
    });
  });

  describe('a replay of several letters', () => {
    it('resolves them and flips their outcomes; their keys are free with the last ones', async () => {
      const [first, second, third] = [await bury(1, TENANT), await bury(2, USER), await bury(3, TENANT, USER)];
      const fourth = await bury(4, USER);
      expect(await replayMany([1, 2, 3])).toEqual([first, second, third]);
      expect(await Promise.all([1, 2, 3].map(outcomeOf))).toEqual(['accepted', 'accepted', 'accepted']);
      expect(await Promise.all([first, second, third, fourth].map(stateOf))).toEqual([...REPLAYED, 'open']);
      expect(await parked(TENANT, USER)).toEqual([undefined, USER]);
    });

    it('shows each what those before it have done', async () => {
      await subject.unitOfWork.run([], (unit) => addTenants(unit, a.aTenant(1)));
      await bury(1, TENANT);
      await bury(2, TENANT);
      await replayMany([1, 2], async (unit) => {
        await changeTenant(unit, TENANT, { name: 'Replayed' });
        expect(await unit.tenants.get(TENANT)).toMatchObject({ name: 'Replayed' });
      });
    });

    it('of which one waits behind another letter leaves all as they were', async () => {
      const first = await bury(1, TENANT);
      const others = [await bury(2, USER), await bury(3, TENANT)];
      await expect(replayMany([2, 3])).rejects.toThrow(`waits behind letter ${first}`);
      expect(await Promise.all(others.map(stateOf))).toEqual(['open', 'open']);
      expect(await Promise.all([2, 3].map(outcomeOf))).toEqual(['dead', 'dead']);
    });

    it('of which one has taken effect since, is resolved, or is not there, leaves all as they were', async () => {
      const [first, second] = [await bury(1, TENANT), await bury(2, USER)];
      await subject.letters.discard(second, { state: 'discarded', ...BY }, false);
      await expect(replayMany([1, 2])).rejects.toThrow('discarded already');
      await expect(replayMany([1, 99])).rejects.toThrow('there is no letter');
      expect([await stateOf(first), await outcomeOf(1)]).toEqual(['open', 'dead']);
    });

    it('takes up those that wait next under its keys, as far as they can be planned, and under no other key', async () => {
      for (let n = 1; n <= 5; n += 1) await bury(n, TENANT);
      await bury(6, TENANT, OTHER);
      await bury(7, TENANT);
      const seen: number[] = [];
      const plan = (letters: readonly StoredLetter[]) => {
        seen.push(...letters.map(({ offset }) => offset));
        return letters.map(replayOf);
      };
      const following = { most: 2, maxBytes: 1_000, plan };
      expect((await replayMany([1], undefined, following)).length).toBe(3);
      expect(seen).toEqual([2, 3]);
      expect((await replayMany([4], undefined, { ...following, most: 9 })).length).toBe(2);
      expect(await parked(TENANT)).toEqual([TENANT]);
      expect((await subject.letters.list({}, PAGE)).map(({ offset }) => offset)).toEqual([6, 7]);
    });

    it('takes up no more of those that follow than there is room for in bytes', async () => {
      for (let n = 1; n <= 4; n += 1) await bury(n, TENANT);
      const { received } = a.aDeadLetter(1);
      const maxBytes = 2 * (received.headers.length + (received.value?.length ?? 0));
      const following = { most: 9, maxBytes, plan: (letters: readonly StoredLetter[]) => letters.map(replayOf) };
      expect((await replayMany([1], undefined, following)).length).toBe(3);
    });
  });

  describe('a letter', () => {
    it('that is discarded leaves who and why, stays so, and its key parked', async () => {
      const letter = await bury(1, TENANT);
      const done = await subject.letters.discard(letter, { state: 'discarded', ...BY }, false);
      expect(done).toMatchObject({ state: 'open', parked: [{ key: TENANT, letters: 0, lowest: null }] });
      expect(await subject.letters.get(letter)).toMatchObject({ state: 'discarded', resolution: BY });
      expect(await subject.letters.discard(letter, { state: 'discarded', ...BY }, true)).toEqual({
        state: 'discarded',
        parked: [],
      });
      expect(await parked(TENANT)).toEqual([TENANT]);
      await expect(replay(1, letter)).rejects.toThrow('discarded already');
      expect(await outcomeOf(1)).toBe('dead');
    });

    it('that is discarded lets the next one of its key come', async () => {
      const [first, second] = [await bury(1, TENANT), await bury(2, TENANT)];
      const { parked: left } = await subject.letters.discard(first, { state: 'discarded', ...BY }, false);
      expect(left).toMatchObject([{ key: TENANT, letters: 1, lowest: second }]);
      await replay(2, second);
      expect(await parked(TENANT)).toEqual([undefined]);
    });

    it('that is discarded frees its key when asked to, though others wait, which come in their order all the same', async () => {
      const [first, second, third] = [await bury(1, TENANT), await bury(2, TENANT), await bury(3, TENANT)];
      expect(await subject.letters.discard(first, { state: 'discarded', ...BY }, true)).toMatchObject({ parked: [] });
      expect(await parked(TENANT)).toEqual([undefined]);
      await expect(replay(3, third)).rejects.toThrow(`behind letter ${second}`);
      await replay(2, second);
      await replay(3, third);
    });

    it('that is discarded frees no key that a lower letter holds', async () => {
      const [first, second] = [await bury(1, USER), await bury(2, TENANT, USER)];
      const { parked: left } = await subject.letters.discard(second, { state: 'discarded', ...BY }, true);
      expect(left).toMatchObject([{ key: USER, letters: 1, lowest: first }]);
      expect(await parked(TENANT, USER)).toEqual([undefined, USER]);
    });

    it('of no key is discarded like any other, and one that there is not is not', async () => {
      const letter = await bury(1);
      expect(await subject.letters.discard(letter, { state: 'discarded', ...BY }, true)).toMatchObject({ parked: [] });
      expect(await stateOf(letter)).toBe('discarded');
      expect((await subject.letters.discard(99, { state: 'discarded', ...BY }, true)).state).toBeUndefined();
    });

    it('that waits keeps its key from being freed; when none does, it is', async () => {
      const letter = await bury(1, TENANT);
      expect(await subject.letters.freeIfEmpty(TENANT)).toBe(false);
      await subject.letters.discard(letter, { state: 'discarded', ...BY }, false);
      expect(await subject.letters.freeIfEmpty(TENANT)).toBe(true);
      expect(await subject.letters.freeIfEmpty(TENANT)).toBe(false);
      expect(await parked(TENANT)).toEqual([undefined]);
    });

    it('that waits keeps its keys when all others are freed', async () => {
      const [first, second] = [await bury(1, TENANT), await bury(2, OTHER)];
      const third = await bury(3, USER);
      for (const letter of [first, third]) {
        await subject.letters.discard(letter, { state: 'discarded', ...BY }, false);
      }
      expect([...(await subject.letters.freeEmpty())].sort()).toEqual([TENANT, USER].sort());
      expect(await subject.letters.freeEmpty()).toEqual([]);
      expect(await parked(TENANT, OTHER, USER)).toEqual([undefined, OTHER, undefined]);
      expect(await stateOf(second)).toBe('open');
    });

    it('is found by reason, key and age, by number, page by page; its bytes are kept', async () => {
      const [first, second] = [await bury(1, TENANT), await bury(2, OTHER)];
      await subject.unitOfWork.run([], async ({ deadLetters }) => {
        deadLetters.add({ ...a.aDeadLetter(3, [TENANT]), reason: 'ParkedBehind', time: a.NOW + 5 });
      });
      const offsets = async (filter: Parameters<Subject['letters']['list']>[0], page = PAGE) =>
        (await subject.letters.list(filter, page)).map(({ offset }) => offset);
      expect(await offsets({})).toEqual([1, 2, 3]);
      expect(await offsets({}, { after: first, limit: 1 })).toEqual([2]);
      expect(await offsets({ reason: 'ParkedBehind' })).toEqual([3]);
      expect(await offsets({ key: TENANT })).toEqual([1, 3]);
      expect(await offsets({ before: a.NOW + 1 })).toEqual([1, 2]);
      expect(await subject.letters.counts({})).toEqual([
        { reason: 'HandlerFailed', letters: 2, oldest: a.NOW },
        { reason: 'ParkedBehind', letters: 1, oldest: a.NOW + 5 },
      ]);
      expect(await subject.letters.parkedKeys({ limit: 9 })).toMatchObject([
        { key: TENANT, letters: 2, lowest: first },
        { key: OTHER, letters: 1, lowest: second },
      ]);
      expect(await subject.letters.parkedKeys({ limit: 1 })).toMatchObject([{ key: TENANT }]);
      expect(await subject.letters.countParkedKeys()).toBe(2);
      expect(await subject.letters.lowest(TENANT)).toBe(first);
      const { received, identity } = a.aDeadLetter(1);
      expect(await subject.letters.get(first)).toMatchObject({
        ...{
          letterId: first,
          state: 'open',
          identity,
          headers: received.headers,
          key: received.key,
          value: received.value,
        },
        ...{ topic: received.topic, partition: 0, offset: 1, timestamp: a.NOW, keys: [TENANT], resolution: null },
      });
      expect(await subject.letters.get(99)).toBeUndefined();
    });
  });

  const PAGE = { after: 0, limit: 9 };

  /** @returns the letter's number */
  async function bury(number: number, ...keys: readonly string[]): Promise<number> {
    const own = message(number, ...keys);
    await subject.unitOfWork.run([own], async (unit) => {
      unit.settle(own, 'dead');
      unit.deadLetters.add(a.aDeadLetter(number, keys));
    });
    const letters = await subject.letters.list({}, { after: 0, limit: 99 });
    return letters.at(-1)?.letterId ?? 0;
  }

  /** @param keys what it turns out to name */
  async function replay(
    number: number,
    letterId: number,
    outcome: Outcome = 'accepted',
    work: (unit: Unit, own: UnitMessage) => Promise<void> = async () => undefined,
    keys: readonly string[] = [],
  ): Promise<void> {
    const own = a.aMessage(number, { keys });
    const settled = async (unit: Unit): Promise<void> => {
      await work(unit, own);
      unit.settle(own, outcome);
    };
    await subject.unitOfWork.replay([{ letterId, message: own }], settled, lane);
  }

  function replayOf({ letterId, offset }: Pick<StoredLetter, 'letterId' | 'offset'>) {
    return { letterId, message: a.aMessage(offset) };
  }

  /** Of the messages with these numbers. @returns the letters that were taken up */
  async function replayMany(
    numbers: readonly number[],
    work: (unit: Unit) => Promise<void> = async () => undefined,
    following?: Following<UnitMessage>,
  ): Promise<readonly number[]> {
    const open = await subject.letters.list({}, { after: 0, limit: 99 });
    const replays = numbers.map((offset) => replayOf(open.find((one) => one.offset === offset) ?? resolved(offset)));
    const settled = async (unit: Unit, taken: readonly Replay[]): Promise<readonly number[]> => {
      for (const { message: own } of taken) {
        await work(unit);
        unit.settle(own, 'accepted');
      }
      return taken.map(({ letterId }) => letterId);
    };
    return (await subject.unitOfWork.replay(replays, settled, lane, following)).value;
  }

  /** A letter that is not open: the tests bury message n as letter n, in fresh tables. */
  function resolved(offset: number) {
    return { letterId: offset, offset };
  }

  async function parked(...keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    asked += 1;
    const messages = keys.map((key, i) => message(10_000 * asked + i, key));
    const { value } = await subject.unitOfWork.run(messages, async (unit) => messages.map((one) => unit.parked(one)));
    return value;
  }

  async function stateOf(letterId: number): Promise<string | undefined> {
    return (await subject.letters.get(letterId))?.state;
  }

  async function outcomeOf(number: number): Promise<Outcome | undefined> {
    const again = a.aMessage(number);
    return (await subject.unitOfWork.run([again], async (unit) => unit.seen(again))).value?.outcome;
  }
}

let asked = 0;

function message(number: number, ...keys: readonly string[]): UnitMessage {
  return a.aMessage(number, { keys });
}

function parkedIn(unit: Unit, ...keys: readonly string[]): readonly (string | undefined)[] {
  return keys.map((key) => unit.parked(message(9_999, key)));
}
