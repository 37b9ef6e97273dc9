import { randomUUID } from 'node:crypto';
import type { Claimable, ClaimLimits, Repetition } from '../../src/ports/entitlements.ts';
import type { SubdivisionKey } from '../../src/ports/repositories.ts';
import { KnexEntitlements } from '../../src/uow/entitlements.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import * as a from '../support/builders.ts';
import { addSubdivisions, addTenants, changeSubdivision } from '../support/contract/subject.ts';
import { describeLookUps, statementsOf } from '../support/plans.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const MINUTE = 60_000;
const LIMITS: ClaimLimits = { step: 100, claimMs: MINUTE };
const REPETITION: Repetition = { repeatMs: MINUTE, refreshMs: 60 * MINUTE };

let database: TestDatabase;
let entitlements: KnexEntitlements;
let unitOfWork: KnexUnitOfWork;

let statements: ReadonlySet<string>;

beforeAll(async () => {
  database = await createTestDatabase();
  statements = statementsOf(database.db);
  entitlements = new KnexEntitlements(database.db, 'one');
  unitOfWork = new KnexUnitOfWork(database.db, randomUUID);
});
beforeEach(async () => {
  await database.clear();
  await entitlements.raiseEpoch();
});
afterAll(() => database.drop());

describe('a claim', () => {
  it('takes what has changed, with its present state', async () => {
    await given(1, 2);
    const { claim, keys } = await claimed();
    expect(numbersOf(keys)).toEqual([1, 2]);
    const { subdivisions, epoch, at, leftMs } = await entitlements.read(claim, [keyOf(1), keyOf(2)]);
    expect(subdivisions.map(({ subdivision }) => subdivision)).toEqual([sample(1), sample(2)]);
    expect([epoch, Math.abs(at - (await clock())) < 5_000]).toEqual([await theEpoch(), true]);
    expect(leftMs).toBeGreaterThan(MINUTE - 5_000);
    expect(leftMs).toBeLessThanOrEqual(MINUTE);
  });

  it('is of one publisher, however many claim at a time', async () => {
    await given(...Array.from({ length: 60 }, (_, i) => i + 1));
    const claims = await Promise.all(Array.from({ length: 8 }, () => claimed({ ...LIMITS, step: 10 })));
    const taken = claims.flatMap(({ keys }) => numbersOf(keys));
    expect(new Set(taken).size).toBe(taken.length);
    expect(taken).toHaveLength(60);
    expect(claims.some(({ isFull }) => isFull)).toBe(true);
    expect(await claimed()).toMatchObject({ keys: [], isFull: false });
  });

  it('that has run out is no one’s any more, and what it held is left over', async () => {
    await given(1);
    const dead = await claimed({ ...LIMITS, claimMs: 0 });
    // Nobody else has it yet, and somebody may have at any moment.
    expect((await entitlements.read(dead.claim, dead.keys)).subdivisions).toEqual([]);
    expect((await claimed()).keys).toEqual([]);
    const next = await claimed(LIMITS, 'left');
    expect(numbersOf(next.keys)).toEqual([1]);
    expect(await publish(dead)).toBe(0);
    expect(await publish(next)).toBe(1);
  });

  it('is told for how long the oldest change is owed, also one that somebody else has or has left over', async () => {
    await given(1, 2);
    await setOwed(2, -5_000);
    const first = await claimed();
    expect(first.oldestMs).toBeGreaterThanOrEqual(5_000);
    expect((await claimed()).oldestMs).toBeGreaterThanOrEqual(5_000);
    await entitlements.release(first.claim, first.keys);
    const none = await claimed();
    expect([none.keys, none.oldestMs >= 5_000]).toEqual([[], true]);
    await publish(await claimed(LIMITS, 'left'));
    expect((await claimed()).oldestMs).toBe(0);
  });

  it('leaves a row to the transaction that marks it, and does not wait', async () => {
    await given(1, 2);
    const lane = await database.db.transaction();
    try {
      await lane('entitlements')
        .where({ subdivision_id: a.subdivisionId(1) })
        .forUpdate();
      expect(numbersOf((await claimed()).keys)).toEqual([2]);
    } finally {
      await lane.rollback();
    }
    expect(numbersOf((await claimed()).keys)).toEqual([1]);
  });
});

