import { NO_HEADERS } from '../../../src/adapters/record-headers.ts';
import type { DeadLetter } from '../../../src/ports/unit-of-work.ts';
import * as a from '../builders.ts';
import type { CreateSubject, Subject } from './subject.ts';

const [TENANT, USER, OTHER] = [a.tenantId(1), a.userId(1), a.tenantId(2)];
/** An id with letters, which may be written in upper case. */
const LETTERED = 'abcdef00-0000-4000-8000-000000000001';
const ERASURE = { by: 'Ada', why: 'the person asked for it' };
const DISCARDED = { state: 'discarded', by: null, note: null } as const;

/** Letters whose content is erased leave what the order of keys and repeated messages need. */
export function describeErasures(create: CreateSubject): void {
  let subject: Subject;

  beforeEach(async () => {
    subject = await create();
  });

  it('leave number, position, reason and ending of a letter, and who erased it, and nothing else', async () => {
    const letter = await bury(1, TENANT, USER);
    await subject.letters.discard(letter, DISCARDED, false);
    const before = await subject.letters.get(letter);
    expect(await subject.letters.erase([letter], ERASURE)).toEqual({ erased: 1, keys: [] });
    const { identity } = a.aDeadLetter(1);
    const gone = { key: null, value: null, headers: NO_HEADERS, keys: [], message: '', exception: '' };
    expect(await subject.letters.get(letter)).toEqual({
      ...before,
      ...gone,
      identity: { source: '', id: '', hash: identity.hash },
      erasure: { ...ERASURE, at: expect.any(Number) },
    });
    expect(await subject.letters.about(USER)).toEqual({ letterIds: [], open: 0 });
  });

  it('are of what names a key in any state, and what names nobody but has the key for its Kafka key', async () => {
    const nameless = await buryNameless(4, USER);
    const named = [await bury(1, USER), await bury(2, TENANT, USER)];
    const ofOthers = [await bury(3, OTHER), await buryNameless(5, OTHER)];
    await subject.letters.discard(nameless, DISCARDED, false);
    const letterIds = [nameless, ...named];
    expect(await subject.letters.about(USER)).toEqual({ letterIds, open: 2 });
    expect(await subject.letters.erase(letterIds, ERASURE)).toMatchObject({ erased: 3 });
    expect(await subject.letters.about(OTHER)).toEqual({ letterIds: ofOthers, open: 2 });
    const lettered = await buryNameless(6, LETTERED.toUpperCase());
    expect(await subject.letters.about(LETTERED)).toEqual({ letterIds: [lettered], open: 1 });
  });

  it('discard what is open: it waits no more, its keys stay parked, and what waits behind has its turn', async () => {
    const [first, second] = [await bury(1, TENANT, USER), await bury(2, TENANT)];
    expect(await subject.letters.erase([first], ERASURE)).toEqual({ erased: 1, keys: [TENANT, USER].sort() });
    expect(await subject.letters.get(first)).toMatchObject({
      state: 'discarded',
      resolution: { by: ERASURE.by, note: ERASURE.why },
    });
    expect(await subject.letters.parkedKeys({ limit: 9, key: USER })).toMatchObject([{ letters: 0 }]);
    expect(await subject.letters.lowest(TENANT)).toBe(second);
    expect(await subject.letters.freeIfEmpty(USER)).toBe(true);
  });

  it('erase a letter once', async () => {
    const letters = [await bury(1, USER), await bury(2, USER)];
    expect(await subject.letters.erase(letters.slice(0, 1), ERASURE)).toMatchObject({ erased: 1 });
    expect(await subject.letters.erase(letters, ERASURE)).toMatchObject({ erased: 1 });
    expect(await subject.letters.erase(letters, { by: 'Bob', why: 'again' })).toEqual({ erased: 0, keys: [] });
    expect((await subject.letters.get(letters[0] ?? 0))?.erasure).toMatchObject(ERASURE);
  });

  it('change nothing for a message that comes again, or for one that is sent again', async () => {
    const [parking, plain] = [a.aMessage(1, { keys: [USER] }), a.aMessage(2, { keys: [USER] })];
    await subject.letters.erase([await bury(1, USER), await buryNameless(2, USER)], ERASURE);
    const elsewhere = { ...plain, received: { ...plain.received, offset: 20 } };
    await subject.unitOfWork.run([parking, plain], async (unit) => {
      expect([parking, plain].map((one) => unit.seen(one)?.outcome)).toEqual(['dead', 'dead']);
      expect(await unit.deadLetters.has(plain.received)).toBe(true);
    });
    await subject.unitOfWork.run([elsewhere], async (unit) => expect(unit.seen(elsewhere)).toBeUndefined());
  });

  async function bury(number: number, ...keys: readonly string[]): Promise<number> {
    return write(number, a.aDeadLetter(number, keys));
  }

  async function buryNameless(number: number, key: string): Promise<number> {
    const letter = a.aDeadLetter(number);
    return write(number, { ...letter, received: { ...letter.received, key: Buffer.from(key) } });
  }

  async function write(number: number, letter: DeadLetter): Promise<number> {
    const own = a.aMessage(number, { keys: letter.keys });
    await subject.unitOfWork.run([own], async (unit) => {
      unit.settle(own, 'dead');
      unit.deadLetters.add(letter);
    });
    const open = await subject.letters.list({}, { after: 0, limit: 99 });
    return open.find(({ offset }) => offset === number)?.letterId ?? 0;
  }
}
