import type { OutboxLane, OutboxRow, Unit } from '../../../src/ports/unit-of-work.ts';
import { LaneOutbox } from '../../../src/worker/outbox/lane-outbox.ts';
import * as a from '../builders.ts';
import {
  attempt,
  addUsers,
  changeSubdivision,
  changeTenant,
  changeUser,
  givenSubdivision,
  reading,
  there,
  type CreateSubject,
  type Subject,
} from './subject.ts';

const TENANT = a.tenantId(1);
const USER = a.userId(1);

/** What a lane still owes of an aggregate goes out before what the next lane makes of it. */
export function describeOutbox(create: CreateSubject): void {
  let subject: Subject;
  let [first, second, third]: readonly [a.TestLane, a.TestLane, a.TestLane] = [lane(1), lane(2), lane(3)];

  beforeEach(async () => {
    subject = await create();
    [first, second, third] = [lane(1), lane(2), lane(3)];
    await givenSubdivision(subject);
    await subject.unitOfWork.run([], (unit) => addUsers(unit, a.aUser(1)));
  });

  const renamesTenant = (unit: Unit) => changeTenant(unit, TENANT, {});
  const movesSubdivision = (unit: Unit) => changeSubdivision(unit, a.aSubdivision(1), {});
  const changesUser = (unit: Unit) => changeUser(unit, USER, {});

  it.each([
    ['tenant', renamesTenant, TENANT],
    ['subdivision', movesSubdivision, TENANT],
    ['user', changesUser, USER],
  ] as const)("another lane's unpublished events of a %s come first", async (_, change, key) => {
    await write(first, change, [key, 'one'], ['elsewhere', 'other'], [key, 'two']);
    expect(await write(second, change, [key, 'three'])).toEqual(['one', 'two', 'three']);
    expect(await outboxOf(second)).toEqual(['one', 'two', 'three']);
    expect(await outboxOf(first)).toEqual(['one', 'other', 'two']);
    expect(await write(third, change, [key, 'four'])).toEqual(['one', 'two', 'three', 'four']);
  });

  it('a lane does not adopt from itself', async () => {
    await write(first, movesSubdivision, [TENANT, 'one']);
    expect(await write(first, movesSubdivision, [TENANT, 'two'])).toEqual(['two']);
  });

  it('nothing is adopted that is deleted because it was published', async () => {
    const { outbox } = await subject.unitOfWork.run(
      [],
      (unit) => act(unit, movesSubdivision, [[TENANT, 'one']]),
      first,
    );
    first.publish(outbox);
    await write(first, renamesTenant, [TENANT, 'two']);
    expect(await write(second, movesSubdivision, [TENANT, 'three'])).toEqual(['two', 'three']);
  });

  it('what this process knows to be published is not adopted, though it is not deleted yet', async () => {
    await write(first, movesSubdivision, [TENANT, 'one'], [TENANT, 'two']);
    second.known.add(`${first.id}/0`);
    expect(await write(second, movesSubdivision, [TENANT, 'three'])).toEqual(['two', 'three']);
  });

  it('nothing is adopted of what is only read, or changed in an attempt that failed', async () => {
    await write(first, movesSubdivision, [TENANT, 'one']);
    const { outbox } = await subject.unitOfWork.run(
      [],
      async (unit) => {
        await unit.subdivisions.get(TENANT, a.subdivisionId(1));
        await attempt(unit, async () => {
          await movesSubdivision(unit);
          throw new Error('no');
        }).catch(() => undefined);
        unit.outbox.add(a.anEvent(TENANT, 'two'));
      },
      second,
    );
    expect(a.textsOf(outbox)).toEqual(['two']);
  });

  it('a run that fails adopts nothing, and the next one does', async () => {
    await write(first, movesSubdivision, [TENANT, 'one']);
    const failing = subject.unitOfWork.run(
      [],
      async (unit) => {
        await movesSubdivision(unit);
        unit.deadLetters.add(a.aDeadLetter(1));
        unit.deadLetters.add(a.aDeadLetter(1));
      },
      second,
    );
    await expect(failing).rejects.toThrow('position');
    expect(await outboxOf(second)).toEqual([]);
    expect(await write(second, movesSubdivision, [TENANT, 'two'])).toEqual(['one', 'two']);
  });

  it('a deletion adopts too', async () => {
    await write(first, changesUser, [USER, 'changed']);
    const deletes = async ({ users }: Unit): Promise<void> => {
      await users.get(USER);
      users.remove(USER, { version: 3, deletedAt: null });
    };
    expect(await write(second, deletes, [USER, 'deleted'])).toEqual(['changed', 'deleted']);
  });

  it('a message that another lane has handled brings what that lane owes under its keys, across aggregates', async () => {
    const message = a.aMessage(1, { keys: [TENANT] });
    await subject.unitOfWork.run(
      [message],
      (unit) =>
        act(unit, movesSubdivision, [
          [TENANT, 'one'],
          [USER, 'of a user'],
        ]),
      first,
    );
    const { outbox } = await subject.unitOfWork.run(
      [message, a.aMessage(2, { keys: [TENANT] })],
      async (unit) => {
        expect(unit.seen(message)).toBeDefined();
        await act(unit, renamesTenant, [[TENANT, 'two']]);
      },
      second,
    );
    expect(a.textsOf(outbox)).toEqual(['one', 'two']);
    expect(await reading(subject, ({ tenants }) => tenants.get(TENANT))).toMatchObject({ version: 2 });
  });

  it('a message that the lane itself has handled brings nothing', async () => {
    const message = a.aMessage(1, { keys: [TENANT] });
    await subject.unitOfWork.run([message], (unit) => act(unit, movesSubdivision, [[TENANT, 'one']]), first);
    expect((await subject.unitOfWork.run([message], async () => undefined, first)).outbox).toEqual([]);
  });

  describe('by lane', () => {
    const add = (lane: OutboxLane, ...texts: readonly string[]) =>
      subject.unitOfWork.run(
        [],
        async ({ outbox }) => texts.forEach((text) => outbox.add(a.anEvent(TENANT, text))),
        lane,
      );

    it("keeps a lane's rows in order, byte for byte, until it says that they are published", async () => {
      const [lane, other] = [new a.TestLane(1), new a.TestLane(2)];
      const first = await add(lane, 'a', 'b');
      expect(first.outbox).toEqual([
        { seq: 0, ...a.anEvent(TENANT, 'a') },
        { seq: 1, ...a.anEvent(TENANT, 'b') },
      ]);
      await add(other, 'x');
      await add(lane, 'c');
      expect(await texts()).toEqual(['a', 'b', 'c', 'x']);
      lane.publish(first.outbox);
      await add(lane, 'd');
      expect(await texts()).toEqual(['c', 'd', 'x']);
      expect((await subject.outbox()).map(({ seq }) => seq)).toEqual([2, 3, 0]);
    });

    it('deletes what is published though nothing new is written', async () => {
      const lane = new a.TestLane(1);
      lane.publish((await add(lane, 'a')).outbox);
      await add(lane);
      expect(await texts()).toEqual([]);
    });

    async function texts(): Promise<readonly string[]> {
      return (await subject.outbox()).map(({ text }) => text);
    }
  });

  it.each([2, 3])(
    '%i lanes that take turns write each message once each, and nothing goes out of order',
    async (count) => {
      const lanes = Array.from({ length: count }, (_, i) => new LaneOutbox(a.laneId(i), new Map(), a.LEVELS));
      const underWay = new Map<LaneOutbox, readonly OutboxRow[]>();
      const published: string[] = [];
      const publish = (lane: LaneOutbox): void => {
        const rows = underWay.get(lane) ?? [];
        published.push(...a.textsOf(rows));
        lane.published(rows);
      };
      const written: number[] = [];
      const turns = Array.from({ length: 20 }, (_, turn) => turn);
      for (const turn of turns) {
        const lane = there(lanes[turn % count]);
        const event = [TENANT, String(turn)] as const;
        const committed = await subject.unitOfWork.run([], (unit) => act(unit, movesSubdivision, [event]), lane);
        lane.committed(committed);
        publish(lane);
        underWay.set(lane, committed.outbox);
        written.push(committed.outbox.length);
      }
      lanes.toReversed().forEach(publish);
      expect(written).toEqual(turns.map((turn) => Math.min(turn + 1, count)));
      expect([...new Set(published)]).toEqual(turns.map(String));
    },
  );

  /** @returns what the run owes, in order */
  async function write(
    by: OutboxLane,
    change: (unit: Unit) => Promise<void>,
    ...events: readonly (readonly [key: string, text: string])[]
  ): Promise<readonly string[]> {
    return a.textsOf((await subject.unitOfWork.run([], (unit) => act(unit, change, events), by)).outbox);
  }

  async function outboxOf({ id }: OutboxLane): Promise<readonly string[]> {
    return (await subject.outbox()).flatMap((row) => (row.lane === id ? [row.text] : []));
  }
}

async function act(
  unit: Unit,
  change: (unit: Unit) => Promise<void>,
  events: readonly (readonly [key: string, text: string])[],
): Promise<void> {
  await change(unit);
  for (const [key, text] of events) unit.outbox.add(a.anEvent(key, text));
}

function lane(number: number): a.TestLane {
  return new a.TestLane(number);
}
