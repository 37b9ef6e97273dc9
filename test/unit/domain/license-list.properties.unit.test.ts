import fc from 'fast-check';
import type { LicenseId } from '../../../src/domain/ids.ts';
import { differencesOf, inserted, licenseOf, removed, replaced, type License } from '../../../src/domain/license.ts';
import { aLicense, licenseId } from '../../support/builders.ts';

const IDS = 12;
const ids = fc.integer({ min: 0, max: IDS - 1 }).map(licenseId);
/** Few ids, so that some are the same in two lists; each license is an object of its own. */
const lists = fc
  .uniqueArray(fc.integer({ min: 0, max: IDS - 1 }))
  .map((numbers) => sorted(numbers.map((n) => aLicense(n))));

describe('the licenses of a subdivision', () => {
  test('are found by id', () => {
    fc.assert(
      fc.property(lists, ids, (licenses, id) => {
        expect(licenseOf(licenses, id)).toBe(licenses.find(({ licenseId: one }) => one === id));
      }),
    );
  });

  test('stay sorted, and all others the same, when one comes, changes or goes', () => {
    fc.assert(
      fc.property(lists, ids, (licenses, id) => {
        const before = [...licenses];
        const others = licenses.filter((one) => one.licenseId !== id);
        const license = aLicense(0, { licenseId: id, name: 'another' });
        const lasting = others.length === licenses.length ? inserted(licenses, license) : replaced(licenses, license);
        expectSame(lasting, sorted([...others, license]));
        expectSame(removed(lasting, license), others);
        expectSame(licenses, before);
      }),
    );
  });

  test('differ by those that came, changed or went, in the order of their ids', () => {
    fc.assert(
      fc.property(lists, lists, ids, (before, another, kept) => {
        // Up to that id they are the very same in both.
        const after = another.map((one) => (one.licenseId < kept ? (licenseOf(before, one.licenseId) ?? one) : one));
        const all = sorted([...new Map([...before, ...after].map((one) => [one.licenseId, one])).values()]);
        const expected = all.flatMap(({ licenseId: id }) => {
          const [was, is] = [before, after].map((licenses) => licenses.find((one) => one.licenseId === id));
          return was === is ? [] : [{ licenseId: id, before: was, after: is }];
        });
        const found = differencesOf(before, after);
        expect(found).toEqual(expected);
        expect(found.every((one, i) => one.before === expected[i]?.before && one.after === expected[i]?.after)).toBe(
          true,
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('of ten thousand licenses', () => {
  const COUNT = 10_000;
  /** Halving ten thousand leaves one after fourteen steps. */
  const STEPS = 15;

  test.each([0, 1, COUNT / 2, COUNT - 2, COUNT])('hardly any is looked at for a change of one: number %i', (n) => {
    const { licenses, looks } = watched(COUNT);
    const license = aLicense(n * 2 + 1);
    const more = looks(() => inserted(licenses, license));
    expect(more.count).toBeLessThanOrEqual(STEPS);
    expect(looks(() => licenseOf(more.value, license.licenseId)).count).toBeLessThanOrEqual(STEPS + 1);
    const changed = looks(() => replaced(more.value, { ...license, name: 'another' }));
    expect(changed.count).toBeLessThanOrEqual(STEPS);
    expect(looks(() => removed(changed.value, license)).count).toBeLessThanOrEqual(STEPS);
    expect(looks(() => differencesOf(licenses, more.value)).count).toBeLessThanOrEqual(STEPS);
    expect(looks(() => differencesOf(more.value, changed.value)).count).toBeLessThanOrEqual(STEPS);
  });

  test('each is looked at a few times when all of them change', () => {
    const { licenses, looks } = watched(COUNT);
    const { licenses: others } = watched(COUNT);
    const { count, value } = looks(() => differencesOf(licenses, others));
    expect(value).toHaveLength(COUNT);
    expect(count).toBeLessThanOrEqual(4 * COUNT);
  });
});

/** Licenses of even numbers, and a count of how often an id of them is looked at. */
function watched(count: number) {
  let looked = 0;
  const watch = (license: License): License =>
    Object.defineProperty({ ...license }, 'licenseId', {
      enumerable: true,
      get: (): LicenseId => {
        looked += 1;
        return license.licenseId;
      },
    });
  const looks = <T>(work: () => T): { readonly count: number; readonly value: T } => {
    looked = 0;
    const value = work();
    return { count: looked, value };
  };
  return { licenses: Array.from({ length: count }, (_, i) => watch(aLicense(i * 2))), looks };
}

function sorted(licenses: readonly License[]): readonly License[] {
  return [...licenses].sort((one, other) => (one.licenseId < other.licenseId ? -1 : 1));
}

/** The very same objects, in the same places. */
function expectSame(found: readonly License[], expected: readonly License[]): void {
  expect(found.length).toBe(expected.length);
  expect(found.filter((license, i) => license !== expected[i])).toEqual([]);
}
