import fc from 'fast-check';
import { NotLoaded } from '../../../src/ports/errors.ts';
import type { Unit, UnitMessage } from '../../../src/ports/unit-of-work.ts';
import * as a from '../builders.ts';
import {
  attempt,
  addRows,
  addSubdivisions,
  addTenants,
  addUsers,
  changeSubdivision,
  changeTenant,
  changeUser,
  givenSubdivision,
  reading,
  there,
  type CreateSubject,
  type Subject,
} from './subject.ts';

const TENANT = a.tenantId(1);
const NO = new Error('no');

export function describeRuns(create: CreateSubject): void {
  let subject: Subject;

  beforeEach(async () => {
    subject = await create();
    await givenSubdivision(subject, a.aLicense(1));
  });

  describe('an attempt', () => {
    it('that fails takes back all that it did, and nothing else', async () => {
      const { outbox } = await subject.unitOfWork.run([], async (unit) => {
        await addUsers(unit, a.aUser(1));
        await changeTenant(unit, TENANT, { name: 'Before' });
        unit.outbox.add(a.anEvent(TENANT, 'before'));
        unit.deadLetters.add(a.aDeadLetter(1));
        unit.activeLicenses.put(activeLicense(1));
        unit.userLookUps.put(lookUp(1));
        await expect(attempt(unit, () => doEverything(unit))).rejects.toBe(NO);
        await expectBefore(unit);
        await attempt(unit, () => addUsers(unit, a.aUser(3)));
        unit.outbox.add(a.anEvent(TENANT, 'after'));
      });
      expect(a.textsOf(outbox)).toEqual(['before', 'after']);
      expect(await subject.deadLetters()).toEqual([1]);
      await reading(subject, async (unit) => {
        await expectBefore(unit);
        expect(await unit.users.get(a.userId(3))).toEqual(a.aUser(3));
      });
    });

    it('that succeeds stays when the next one fails', async () => {
      await subject.unitOfWork.run([], async (unit) => {
        const first = attempt(unit, async () => (await changeTenant(unit, TENANT, { name: 'First' }), 'done'));
        expect(await first).toBe('done');
        const second = attempt(unit, async () => (await changeTenant(unit, TENANT, { name: 'Second' }), fail()));
        await second.catch(() => undefined);
      });
      expect(await reading(subject, ({ tenants }) => tenants.get(TENANT))).toMatchObject({ name: 'First', version: 2 });
    });
  });

  describe('a run', () => {
    it('tells of each step as it begins, and of all of them again when it is made again', async () => {
      const message = a.aMessage(1);
      const lane = new a.TestLane(1);
      const steps: string[] = [];
      const run = async (): Promise<string[]> => {
        const work = async (): Promise<void> => void steps.push('(work)');
        await subject.unitOfWork.run([message], work, lane, undefined, (step) => void steps.push(step));
        return steps.splice(0);
      };
      expect(await run()).toEqual(['begin', 'decide', '(work)', 'flush', 'commit']);
      expect(await run()).toEqual(['begin', 'begin', 'decide', '(work)', 'flush', 'commit']); // it is known by now
    });

    it('whose work fails leaves nothing', async () => {
      const lane = new a.TestLane(1);
      const message = a.aMessage(1);
      const failing = subject.unitOfWork.run([message], (unit) => doEverything(unit), lane);
      await expect(failing).rejects.toBe(NO);
      expect(await subject.outbox()).toEqual([]);
      expect(await subject.deadLetters()).toEqual([]);
      await subject.unitOfWork.run([message], async (unit) => {
        expect(unit.seen(message)).toBeUndefined();
        expect(await unit.tenants.get(TENANT)).toEqual(a.aTenant(1));
        expect(await unit.users.get(a.userId(2))).toBeUndefined();
      });
    });

    it('whose flush fails leaves nothing', async () => {
      const failing = subject.unitOfWork.run([a.aMessage(1)], async (unit) => {
        await changeTenant(unit, TENANT, { name: 'Changed' });
        unit.outbox.add(a.anEvent(TENANT, 'never'));
        unit.deadLetters.add(a.aDeadLetter(1));
        unit.deadLetters.add(a.aDeadLetter(1));
      });
      await expect(failing).rejects.toThrow('position');
      expect(await subject.outbox()).toEqual([]);
      expect(await reading(subject, ({ tenants }) => tenants.get(TENANT))).toEqual(a.aTenant(1));
    });

    it('loads what its messages declare, each thing once', async () => {
      const message = a.aMessage(1, {
        declare(loads) {
          loads.tenant(TENANT);
          loads.tenant(a.tenantId(2));
          loads.wholeTenant(TENANT);
          loads.tenantName('Tenant 1');
          loads.subdivision(TENANT, a.subdivisionId(1));
          loads.licenseId(TENANT, a.licenseId(1));
          loads.statisticRow(a.aRow(1));
          loads.user(a.userId(1));
        },
      });
      await subject.unitOfWork.run([message], async ({ tenants, subdivisions, users }) => {
        // What was loaded can be written without being gotten.
        expect(() => tenants.update(a.aTenant(1, { version: 2 }))).not.toThrow();
        expect(() => subdivisions.update(a.aSubdivision(1, { version: 2 }))).not.toThrow();
        expect(() => users.add(a.aUser(1))).not.toThrow();
        expect(() => users.add(a.aUser(2))).toThrow(NotLoaded);
        expect(await tenants.holderOfName('Tenant 1')).toBe(TENANT);
      });
    });

    it.each<readonly [what: string, given: readonly UnitMessage[] | 'a replay']>([
      ['with messages', [a.aMessage(1), a.aMessage(2)]],
      ['with one that comes again', [a.aMessage(8)]],
      ['with the replay of a letter', 'a replay'],
      ['without any', []],
    ])('%s knows when it began, to the millisecond below', async (_, given) => {
      const { unitOfWork, letters, clock } = subject;
      await unitOfWork.run([a.aMessage(8), a.aMessage(9)], async (unit) => {
        unit.settle(a.aMessage(9), 'dead');
        unit.deadLetters.add(a.aDeadLetter(9));
      });
      const [letter] = await letters.list({}, { after: 0, limit: 1 });
      const before = await clock();
      const replay = { letterId: there(letter).letterId, message: a.aMessage(9) };
      const work = async (unit: Unit): Promise<number> => {
        const first = unit.startedAt;
        // Not before the transaction, nor at a later moment of it.
        expect(first).toBeLessThanOrEqual(await clock());
        await unit.users.get(a.userId(1));
        expect(unit.startedAt).toBe(first);
        return first;
      };
      const running = given === 'a replay' ? unitOfWork.replay([replay], work) : unitOfWork.run(given, work);
      const { value: startedAt } = await running;
      expect(Number.isInteger(startedAt)).toBe(true);
      expect(startedAt).toBeGreaterThanOrEqual(Math.floor(before));
      expect(startedAt).toBeLessThanOrEqual(await clock());
    });

    it('without a lane writes under one that nobody publishes for', async () => {
      const write = (text: string) =>
        subject.unitOfWork.run([], async ({ outbox }) => outbox.add(a.anEvent(TENANT, text)));
      const [first, second] = [await write('first'), await write('second')];
      expect([...a.textsOf(first.outbox), ...a.textsOf(second.outbox)]).toEqual(['first', 'second']);
      expect(new Set((await subject.outbox()).map(({ lane }) => lane)).size).toBe(2);
    });
  });

  describe('the inbox', () => {
    const others = { bytes: 'others' };

    it.each(['accepted', 'rejected', 'dead'] as const)(
      'remembers that a message was %s, and its digest',
      async (outcome) => {
        const message = a.aMessage(1);
        await subject.unitOfWork.run([message, a.aMessage(2)], async (unit) => {
          expect(unit.seen(message)).toBeUndefined();
          unit.settle(message, outcome);
        });
        const [next, again] = [a.aMessage(3), a.aMessage(1, others)];
        await subject.unitOfWork.run([next, again], async (unit) => {
          expect(unit.seen(next)).toBeUndefined();
          expect(unit.seen(again)).toMatchObject({ outcome, digest: message.digest });
        });
      },
    );

    it('knows the second message of one identity in a chunk, and loads for it, for it may have to be handled', async () => {
      const [first, second] = [
        a.aMessage(1),
        a.aMessage(1, { bytes: 'others', declare: (loads) => loads.user(a.userId(1)) }),
      ];
      await subject.unitOfWork.run([first, second], async (unit) => {
        expect(unit.seen(first)).toBeUndefined();
        unit.settle(first, 'rejected');
        expect(unit.seen(second)).toMatchObject({ outcome: 'rejected', digest: first.digest });
        unit.users.add(a.aUser(1));
      });
    });

    it('knows the dead letter of a position', async () => {
      const { received } = a.aDeadLetter(1);
      await subject.unitOfWork.run([], async ({ deadLetters }) => {
        expect(await deadLetters.has(received)).toBe(false);
        deadLetters.add(a.aDeadLetter(1));
        expect(await deadLetters.has(received)).toBe(true);
      });
      await reading(subject, async ({ deadLetters }) => {
        expect(await deadLetters.has(received)).toBe(true);
        expect(await deadLetters.has({ ...received, offset: 2 })).toBe(false);
        expect(await deadLetters.has({ ...received, timestamp: 2 })).toBe(false);
      });
    });

    // Nothing, nanoseconds, what is just out of range of a timestamptz or of the years with four digits, and all that 64 bits can say.
    it.each([-1, 1.7e18, 1e15, -1e15, 253_402_300_800_000, -62_135_596_800_001, 2 ** 63, -(2 ** 63)])(
      'knows the dead letter of a message that is dated %d',
      async (timestamp) => {
        const letter = a.aDeadLetter(1);
        const received = { ...letter.received, timestamp };
        await subject.unitOfWork.run([], async ({ deadLetters }) => {
          deadLetters.add({ ...letter, received });
          expect(await deadLetters.has(received)).toBe(true);
        });
        expect(await reading(subject, ({ deadLetters }) => deadLetters.has(received))).toBe(true);
        const [stored] = await subject.letters.list({}, { after: 0, limit: 1 });
        const [first, last] = ['0001-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'].map(Date.parse);
        expect(stored?.timestamp).toBe(Math.min(Math.max(timestamp, first ?? 0), last ?? 0));
      },
    );

    it('takes the letter of whatever a message holds, and whatever is said about it', async () => {
      const letters = fc.sample(ANY_LETTER, { numRuns: 500, seed: 1 });
      const positions = letters.map(({ received }, offset) => ({ ...received, offset }));
      await subject.unitOfWork.run([], async ({ deadLetters }) => {
        letters.forEach((letter, i) =>
          deadLetters.add({ ...letter, received: { ...letter.received, ...positions[i] } }),
        );
      });
      await reading(subject, async ({ deadLetters }) => {
        for (const position of positions) expect(await deadLetters.has(position)).toBe(true);
      });
    });
  });
}

