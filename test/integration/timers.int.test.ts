import { randomUUID } from 'node:crypto';
import type { SubdivisionKey } from '../../src/ports/repositories.ts';
import type { SweepLimits, Swept } from '../../src/ports/timers.ts';
import { KnexTimers } from '../../src/uow/timers.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import * as a from '../support/builders.ts';
import { addSubdivisions, addTenants } from '../support/contract/subject.ts';
import { describeLookUps, statementsOf } from '../support/plans.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { owedIn } from '../support/owed.ts';

const LIMITS: SweepLimits = { inFlight: 100, resendMs: 60_000, step: 100 };
const MINUTE = 60_000;

let database: TestDatabase;
let timers: KnexTimers;

let statements: ReadonlySet<string>;

beforeAll(async () => {
  database = await createTestDatabase();
  statements = statementsOf(database.db);
  timers = new KnexTimers(database.db);
});
beforeEach(() => database.clear());
afterAll(() => database.drop());

describe('a sweep', () => {
  it('takes what is due, changes of state before mere notices, each the oldest first', async () => {
    await put(1, { ago: 1_000 });
    await put(2, { ago: 3_000, isNotice: true });
    await put(3, { ago: -MINUTE });
    await put(4, { ago: 2_000 });
    await put(5, { ago: 4_000, isNotice: true });
    const { told, firstSends, oldestMs } = await sweep();
    expect(told).toEqual([4, 1, 5, 2]);
    expect(firstSends).toBe(4);
    expect(oldestMs).toBeGreaterThanOrEqual(4_000);
  });

  it('owes a message for each, of the time at which its transaction began', async () => {
    await put(1, { ago: 0 });
    const before = await clock();
    const { told, times } = await sweep();
    expect(told).toEqual([1]);
    expect(times[0]).toBeGreaterThanOrEqual(Math.floor(before));
    expect(times[0]).toBeLessThanOrEqual(await clock());
    expect((await owedIn(database.db)).map(({ value }) => String(value))).toEqual([`1@${times[0]}`]);
  });

  it('marks nothing when it can not write what it owes', async () => {
    await put(1, { ago: 0 });
    const failing = timers.sweep(
      LIMITS,
      () => {
        throw new Error('no schema');
      },
      newLane(),
    );
    await expect(failing).rejects.toThrow('no schema');
    expect((await sweep()).told).toEqual([1]);
  });

  it('takes none again before it has waited for its answer, and then behind the new ones', async () => {
    await put(1, { ago: 5_000 });
    await put(2, { ago: 4_000 });
    expect((await sweep()).told).toEqual([1, 2]);
    expect((await sweep()).told).toEqual([]);
    await age(1, MINUTE);
    await put(3, { ago: 1_000 });
    const { told, firstSends, resends } = await sweep();
    expect([told, firstSends, resends]).toEqual([[3, 1], 1, 1]);
    expect((await sweep()).told).toEqual([]);
    await age(1, MINUTE);
    expect((await sweep()).told).toEqual([1]);
  });

  it('leaves a row to the lane that writes it', async () => {
    await put(1, { ago: 2_000 });
    await put(2, { ago: 1_000 });
    const lane = await database.db.transaction();
    try {
      await lane('subdivision_timers')
        .where({ subdivision_id: a.subdivisionId(1) })
        .forUpdate();
      expect((await sweep()).told).toEqual([2]);
    } finally {
      await lane.rollback();
    }
    expect((await sweep()).told).toEqual([1]);
  });

  it('leaves the timers of a parked key, and does not count them', async () => {
    await put(1, { ago: 3_000 });
    await put(2, { ago: 2_000, tenant: 2 });
    await put(3, { ago: 1_000, tenant: 2 });
    const limits = { ...LIMITS, inFlight: 1 };
    expect((await sweep(limits)).told).toEqual([1]);
    await database.db('parked_keys').insert([{ key: a.tenantId(1) }, { key: a.tenantId(3), parked: false }]);
    expect((await sweep(limits)).told).toEqual([2]);
    await age(1, MINUTE);
    expect((await sweep(limits)).told).toEqual([]);
    await database.db('parked_keys').update({ parked: false });
    expect((await sweep(limits)).told).toEqual([1]);
  });
});

