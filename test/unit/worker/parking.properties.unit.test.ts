import * as fc from 'fast-check';
import { NotReplayable } from '../../../src/ports/errors.ts';
import { InMemoryWorld } from '../../support/in-memory/world.ts';
import { ReplayFailed } from '../../../src/worker/dispatcher.ts';
import type { Task } from '../../../src/worker/task.ts';
import * as a from '../../support/builders.ts';
import { aDispatcher, aTask } from '../../support/tasks.ts';

const TENANTS = [1, 2, 3];

/** A message names a tenant, a user, or both; `bug`: its handler fails until that is mended. */
interface Arrival {
  readonly tenant: number | null;
  readonly user: number | null;
  readonly bug: boolean;
}

type Step =
  | { readonly what: 'chunk'; readonly arrivals: readonly Arrival[] }
  /** Again, as after a crash: the last so many of what has come. */
  | { readonly what: 'again'; readonly count: number }
  | { readonly what: 'mend' }
  | { readonly what: 'replay'; readonly pick: number }
  | { readonly what: 'pass' };

const name = fc.option(fc.constantFrom(...TENANTS));
const arrival = fc.record({ tenant: name, user: name, bug: fc.integer({ min: 0, max: 4 }).map((n) => n === 0) });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constant('chunk' as const), arrivals: fc.array(arrival, { maxLength: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('again' as const), count: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.constant({ what: 'mend' as const }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('replay' as const), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.constant({ what: 'pass' as const }) },
);

describe('whatever fails, comes again, is mended and replayed, in whatever order somebody tries it', () => {
  it('each message takes effect once, after all that came before it and names one it names', () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const world = new World();
        for (const one of steps) await world.take(one);
        world.mended = true;
        await world.pass();
        expect(await world.letters.list({}, { after: 0, limit: 1 })).toEqual([]);
        expect([...world.effects].sort((x, y) => x - y)).toEqual(world.arrived.map((_, i) => i));
        expect((await world.letters.parkedKeys({ limit: 9 })).length).toBe(0);
        for (const key of TENANTS.flatMap((n) => [a.tenantId(n), a.userId(n)])) {
          const ofKey = world.effects.filter((n) => world.taskOf(n).keys.includes(key));
          expect(ofKey).toEqual([...ofKey].sort((x, y) => x - y));
        }
      }),
      { numRuns: 300 },
    ));
});

/** Message n stands at offset n; `effects` are those that took effect, in the order of their commits. */
class World extends InMemoryWorld {
  readonly arrived: Arrival[] = [];
  readonly effects: number[] = [];
  mended = false;
  private readonly dispatcher = aDispatcher();

  async take(one: Step): Promise<void> {
    switch (one.what) {
      case 'chunk': {
        const first = this.arrived.push(...one.arrivals) - one.arrivals.length;
        return this.chunk(one.arrivals.map((_, i) => first + i));
      }
      case 'again':
        return this.chunk(this.arrived.map((_, i) => i).slice(-one.count));
      case 'mend':
        this.mended = true;
        return;
      case 'replay': {
        const open = await this.letters.list({}, { after: 0, limit: 10 });
        const letter = open[one.pick % Math.max(1, open.length)];
        if (letter !== undefined) await this.replay(letter.letterId, letter.offset);
        return;
      }
      case 'pass':
        return this.pass();
    }
  }

  /** Tries every open letter once, by number. */
  async pass(): Promise<void> {
    for (const { letterId, offset } of await this.letters.list({}, { after: 0, limit: 999 })) {
      await this.replay(letterId, offset);
    }
  }

  taskOf(offset: number): Task {
    const { tenant, user, bug } = this.arrived[offset] ?? { tenant: null, user: null, bug: false };
    const names = {
      tenantId: tenant === null ? null : a.tenantId(tenant),
      userId: user === null ? null : a.userId(user),
    };
    return aTask(offset, {
      names,
      handle: async () => {
        if (bug && !this.mended) throw new Error('a bug');
        return [];
      },
    });
  }

  private async chunk(offsets: readonly number[]): Promise<void> {
    const tasks = offsets.map((offset) => this.taskOf(offset));
    const { value } = await this.unitOfWork.run(tasks, (unit) => this.dispatcher.dispatch(tasks, unit));
    this.effects.push(...offsets.filter((_, i) => value[i]?.what === 'accepted'));
  }

  private async replay(letterId: number, offset: number): Promise<void> {
    const task = this.taskOf(offset).replaying(a.aMessage(offset).identity);
    try {
      await this.unitOfWork.replay([{ letterId, message: task }], (unit) => this.dispatcher.replay([task], unit));
      this.effects.push(offset);
    } catch (error) {
      if (!(error instanceof NotReplayable) && !(error instanceof ReplayFailed)) throw error;
    }
  }
}