describe('what was published', () => {
  it('is published once more after a while, and then anew within the time of a refresh', async () => {
    await given(1);
    expect(await publish(await claimed())).toBe(1);
    expect(await row(1)).toMatchObject({ isRepetition: true, claim: null, epoch: await theEpoch() });
    expect((await row(1)).inMs).toBeGreaterThan(MINUTE - 5_000);
    expect((await claimed()).keys).toEqual([]);
    await setOwed(1, 0);
    const again = await claimed();
    expect([numbersOf(again.keys), again.oldestMs]).toEqual([[1], 0]);
    expect(await publish(again)).toBe(1);
    expect((await row(1)).inMs).toBeGreaterThan(29 * MINUTE);
    expect((await row(1)).inMs).toBeLessThanOrEqual(60 * MINUTE);
  });

  it('is owed anew if it was marked during the send', async () => {
    await given(1);
    const first = await claimed();
    await suspend(1);
    expect(await publish(first)).toBe(0);
    const next = await claimed();
    const { subdivisions } = await entitlements.read(next.claim, next.keys);
    expect(subdivisions[0]?.subdivision).toMatchObject({ suspended: true });
    expect(await publish(next)).toBe(1);
    expect((await claimed()).keys).toEqual([]);
  });

  it('does not wait for a transaction that marks it at this moment', async () => {
    await given(1, 2);
    const both = await claimed();
    const lane = await database.db.transaction();
    try {
      await lane('entitlements')
        .where({ subdivision_id: a.subdivisionId(1) })
        .forUpdate();
      expect(await publish(both)).toBe(1);
    } finally {
      await lane.rollback();
    }
    expect((await row(1)).claim).toBe(both.claim);
    expect((await row(2)).claim).toBe(null);
  });

  it('and failed is left over, and holds back nothing that is new', async () => {
    await given(1, 2, 3);
    for (const number of [1, 2, 3]) await setOwed(number, -5_000 + number);
    const one = { ...LIMITS, step: 1 };
    for (const number of [1, 2]) {
      const { claim, keys } = await claimed(one);
      expect(numbersOf(keys)).toEqual([number]);
      await entitlements.release(claim, keys);
    }
    expect(numbersOf((await claimed(one)).keys)).toEqual([3]);
  });

  it('and fails again and again comes in turn', async () => {
    await given(1, 2, 3);
    const { claim, keys } = await claimed();
    for (const key of keys) await entitlements.release(claim, [key]);
    const one = { ...LIMITS, step: 1 };
    const turns: (readonly number[])[] = [];
    for (let i = 0; i < 6; i += 1) {
      const next = await claimed(one, 'left');
      turns.push(numbersOf(next.keys));
      await entitlements.release(next.claim, next.keys);
    }
    expect(turns).toEqual([...keys, ...keys].map((key) => numbersOf([key])));
  });

  it('and failed is new when it changes, and what is repeated and of an older epoch is left over, too', async () => {
    await given(1, 2, 3);
    await publish(await claimed());
    await setOwed(1, 0);
    await entitlements.raiseEpoch();
    const { claim, keys } = await claimed();
    expect(keys).toHaveLength(3);
    await entitlements.release(claim, keys);
    await suspend(2);
    expect(numbersOf((await claimed()).keys)).toEqual([2]);
    expect(numbersOf((await claimed(LIMITS, 'left')).keys)).toEqual([1, 3]);
  });

  it('of a deleted subdivision is a tombstone, twice, and then nothing is owed', async () => {
    await given(1);
    await publish(await claimed());
    await remove(1);
    const first = await claimed();
    const { subdivisions } = await entitlements.read(first.claim, first.keys);
    expect(subdivisions).toEqual([{ ...keyOf(1), subdivision: undefined }]);
    expect(await publish(first, true)).toBe(1);
    await setOwed(1, 0);
    expect(await publish(await claimed(), true)).toBe(1);
    expect(await database.db('entitlements')).toEqual([]);
  });
});