describe('the timers that are not answered', () => {
  const limits = { ...LIMITS, inFlight: 3 };

  it('are no more than allowed, however many sweep at a time', async () => {
    for (let i = 1; i <= 10; i += 1) await put(i, { ago: 1_000 });
    const sweeps = await Promise.all(Array.from({ length: 6 }, () => timers.sweep(limits, textOf, newLane())));
    const taken = sweeps.reduce((sum, swept) => sum + (swept?.firstSends ?? 0), 0);
    expect(taken).toBe(3);
    expect((await sweep(limits)).isFull).toBe(true);
  });

  it('make room with each answer', async () => {
    for (let i = 1; i <= 5; i += 1) await put(i, { ago: 1_000 * (10 - i) });
    expect((await sweep(limits)).told).toEqual([1, 2, 3]);
    await answer(2);
    const { told, isFull, unanswered } = await sweep(limits);
    expect([told, isFull, unanswered]).toEqual([[4], true, 3]);
    await answer(1);
    await answer(3);
    expect(await sweep(limits)).toMatchObject({ told: [5], isFull: false });
  });

  it('do not count once they were sent for again, which is bounded by itself', async () => {
    for (let i = 1; i <= 8; i += 1) await put(i, { ago: 1_000 * (10 - i) });
    expect((await sweep(limits)).told).toEqual([1, 2, 3]);
    for (const i of [1, 2, 3]) await age(i, MINUTE);
    expect((await sweep(limits)).told).toEqual([1, 2, 3]);
    expect((await sweep(limits)).told).toEqual([4, 5, 6]);
    for (const i of [4, 5, 6]) await age(i, MINUTE);
    // Those that were sent for again a moment ago are all that may be.
    expect((await sweep(limits)).told).toEqual([]);
    for (const i of [1, 2]) await age(i, MINUTE);
    expect((await sweep(limits)).told).toEqual([1, 2]);
  });

  it('are left by whoever finds another one sweeping', async () => {
    await put(1, { ago: 1_000 });
    const other = await database.db.transaction();
    try {
      await other.raw(`SELECT pg_advisory_xact_lock(5120012, 'subdivision_timers'::regclass::oid::integer)`);
      expect(await timers.sweep(LIMITS, textOf, newLane())).toBeUndefined();
    } finally {
      await other.rollback();
    }
    expect((await sweep()).told).toEqual([1]);
  });
});

test('how many are due, and for how long, is told without those of parked keys', async () => {
  expect(await timers.due()).toBeUndefined();
  await put(1, { ago: 9_000 });
  await put(2, { ago: 5_000, tenant: 2 });
  await put(3, { ago: -MINUTE, tenant: 2 });
  await database.db('parked_keys').insert({ key: a.tenantId(1) });
  const due = await timers.due();
  expect(due?.timers).toBe(1);
  expect(due?.oldestMs).toBeGreaterThanOrEqual(5_000);
  expect(due?.oldestMs).toBeLessThan(9_000);
});

