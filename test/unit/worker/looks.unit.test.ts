import { randomUUID } from 'node:crypto';
import { NO_TERMS } from '../../../src/domain/terms.ts';
import { StoredLooks } from '../../../src/worker/looks.ts';
import * as a from '../../support/builders.ts';
import { addSubdivisions, addTenants } from '../../support/contract/subject.ts';
import { InMemoryDatabase } from '../../support/in-memory/database.ts';
import { InMemoryUnitOfWork } from '../../support/in-memory/unit-of-work.ts';

const DAY = 24 * 60 * 60 * 1_000;
const TERMS = { ...NO_TERMS, graceMs: DAY, noticesBeforeExpiry: [2 * DAY, DAY] };

/** An active license that expires in ten days, looked at so many days from now. */
async function lookedAt(days: number) {
  const clock = { now: () => a.NOW + days * DAY };
  const unitOfWork = new InMemoryUnitOfWork(new InMemoryDatabase(clock), randomUUID);
  const license = a.anActiveLicense(1, { expiresAt: a.NOW + 10 * DAY, terms: TERMS, usedRequests: 7 });
  await unitOfWork.run([], async (unit) => {
    await addTenants(unit, a.aTenant(1));
    await addSubdivisions(unit, a.aSubdivision(1, a.licensed(license)));
  });
  return new StoredLooks({ unitOfWork }).license(a.tenantId(1), a.licenseId(1));
}

const timelineOf = async (days: number) =>
  (await lookedAt(days))?.timeline.map(({ at, what, state }) => [(at - a.NOW) / DAY, what, state]);

test('what has happened and what time will do, in order', async () => {
  expect(await timelineOf(1)).toEqual([
    [0, 'created', 'past'],
    [0, 'activated for the first time', 'past'],
    [8, `notice, ${2 * DAY} ms before its expiry`, 'ahead'],
    [9, `notice, ${DAY} ms before its expiry`, 'ahead'],
    [10, 'it expires, and its grace begins', 'ahead'],
  ]);
});

test('what is due and was not applied yet is told as that', async () => {
  expect((await timelineOf(10))?.map(([, , state]) => state)).toEqual(['past', 'past', 'due', 'due', 'due']);
});

test('the phase, the usage and the terms that are agreed on', async () => {
  expect(await lookedAt(1)).toMatchObject({
    ...{ phase: 'current', usedRequests: 7, requestsLimit: 100, hardLimit: 100, termsVersion: 1 },
    terms: { graceMs: DAY, noticesBeforeExpiry: [2 * DAY, DAY] },
  });
  expect((await lookedAt(1))?.terms).not.toHaveProperty('period');
});

test('a license that there is not', async () => {
  const unitOfWork = new InMemoryUnitOfWork(new InMemoryDatabase({ now: () => a.NOW }), randomUUID);
  expect(await new StoredLooks({ unitOfWork }).license(a.tenantId(1), a.licenseId(1))).toBeUndefined();
});

test('a tenant with its subdivisions and their licenses, and by its name', async () => {
  const looks = await looksAtTenant();
  const tenant = await looks.tenant(a.tenantId(1), 1);
  expect(tenant).toMatchObject({
    ...{ tenantId: a.tenantId(1), version: 1, hasMore: true, users: [] },
    subdivisions: [{ subdivisionId: a.subdivisionId(1), licenses: [{ licenseId: a.licenseId(1), phase: 'current' }] }],
  });
  expect(await looks.tenantNamed(tenant?.name ?? '')).toBe(a.tenantId(1));
  expect(await looks.tenantNamed('nobody')).toBeUndefined();
  expect(await looks.tenant(a.tenantId(2), 1)).toBeUndefined();
});

test('subdivisions and licenses by their names, which several may have', async () => {
  const looks = await looksAtTenant();
  const { name = '' } = (await looks.subdivision(a.tenantId(1), a.subdivisionId(1))) ?? {};
  expect(await looks.subdivisionsNamed(a.tenantId(1), name)).toEqual([a.subdivisionId(1), a.subdivisionId(2)]);
  const license = await looks.license(a.tenantId(1), a.licenseId(1));
  expect(await looks.licensesNamed(a.tenantId(1), license?.name ?? '')).toEqual([a.licenseId(1)]);
  expect(await looks.licensesNamed(a.tenantId(1), 'nothing')).toEqual([]);
  expect(await looks.subdivision(a.tenantId(1), a.subdivisionId(3))).toBeUndefined();
});

/** Two subdivisions of the same name, the first with a license. */
async function looksAtTenant() {
  const unitOfWork = new InMemoryUnitOfWork(new InMemoryDatabase({ now: () => a.NOW }), randomUUID);
  await unitOfWork.run([], async (unit) => {
    await addTenants(unit, a.aTenant(1));
    const first = a.aSubdivision(1, a.licensed(a.anActiveLicense(1)));
    await addSubdivisions(unit, first, a.aSubdivision(2, { name: first.name }));
  });
  return new StoredLooks({ unitOfWork });
}
