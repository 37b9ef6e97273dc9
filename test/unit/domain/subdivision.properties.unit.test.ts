import fc from 'fast-check';
import type { Change } from '../../../src/domain/events.ts';
import { Rejection } from '../../../src/domain/rejection.ts';
import type { StatisticRow } from '../../../src/domain/statistic-row.ts';
import * as domain from '../../../src/domain/subdivision-commands.ts';
import type { Subdivision } from '../../../src/domain/subdivision.ts';
import { addRow, aSubdivision, bycount, bytime, MINUTE, NOW, ofLicense, row, SUBDIVISION, TENANT } from './given.ts';

type Step = Change<Subdivision> & { readonly row?: StatisticRow };
type Operation = { readonly name: string; readonly run: (s: Subdivision, now: number) => Step };

const number = fc.integer({ min: 1, max: 4 });
const operations: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.tuple(number, fc.integer({ min: 1, max: 30 })).map(([n, limit]) => ({
      name: `create ${n} bycount ${limit}`,
      run: (s: Subdivision, now: number) => domain.createLicense(s, bycount(n, limit), now),
    })),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(number, fc.integer({ min: 1, max: 40 })).map(([n, minutes]) => ({
      name: `create ${n} bytime ${minutes}`,
      run: (s: Subdivision, now: number) => domain.createLicense(s, bytime(n, now + minutes * MINUTE), now),
    })),
  },
  {
    weight: 4,
    arbitrary: number.map((n) => ({
      name: `activate ${n}`,
      run: (s: Subdivision, now: number) => domain.activateLicense(s, ofLicense(n), now),
    })),
  },
  number.map((n) => ({
    name: `deactivate ${n}`,
    run: (s: Subdivision, now: number) => domain.deactivateLicense(s, ofLicense(n), now),
  })),
  number.map((n) => ({
    name: `delete ${n}`,
    run: (s: Subdivision, now: number) => domain.deleteLicense(s, ofLicense(n), now),
  })),
  number.map((n) => ({
    name: `rename ${n}`,
    run: (s: Subdivision, now: number) => domain.updateLicense(s, { ...ofLicense(n), name: 'x', description: '' }, now),
  })),
  fc.constantFrom('active' as const, 'inactive' as const, null).map((workStatus) => ({
    name: `update ${workStatus}`,
    run: (s: Subdivision, now: number) =>
      domain.updateSubdivision(
        s,
        {
          tenantId: TENANT,
          subdivisionId: SUBDIVISION,
          name: 'x',
          location: '',
          linkToSubdivisionProcessingDomain: null,
          workStatus,
        },
        now,
      ),
  })),
  {
    weight: 6,
    arbitrary: fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: -20, max: 8 })).map(([count, minutes]) => ({
      name: `row ${count} at ${minutes}`,
      run: (s: Subdivision, now: number) => addRow(s, row(count, now + minutes * MINUTE), false, now),
    })),
  },
);

/** Runs the operations a minute apart; after each that is accepted, `check` sees what was and what became. An operation that writes to what it gets throws. */
function play(steps: readonly Operation[], check: (before: Subdivision, step: Step, now: number) => void): void {
  let s = frozen(aSubdivision());
  steps.forEach((operation, minute) => {
    const now = NOW + minute * MINUTE;
    try {
      const step = operation.run(s, now);
      check(s, step, now);
      s = frozen(step.state);
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
    }
  });
}

/** A copy and a comparison for each step took longer than all that is tested. */
function frozen<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) frozen(inner as object);
  return Object.freeze(value);
}

function whatever(check: () => (before: Subdivision, step: Step, now: number) => void): void {
  const steps = fc.array(operations, { maxLength: 60, size: 'max' });
  fc.assert(
    fc.property(steps, (sequence) => play(sequence, check())),
    { numRuns: 300 },
  );
}

describe('whatever is done to a subdivision', () => {
  test('at most one license is active, it is the one that activeLicenseId names, and active implies that there is one', () => {
    whatever(() => (_before, { state }) => {
      const active = state.licenses
        .filter((license) => license.status === 'active')
        .map((license) => license.licenseId);
      expect(active).toEqual(state.activeLicenseId === null ? [] : [state.activeLicenseId]);
      if (state.workStatus === 'active') expect(active).toHaveLength(1);
    });
  });

  test('its version goes up by one, and all its events share it', () => {
    whatever(() => (before, { state, events }, now) => {
      expect(state.version).toBe(before.version + 1);
      expect(events.length).toBeGreaterThan(0);
      for (const { data } of events) expect(data).toMatchObject({ version: state.version, occurredAt: now });
    });
  });

  test('its licenses are sorted and used as much as their counted rows say', () => {
    whatever(() => {
      const used = new Map<string, number>();
      return (before, { state, row: added }) => {
        for (const { licenseId } of before.licenses)
          if (!state.licenses.some((one) => one.licenseId === licenseId)) used.delete(licenseId);
        if (added?.counted === true) used.set(added.licenseId, (used.get(added.licenseId) ?? 0) + added.countRequests);
        for (const { licenseId, usedRequests } of state.licenses) expect(usedRequests).toBe(used.get(licenseId) ?? 0);
        const ids = state.licenses.map((license) => license.licenseId);
        expect(ids).toEqual([...new Set(ids)].sort());
      };
    });
  });

  test('no row is accepted once the limit was reached, and none after the end', () => {
    whatever(() => (before, { row: added }) => {
      if (added === undefined) return;
      const license = before.licenses.find((one) => one.licenseId === added.licenseId);
      expect(license).toBeDefined();
      expect(license?.usedRequests).toBeLessThan(license?.requestsLimit ?? Infinity);
      expect(added.created).toBeLessThan(license?.expiresAt ?? Infinity);
    });
  });

  test('a license is active exactly while it has no deactivation after its first activation, which never changes', () => {
    whatever(() => (before, { state }) => {
      for (const license of state.licenses) {
        expect(license.status === 'active').toBe(license.activatedAt !== null && license.deactivatedAt === null);
        const was = before.licenses.find((one) => one.licenseId === license.licenseId)?.activatedAt ?? null;
        if (was !== null) expect(license.activatedAt).toBe(was);
      }
    });
  });
});
