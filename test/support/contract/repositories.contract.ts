import { NotLoaded } from '../../../src/ports/errors.ts';
import type { Page } from '../../../src/ports/repositories.ts';
import type { Unit } from '../../../src/ports/unit-of-work.ts';
import * as a from '../builders.ts';
import {
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

/** One kind of thing, by number: what is the same for all repositories is told once. */
interface Kind {
  readonly kind: string;
  add(unit: Unit, number: number): Promise<void>;
  change?(unit: Unit, number: number): Promise<void>;
  remove(unit: Unit, number: number): Promise<void>;
  get(unit: Unit, number: number): Promise<unknown>;
  list(unit: Unit, page: Page<number>): Promise<readonly { readonly number: number; readonly value: unknown }[]>;
}

const GONE = { version: 9, deletedAt: null };

const KINDS: readonly Kind[] = [
  {
    kind: 'tenants',
    add: (unit, n) => addTenants(unit, a.aTenant(n + 1)),
    change: (unit, n) => changeTenant(unit, a.tenantId(n + 1), { name: `Renamed ${n}` }),
    remove: async ({ tenants }, n) => {
      await tenants.get(a.tenantId(n + 1));
      tenants.remove(a.tenantId(n + 1), GONE);
    },
    get: ({ tenants }, n) => tenants.get(a.tenantId(n + 1)),
    // Tenant 1 is there from the start.
    list: async ({ tenants }, page) =>
      numbered(
        await tenants.list(paged(page, 0, (n) => a.tenantId(n + 1))),
        ({ tenantId }) => a.numberOf(tenantId) - 1,
      ),
  },
  {
    kind: 'subdivisions',
    add: (unit, n) => addSubdivisions(unit, a.aSubdivision(n + 1)),
    change: (unit, n) => changeSubdivision(unit, a.aSubdivision(n + 1), { location: `Moved ${n}` }),
    remove: async ({ subdivisions }, n) => {
      await subdivisions.get(a.tenantId(1), a.subdivisionId(n + 1));
      subdivisions.remove(a.tenantId(1), a.subdivisionId(n + 1), GONE);
    },
    get: ({ subdivisions }, n) => subdivisions.get(a.tenantId(1), a.subdivisionId(n + 1)),
    list: async ({ subdivisions }, page) =>
      numbered(
        await subdivisions.list(
          a.tenantId(1),
          paged(page, 0, (n) => a.subdivisionId(n + 1)),
        ),
        ({ subdivisionId }) => a.numberOf(subdivisionId) - 1,
      ),
  },
  {
    kind: 'licenses',
    add: async (unit, n) =>
      changeSubdivision(unit, a.aSubdivision(1), { licenses: [...(await licensesOf(unit)), a.aLicense(n)] }),
    change: async (unit, n) => {
      const licenses = (await licensesOf(unit)).map((license) =>
        license.licenseId === a.licenseId(n) ? { ...license, name: `Renamed ${n}` } : license,
      );
      await changeSubdivision(unit, a.aSubdivision(1), { licenses });
    },
    remove: async (unit, n) => {
      const licenses = (await licensesOf(unit)).filter(({ licenseId }) => licenseId !== a.licenseId(n));
      await changeSubdivision(unit, a.aSubdivision(1), { licenses });
    },
    get: ({ licenses }, n) => licenses.get(a.tenantId(1), a.licenseId(n)),
    list: async ({ licenses }, page) =>
      numbered(await licenses.list(a.tenantId(1), paged(page, undefined, a.licenseId)), ({ licenseId }) =>
        a.numberOf(licenseId),
      ),
  },
  {
    kind: 'statistic rows',
    add: (unit, n) => addRows(unit, a.aRow(n)),
    remove: async ({ statisticRows }, n) => statisticRows.remove(a.aRow(n)),
    get: ({ statisticRows }, n) => statisticRows.get(a.tenantId(1), a.rowId(n)),
    list: async ({ statisticRows }, page) =>
      numbered(
        await statisticRows.list(a.tenantId(1), a.subdivisionId(1), paged(page, undefined, a.rowId)),
        ({ statisticRowId }) => a.numberOf(statisticRowId),
      ),
  },
  {
    kind: 'users',
    add: (unit, n) => addUsers(unit, a.aUser(n)),
    change: (unit, n) => changeUser(unit, a.userId(n), { email: `renamed${n}@example.org` }),
    remove: async ({ users }, n) => {
      await users.get(a.userId(n));
      users.remove(a.userId(n), GONE);
    },
    get: ({ users }, n) => users.get(a.userId(n)),
    list: async ({ users }, page) =>
      numbered(await users.list(paged(page, undefined, a.userId)), ({ userId }) => a.numberOf(userId)),
  },
];

export function describeRepositories(create: CreateSubject): void {
  let subject: Subject;

  beforeEach(async () => {
    subject = await create();
    await givenSubdivision(subject);
  });

  describe.each(KINDS)('$kind', ({ add, change, remove, get, list }) => {
    const run = (work: (unit: Unit) => Promise<void>): Promise<unknown> => subject.unitOfWork.run([], work);
    const numbers = async (unit: Unit, page: Page<number>): Promise<number[]> =>
      (await list(unit, page)).map(({ number }) => number);
    const all = { limit: 100 };

    it('are the same in a later unit as in the one that added them', async () => {
      let added: unknown;
      await run(async (unit) => {
        await add(unit, 1);
        added = there(await get(unit, 1));
      });
      expect(await reading(subject, (unit) => get(unit, 1))).toEqual(added);
      expect(await reading(subject, (unit) => list(unit, all))).toEqual([{ number: 1, value: added }]);
      expect(await reading(subject, (unit) => get(unit, 2))).toBeUndefined();
    });

    it('come in pages by id, each after the last of the page before', async () => {
      await run(async (unit) => {
        for (const n of [3, 1, 5, 2, 4]) await add(unit, n);
        expect(await numbers(unit, { after: 1, limit: 2 })).toEqual([2, 3]);
      });
      await reading(subject, async (unit) => {
        expect(await numbers(unit, { limit: 2 })).toEqual([1, 2]);
        expect(await numbers(unit, { after: 2, limit: 2 })).toEqual([3, 4]);
        expect(await numbers(unit, { after: 4, limit: 2 })).toEqual([5]);
        expect(await numbers(unit, { after: 5, limit: 2 })).toEqual([]);
      });
    });

    it("show the unit's own adds, updates and removes in full pages", async () => {
      await run(async (unit) => {
        for (const n of [1, 2, 3, 5, 6]) await add(unit, n);
      });
      await run(async (unit) => {
        await remove(unit, 1);
        await remove(unit, 2);
        await add(unit, 4);
        await add(unit, 7);
        await remove(unit, 7);
        await change?.(unit, 5);
        expect(await numbers(unit, { limit: 2 })).toEqual([3, 4]);
        expect(await numbers(unit, { after: 3, limit: 2 })).toEqual([4, 5]);
        expect(await numbers(unit, all)).toEqual([3, 4, 5, 6]);
        expect((await list(unit, all))[2]?.value).toEqual(await get(unit, 5));
        expect(await get(unit, 1)).toBeUndefined();
      });
      expect(await reading(subject, (unit) => numbers(unit, all))).toEqual([3, 4, 5, 6]);
    });
  });

  it('what was not gotten in the unit can be neither changed nor removed', async () => {
    await reading(subject, async ({ tenants, subdivisions, users }) => {
      expect(() => tenants.add(a.aTenant(2))).toThrow(NotLoaded);
      expect(() => tenants.update(a.aTenant(1))).toThrow(NotLoaded);
      expect(() => tenants.remove(a.tenantId(1), GONE)).toThrow(NotLoaded);
      expect(() => subdivisions.update(a.aSubdivision(1))).toThrow(NotLoaded);
      expect(() => subdivisions.remove(a.tenantId(1), a.subdivisionId(1), GONE)).toThrow(NotLoaded);
      expect(() => users.update(a.aUser(1))).toThrow(NotLoaded);
      expect(() => users.remove(a.userId(1), GONE)).toThrow(NotLoaded);
    });
    expect(await reading(subject, ({ tenants }) => tenants.get(a.tenantId(1)))).toEqual(a.aTenant(1));
  });

  it('keep what time has done to a subdivision, and how far its licenses have come', async () => {
    const terms = {
      ...{ startsAt: a.NOW, graceMs: 5, overage: 'percent' as const, overagePercent: 10, usageThresholds: [50, 100] },
      ...{ noticesBeforeExpiry: [7, 3], period: 'month' as const, periodAnchor: a.NOW - 1 },
    };
    const closed = { number: 0, startsAt: null, endsAt: a.NOW + 9, usedRequests: 7, periodStartsAt: a.NOW - 1 };
    const progress = {
      ...{ scheduled: false, startedByTime: true, inGrace: true, noticedMs: 3, periodStartsAt: a.NOW + 9 },
      ...{ countNumber: 1, countStartsAt: a.NOW + 9, overageTold: true, closedCounts: [closed] },
    };
    const licenses = [
      a.anActiveLicense(1, { expiresAt: a.NOW + 10, termsVersion: 4, usedRequests: 105, terms, progress }),
      a.aLicense(2, { deactivatedAt: a.NOW, endReason: 'expired' }),
    ];
    const kept = a.aSubdivision(2, {
      ...a.licensed(...licenses),
      workStatus: 'inactive',
      suspended: true,
      settledAt: a.NOW,
    });
    await subject.unitOfWork.run([], (unit) => addSubdivisions(unit, kept));
    const stored = () => reading(subject, ({ subdivisions }) => subdivisions.get(a.tenantId(1), a.subdivisionId(2)));
    expect(await stored()).toEqual(kept);
    const later = a.aSubdivision(2, {
      ...kept,
      licenses: licenses.slice(1),
      activeLicenseId: null,
      settledAt: a.NOW + 1,
      version: 2,
    });
    await subject.unitOfWork.run([], (unit) => changeSubdivision(unit, kept, later));
    expect(await stored()).toEqual(later);
  });

  it('correct a row that is stored, one of the same unit, and one that was corrected before', async () => {
    const row = a.aRow(1, { countNumber: 3 });
    const correct = (countRequests: number) => ({ ...row, countRequests });
    await subject.unitOfWork.run([], async ({ statisticRows }) => {
      await statisticRows.exists(row);
      statisticRows.add(row);
      statisticRows.correct(correct(5));
      expect(await statisticRows.get(a.tenantId(1), row.statisticRowId)).toEqual(correct(5));
    });
    await subject.unitOfWork.run([], async (unit) => {
      const { statisticRows } = unit;
      expect(await statisticRows.get(a.tenantId(1), row.statisticRowId)).toEqual(correct(5));
      statisticRows.correct(correct(6));
      unit.beginAttempt();
      statisticRows.correct(correct(7));
      unit.undoAttempt();
      expect(await statisticRows.get(a.tenantId(1), row.statisticRowId)).toEqual(correct(6));
      const page = { limit: 9 };
      expect(await statisticRows.list(a.tenantId(1), a.subdivisionId(1), page)).toEqual([correct(6)]);
    });
    const found = await reading(subject, ({ statisticRows }) => statisticRows.get(a.tenantId(1), row.statisticRowId));
    expect(found).toEqual(correct(6));
  });

  it("a tenant's users and subdivisions are its own, those of this unit included", async () => {
    const mine = { tenantId: a.tenantId(1) };
    await subject.unitOfWork.run([], async (unit) => {
      await addTenants(unit, a.aTenant(2));
      await addSubdivisions(unit, a.aSubdivision(2), a.aSubdivision(9, { tenantId: a.tenantId(2) }));
      await addUsers(unit, a.aUser(1, mine), a.aUser(2, mine), a.aUser(3), a.aUser(9, { tenantId: a.tenantId(2) }));
    });
    await reading(subject, async (unit) => {
      await changeUser(unit, a.userId(1), { tenantId: null });
      await changeUser(unit, a.userId(3), mine);
      await addSubdivisions(unit, a.aSubdivision(3));
      const { users, subdivisions } = unit;
      const page = { ...mine, limit: 10 };
      const listed = [await users.list(page), await users.ofTenant(a.tenantId(1))];
      expect(listed.map((list) => list.map(({ userId }) => a.numberOf(userId)))).toEqual([
        [2, 3],
        [2, 3],
      ]);
      const own = [await subdivisions.list(a.tenantId(1), page), await subdivisions.ofTenant(a.tenantId(1))];
      expect(own.map((list) => list.map(({ subdivisionId }) => a.numberOf(subdivisionId)))).toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]);
    });
  });
}

async function licensesOf({ subdivisions }: Unit) {
  return there(await subdivisions.get(a.tenantId(1), a.subdivisionId(1))).licenses;
}

function numbered<V>(values: readonly V[], number: (value: V) => number) {
  return values.map((value) => ({ number: number(value), value }));
}

/** `first` is the number that a list without `after` begins after. */
function paged<Id>({ after, limit }: Page<number>, first: number | undefined, id: (number: number) => Id): Page<Id> {
  const from = after ?? first;
  return from === undefined ? { limit } : { after: id(from), limit };
}