describe('a new epoch', () => {
  it('is higher than the one before, and than the clock was', async () => {
    const before = await theEpoch();
    expect(before).toBeGreaterThan((await clock()) - MINUTE);
    await database.db('entitlement_epoch').update({ epoch: before + 10 * MINUTE });
    await entitlements.raiseEpoch();
    expect(await theEpoch()).toBe(before + 10 * MINUTE + 1);
    await database.db('entitlement_epoch').update({ epoch: 7 });
    await entitlements.raiseEpoch();
    expect(await theEpoch()).toBeGreaterThanOrEqual(before);
  });

  it('has everything owed at once, but what has changed comes by itself', async () => {
    await given(1, 2, 3);
    await publish(await claimed());
    expect((await claimed()).keys).toEqual([]);
    await entitlements.raiseEpoch();
    await suspend(2);
    const { keys } = await claimed({ ...LIMITS, step: 1 });
    expect(keys).toHaveLength(2);
    expect(numbersOf(keys)).toContain(2);
  });

  it('is told of everything twice, as of a change', async () => {
    await given(1, 2);
    await publish(await claimed());
    for (const number of [1, 2]) await setOwed(number, 0);
    await publish(await claimed());
    await entitlements.raiseEpoch();
    expect(await publish(await claimed())).toBe(2);
    expect((await row(1)).inMs).toBeLessThan(2 * MINUTE);
    await setOwed(1, 0);
    await publish(await claimed());
    expect((await row(1)).inMs).toBeGreaterThan(29 * MINUTE);
  });

  it('gets both tombstones of what is deleted', async () => {
    await given(1);
    await publish(await claimed());
    await remove(1);
    await publish(await claimed(), true);
    await entitlements.raiseEpoch();
    await publish(await claimed(), true);
    expect((await row(1)).isRepetition).toBe(true);
    await setOwed(1, 0);
    await publish(await claimed(), true);
    expect(await database.db('entitlements')).toEqual([]);
  });

  it('that begins during a send has it owed again', async () => {
    await given(1);
    const before = await claimed();
    const { epoch } = await entitlements.read(before.claim, before.keys);
    await entitlements.raiseEpoch();
    expect(await entitlements.published(before.claim, living(before.keys), epoch, REPETITION)).toBe(1);
    expect(numbersOf((await claimed()).keys)).toEqual([1]);
  });
});

describe('another topic', () => {
  let other: KnexEntitlements;

  beforeEach(async () => {
    other = new KnexEntitlements(database.db, 'two');
    await given(1, 2);
    await entitlements.publishedTo(4);
    await publish(await claimed());
  });

  it('begins with a new epoch, and of each it is known how many partitions it had at first', async () => {
    expect(await entitlements.publishedTo(6)).toBe(4);
    expect((await claimed()).keys).toEqual([]);
    expect(await other.publishedTo(6)).toBe(6);
    expect(numbersOf((await claimed(LIMITS, 'new', other)).keys)).toEqual([1, 2]);
  });

  it('is owed everything, whatever workers that were not restarted yet publish where they did', async () => {
    const before = await claimed();
    await suspend(1);
    const change = await claimed();
    await other.publishedTo(6);
    await setOwed(2, 0);
    const refresh = await claimed();
    expect([before, change, refresh].map(({ keys }) => numbersOf(keys))).toEqual([[], [1], [2]]);
    expect(await publish(change)).toBe(1);
    expect(await publish(refresh)).toBe(1);
    expect((await row(1)).inMs).toBeLessThan(2 * MINUTE);
    expect((await row(2)).inMs).toBeGreaterThan(29 * MINUTE);
    expect((await claimed()).keys).toEqual([]);
    const owed = await claimed(LIMITS, 'new', other);
    expect(numbersOf(owed.keys)).toEqual([1, 2]);
    expect(await publish(owed, false, other)).toBe(2);
    expect((await claimed(LIMITS, 'new', other)).keys).toEqual([]);
  });

  it('gets a tombstone of what it was told of, also when another topic has got both of them', async () => {
    await other.publishedTo(6);
    await publish(await claimed(LIMITS, 'new', other), false, other);
    await remove(1);
    await publish(await claimed(), true);
    await setOwed(1, 0);
    await publish(await claimed(), true);
    expect(numbersOf((await claimed(LIMITS, 'new', other)).keys)).toEqual([1]);
  });

  it('that was made again under its name is filled by those who publish there', async () => {
    await database
      .db('entitlement_epoch')
      .update({ topic: null, partitions: null, epoch: database.db.raw('epoch + 1') });
    const owed = await claimed();
    expect(numbersOf(owed.keys)).toEqual([1, 2]);
    await publish(owed);
    expect((await claimed()).keys).toEqual([]);
  });
});

