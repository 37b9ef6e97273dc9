import { randomUUID } from 'node:crypto';
import { pairOf } from '../../../src/repos/cache.ts';
import { WarmSubdivisions } from '../../../src/repos/warm-subdivisions.ts';
import * as a from '../../support/builders.ts';
import { addSubdivisions, addTenants, changeSubdivision, there } from '../../support/contract/subject.ts';
import { InMemoryDatabase } from '../../support/in-memory/database.ts';
import { InMemoryUnitOfWork } from '../../support/in-memory/unit-of-work.ts';

const TENANT = a.tenantId(1);

describe('what a lane keeps of subdivisions', () => {
  test('is as many of them with their licenses as it may, those that it wrote last', () => {
    const warm = new WarmSubdivisions(a.laneId(1), 6);
    const two = (n: number) => a.aSubdivision(n, a.licensed(a.aLicense(n)));
    warm.keep([1, 2, 3].map((n) => [String(n), two(n)]));
    warm.keep([['1', two(1)]]);
    warm.keep([['4', two(4)]]);
    expect([1, 2, 3, 4].filter((n) => warm.get(String(n)) !== undefined)).toEqual([1, 3, 4]);
    warm.keep([['5', a.aSubdivision(5, a.licensed(...[1, 2, 3, 4, 5, 6].map((n) => a.aLicense(n))))]]);
    expect([1, 3, 4, 5].filter((n) => warm.get(String(n)) !== undefined)).toEqual([]);
  });

  test('ends with the subdivision', () => {
    const warm = new WarmSubdivisions(a.laneId(1));
    warm.keep([['1', a.aSubdivision(1)]]);
    warm.keep([['1', undefined]]);
    expect(warm.get('1')).toBeUndefined();
  });
});

describe('a lane presumes that a subdivision is unchanged', () => {
  test('as long as its version and its lane are', async () => {
    const { name } = await given();
    await expect(name(1)).resolves.toBe('Kept');
  });

  test('until another server may be asked, where they may stand for something else', async () => {
    const { name } = await given();
    await expect(name(2)).resolves.toBe('Other');
  });

  test('and nothing where another server would not be noticed', async () => {
    const { name } = await given();
    await expect(name(undefined)).resolves.toBe('Other');
  });

  /** A lane has written a subdivision at its first session. What the tables hold of the same version, by the same lane, is something else. */
  async function given() {
    const database = new InMemoryDatabase({ now: () => a.NOW });
    const unitOfWork = new UnitOfWork(database, randomUUID);
    const lane = new a.TestLane(1);
    await unitOfWork.run([], async (unit) => {
      await addTenants(unit, a.aTenant(1));
      await addSubdivisions(unit, a.aSubdivision(1));
    });
    await unitOfWork.run([], (unit) => changeSubdivision(unit, a.aSubdivision(1), { name: 'Kept' }), lane);
    await database.transaction(() => {
      const id = pairOf(TENANT, a.subdivisionId(1));
      const { value, ...stored } = there(database.subdivisions.get(id));
      database.subdivisions.set(id, { ...stored, value: { ...there(value), name: 'Other' } });
    });
    const name = async (session: number | undefined): Promise<string | undefined> => {
      unitOfWork.session = session;
      const run = await unitOfWork.run([], ({ subdivisions }) => subdivisions.get(TENANT, a.subdivisionId(1)), lane);
      return run.value?.name;
    };
    return { name };
  }
});

class UnitOfWork extends InMemoryUnitOfWork {
  session: number | undefined = 1;

  protected override sessions(): number | undefined {
    return this.session;
  }
}