describe('what a worker of before has written', () => {
  const at = (minutes: number): number => a.NOW + minutes * MINUTE;

  /** Subdivisions by number, each with an active license that expires then; null: never. */
  async function givenLicenses(...expiries: readonly (number | null)[]): Promise<void> {
    await new KnexUnitOfWork(database.db, randomUUID).run([], async (unit) => {
      await addTenants(unit, a.aTenant(1));
      const subdivisions = expiries.map((expiresAt, i) => {
        const type = expiresAt === null ? {} : ({ type: 'bytime', requestsLimit: null, expiresAt } as const);
        return a.aSubdivision(i + 1, a.licensed(a.anActiveLicense(i + 1, type)));
      });
      await addSubdivisions(unit, ...subdivisions, a.aSubdivision(99, { licenses: [a.aLicense(99)] }));
    });
  }

  async function addMissing(step: number): Promise<void> {
    let after: SubdivisionKey | undefined;
    do after = await timers.addMissing(after, step);
    while (after !== undefined);
  }

  async function stored(): Promise<readonly (readonly [number, number, boolean])[]> {
    const sql = `SELECT subdivision_id AS id, due_at AS at, is_notice AS "isNotice" FROM subdivision_timers ORDER BY 1`;
    const { rows } = await database.db.raw<{ rows: readonly StoredTimer[] }>(sql);
    return rows.map(({ id, at, isNotice }) => [a.numberOf(id), (at.getTime() - a.NOW) / MINUTE, isNotice]);
  }

  it.each([1, 2, 3, 100])('gets its timers, %i licenses at a time', async (step) => {
    await givenLicenses(at(1), null, at(3), at(4));
    const expected = await stored();
    expect(expected).toEqual([
      [1, 1, false],
      [3, 3, false],
      [4, 4, false],
    ]);
    await database.db('subdivision_timers').del();
    await addMissing(step);
    expect(await stored()).toEqual(expected);
  });

  it('makes a timer earlier, and none later', async () => {
    await givenLicenses(at(5), at(5));
    await move(1, { due_at: new Date(at(9)), is_notice: true, queued_at: new Date() });
    await move(2, { due_at: new Date(at(2)), is_notice: true, queued_at: new Date() });
    await addMissing(10);
    expect(await stored()).toEqual([
      [1, 5, false],
      [2, 2, true],
    ]);
    const queued = await database.db('subdivision_timers').whereNotNull('queued_at').pluck('subdivision_id');
    expect(queued.map(a.numberOf)).toEqual([2]);
  });

  it('never was a license in grace, whose timer is later than its expiry', async () => {
    await givenLicenses(at(5));
    await database.db('licenses').where({ status: 'active' }).update({ in_grace: true });
    await move(1, { due_at: new Date(at(9)) });
    await addMissing(10);
    expect(await stored()).toEqual([[1, 9, false]]);
  });

  it('waits for nobody who writes a timer', async () => {
    await givenLicenses(at(5), at(5));
    await move(1, { due_at: new Date(at(9)) });
    await move(2, { due_at: new Date(at(9)) });
    const lane = await database.db.transaction();
    try {
      await lane('subdivision_timers')
        .where({ subdivision_id: a.subdivisionId(1) })
        .update({ due_at: new Date(at(7)) });
      await addMissing(10);
    } finally {
      await lane.rollback();
    }
    expect(await stored()).toEqual([
      [1, 9, false],
      [2, 5, false],
    ]);
  });

  async function move(subdivision: number, changes: Readonly<Record<string, unknown>>): Promise<void> {
    await database
      .db('subdivision_timers')
      .where({ subdivision_id: a.subdivisionId(subdivision) })
      .update(changes);
  }
});

interface StoredTimer {
  readonly id: string;
  readonly at: Date;
  readonly isNotice: boolean;
}

/** A timer of the subdivision with this number, due so many milliseconds ago. */
async function put(subdivision: number, { ago = 0, tenant = 1, isNotice = false }): Promise<void> {
  await database.db.raw(
    `INSERT INTO subdivision_timers (tenant_id, subdivision_id, due_at, is_notice)
     VALUES (?::uuid, ?::uuid, date_trunc('milliseconds', clock_timestamp()) - ? * interval '1 millisecond', ?)`,
    [a.tenantId(tenant), a.subdivisionId(subdivision), ago, isNotice],
  );
}

/** As if it had been sent for so much longer ago. */
async function age(subdivision: number, by: number): Promise<void> {
  await database.db.raw(
    `UPDATE subdivision_timers SET queued_at = queued_at - ? * interval '1 millisecond' WHERE subdivision_id = ?::uuid`,
    [by, a.subdivisionId(subdivision)],
  );
}

async function answer(subdivision: number): Promise<void> {
  await database
    .db('subdivision_timers')
    .where({ subdivision_id: a.subdivisionId(subdivision) })
    .del();
}

async function clock(): Promise<number> {
  const sql = 'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now';
  const { rows } = await database.db.raw<{ rows: readonly { readonly now: string }[] }>(sql);
  return Number(rows[0]?.now);
}

function textOf({ tenantId, subdivisionId }: SubdivisionKey, upTo: number) {
  return a.anEvent(tenantId, `${a.numberOf(subdivisionId)}@${upTo}`);
}

/** Of a sweep of its own. */
function newLane(): a.TestLane {
  lanes += 1;
  return new a.TestLane(lanes);
}

let lanes = 0;

/** @returns the numbers of the subdivisions that it has sent for, in order, and the times of these messages */
async function sweep(limits = LIMITS): Promise<Swept & { readonly told: number[]; readonly times: number[] }> {
  const swept = await timers.sweep(limits, textOf, newLane());
  if (swept === undefined) throw new Error('another one sweeps');
  const sent = swept.outbox.map(({ value }) => String(value).split('@').map(Number));
  return { ...swept, told: sent.map(([number = 0]) => number), times: sent.map(([, time = 0]) => time) };
}

describe('of what was asked here,', () => {
  describeLookUps(
    () => database,
    () => statements,
  );
});
