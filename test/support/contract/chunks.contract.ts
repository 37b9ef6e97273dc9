import { StaleRead } from '../../../src/ports/errors.ts';
import type { Unit } from '../../../src/ports/unit-of-work.ts';
import * as a from '../builders.ts';
import {
  addRows,
  addSubdivisions,
  addTenants,
  addUsers,
  changeSubdivision,
  changeTenant,
  givenSubdivision,
  reading,
  there,
  type CreateSubject,
  type Subject,
} from './subject.ts';

const TENANT = a.tenantId(1);
const SUBDIVISION = a.aSubdivision(1);

/** What several changes of one chunk make of each other. */
export function describeChunks(create: CreateSubject): void {
  let subject: Subject;
  const run = (work: (unit: Unit) => Promise<void>): Promise<unknown> => subject.unitOfWork.run([], work);

  beforeEach(async () => {
    subject = await create();
  });

  describe('tombstones', () => {
    it('keep the ids of what was deleted', async () => {
      await givenSubdivision(subject, a.aLicense(1));
      await run((unit) => addUsers(unit, a.aUser(1)));
      await run(async (unit) => {
        await expectTaken(unit, false);
        await removeAll(unit);
        await expectTaken(unit, true);
      });
      await reading(subject, (unit) => expectTaken(unit, true));
    });

    it('are left by what was created and deleted in the same unit', async () => {
      await run(async (unit) => {
        await addTenants(unit, a.aTenant(1));
        await addSubdivisions(unit, SUBDIVISION);
        await changeSubdivision(unit, SUBDIVISION, { licenses: [a.aLicense(1), a.aLicense(2)] });
        await changeSubdivision(unit, SUBDIVISION, { licenses: [a.aLicense(3)] });
        await addUsers(unit, a.aUser(1));
        await removeAll(unit);
      });
      await reading(subject, async (unit) => {
        await expectTaken(unit, true);
        expect(await unit.licenses.exists(TENANT, a.licenseId(2))).toBe(true);
        expect(await unit.licenses.exists(TENANT, a.licenseId(3))).toBe(true);
        expect(await unit.licenses.exists(TENANT, a.licenseId(4))).toBe(false);
      });
    });

    it('of a license that gave way to another in one change keeps its id', async () => {
      await givenSubdivision(subject);
      await run(async (unit) => {
        await changeSubdivision(unit, SUBDIVISION, { licenses: [a.aLicense(1)] });
        await changeSubdivision(unit, SUBDIVISION, { licenses: [a.aLicense(2)] });
        expect(await unit.licenses.exists(TENANT, a.licenseId(2))).toBe(true);
      });
      expect(await reading(subject, ({ licenses }) => licenses.exists(TENANT, a.licenseId(1)))).toBe(true);
    });

    it('give their version to a user that comes again', async () => {
      await run((unit) => addUsers(unit, a.aUser(1)));
      await run(async ({ users }) => {
        await users.get(a.userId(1));
        users.remove(a.userId(1), { version: 2, deletedAt: a.NOW });
      });
      await run(async ({ users }) => {
        expect(await users.tombstone(a.userId(1))).toEqual({ version: 2, deletedAt: a.NOW });
        users.add(a.aUser(1, { version: 3 }));
      });
      expect(await reading(subject, ({ users }) => users.get(a.userId(1)))).toEqual(a.aUser(1, { version: 3 }));
    });
  });

  describe('tenant names', () => {
    const holders = (unit: Unit) =>
      Promise.all(['X', 'Y', 'Z'].map(async (name) => a.numberOf((await unit.tenants.holderOfName(name)) ?? '0')));

    beforeEach(() => run((unit) => addTenants(unit, a.aTenant(1, { name: 'X' }), a.aTenant(2, { name: 'Y' }))));

    it('that are released in a chunk can be taken in it', async () => {
      await run(async (unit) => {
        await changeTenant(unit, a.tenantId(1), { name: 'Z' });
        await changeTenant(unit, a.tenantId(2), { name: 'X' });
        await addTenants(unit, a.aTenant(3, { name: 'Y' }));
        expect(await holders(unit)).toEqual([2, 3, 1]);
      });
      expect(await reading(subject, holders)).toEqual([2, 3, 1]);
    });

    it('can be swapped', async () => {
      await run(async (unit) => {
        await changeTenant(unit, a.tenantId(1), { name: 'Z' });
        await changeTenant(unit, a.tenantId(2), { name: 'X' });
        await changeTenant(unit, a.tenantId(1), { name: 'Y' });
      });
      expect(await reading(subject, holders)).toEqual([2, 1, 0]);
    });

    it('of a deleted tenant are free again', async () => {
      await run(async (unit) => {
        await unit.tenants.get(a.tenantId(1));
        unit.tenants.remove(a.tenantId(1), { version: 2 });
        expect(await holders(unit)).toEqual([0, 2, 0]);
        await addTenants(unit, a.aTenant(3, { name: 'X' }));
      });
      expect(await reading(subject, holders)).toEqual([3, 2, 0]);
    });

    it('that another living tenant has are refused, and the unit leaves nothing', async () => {
      const taking = run(async (unit) => {
        await addUsers(unit, a.aUser(1));
        await changeTenant(unit, a.tenantId(1), { name: 'Z' });
        await addTenants(unit, a.aTenant(3, { name: 'Y' }));
      });
      await expect(taking).rejects.toThrow(StaleRead);
      expect(await reading(subject, holders)).toEqual([1, 2, 0]);
      expect(await reading(subject, ({ users }) => users.get(a.userId(1)))).toBeUndefined();
    });
  });

  describe('constraints', () => {
    const used = (n: number, usedRequests: number) =>
      a.aLicense(n, { activatedAt: a.NOW, deactivatedAt: a.NOW, usedRequests });

    it('let the active license be another one after the chunk, in both directions', async () => {
      await givenSubdivision(subject, a.anActiveLicense(1), a.aLicense(2));
      const second = a.licensed(used(1, 7), a.anActiveLicense(2));
      await run((unit) => changeSubdivision(unit, SUBDIVISION, second));
      await run((unit) => changeSubdivision(unit, SUBDIVISION, a.licensed(a.anActiveLicense(1), used(2, 9))));
      const stored = await reading(subject, ({ subdivisions }) => subdivisions.get(TENANT, a.subdivisionId(1)));
      expect(stored).toEqual({ ...SUBDIVISION, ...a.licensed(a.anActiveLicense(1), used(2, 9)), version: 3 });
    });

    it('count what was used', async () => {
      await givenSubdivision(subject, a.anActiveLicense(1));
      const counted = a.licensed(a.anActiveLicense(1, { usedRequests: 99 }));
      await run((unit) => changeSubdivision(unit, SUBDIVISION, counted));
      expect(await reading(subject, ({ subdivisions }) => subdivisions.get(TENANT, a.subdivisionId(1)))).toMatchObject(
        counted,
      );
    });

    const refused: Record<string, (unit: Unit) => Promise<void>> = {
      'two active licenses': (unit) =>
        changeSubdivision(unit, SUBDIVISION, a.licensed(a.anActiveLicense(1), a.anActiveLicense(2))),
      'an active license with nothing left': (unit) =>
        changeSubdivision(unit, SUBDIVISION, a.licensed(a.anActiveLicense(1, { usedRequests: 100 }), a.aLicense(2))),
      'an active subdivision without a license': (unit) =>
        changeSubdivision(unit, SUBDIVISION, { workStatus: 'active' }),
      'an inactive license named as the active one': (unit) =>
        changeSubdivision(unit, SUBDIVISION, { activeLicenseId: a.licenseId(2) }),
      'a bycount license without a limit': (unit) =>
        changeSubdivision(unit, SUBDIVISION, { licenses: [a.aLicense(1, { requestsLimit: null }), a.aLicense(2)] }),
      'a license id that is taken': (unit) => addSubdivisions(unit, a.aSubdivision(2, { licenses: [a.aLicense(1)] })),
      'a subdivision without a tenant': (unit) => addSubdivisions(unit, a.aSubdivision(1, { tenantId: a.tenantId(2) })),
      'a user of no tenant': (unit) => addUsers(unit, a.aUser(1, { tenantId: a.tenantId(2) })),
      'a row of an id that is taken': async ({ statisticRows }) => statisticRows.add(a.aRow(1, { created: 1 })),
      'a row of a time that is taken': async ({ statisticRows }) =>
        statisticRows.add(a.aRow(2, { created: a.aRow(1).created })),
      'text with U+0000': (unit) => changeTenant(unit, TENANT, { address: '\u0000' }),
    };

    it.each(Object.keys(refused))('refuse %s, and leave nothing of its run', async (what) => {
      const before = await givenSubdivision(subject, a.aLicense(1), a.aLicense(2));
      await run((unit) => addRows(unit, a.aRow(1)));
      const failing = run(async (unit) => {
        await there(refused[what])(unit);
        unit.outbox.add(a.anEvent(TENANT, 'no'));
        unit.deadLetters.add(a.aDeadLetter(1));
      });
      await expect(failing).rejects.toThrow(StaleRead);
      // In a transaction of its own: whatever the failed one still did is done by then.
      await reading(subject, ({ tenants }) => tenants.list({ limit: 1 }));
      expect(await subject.outbox()).toEqual([]);
      expect(await subject.deadLetters()).toEqual([]);
      expect(await reading(subject, ({ subdivisions }) => subdivisions.get(TENANT, a.subdivisionId(1)))).toEqual(
        before,
      );
    });
  });

  describe('statistic rows', () => {
    const exists = (row: Parameters<Unit['statisticRows']['exists']>[0]) =>
      reading(subject, (unit) => unit.statisticRows.exists(row));

    it('are the same by id, or by subdivision and time', async () => {
      await run((unit) => addRows(unit, a.aRow(1)));
      const { created } = a.aRow(1);
      expect(await exists(a.aRow(1, { created: 5 }))).toBe(true);
      expect(await exists(a.aRow(2, { created }))).toBe(true);
      expect(await exists(a.aRow(2))).toBe(false);
      expect(await exists(a.aRow(2, { created, subdivisionId: a.subdivisionId(2) }))).toBe(false);
      expect(await exists(a.aRow(1, { tenantId: a.tenantId(2) }))).toBe(false);
      await reading(subject, async ({ statisticRows }) => {
        expect(await statisticRows.exists(a.aRow(2))).toBe(false);
        expect(await statisticRows.exists(a.aRow(2, { created }))).toBe(true);
      });
    });

    describe('that are declared', () => {
      const row = a.aRow(1);
      let lane: a.TestLane;
      let messages = 0;

      beforeEach(() => {
        lane = new a.TestLane(1);
      });

      /** @returns what each call of the work was told */
      async function addsUnlessThere({ adds = true } = {}): Promise<readonly boolean[]> {
        const told: boolean[] = [];
        const message = a.aMessage(++messages, { declare: (loads) => loads.statisticRow(row) });
        const work = async ({ statisticRows }: Unit): Promise<void> => {
          const isThere = await statisticRows.exists(row);
          told.push(isThere);
          if (adds && !isThere) statisticRows.add(row);
        };
        await subject.unitOfWork.run([message], work, lane);
        return told;
      }

      it('are presumed to be new', async () => {
        expect(await addsUnlessThere()).toEqual([false]);
        expect(await exists(row)).toBe(true);
      });

      it.each([
        ['added', true],
        ['asked for', false],
      ])('are looked up in a second try, when one that is %s is there already', async (_, adds) => {
        await run((unit) => addRows(unit, row));
        expect(await addsUnlessThere({ adds })).toEqual([false, true]);
      });

      it('are looked up at once by a lane that has met one just now', async () => {
        await run((unit) => addRows(unit, row));
        await addsUnlessThere();
        expect(await addsUnlessThere()).toEqual([true]);
      });
    });

    it('that were removed in the unit are gone for it, and may come again', async () => {
      await run((unit) => addRows(unit, a.aRow(1)));
      const again = a.aRow(1, { countRequests: 2 });
      await run(async (unit) => {
        unit.statisticRows.remove(a.aRow(1));
        expect(await unit.statisticRows.exists(a.aRow(2, { created: again.created }))).toBe(false);
        await addRows(unit, again);
        expect(await unit.statisticRows.get(TENANT, a.rowId(1))).toEqual(again);
      });
      expect(await reading(subject, ({ statisticRows }) => statisticRows.get(TENANT, a.rowId(1)))).toEqual(again);
    });
  });
}

