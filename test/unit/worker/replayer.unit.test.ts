import {
  CommitOutcomeUnknown,
  DatabaseUnavailable,
  StaleRead,
  TimedOut,
  TooMuchAtOnce,
} from '../../../src/ports/errors.ts';
import type { ReceivedMessage } from '../../../src/ports/messages.ts';
import type { Unit, UnitOfWork } from '../../../src/ports/unit-of-work.ts';
import { InMemoryWorld } from '../../support/in-memory/world.ts';
import type { Planner } from '../../../src/worker/planner.ts';
import { UnattendedLane } from '../../../src/worker/outbox/unattended-lane.ts';
import { Replayer, type ReplayOptions } from '../../../src/worker/replayer.ts';
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

describe('a replay of many letters', () => {
  const OTHER = a.tenantId(2);
  let world: World;

  beforeEach(async () => {
    world = new World();
    for (let n = 1; n <= 9; n += 1) await world.bury(n, n === 5 ? OTHER : KEY);
  });

  it('takes them in one transaction, in order', async () => {
    expect(await world.replayMany(1, 2, 3, 4)).toEqual(accepted(1, 2, 3, 4));
    expect(world.transactions).toEqual([[1, 2, 3, 4]]);
    expect(await world.owed()).toEqual([1, 2, 3, 4]);
    expect(await world.open()).toEqual([5, 6, 7, 8, 9]);
  });

  it('takes up what follows under the same keys, and frees the key with the last one', async () => {
    const done = await world.replayMany(1, 2, { following: () => true });
    expect(done).toEqual(accepted(1, 2, 3, 4, 6, 7, 8, 9));
    expect(await world.letters.parkedKeys({ limit: 9 })).toMatchObject([{ key: OTHER }]);
  });

  it('takes up what follows as far as it is wanted, and no further', async () => {
    expect(await world.replayMany(1, { following: ({ letterId }) => letterId !== 4 })).toEqual(accepted(1, 2, 3));
    expect(await world.open()).toEqual([4, 5, 6, 7, 8, 9]);
  });

  it('takes up what follows as far as it can be planned at once', async () => {
    world.unplanned.add(6);
    expect(await world.replayMany(1, { following: () => true })).toEqual(accepted(1, 2, 3, 4));
  });

  it('one of which fails leaves that one open; those before it are through, and nothing behind it is tried', async () => {
    world.bugs.add(6);
    let done = await world.replayMany(1, 2, 3, 4, 5, 6);
    for (let rest = [2, 3, 4, 5, 6]; rest.length > 0; rest = rest.slice(done.length))
      done = await world.replayMany(...rest);
    expect(done).toMatchObject([{ letterId: 6, what: 'failed', message: 'a bug in 6' }]);
    expect(await world.owed()).toEqual([1, 2, 3, 4, 5]);
    expect(await world.open()).toEqual([6, 7, 8, 9]);
    expect(await world.letters.get(6)).toMatchObject({ state: 'open', message: 'a bug in 6' });
  });

  it('of which one is not in its turn replays the others', async () => {
    expect(await world.replayMany(5, 6)).toEqual(accepted(5));
    expect(await world.replayMany(6)).toMatchObject([{ letterId: 6, what: 'left', why: 'behind' }]);
  });

  it('that the database refuses is made one by one, and its transactions grow again', async () => {
    for (let i = 0; i < 4; i += 1) world.faults.push(['before', new StaleRead('some of these')]);
    expect(await world.replayMany(1, 2, 3, 4)).toEqual(accepted(1));
    expect(await world.replayMany(2, 3, 4)).toEqual(accepted(2, 3));
    expect(await world.replayMany(4, 5, 6, 7, 8)).toEqual(accepted(4, 5, 6, 7));
  });

  it.each([
    ['too much', new TooMuchAtOnce('so many rows')],
    ['too slow', new TimedOut('so long')],
  ])('that is %s for one transaction is made one by one', async (_, error) => {
    world.faults.push(['before', error]);
    expect(await world.replayMany(1, 2, 3)).toEqual(accepted(1));
  });

  it('whose commit is unclear takes effect once, whether it went through or not', async () => {
    world.faults.push(['after', new CommitOutcomeUnknown('cut')]);
    expect(await world.replayMany(1, { following: ({ letterId }) => letterId < 4 })).toEqual(accepted(1, 2, 3));
    world.faults.push(['before', new CommitOutcomeUnknown('cut')]);
    expect(await world.replayMany(4, 5)).toEqual(accepted(4, 5));
    expect(await world.owed()).toEqual([1, 2, 3, 4, 5]);
  });

  it('in a dry run tries the first one alone, and leaves nothing', async () => {
    expect(await world.replayMany(1, 2, { dryRun: true })).toEqual(accepted(1));
    expect(await world.owed()).toEqual([]);
  });

  it('takes no letter twice that has the identity of one before it', async () => {
    await world.forget();
    await world.buryAgain(10, 1);
    expect(await world.replayMany(1, { following: () => true })).toEqual(accepted(1, 2, 3, 4, 6, 7, 8, 9));
    expect(await world.replayMany(5, 10)).toEqual(accepted(5));
    expect(await world.replayMany(10)).toMatchObject([{ what: 'left', why: 'superseded' }]);
  });

  function accepted(...letterIds: readonly number[]) {
    return letterIds.map((letterId) => ({ letterId, what: 'accepted' }));
  }
});

