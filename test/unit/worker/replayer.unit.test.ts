import { CommitOutcomeUnknown, DatabaseUnavailable, StaleRead } from '../../../src/ports/errors.ts';
import type { Unit, UnitOfWork } from '../../../src/ports/unit-of-work.ts';
import { InMemoryWorld } from '../../support/in-memory/world.ts';
import type { Planner } from '../../../src/worker/planner.ts';
import { UnattendedLane } from '../../../src/worker/outbox/unattended-lane.ts';
import { Replayer } from '../../../src/worker/replayer.ts';
import type { Task } from '../../../src/worker/task.ts';
import type { UserLookUps } from '../../../src/worker/user-look-ups.ts';
import * as a from '../../support/builders.ts';
import { addUsers } from '../../support/contract/subject.ts';
import { aDispatcher, aTask, cloudEvents, TOPICS } from '../../support/tasks.ts';

const KEY = a.tenantId(1);

describe('a replay', () => {
  let world: World;

  beforeEach(async () => {
    world = new World();
    await world.bury();
  });

  it('is tried again when the database was away, or took something that was read stale', async () => {
    world.faults.push(['before', new DatabaseUnavailable('away')], ['before', new StaleRead('stale')]);
    expect(await world.replay()).toEqual({ what: 'accepted' });
    expect([await world.state(), await world.effects()]).toEqual(['replayed', 1]);
  });

  it('whose commit is unclear takes effect once, if it went through', async () => {
    world.faults.push(['after', new CommitOutcomeUnknown('cut')]);
    expect(await world.replay()).toEqual({ what: 'accepted' });
    expect([await world.state(), await world.effects()]).toEqual(['replayed', 1]);
  });

  it('whose commit is unclear takes effect once, if it did not', async () => {
    world.faults.push(['before', new CommitOutcomeUnknown('cut')]);
    expect(await world.replay()).toEqual({ what: 'accepted' });
    expect([await world.state(), await world.effects()]).toEqual(['replayed', 1]);
  });

  it('that the database refuses for good has failed, and the letter says so', async () => {
    for (let i = 0; i < 4; i += 1) world.faults.push(['before', new StaleRead('no such tenant')]);
    expect(await world.replay()).toEqual({ what: 'failed', reason: 'FlushFailed', message: 'no such tenant' });
    expect(await world.letters.get(1)).toMatchObject({ state: 'open', reason: 'FlushFailed', exception: 'StaleRead' });
    expect(await world.effects()).toBe(0);
  });

  it('that fails again says so in its letter, and in a dry run says so only to who asks', async () => {
    world.bug = new RangeError('still a bug');
    expect(await world.replay({ dryRun: true })).toMatchObject({ what: 'failed', message: 'still a bug' });
    expect(await world.letters.get(1)).toMatchObject({ message: 'no', exception: 'Error' });
    expect(await world.replay()).toMatchObject({ what: 'failed', reason: 'HandlerFailed', message: 'still a bug' });
    expect(await world.letters.get(1)).toMatchObject({
      state: 'open',
      message: 'still a bug',
      exception: 'RangeError',
    });
  });

  it('in a dry run leaves nothing', async () => {
    expect(await world.replay({ dryRun: true })).toEqual({ what: 'accepted' });
    expect([await world.state(), await world.effects()]).toEqual(['open', 0]);
    expect(await world.letters.parkedKeys({ limit: 9 })).toHaveLength(1);
  });

  it('in a dry run fails when the database would refuse what it makes, and leaves nothing of that either', async () => {
    world.effect = async (unit) => addUsers(unit, a.aUser(1, { tenantId: a.tenantId(9) }));
    const failed = { what: 'failed', reason: 'FlushFailed' };
    expect(await world.replay({ dryRun: true })).toMatchObject(failed);
    expect(await world.letters.get(1)).toMatchObject({ state: 'open', reason: 'HandlerFailed', message: 'no' });
    expect(await world.replay()).toMatchObject(failed);
    expect(await world.letters.get(1)).toMatchObject({ state: 'open', reason: 'FlushFailed' });
  });

  it('runs under the identity that the letter has kept, whatever its headers say', async () => {
    await world.replay();
    expect(await world.outcomes()).toEqual([[a.aMessage(1).identity.hash, 'accepted']]);
  });

  it('does not come of what is skipped, is not there, or was resolved', async () => {
    world.skipped = true;
    expect(await world.replay()).toMatchObject({ what: 'left', why: 'skipped' });
    world.skipped = false;
    await world.replay();
    expect(await world.replay()).toMatchObject({ what: 'left', why: 'resolved' });
    expect(await world.replay({ letterId: 9 })).toMatchObject({ what: 'left', why: 'absent' });
  });
});

/** Letter 1 is of message 1, which owes one event. */
class World extends InMemoryWorld {
  readonly faults: ['before' | 'after', Error][] = [];
  bug: Error | undefined;
  effect: (unit: Unit) => Promise<void> = async () => undefined;
  skipped = false;
  private readonly replayer: Replayer;

  constructor() {
    super();
    const inner = this.unitOfWork;
    const unitOfWork: Pick<UnitOfWork, 'replay'> = {
      replay: async (replay, work, lane) => {
        const [when, error] = this.faults.shift() ?? [];
        const undone = async (...parameters: Parameters<typeof work>) => {
          const value = await work(...parameters);
          if (when === 'before' && error !== undefined) throw error;
          return value;
        };
        const committed = await inner.replay(replay, undone, lane);
        if (error !== undefined) throw error;
        return committed;
      },
    };
    const plan = async () => (this.skipped ? [] : [this.task()]);
    this.replayer = new Replayer({
      unitOfWork,
      dispatcher: aDispatcher(),
      planner: { plan } as unknown as Planner,
      userLookUps: { plan } as unknown as UserLookUps,
      cloudEvents: cloudEvents(),
      deadLetters: this.letters,
      topics: TOPICS,
      lane: new UnattendedLane(a.laneId(1)),
    });
  }

  async bury(): Promise<void> {
    const message = a.aMessage(1, { keys: [KEY] });
    await this.unitOfWork.run([message], async (unit) => {
      unit.settle(message, 'dead');
      unit.deadLetters.add(a.aDeadLetter(1, [KEY]));
    });
  }

  async replay({ dryRun = false, letterId = 1 } = {}) {
    return this.replayer.replay(letterId, { signal: AbortSignal.timeout(20_000), dryRun });
  }

  async state(): Promise<string | undefined> {
    return (await this.letters.get(1))?.state;
  }

  /** What the inbox remembers, by identity. */
  async outcomes(): Promise<readonly (readonly [hash: string, outcome: string])[]> {
    return (await this.database.snapshot()).inbox.map(({ hash, outcome }) => [hash, outcome] as const);
  }

  /** How many events are owed. */
  async effects(): Promise<number> {
    return (await this.database.snapshot()).outbox.length;
  }

  /** Read from the wire, it is another message. */
  private task(): Task {
    return aTask(1, {
      message: a.aMessage(99),
      received: a.aDeadLetter(1).received,
      names: { tenantId: KEY },
      declare: (loads) => loads.user(a.userId(1)),
      handle: async (unit) => {
        await this.effect(unit);
        unit.outbox.add(a.anEvent(KEY, 'effect'));
        if (this.bug !== undefined) throw this.bug;
        return [];
      },
    });
  }
}
