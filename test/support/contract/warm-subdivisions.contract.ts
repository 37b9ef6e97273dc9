import fc from 'fast-check';
import { inserted, licenseOf, removed, replaced, withUsage } from '../../../src/domain/license.ts';
import type { Subdivision } from '../../../src/domain/subdivision.ts';
import type { Unit } from '../../../src/ports/unit-of-work.ts';
import * as a from '../builders.ts';
import { addSubdivisions, addTenants, there, type CreateSubject, type Subject } from './subject.ts';

const TENANT = a.tenantId(1);
const SUBDIVISIONS = [1, 2, 3];

/** What a run does to one of the subdivisions, having read it. */
const touch = fc.record({
  number: fc.constantFrom(...SUBDIVISIONS),
  what: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('read', 'count', 'rename', 'add', 'drop') },
    { weight: 1, arbitrary: fc.constant('delete') },
  ),
});
type Touch = Generated<typeof touch>;

const run = fc.record({
  /** The lane; null: a run of its own. */
  by: fc.constantFrom(1, 1, 2, null),
  touches: fc.array(touch, { minLength: 1, maxLength: 4 }),
  ending: fc.constantFrom('committed', 'committed', 'committed', 'failed', 'undone'),
});

type Generated<A> = A extends fc.Arbitrary<infer T> ? T : never;

/** What lanes presume never shows. */
export function describeWarmSubdivisions(create: CreateSubject): void {
  test('random runs of two lanes and of nobody, some of which fail or undo themselves, find what was committed before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(run, { maxLength: 12 }), async (runs) => {
        const trial = await Trial.of(await create());
        for (const one of runs) await trial.run(one);
        await trial.run({ by: null, touches: SUBDIVISIONS.map(read), ending: 'committed' });
      }),
      { numRuns: 60 },
    );
  });

  test.each(['changed', 'deleted'])(
    'a lane that only reads what another has %s meanwhile reads it anew',
    async (how) => {
      const trial = await Trial.of(await create());
      await trial.run({ by: 1, touches: [{ number: 1, what: 'count' }], ending: 'committed' });
      await trial.run({
        by: 2,
        touches: [{ number: 1, what: how === 'changed' ? 'add' : 'delete' }],
        ending: 'committed',
      });
      await trial.run({ by: 1, touches: [read(1)], ending: 'committed' });
    },
  );
}

function read(number: number): Touch {
  return { number, what: 'read' };
}

const FAILURE = new Error('the run fails');

/** Runs beside a record of what they have committed. */
class Trial {
  private readonly subject: Subject;
  private readonly lanes = new Map([1, 2].map((number) => [number, new a.TestLane(number)]));
  private committed = new Map(SUBDIVISIONS.map((number) => [number, subdivision(number)]));
  private messages = 0;
  private added = 100;

  private constructor(subject: Subject) {
    this.subject = subject;
  }

  static async of(subject: Subject): Promise<Trial> {
    await subject.unitOfWork.run([], async (unit) => {
      await addTenants(unit, a.aTenant(1));
      await addSubdivisions(unit, ...SUBDIVISIONS.map(subdivision));
    });
    return new Trial(subject);
  }

  async run({ by, touches, ending }: Generated<typeof run>): Promise<void> {
    this.messages += 1;
    const message = a.aMessage(this.messages, {
      declare: (loads) => touches.forEach(({ number }) => loads.subdivision(TENANT, a.subdivisionId(number))),
    });
    let known = this.committed;
    const work = async (unit: Unit): Promise<void> => {
      // It may be called once more.
      known = new Map(this.committed);
      const found: unknown[] = [];
      const expected: unknown[] = [];
      for (const one of touches) {
        const now = await unit.subdivisions.get(TENANT, a.subdivisionId(one.number));
        found.push(now);
        expected.push(known.get(one.number));
        if (now !== undefined) this.change(unit, one, now, known);
      }
      // At the end, since what is presumed may be wrong until the flush has refused it.
      this.compare = () => expect(found).toEqual(expected);
      if (ending === 'failed') throw FAILURE;
      if (ending === 'undone') unit.undo();
    };
    const running = this.subject.unitOfWork.run([message], work, by === null ? undefined : this.lanes.get(by));
    if (ending === 'failed') {
      await expect(running).rejects.toBe(FAILURE);
      return;
    }
    await running;
    this.compare();
    if (ending === 'committed') this.committed = known;
  }

  private compare = (): void => undefined;

  private change(unit: Unit, { number, what }: Touch, now: Subdivision, known: Map<number, Subdivision>): void {
    if (what === 'read') return;
    const version = now.version + 1;
    if (what === 'delete') {
      unit.subdivisions.remove(TENANT, now.subdivisionId, { version });
      known.delete(number);
      return;
    }
    const after = { ...now, ...this.changed(what, number, now), version };
    unit.subdivisions.update(after);
    known.set(number, after);
  }

  private changed(what: Touch['what'], number: number, { licenses }: Subdivision): Partial<Subdivision> {
    const active = there(licenseOf(licenses, a.licenseId(number)));
    if (what === 'count') return { licenses: replaced(licenses, withUsage(active, active.usedRequests + 1)) };
    if (what === 'rename') return { name: `Renamed ${this.messages}` };
    const other = licenses.find((license) => license !== active);
    if (what === 'drop' && other !== undefined) return { licenses: removed(licenses, other) };
    this.added += 1;
    return { licenses: inserted(licenses, a.aLicense(this.added)) };
  }
}

function subdivision(number: number): Subdivision {
  return a.aSubdivision(number, a.licensed(a.anActiveLicense(number)));
}