const BYTES = fc.uint8Array({ maxLength: 50 }).map((array) => Buffer.from(array));
/** Any UTF-16 units: U+0000 and halves of surrogate pairs, too. */
const TEXT = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0xffff)), { maxLength: 20 })
  .map((units) => String.fromCharCode(...units));
const ANY_LETTER = fc
  .record({
    timestamp: fc.double({ min: -(2 ** 63), max: 2 ** 63, noNaN: true }).map(Math.round),
    key: fc.option(BYTES, { nil: null }),
    value: fc.option(BYTES, { nil: null }),
    headers: BYTES,
    texts: fc.tuple(TEXT, TEXT, TEXT, TEXT),
  })
  .map(({ timestamp, key, value, headers, texts: [source, id, message, exception] }) => {
    const letter = a.aDeadLetter(0);
    const identity = { ...letter.identity, source, id };
    return {
      ...letter,
      received: { ...letter.received, timestamp, key, value, headers },
      identity,
      message,
      exception,
    };
  });

/** Touches everything that a unit can change, and fails. */
async function doEverything(unit: Unit): Promise<void> {
  await changeTenant(unit, TENANT, { name: 'Renamed' });
  await addTenants(unit, a.aTenant(2));
  await changeSubdivision(unit, a.aSubdivision(1), a.licensed(a.anActiveLicense(1), a.aLicense(2)));
  await changeSubdivision(unit, a.aSubdivision(1), { ...a.licensed(a.anActiveLicense(1)) });
  await addSubdivisions(unit, a.aSubdivision(2));
  await addUsers(unit, a.aUser(2));
  if ((await unit.users.get(a.userId(1))) !== undefined) await changeUser(unit, a.userId(1), { tenantId: TENANT });
  await addRows(unit, a.aRow(1));
  unit.activeLicenses.put(activeLicense(2));
  unit.activeLicenses.drop(activeLicense(1));
  unit.userLookUps.put(lookUp(2));
  unit.userLookUps.drop(a.userId(1));
  unit.outbox.add(a.anEvent(TENANT, 'undone'));
  unit.deadLetters.add(a.aDeadLetter(2));
  fail();
}

