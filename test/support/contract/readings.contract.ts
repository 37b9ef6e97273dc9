import * as a from '../builders.ts';
import { addRows, addUsers, givenSubdivision, type CreateSubject, type Subject } from './subject.ts';

const [TENANT, SUBDIVISION] = [a.tenantId(1), a.subdivisionId(1)];

/** Reading without a unit that could change anything. */
export function describeReadings(create: CreateSubject): void {
  let subject: Subject;

  beforeEach(async () => {
    subject = await create();
  });

  it('show what is stored, by key and in lists', async () => {
    const subdivision = await givenSubdivision(subject, a.aLicense(1));
    const license = { ...a.aLicense(1), tenantId: TENANT, subdivisionId: SUBDIVISION };
    const active = { tenantId: TENANT, licenseId: a.licenseId(1), subdivisionId: SUBDIVISION };
    await subject.unitOfWork.run([], async (unit) => {
      await addUsers(unit, a.aUser(1), a.aUser(2, { tenantId: TENANT }));
      await addRows(unit, a.aRow(1));
      unit.activeLicenses.put(active);
    });
    await subject.unitOfWork.read(async (reading) => {
      const { tenants, subdivisions, licenses, statisticRows, users, activeLicenses } = reading;
      expect(await tenants.get(TENANT)).toEqual(a.aTenant(1));
      expect(await tenants.holderOfName(a.aTenant(1).name)).toBe(TENANT);
      expect(await tenants.list({ limit: 9 })).toEqual([a.aTenant(1)]);
      expect(await subdivisions.get(TENANT, SUBDIVISION)).toEqual(subdivision);
      expect(await subdivisions.ofTenant(TENANT)).toEqual([subdivision]);
      expect(await licenses.get(TENANT, a.licenseId(1))).toEqual(license);
      expect(await licenses.list(TENANT, { limit: 9 })).toEqual([license]);
      expect(await statisticRows.get(TENANT, a.aRow(1).statisticRowId)).toEqual(a.aRow(1));
      expect(await activeLicenses.list(TENANT)).toEqual([active]);
      expect(await users.get(a.userId(1))).toEqual(a.aUser(1));
      expect(await users.ofTenant(TENANT)).toEqual([a.aUser(2, { tenantId: TENANT })]);
    });
  });

  it('show nothing of what is not there, or not any more', async () => {
    await givenSubdivision(subject);
    await subject.unitOfWork.run([], async (unit) => {
      await addUsers(unit, a.aUser(1));
      unit.users.remove(a.userId(1), { version: 2, deletedAt: a.NOW });
    });
    await subject.unitOfWork.read(async ({ tenants, users }) => {
      expect(await tenants.get(a.tenantId(2))).toBeUndefined();
      expect(await users.get(a.userId(1))).toBeUndefined();
      expect(await users.tombstone(a.userId(1))).toEqual({ version: 2, deletedAt: a.NOW });
    });
  });

  it('tell when they began, by the clock of the transactions', async () => {
    const before = Math.floor(await subject.clock());
    const startedAt = await subject.unitOfWork.read(async (reading) => reading.startedAt);
    expect(startedAt).toBeGreaterThanOrEqual(before);
    expect(startedAt).toBeLessThanOrEqual(await subject.clock());
  });

  it('pass on what they are given back, and what is thrown', async () => {
    expect(await subject.unitOfWork.read(async () => 'told')).toBe('told');
    await expect(subject.unitOfWork.read(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });
}
