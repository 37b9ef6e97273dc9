import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import type { OutboxEffect, OutboxRow } from '../../../src/ports/unit-of-work.ts';
import { InMemoryWorld } from '../../support/in-memory/world.ts';
import { LaneOutbox } from '../../../src/worker/outbox/lane-outbox.ts';
import * as a from '../../support/builders.ts';
import { addSubdivisions, addTenants, changeSubdivision, there } from '../../support/contract/subject.ts';

const LANES = 4;
const SUBDIVISIONS = [1, 2];

type Step =
  | { readonly what: 'chunk'; readonly lane: number; readonly subdivisions: readonly number[] }
  | { readonly what: 'publication'; readonly lane: number }
  /** A COMMIT that went through, and whose answer did not come back. */
  | { readonly what: 'unclear'; readonly lane: number; readonly subdivisions: readonly number[] }
  | { readonly what: 'crash'; readonly lane: number }
  | { readonly what: 'relay' };

const lane = fc.nat(LANES - 1);
const subdivisions = fc.subarray(SUBDIVISIONS, { minLength: 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ what: fc.constant('chunk' as const), lane, subdivisions }),
  },
  { weight: 5, arbitrary: fc.record({ what: fc.constant('publication' as const), lane }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('unclear' as const), lane, subdivisions }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('crash' as const), lane }) },
  { weight: 1, arbitrary: fc.constant({ what: 'relay' as const }) },
);

describe('whatever lanes write the same aggregates, however late they publish, whichever of them end', () => {
  it('the events of an aggregate first appear in their order, and no lane writes one twice', () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const world = await World.create();
        for (const one of steps) await world.take(one);
        await world.end();
        for (const n of SUBDIVISIONS) {
          const ofIt = (texts: Iterable<string>) => [...texts].filter((text) => text.startsWith(`${n}/`));
          expect(ofIt(new Set(world.published))).toEqual(ofIt(world.events));
        }
        for (const written of world.written.values()) expect(written).toEqual([...new Set(written)]);
      }),
      { numRuns: 500 },
    ));
});

interface Lane {
  outbox: LaneOutbox;
  /** Committed, and not published yet; perhaps of an outbox that was given up since. */
  readonly owed: { readonly outbox: LaneOutbox; readonly rows: readonly OutboxRow[] }[];
}

/** Lanes in two processes. A lane commits one chunk ahead of its publication, as the worker's do. */
class World extends InMemoryWorld {
  readonly events: string[] = [];
  readonly published: string[] = [];
  /** By the id of the lane. */
  readonly written = new Map<string, readonly string[]>();
  private readonly processes = [new Map<string, LaneOutbox>(), new Map<string, LaneOutbox>()];
  private readonly lanes = Array.from({ length: LANES }, (_, n): Lane => ({ outbox: this.outbox(n), owed: [] }));

  static async create(): Promise<World> {
    const world = new World();
    await world.unitOfWork.run([], async (unit) => {
      await addTenants(unit, a.aTenant(1));
      await addSubdivisions(unit, ...SUBDIVISIONS.map((n) => a.aSubdivision(n)));
    });
    return world;
  }

  async take(step: Step): Promise<void> {
    if (step.what === 'relay') return this.relay();
    const lane = there(this.lanes[step.lane]);
    if (step.what === 'publication') {
      this.publish(lane);
    } else if (step.what === 'crash') {
      lane.owed.length = 0;
      lane.outbox = this.outbox(step.lane);
    } else {
      if (lane.owed.length > 1) this.publish(lane);
      const effect = await this.commit(lane.outbox, step.subdivisions);
      if (step.what === 'unclear') {
        lane.outbox = this.outbox(step.lane);
      } else {
        lane.outbox.committed(effect);
        lane.owed.push({ outbox: lane.outbox, rows: effect.outbox });
      }
    }
  }

  async end(): Promise<void> {
    for (const lane of this.lanes) while (lane.owed.length > 0) this.publish(lane);
    await this.relay();
  }

  private async commit(outbox: LaneOutbox, subdivisions: readonly number[]): Promise<OutboxEffect> {
    const texts = subdivisions.map((n, i) => `${n}/${this.events.length + i}`);
    this.events.push(...texts);
    const effect = await this.unitOfWork.run(
      [],
      async (unit) => {
        for (const n of subdivisions) await changeSubdivision(unit, a.aSubdivision(n), {});
        for (const text of texts) unit.outbox.add(a.anEvent(a.tenantId(1), text));
      },
      outbox,
    );
    this.written.set(outbox.id, [...(this.written.get(outbox.id) ?? []), ...a.textsOf(effect.outbox)]);
    return effect;
  }

  private publish({ owed }: Lane): void {
    const next = owed.shift();
    if (next === undefined) return;
    this.published.push(...a.textsOf(next.rows));
    next.outbox.published(next.rows);
  }

  /** Publishes what is owed by lanes that live no more, each in its order; that it deletes it makes no difference here. */
  private async relay(): Promise<void> {
    const living = new Set(this.lanes.map(({ outbox }) => outbox.id));
    const { outbox } = await this.database.snapshot();
    this.published.push(...a.textsOf(outbox.filter((row) => !living.has(row.lane))));
  }

  private outbox(lane: number): LaneOutbox {
    return new LaneOutbox(randomUUID(), there(this.processes[lane % 2]), a.LEVELS);
  }
}
