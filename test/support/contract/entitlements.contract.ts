import type { Subdivision } from '../../../src/domain/subdivision.ts';
import * as a from '../builders.ts';
import {
  addSubdivisions,
  attempt,
  changeSubdivision,
  givenSubdivision,
  type CreateSubject,
  type Subject,
} from './subject.ts';

const keyOf = (number: number) => ({ tenantId: a.tenantId(1), subdivisionId: a.subdivisionId(number) });
const KEY = keyOf(1);

export function describeEntitlements(create: CreateSubject): void {
  let subject: Subject;
  beforeEach(async () => {
    subject = await create();
    await givenSubdivision(subject, a.anActiveLicense(1, { requestsLimit: 100, usedRequests: 10 }));
    await subject.takeOwedEntitlements();
  });

  const change = async (to: Partial<Subdivision>): Promise<void> => {
    await subject.unitOfWork.run([], (unit) => changeSubdivision(unit, KEY, to));
  };
  const using = (usedRequests: number): Partial<Subdivision> =>
    a.licensed(a.anActiveLicense(1, { requestsLimit: 100, usedRequests }));

  it('are owed of each subdivision that is new', async () => {
    await subject.unitOfWork.run([], (unit) => addSubdivisions(unit, a.aSubdivision(3), a.aSubdivision(2)));
    expect(await subject.takeOwedEntitlements()).toEqual([keyOf(2), keyOf(3)]);
    expect(await subject.takeOwedEntitlements()).toEqual([]);
  });

  it('are not owed for usage, nor for a new name', async () => {
    await change(using(99));
    await change({ name: 'Renamed' });
    expect(await subject.takeOwedEntitlements()).toEqual([]);
  });

  it.each<[string, Partial<Subdivision>]>([
    ['an end', a.licensed(a.aLicense(1, { activatedAt: a.NOW, deactivatedAt: a.NOW, endReason: 'command' }))],
    ['another limit', a.licensed(a.anActiveLicense(1, { requestsLimit: 101, usedRequests: 10 }))],
    ['a suspension', { suspended: true, workStatus: 'inactive' }],
  ])('are owed for %s', async (_, to) => {
    await change(to);
    expect(await subject.takeOwedEntitlements()).toEqual([KEY]);
  });

  it('are owed once of what changes twice in a unit, and not of what is as before in the end', async () => {
    await subject.unitOfWork.run([], async (unit) => {
      await changeSubdivision(unit, KEY, { suspended: true, workStatus: 'inactive' });
      await changeSubdivision(unit, KEY, using(20));
    });
    expect(await subject.takeOwedEntitlements()).toEqual([KEY]);
    await change({ suspended: false, workStatus: 'active' });
    await subject.takeOwedEntitlements();
    await subject.unitOfWork.run([], async (unit) => {
      await changeSubdivision(unit, KEY, { suspended: true, workStatus: 'inactive' });
      await changeSubdivision(unit, KEY, { suspended: false, workStatus: 'active' });
    });
    expect(await subject.takeOwedEntitlements()).toEqual([]);
  });

  it('are owed of a deleted subdivision', async () => {
    await subject.unitOfWork.run([], async ({ subdivisions }) => {
      await subdivisions.get(KEY.tenantId, KEY.subdivisionId);
      subdivisions.remove(KEY.tenantId, KEY.subdivisionId, { version: 9 });
    });
    expect(await subject.takeOwedEntitlements()).toEqual([KEY]);
  });

  it('are not owed for a message that fails', async () => {
    await subject.unitOfWork.run([], async (unit) => {
      const failing = attempt(unit, async () => {
        await changeSubdivision(unit, KEY, { suspended: true, workStatus: 'inactive' });
        throw new Error('it fails');
      });
      await expect(failing).rejects.toThrow('it fails');
    });
    expect(await subject.takeOwedEntitlements()).toEqual([]);
  });
}