/** Letter n is of message n, which owes one event. */
class World extends InMemoryWorld {
  readonly faults: ['before' | 'after', Error][] = [];
  readonly transactions: (readonly number[])[] = [];
  readonly bugs = new Set<number>();
  readonly unplanned = new Set<number>();
  bug: Error | undefined;
  effect: (unit: Unit) => Promise<void> = async () => undefined;
  skipped = false;
  private readonly replayer: Replayer;

  constructor() {
    super();
    const inner = this.unitOfWork;
    const unitOfWork: Pick<UnitOfWork, 'replay'> = {
      replay: async (replays, work, lane, following) => {
        this.transactions.push(replays.map(({ letterId }) => letterId));
        const [when, error] = this.faults.shift() ?? [];
        const undone = async (...parameters: Parameters<typeof work>) => {
          const value = await work(...parameters);
          if (when === 'before' && error !== undefined) throw error;
          return value;
        };
        const committed = await inner.replay(replays, undone, lane, following);
        if (error !== undefined) throw error;
        return committed;
      },
    };
    const plan = async (messages: readonly ReceivedMessage[]) =>
      this.skipped ? [] : messages.map(({ offset }) => this.task(offset));
    const planAtOnce = ({ offset }: ReceivedMessage) => (this.unplanned.has(offset) ? undefined : this.task(offset));
    this.replayer = new Replayer({
      unitOfWork,
      dispatcher: aDispatcher(),
      planner: { plan, planAtOnce } as unknown as Planner,
      userLookUps: { plan } as unknown as UserLookUps,
      cloudEvents: cloudEvents(),
      deadLetters: this.letters,
      topics: TOPICS,
      lane: new UnattendedLane(a.laneId(1)),
    });
  }

  async bury(n = 1, key = KEY): Promise<void> {
    return this.buryAgain(n, n, key);
  }

  /** Message n, with the identity of another one. */
  async buryAgain(n: number, other: number, key = KEY): Promise<void> {
    const message = a.aMessage(other, { keys: [key] });
    await this.unitOfWork.run([message], async (unit) => {
      unit.settle(message, 'dead');
      unit.deadLetters.add({ ...a.aDeadLetter(n, [key]), identity: message.identity });
    });
  }

  /** The inbox forgets all messages. */
  async forget(): Promise<void> {
    await this.database.transaction(() => {
      for (const { hash } of this.database.inbox.sorted()) this.database.inbox.delete(hash);
    });
  }

  async replay({ dryRun = false, letterId = 1 } = {}) {
    const [{ letterId: _, ...replayed }] = await this.replayMany(letterId, { dryRun });
    return replayed;
  }

  async replayMany(...asked: readonly (number | Partial<ReplayOptions>)[]) {
    const letterIds = asked.filter((one) => typeof one === 'number');
    const options = asked.find((one) => typeof one !== 'number');
    const [first, ...more] = await this.replayer.replay(letterIds, {
      signal: AbortSignal.timeout(20_000),
      dryRun: false,
      ...options,
    });
    if (first === undefined) throw new Error('nothing was asked for');
    return [first, ...more] as const;
  }

  async state(): Promise<string | undefined> {
    return (await this.letters.get(1))?.state;
  }

  async open(): Promise<readonly number[]> {
    return (await this.letters.list({}, { after: 0, limit: 99 })).map(({ letterId }) => letterId);
  }

  /** What the inbox remembers, by identity. */
  async outcomes(): Promise<readonly (readonly [hash: string, outcome: string])[]> {
    return (await this.database.snapshot()).inbox.map(({ hash, outcome }) => [hash, outcome] as const);
  }

  /** How many events are owed. */
  async effects(): Promise<number> {
    return (await this.owed()).length;
  }

  /** The messages whose events are owed, in their order. */
  async owed(): Promise<readonly number[]> {
    return a.textsOf((await this.database.snapshot()).outbox).map(Number);
  }

  /** Read from the wire, it is another message. */
  private task(offset: number): Task {
    const { received, keys } = a.aDeadLetter(offset, [offset === 5 ? a.tenantId(2) : KEY]);
    return aTask(offset, {
      message: a.aMessage(100 + offset),
      received,
      names: { tenantId: keys[0] ?? null },
      declare: (loads) => loads.user(a.userId(1)),
      handle: async (unit) => {
        await this.effect(unit);
        unit.outbox.add(a.anEvent(KEY, String(offset)));
        if (this.bug !== undefined) throw this.bug;
        if (this.bugs.has(offset)) throw new Error(`a bug in ${offset}`);
        return [];
      },
    });
  }
}
