import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { NotReplayable } from '../../src/ports/errors.ts';
import type { Unit } from '../../src/ports/unit-of-work.ts';
import { postgresStore } from '../../src/repos/tables/postgres.ts';
import { discard, freeIfEmpty, KnexDeadLetters } from '../../src/uow/dead-letters.ts';
import { begin, commit, inTransaction } from '../../src/uow/transaction.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import { openChunk } from '../../src/uow/unit.ts';
import * as a from '../support/builders.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { Gate, waiting } from '../support/faults.ts';

const KEY = a.tenantId(1);
const DISCARDED = { state: 'discarded', by: null, note: null } as const;

describe('a parked key, with others at work,', () => {
  let database: TestDatabase;
  let unitOfWork: KnexUnitOfWork;
  let letters: KnexDeadLetters;
  let gates: Gate[] = [];
  let open: Knex.Transaction[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    unitOfWork = new KnexUnitOfWork(database.db, randomUUID);
    letters = new KnexDeadLetters(database.db);
  });

  beforeEach(() => database.clear());

  /** A test that failed leaves no transaction behind for the next one to wait for. */
  afterEach(async () => {
    for (const gate of gates) gate.open();
    for (const trx of open) if (!trx.isCompleted()) await trx.rollback();
    [gates, open] = [[], []];
  });

  afterAll(() => database.drop());

  it('that is just being freed is waited for, and free then', async () => {
    const letter = await bury(1);
    const gate = aGate();
    const replay = replaying(1, letter, () => gate.pass());
    await gate.reached;
    const chunk = unitOfWork.run([message(2)], async (unit) => unit.parked(message(2)));
    await waiting(database.db, 'transactionid');
    gate.open();
    await replay;
    expect((await chunk).value).toBeUndefined();
  });

  it('that a replay was about to free stays parked when a chunk has put a letter behind it', async () => {
    const letter = await bury(1);
    const gate = aGate();
    const chunk = unitOfWork.run([message(2)], async (unit) => (addLetter(unit, 2), gate.pass()));
    await gate.reached;
    const replay = replaying(1, letter);
    await waiting(database.db, 'transactionid');
    gate.open();
    await Promise.all([chunk, replay]);
    expect(await letters.parkedKeys({ limit: 9 })).toMatchObject([{ key: KEY, letters: 1 }]);
  });

  it.each(['replayed', 'discarded and freed'])(
    'that a chunk parks which had found it free stays parked, though its first letter is being %s',
    async (ending) => {
      const [began, inReplay] = [aGate(), aGate()];
      const chunk = unitOfWork.run([message(2)], async (unit) => {
        expect(unit.parked(message(2))).toBeUndefined();
        await began.pass();
        addLetter(unit, 2);
      });
      await began.reached;
      const letter = await bury(1);
      if (ending === 'replayed') {
        const replay = replaying(1, letter, () => inReplay.pass());
        await inReplay.reached;
        began.open();
        await waiting(database.db, 'transactionid');
        inReplay.open();
        await Promise.all([chunk, replay]);
      } else {
        await letters.discard(letter, DISCARDED, true);
        began.open();
        await chunk;
      }
      expect(await letters.parkedKeys({ limit: 9 })).toMatchObject([{ key: KEY, letters: 1 }]);
      await expect(parked(3)).resolves.toBe(KEY);
    },
  );

  it('that a chunk parks while the only letter of a key that was freed is being replayed stays parked', async () => {
    const first = await bury(1);
    await bury(2);
    await letters.discard(first, DISCARDED, true);
    await expect(parked(3)).resolves.toBeUndefined();
    const second = (await letters.lowest(KEY)) ?? 0;
    const trx = await begin(database.db);
    open.push(trx);
    const chunk = await openChunk(postgresStore(trx), [message(4)], new a.TestLane(1), undefined);
    addLetter(chunk, 4);
    await chunk.flush();
    const replay = replaying(2, second);
    await waiting(database.db, 'transactionid');
    await commit(trx);
    await replay;
    expect(await letters.parkedKeys({ limit: 9 })).toMatchObject([{ key: KEY, letters: 1 }]);
    await expect(parked(5)).resolves.toBe(KEY);
  });

  it.each(['is to be freed', 'is to be freed with a letter that is discarded'])(
    'that is parked just when a key without a row %s stays parked',
    async (what) => {
      const letter = await buryInNoOrder(1);
      await inTransaction(database.db, async (trx) => {
        const store = postgresStore(trx);
        // The moment behind the last look: a chunk comes to its end in it.
        const lowest = async (keys: readonly string[]) => {
          const found = await store.parkedKeys.lowest(keys);
          await bury(2);
          return found;
        };
        const raced = { ...store, parkedKeys: { ...store.parkedKeys, lowest } };
        if (what === 'is to be freed') expect(await freeIfEmpty(raced, KEY)).toBe(false);
        else expect(await discard(raced, letter, DISCARDED, true)).toMatchObject({ state: 'open' });
      });
      if ((await letters.lowest(KEY)) === undefined) await bury(2);
      await expect(parked(3)).resolves.toBe(KEY);
    },
  );

  it('that a zombie parks in a chunk which comes again is parked for what comes behind that chunk', async () => {
    const gate = aGate();
    const zombie = unitOfWork.run([message(1)], async (unit) => (addLetter(unit, 1), gate.pass()));
    await gate.reached;
    const successor = unitOfWork.run([message(1), message(2)], async (unit) => [
      unit.seen(message(1))?.outcome,
      unit.parked(message(2)),
    ]);
    await waiting(database.db, 'transactionid');
    gate.open();
    await zombie;
    expect((await successor).value).toEqual(['dead', KEY]);
  });

  it('gives letters their numbers in the order of their commits, whoever was first', async () => {
    const gate = aGate();
    const first = await bury(1);
    const slow = unitOfWork.run([message(2)], async (unit) => (addLetter(unit, 2), gate.pass()));
    await gate.reached;
    const late = unitOfWork.run([message(3)], async (unit) => addLetter(unit, 3));
    await waiting(database.db, 'transactionid');
    gate.open();
    await Promise.all([slow, late]);
    const list = await letters.list({ key: KEY }, { after: first, limit: 9 });
    expect(list.map(({ offset }) => offset)).toEqual([2, 3]);
  });

  it.each([
    ['its key', [KEY]],
    ['nothing', []],
  ])('has one replay of a letter that parks %s, however many try at once', async (_, keys) => {
    await unitOfWork.run([message(1)], async (unit) => {
      unit.settle(message(1), 'dead');
      unit.deadLetters.add(a.aDeadLetter(1, keys));
    });
    const [letter] = await letters.list({}, { after: 0, limit: 1 });
    const runs = await Promise.allSettled(Array.from({ length: 5 }, () => replaying(1, letter?.letterId ?? 0)));
    const refused = runs.flatMap((run): unknown[] => (run.status === 'rejected' ? [run.reason] : []));
    expect(refused).toHaveLength(4);
    for (const error of refused) expect(error).toBeInstanceOf(NotReplayable);
    for (const error of refused) expect(error).toHaveProperty('why', 'resolved');
  });

  it('is learnt from a statement that there was anyway, as long as there is none', async () => {
    const said: string[] = [];
    const listen = ({ sql }: { readonly sql: string }): void => void said.push(sql);
    const chunk = (from: number) => {
      const messages = Array.from({ length: 2_000 }, (_, i) => a.aMessage(from + i, { keys: [a.tenantId(i % 100)] }));
      return unitOfWork.run(messages, async () => undefined);
    };
    database.db.on('query', listen);
    await chunk(10_000);
    const [calm, all] = [said.filter((sql) => sql.includes('parked')), said.length];
    expect([calm.length, calm[0]]).toEqual([1, expect.stringContaining('INSERT INTO inbox')]);
    await bury(1);
    said.length = 0;
    await chunk(20_000);
    database.db.removeListener('query', listen);
    expect(said.length - all).toBe(2);
  });

  function aGate(): Gate {
    const gate = new Gate();
    gates.push(gate);
    return gate;
  }

  /** @returns the letter's number */
  async function bury(number: number): Promise<number> {
    await unitOfWork.run([message(number)], async (unit) => addLetter(unit, number));
    return (await letters.lowest(KEY)) ?? 0;
  }

  /** A letter that names the key and does not wait under it. @returns its number */
  async function buryInNoOrder(number: number): Promise<number> {
    await unitOfWork.run([message(number)], async (unit) => {
      unit.settle(message(number), 'dead');
      unit.deadLetters.add({ ...a.aDeadLetter(number, [KEY]), parks: false });
    });
    const [letter] = await letters.list({ key: KEY }, { after: 0, limit: 1 });
    return letter?.letterId ?? 0;
  }

  function addLetter(unit: Unit, number: number): void {
    unit.settle(message(number), 'dead');
    unit.deadLetters.add(a.aDeadLetter(number, [KEY]));
  }

  async function replaying(number: number, letterId: number, work: () => Promise<void> = async () => undefined) {
    const own = message(number);
    await unitOfWork.replay([{ letterId, message: own }], async (unit) => (unit.settle(own, 'accepted'), work()));
  }

  async function parked(number: number): Promise<string | undefined> {
    return (await unitOfWork.run([message(number)], async (unit) => unit.parked(message(number)))).value;
  }
});

function message(number: number) {
  return a.aMessage(number, { keys: [KEY] });
}