/** As it was when everything was undone. */
async function expectBefore(unit: Unit): Promise<void> {
  const { tenants, subdivisions, licenses, users, statisticRows, activeLicenses, userLookUps } = unit;
  expect(await tenants.get(TENANT)).toEqual(a.aTenant(1, { name: 'Before', version: 2 }));
  expect(await tenants.holderOfName('Before')).toBe(TENANT);
  for (const name of ['Renamed', 'Tenant 2', 'Tenant 1']) expect(await tenants.holderOfName(name)).toBeUndefined();
  expect(await tenants.exists(a.tenantId(2))).toBe(false);
  expect(await subdivisions.get(TENANT, a.subdivisionId(1))).toEqual(a.aSubdivision(1, { licenses: [a.aLicense(1)] }));
  expect(await subdivisions.exists(TENANT, a.subdivisionId(2))).toBe(false);
  expect(await licenses.exists(TENANT, a.licenseId(2))).toBe(false);
  expect(await users.list({ limit: 1 })).toEqual([a.aUser(1)]);
  expect(await users.get(a.userId(2))).toBeUndefined();
  expect(await statisticRows.exists(a.aRow(1))).toBe(false);
  expect(await statisticRows.list(TENANT, a.subdivisionId(1), { limit: 9 })).toEqual([]);
  expect(await activeLicenses.list(TENANT)).toEqual([activeLicense(1)]);
  expect(await userLookUps.list({ limit: 9 })).toEqual([lookUp(1)]);
  expect(await unit.deadLetters.has(a.aDeadLetter(2).received)).toBe(false);
}

function activeLicense(number: number) {
  return { tenantId: TENANT, licenseId: a.licenseId(number), subdivisionId: a.subdivisionId(1) };
}

function lookUp(number: number) {
  const causeId = a.laneId(number);
  return { userId: a.userId(number), causeId, correlationId: null, traceparent: '00-1-2-01', requestedAt: a.NOW };
}

function fail(): never {
  throw NO;
}