it('a subdivision that a worker of before has created is found, page by page, and a deleted one is not', async () => {
  await given(1, 2, 3, 4, 5);
  await remove(4);
  await database
    .db('entitlements')
    .whereNot({ subdivision_id: a.subdivisionId(1) })
    .del();
  await publish(await claimed());
  let pages = 0;
  let end: SubdivisionKey | undefined;
  do {
    end = await entitlements.addMissing(end, 2);
    pages += 1;
  } while (end !== undefined);
  expect(pages).toBe(3);
  expect(numbersOf((await claimed()).keys)).toEqual([2, 3, 5]);
});

const keyOf = (number: number): SubdivisionKey => ({
  tenantId: a.tenantId(1),
  subdivisionId: a.subdivisionId(number),
});
const sample = (number: number) => a.aSubdivision(number, a.licensed(a.anActiveLicense(number)));
const living = (keys: readonly SubdivisionKey[]) => keys.map((key) => ({ ...key, isDeleted: false }));

/** New subdivisions of tenant 1, each with an active license. */
async function given(...numbers: readonly number[]): Promise<void> {
  await unitOfWork.run([], async (unit) => {
    await addTenants(unit, a.aTenant(1));
    await addSubdivisions(unit, ...numbers.map(sample));
  });
}

async function suspend(number: number): Promise<void> {
  const suspended = { suspended: true, workStatus: 'inactive' } as const;
  await unitOfWork.run([], (unit) => changeSubdivision(unit, keyOf(number), suspended));
}

async function remove(number: number): Promise<void> {
  await unitOfWork.run([], async ({ subdivisions }) => {
    await subdivisions.get(a.tenantId(1), a.subdivisionId(number));
    subdivisions.remove(a.tenantId(1), a.subdivisionId(number), { version: 9 });
  });
}

async function claimed(limits = LIMITS, which: Claimable = 'new', by = entitlements) {
  const claim = randomUUID();
  return { claim, ...(await by.claim(claim, limits, which)) };
}

async function publish(
  { claim, keys }: { readonly claim: string; readonly keys: readonly SubdivisionKey[] },
  isDeleted = false,
  by = entitlements,
): Promise<number> {
  const published = keys.map((key) => ({ ...key, isDeleted }));
  return by.published(claim, published, await theEpoch(), REPETITION);
}

async function row(number: number) {
  const { rows } = await database.db.raw<{
    rows: readonly { isRepetition: boolean; claim: string | null; epoch: number; inMs: number }[];
  }>(
    `SELECT is_repetition AS "isRepetition", claim, epoch, (extract(epoch FROM owed_at - now()) * 1000)::bigint AS "inMs"
     FROM entitlements WHERE subdivision_id = ?`,
    [a.subdivisionId(number)],
  );
  const [found] = rows;
  if (found === undefined) throw new Error(`nothing is kept of subdivision ${number}`);
  return found;
}

/** @param after so many milliseconds from now on */
async function setOwed(number: number, after: number): Promise<void> {
  await database.db.raw(
    `UPDATE entitlements SET owed_at = now() + ? * interval '1 millisecond' WHERE subdivision_id = ?`,
    [after, a.subdivisionId(number)],
  );
}

async function theEpoch(): Promise<number> {
  const [epoch = 0] = await database.db('entitlement_epoch').pluck<number[]>('epoch');
  return epoch;
}

async function clock(): Promise<number> {
  const { rows } = await database.db.raw<{ rows: readonly { now: number }[] }>(
    `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now`,
  );
  return rows[0]?.now ?? 0;
}

function numbersOf(keys: readonly SubdivisionKey[]): readonly number[] {
  return keys.map(({ subdivisionId }) => a.numberOf(subdivisionId)).sort((one, other) => one - other);
}

describe('of what was asked here,', () => {
  describeLookUps(
    () => database,
    () => statements,
  );
});
