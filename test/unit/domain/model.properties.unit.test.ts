import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Cradle } from '../../../src/container.ts';
import { decisionChanged, decisionMayDiffer, entitlementOf } from '../../../src/domain/entitlement.ts';
import type { Subdivision } from '../../../src/domain/subdivision.ts';
import { settle } from '../../../src/domain/time.ts';
import { nextDue } from '../../oracle/time.ts';
import { NOW } from '../../support/builders.ts';
import { expectSame } from '../../support/expect-same.ts';
import { givenCradle } from '../../support/given-cradle.ts';
import { InMemoryDatabase } from '../../support/in-memory/database.ts';
import { InMemoryUnitOfWork } from '../../support/in-memory/unit-of-work.ts';
import { lives } from '../../support/lives.ts';
import { Trial } from '../../support/trial.ts';

const RUNS = 300;

let cradle: Cradle;

beforeAll(async () => {
  cradle = await givenCradle();
});

test(`${RUNS} random lives of a subdivision go as the oracle's model says, event for event`, async () => {
  await fc.assert(
    fc.asyncProperty(lives, async (chunks) => {
      const clock = { time: NOW, now: () => clock.time };
      const database = new InMemoryDatabase(clock);
      const trial = new Trial(cradle, clock, [new InMemoryUnitOfWork(database, randomUUID)]);
      let before: Subdivision | undefined;
      for (const chunk of chunks) {
        await trial.run(chunk);
        const [subdivision] = subdivisionsIn(database);
        if (subdivision === undefined) continue;
        checkState(subdivision);
        checkUsage(subdivision, database);
        checkClock(subdivision, before);
        checkTimer(subdivision, trial);
        checkEntitlement(subdivision, clock.time);
        checkDecision(subdivision, before ?? subdivision, clock.time);
        before = subdivision;
      }
    }),
    { numRuns: RUNS },
  );
});

function subdivisionsIn(database: InMemoryDatabase): readonly Subdivision[] {
  return database.subdivisions.sorted().flatMap(({ value }) => value ?? []);
}

function checkState({ licenses, activeLicenseId, suspended, workStatus }: Subdivision): void {
  const active = licenses.filter(({ status }) => status === 'active').map(({ licenseId }) => licenseId);
  expectSame(active, activeLicenseId === null ? [] : [activeLicenseId]);
  expectSame(workStatus, activeLicenseId === null || suspended ? 'inactive' : 'active');
}

/** Each count holds what the rows that went into it say. */
function checkUsage({ licenses }: Subdivision, database: InMemoryDatabase): void {
  for (const { licenseId, usedRequests, progress } of licenses) {
    const ofLicense = database.statisticRows.filter((row) => row.counted && row.licenseId === licenseId);
    for (const count of [...progress.closedCounts, { number: progress.countNumber, usedRequests }]) {
      const rows = ofLicense.filter(({ countNumber }) => (countNumber ?? 0) === count.number);
      const sum = rows.reduce((all, { countRequests }) => all + countRequests, 0);
      expectSame(count.usedRequests, sum);
    }
  }
}

function checkClock({ settledAt }: Subdivision, before: Subdivision | undefined): void {
  expect(settledAt ?? -Infinity).toBeGreaterThanOrEqual(before?.settledAt ?? -Infinity);
}

/** A timer may ring in vain, but it never rings late. */
function checkTimer({ due }: Subdivision, { model }: Trial): void {
  const [expected] = [...model.state.subdivisions.values()].map((subdivision) => nextDue(subdivision));
  expect(due === null).toBe(expected === undefined);
  expect(due?.at ?? 0).toBeLessThanOrEqual(expected?.at ?? 0);
}

/** Whoever reads what a subdivision is entitled to decides by it as the subdivision itself would, whatever time it is. */
function checkEntitlement(s: Subdivision, now: number): void {
  // What comes back with its next period is published then; nobody says so beforehand.
  if (s.licenses.some(({ endReason, terms }) => endReason === 'exhausted' && terms.period !== null)) return;
  const settled = settle(s, now, now).state;
  const { allowed, validFrom, validUntil } = entitlementOf(settled, now);
  const moments = [now, ...[validFrom, validUntil].flatMap((time) => (time === null ? [] : [time - 1, time]))];
  for (const at of moments.filter((time) => time >= now)) {
    const isValid = (validFrom === null || validFrom <= at) && (validUntil === null || at < validUntil);
    expectSame(settle(settled, at, at).state.workStatus, allowed && isValid ? 'active' : 'inactive');
  }
}

function checkDecision(after: Subdivision, before: Subdivision, now: number): void {
  if (decisionMayDiffer(before, after)) return;
  expect(decisionChanged(entitlementOf(before, now), entitlementOf(after, now))).toBe(false);
}