async function removeAll({ tenants, subdivisions, users }: Unit): Promise<void> {
  subdivisions.remove(TENANT, there(await subdivisions.get(TENANT, a.subdivisionId(1))).subdivisionId, { version: 2 });
  tenants.remove(there(await tenants.get(TENANT)).tenantId, { version: 2 });
  users.remove(there(await users.get(a.userId(1))).userId, { version: 2, deletedAt: a.NOW });
}

/** All of it exists; `deleted` says in what way. */
async function expectTaken({ tenants, subdivisions, licenses, users }: Unit, deleted: boolean): Promise<void> {
  expect(await tenants.exists(TENANT)).toBe(true);
  expect((await tenants.get(TENANT)) === undefined).toBe(deleted);
  expect(await subdivisions.exists(TENANT, a.subdivisionId(1))).toBe(true);
  expect((await subdivisions.get(TENANT, a.subdivisionId(1))) === undefined).toBe(deleted);
  expect(await licenses.exists(TENANT, a.licenseId(1))).toBe(true);
  expect((await licenses.get(TENANT, a.licenseId(1))) === undefined).toBe(deleted);
  expect((await users.get(a.userId(1))) === undefined).toBe(deleted);
  expect(await users.tombstone(a.userId(1))).toEqual(deleted ? { version: 2, deletedAt: a.NOW } : undefined);
}
