import { inserted, licenseOf, removed, replaced, withUsage, type License } from '../../../src/domain/license.ts';
import type { Subdivision } from '../../../src/domain/subdivision.ts';
import type { Unit } from '../../../src/ports/unit-of-work.ts';
import * as a from '../builders.ts';
import { changeSubdivision, givenSubdivision, reading, there, type CreateSubject, type Subject } from './subject.ts';

const TENANT = a.tenantId(1);
const SUBDIVISION = a.aSubdivision(1);

/** Sizes at which whatever looks at all of them for each of them does not come to its end within a test's time. */
const LICENSES = numbersTo(3_000);
const TENANTS = numbersTo(20_000);
/** Coprime to their number: each of them once, in no order. */
const STRIDE = 1_999;

/** Of the units of work that keep what they are given, each once: no lane has a part in it. */
export function describeThousands(create: CreateSubject): void {
  let subject: Subject;

  beforeEach(async () => {
    subject = await create();
  });

  it('of licenses come, change, count and go in one subdivision, one at a time', async () => {
    await givenSubdivision(subject);
    const shuffled = LICENSES.map((i) => (i * STRIDE) % LICENSES.length);
    await eachIn(subject, shuffled, (licenses, n) => inserted(licenses, a.aLicense(n)));
    expect(await licensesOf(subject)).toEqual(LICENSES.map((n) => a.aLicense(n)));
    await eachIn(subject, shuffled, (licenses, n) => replaced(licenses, a.aLicense(n, { name: 'another' })));
    await eachIn(subject, [...shuffled, ...shuffled], (licenses, n) => {
      const license = there(licenseOf(licenses, a.licenseId(n)));
      return replaced(licenses, withUsage(license, license.usedRequests + 1));
    });
    const odd = shuffled.filter((n) => n % 2 === 1);
    await eachIn(subject, odd, (licenses, n) => removed(licenses, a.aLicense(n)));
    const even = LICENSES.filter((n) => n % 2 === 0);
    expect(await licensesOf(subject)).toEqual(even.map((n) => a.aLicense(n, { name: 'another', usedRequests: 2 })));
    await reading(subject, async ({ licenses }) => {
      expect(await licenses.get(TENANT, a.licenseId(0))).toMatchObject({ usedRequests: 2, ...keyOf(SUBDIVISION) });
      expect(await licenses.get(TENANT, a.licenseId(1))).toBeUndefined();
      expect(await licenses.exists(TENANT, a.licenseId(1))).toBe(true);
    });
  });

  it('of licenses that come and go in one chunk are seen by it as they are, and leave their tombstones', async () => {
    await givenSubdivision(subject);
    await subject.unitOfWork.run([], async (unit) => {
      const living = async () => {
        const found = await Promise.all(LICENSES.map((n) => unit.licenses.get(TENANT, a.licenseId(n))));
        return found.filter((license) => license !== undefined).length;
      };
      for (const n of LICENSES) await change(unit, (licenses) => inserted(licenses, a.aLicense(n)));
      expect(await living()).toBe(LICENSES.length);
      for (const n of LICENSES) await change(unit, (licenses) => removed(licenses, a.aLicense(n)));
      expect(await living()).toBe(0);
    });
    await reading(subject, async ({ licenses }) => {
      for (const n of [0, LICENSES.length - 1]) expect(await licenses.exists(TENANT, a.licenseId(n))).toBe(true);
    });
  });

  it('of tenants are deleted in one chunk, each with the subdivisions and users that are its own', async () => {
    const of = (n: number) => ({ tenantId: a.tenantId(n) });
    const all = a.aMessage(1, {
      declare: (loads) => {
        for (const n of TENANTS) {
          loads.wholeTenant(a.tenantId(n));
          loads.subdivision(a.tenantId(n), a.subdivisionId(n));
          loads.user(a.userId(n));
        }
      },
    });
    await subject.unitOfWork.run([all], async (unit) => {
      const left: string[] = [];
      for (const n of TENANTS) {
        unit.tenants.add(a.aTenant(n));
        unit.subdivisions.add(a.aSubdivision(n, of(n)));
        unit.users.add(a.aUser(n, of(n)));
      }
      for (const n of TENANTS) {
        const { tenantId } = of(n);
        const [subdivision, user] = [await unit.subdivisions.ofTenant(tenantId), await unit.users.ofTenant(tenantId)];
        for (const { subdivisionId } of subdivision) unit.subdivisions.remove(tenantId, subdivisionId, { version: 2 });
        for (const { userId } of user) unit.users.update(a.aUser(a.numberOf(userId), { version: 2 }));
        unit.tenants.remove(tenantId, { version: 2 });
        const gone = [await unit.subdivisions.ofTenant(tenantId), await unit.users.ofTenant(tenantId)].flat();
        const own = subdivision[0]?.subdivisionId === a.subdivisionId(n) && user[0]?.userId === a.userId(n);
        if (!own || subdivision.length + user.length !== 2 || gone.length > 0) left.push(tenantId);
      }
      expect(left).toEqual([]);
    });
    await reading(subject, async ({ tenants, users }) => {
      expect(await tenants.list({ limit: 1 })).toEqual([]);
      expect(await users.list({ limit: 1 })).toEqual([a.aUser(0, { version: 2 })]);
    });
  });
}

type Changing = (licenses: readonly License[], number: number) => readonly License[];

async function eachIn({ unitOfWork }: Subject, numbers: readonly number[], changing: Changing): Promise<void> {
  await unitOfWork.run([], async (unit) => {
    for (const number of numbers) await change(unit, changing, number);
  });
}

async function change(unit: Unit, changing: Changing, number = 0): Promise<void> {
  const { licenses } = there(await unit.subdivisions.get(TENANT, SUBDIVISION.subdivisionId));
  await changeSubdivision(unit, SUBDIVISION, { licenses: changing(licenses, number) });
}

async function licensesOf(subject: Subject): Promise<readonly License[]> {
  return reading(subject, async ({ subdivisions }) => {
    return there(await subdivisions.get(TENANT, SUBDIVISION.subdivisionId)).licenses;
  });
}

function keyOf({ tenantId, subdivisionId }: Subdivision) {
  return { tenantId, subdivisionId };
}

function numbersTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}
