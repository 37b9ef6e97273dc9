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
