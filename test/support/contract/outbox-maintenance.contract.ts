import { storedId, type UserId } from '../../../src/domain/ids.ts';
import type { DeadLetters } from '../../../src/ports/dead-letters.ts';
import { PublicationFailed } from '../../../src/ports/errors.ts';
import type { OutgoingMessage } from '../../../src/ports/messages.ts';
import type { OutboxMaintenance } from '../../../src/ports/outbox-maintenance.ts';
import type { UnitOfWork } from '../../../src/ports/unit-of-work.ts';
import type { LaneStatement } from '../../../src/ports/levels.ts';
import * as a from '../builders.ts';
import { addRows, addSubdivisions, addTenants, addUsers, reading, there } from './subject.ts';

/** Outbox maintenance over empty tables, and what its tests see and do beside it. */
export interface MaintenanceSubject {
  readonly unitOfWork: UnitOfWork;
  readonly maintenance: OutboxMaintenance;
  readonly letters: DeadLetters;
  /** Moves the last sign of life of a lane, or the reception of a message, back by so many milliseconds. */
  ageLane(lane: string, by: number): Promise<void>;
  ageMessage(hash: string, by: number): Promise<void>;
  /** Moves the end of a letter back by so many milliseconds. */
  ageLetter(letterId: number, by: number): Promise<void>;
  /** How many keys have a row, parked or not. */
  parkedKeyRows(): Promise<number>;
  /** The values of the outbox, in the order of (lane, seq). */
  owed(): Promise<readonly string[]>;
  lanes(): Promise<readonly string[]>;
}

const SILENCE = 60_000;

/** What every outbox maintenance does; `create` gives one over empty tables. */
export function describeOutboxMaintenance(name: string, create: () => Promise<MaintenanceSubject>): void {
  describe(name, () => {
    let subject: MaintenanceSubject;
    let unitOfWork: UnitOfWork;
    let maintenance: OutboxMaintenance;
    let published: string[];
    let lanes: a.TestLane[];

    beforeEach(async () => {
      subject = await create();
      ({ unitOfWork, maintenance } = subject);
      published = [];
      lanes = [];
    });

    it('relays the rows of a silent lane in order, so many at a time, and deletes them', async () => {
      await write(1, 'a', 'b');
      await write(1, 'c');
      await silent(1);
      expect(await relay(2)).toBe(2);
      expect(published).toEqual(['a', 'b']);
      expect(await subject.owed()).toEqual(['c']);
      expect(await relay(2)).toBe(1);
      expect(await relay(2)).toBe(0);
      expect(published).toEqual(['a', 'b', 'c']);
      expect(await subject.owed()).toEqual([]);
    });

    it('relays bytes and headers as they were written', async () => {
      const message = {
        topic: 'licensing.commands.v1.dlq',
        key: Buffer.from([0, 255]),
        value: Buffer.from([1, 0, 2]),
        headers: Buffer.from([1, 0, 255]),
      };
      const tombstone = { topic: 't', key: null, value: null, headers: Buffer.from([0]) };
      await unitOfWork.run([], async ({ outbox }) => [message, tombstone].forEach((one) => outbox.add(one)));
      const relayed: OutgoingMessage[] = [];
      await maintenance.relay(SILENCE, 9, async (messages) => void relayed.push(...messages));
      expect(relayed).toMatchObject([message, tombstone]);
    });

    it('leaves lanes alone that have written a short while ago, or were touched', async () => {
      await write(1, 'a');
      expect(await relay()).toBe(0);
      await silent(1);
      await maintenance.touch([1, 9].map((n) => stated(n)));
      expect(await relay()).toBe(0);
      expect(await subject.owed()).toEqual(['a']);
    });

    it('tells what living lanes state, and that a lane of an older worker states nothing', async () => {
      await write(1, 'a');
      await maintenance.touch([stated(2, 't/0', 't/1'), stated(3)]);
      await maintenance.touch([stated(4, 't/2')]);
      await maintenance.retire(a.laneId(4));
      const living = [...(await maintenance.living(SILENCE))];
      expect(living.sort((x, y) => (x.partitions?.length ?? -1) - (y.partitions?.length ?? -1))).toEqual([
        { level: null, group: null, partitions: null },
        { level: 3, group: 'workers', partitions: [] },
        { level: 3, group: 'workers', partitions: ['t/0', 't/1'] },
      ]);
      await maintenance.touch([stated(2, 't/1')]);
      expect(await maintenance.living(SILENCE)).toContainEqual({ level: 3, group: 'workers', partitions: ['t/1'] });
    });

    it('lets a lane that can not be published state no partitions: its worker holds them no more', async () => {
      await write(1, 'too large');
      await maintenance.touch([stated(1, 't/0')]);
      await silent(1);
      await expect(maintenance.relay(SILENCE, 9, () => Promise.reject(new Error('too large')))).rejects.toThrow();
      expect(await maintenance.living(SILENCE)).toEqual([{ level: 3, group: 'workers', partitions: null }]);
    });

    it('takes over a retired lane, and one that nobody attends, at once', async () => {
      await write(1, 'retired');
      await maintenance.retire(a.laneId(1));
      await unitOfWork.run([], async ({ outbox }) => outbox.add(a.anEvent('k', 'unattended')));
      expect(await relay()).toBe(1);
      expect(await relay()).toBe(1);
      expect(published.sort()).toEqual(['retired', 'unattended']);
    });

    it('keeps everything when publishing fails', async () => {
      await write(1, 'a', 'b');
      await silent(1);
      const failing = maintenance.relay(SILENCE, 9, () => Promise.reject(new Error('no broker')));
      await expect(failing).rejects.toThrow('no broker');
      expect(await subject.owed()).toEqual(['a', 'b']);
      await silent(1);
      expect(await relay()).toBe(2);
    });

    it('deletes what was acknowledged when the rest could not be published, and keeps that', async () => {
      await write(1, 'a', 'letter', 'b');
      await silent(1);
      const failing = maintenance.relay(SILENCE, 9, async (messages) => {
        throw new PublicationFailed([messages[0], messages[2]].map(there), new Error('the letters have no room'));
      });
      await expect(failing).rejects.toThrow('the letters have no room');
      expect(await subject.owed()).toEqual(['letter']);
      await silent(1);
      expect(await relay()).toBe(1);
      expect(published).toEqual(['letter']);
    });

    it('a lane that can not be published keeps no other waiting', async () => {
      await write(1, 'too large');
      await silent(1);
      await write(2, 'b');
      await silent(2);
      await expect(maintenance.relay(SILENCE, 9, () => Promise.reject(new Error('too large')))).rejects.toThrow();
      expect(await relay()).toBe(1);
      expect(published).toEqual(['b']);
    });

    it('deletes only after it was published', async () => {
      await write(1, 'a');
      await silent(1);
      let during: readonly string[] = [];
      await maintenance.relay(SILENCE, 9, async () => void (during = await subject.owed()));
      expect(during).toEqual(['a']);
      expect(await subject.owed()).toEqual([]);
    });

    it('lets two relays at once take two lanes, and a third none', async () => {
      await write(1, 'a');
      await write(2, 'b');
      await silent(1);
      await silent(2);
      const taken: string[][] = [];
      await maintenance.relay(SILENCE, 9, async (first) => {
        taken.push([...a.textsOf(first)]);
        await maintenance.relay(SILENCE, 9, async (second) => {
          taken.push([...a.textsOf(second)]);
          expect(await relay()).toBe(0);
        });
      });
      expect(taken.flat().sort()).toEqual(['a', 'b']);
      expect(taken).toHaveLength(2);
      expect(published).toEqual([]);
    });

    it('does not hold up a lane that was thought to be silent and writes again', async () => {
      await write(1, 'a');
      await silent(1);
      await maintenance.relay(SILENCE, 9, async (messages) => void published.push(...a.textsOf(messages)));
      await write(1, 'b');
      expect(await relay()).toBe(0);
      expect(await subject.owed()).toEqual(['b']);
    });

    it('deletes what a lane has delivered, from and up to its numbers', async () => {
      await write(1, 'a', 'b');
      await write(1, 'c');
      await write(2, 'x');
      await maintenance.deleteDelivered(a.laneId(1), 0, 2);
      expect(await subject.owed()).toEqual(['c', 'x']);
    });

    it('forgets silent lanes that owe nothing, and no others', async () => {
      await write(1, 'owes');
      await write(2, 'delivered');
      await maintenance.deleteDelivered(a.laneId(2), 0, 1);
      await write(3, 'living');
      await maintenance.deleteDelivered(a.laneId(3), 0, 1);
      await silent(1);
      await silent(2);
      await maintenance.forget(SILENCE);
      expect(await subject.lanes()).toEqual([a.laneId(1), a.laneId(3)]);
    });

    it('prunes old messages from the inbox, a step at a time', async () => {
      await unitOfWork.run(
        [1, 2, 3, 4].map((n) => a.aMessage(n)),
        async () => undefined,
      );
      for (const n of [1, 2, 3]) await subject.ageMessage(a.aMessage(n).identity.hash, 60 * 60_000);
      const prune = () => maintenance.pruneInbox(30 * 60_000, 2);
      expect([await prune(), await prune(), await prune()]).toEqual([2, 1, 0]);
      const again = [1, 4].map((n) => a.aMessage(n));
      const { value: known } = await unitOfWork.run(again, async (unit) =>
        again.map((message) => unit.seen(message) !== undefined),
      );
      expect(known).toEqual([false, true]);
    });

    it('remembers a message from when another one had its id, and not from when it came again itself', async () => {
      const [taken, plain, other] = [a.aMessage(1), a.aMessage(2), a.aMessage(1, { bytes: 'others' })];
      await unitOfWork.run([taken, plain], async () => undefined);
      for (const { identity } of [taken, plain]) await subject.ageMessage(identity.hash, 60 * 60_000);
      // Its own bytes are the first of its id in this chunk, the others come behind.
      await unitOfWork.run([taken, plain, other, other], async () => undefined);
      expect(await maintenance.pruneInbox(30 * 60_000, 9)).toBe(1);
      await unitOfWork.run([other, plain], async (unit) => {
        expect(unit.seen(other)).toMatchObject({ outcome: 'accepted', digest: taken.digest });
        expect(unit.seen(plain)).toBeUndefined();
      });
    });

    it('remembers a message anew when it comes again days later: Kafka may keep that one for longer than the first', async () => {
      const message = a.aMessage(1);
      await unitOfWork.run([message], async () => undefined);
      await subject.ageMessage(message.identity.hash, 2 * 24 * 60 * 60_000);
      await unitOfWork.run([message], async () => undefined);
      expect(await maintenance.pruneInbox(30 * 60_000, 9)).toBe(0);
    });

    it('remembers a message from its replay', async () => {
      const message = a.aMessage(1);
      await unitOfWork.run([message], async (unit) => {
        unit.settle(message, 'dead');
        unit.deadLetters.add(a.aDeadLetter(1));
      });
      await subject.ageMessage(message.identity.hash, 60 * 60_000);
      const [letter] = await subject.letters.list({}, { after: 0, limit: 1 });
      const { letterId } = there(letter);
      await unitOfWork.replay([{ letterId, message }], async (unit) => unit.settle(message, 'accepted'));
      expect(await maintenance.pruneInbox(30 * 60_000, 9)).toBe(0);
      await unitOfWork.run([message], async (unit) => {
        expect(unit.seen(message)).toMatchObject({ outcome: 'accepted' });
      });
    });

    it('prunes resolved letters by age, a step at a time, and open ones never', async () => {
      await unitOfWork.run([], async ({ deadLetters }) => {
        for (const n of [1, 2, 3, 4, 5]) deadLetters.add(a.aDeadLetter(n));
      });
      const numbers = (await subject.letters.list({}, { after: 0, limit: 9 })).map(({ letterId }) => letterId);
      for (const letterId of numbers.slice(0, 4)) {
        await subject.letters.discard(letterId, { state: 'discarded', by: null, note: null }, false);
      }
      for (const letterId of numbers.slice(0, 3)) await subject.ageLetter(letterId, 60 * 60_000);
      const prune = () => maintenance.pruneDeadLetters(30 * 60_000, 2);
      expect([await prune(), await prune(), await prune()]).toEqual([2, 1, 0]);
      const left = await Promise.all(numbers.map((letterId) => subject.letters.get(letterId)));
      expect(left.map((letter) => letter?.state)).toEqual([undefined, undefined, undefined, 'discarded', 'open']);
    });

    it('erases resolved letters about a deleted user, a step at a time, and open ones once they are resolved', async () => {
      const [user, other] = [a.userId(1), a.userId(2)];
      await unitOfWork.run([], async (unit) => addUsers(unit, a.aUser(1), a.aUser(2)));
      await unitOfWork.run([], async ({ deadLetters }) => {
        for (const n of [1, 2, 3, 4]) deadLetters.add(a.aDeadLetter(n, [n === 4 ? other : user]));
      });
      const numbers = (await subject.letters.list({}, { after: 0, limit: 9 })).map(({ letterId }) => letterId);
      const discard = async (letterId: number) =>
        subject.letters.discard(letterId, { state: 'discarded', by: null, note: null }, false);
      const erased = async () =>
        (await Promise.all(numbers.map((letterId) => subject.letters.get(letterId)))).map((letter) =>
          there(letter).erasure === null ? 'kept' : there(letter).erasure?.why,
        );
      for (const n of [0, 1, 3]) await discard(numbers[n] ?? 0);
      expect(await maintenance.eraseOfDeleted(9)).toBe(0);
      await unitOfWork.run([], async ({ users }) => {
        await users.get(user);
        users.remove(user, { version: 2, deletedAt: a.NOW });
      });
      expect([await maintenance.eraseOfDeleted(1), await maintenance.eraseOfDeleted(9)]).toEqual([1, 1]);
      expect(await erased()).toEqual(['the user was deleted', 'the user was deleted', 'kept', 'kept']);
      expect(await maintenance.openOfDeleted(9)).toEqual([{ userId: user, letters: 1 }]);
      await discard(numbers[2] ?? 0);
      expect(await maintenance.eraseOfDeleted(9)).toBe(1);
      expect(await erased()).toEqual([...Array.from({ length: 3 }, () => 'the user was deleted'), 'kept']);
      expect([await maintenance.eraseOfDeleted(9), await maintenance.openOfDeleted(9)]).toEqual([0, []]);
    });

    it('erases letters of a user who was made anew and deleted again, too', async () => {
      const user = a.userId(1);
      await unitOfWork.run([], async (unit) => addUsers(unit, a.aUser(1)));
      for (const version of [2, 4]) {
        await unitOfWork.run([], async ({ users, deadLetters }) => {
          deadLetters.add(a.aDeadLetter(version, [user]));
          await users.get(user);
          users.remove(user, { version, deletedAt: null });
        });
        const [letter] = await subject.letters.list({}, { after: 0, limit: 9 });
        await subject.letters.discard(there(letter).letterId, { state: 'discarded', by: null, note: null }, false);
        expect([await maintenance.eraseOfDeleted(9), await maintenance.eraseOfDeleted(9)]).toEqual([1, 0]);
        await unitOfWork.run([], async (unit) => addUsers(unit, a.aUser(1, { version: version + 1 })));
      }
    });

    it('erases letters that came after all others were erased, once the deletion comes again', async () => {
      const user = a.userId(1);
      for (const n of [1, 2]) {
        await unitOfWork.run([], async ({ users, deadLetters }) => {
          deadLetters.add(a.aDeadLetter(n, [user]));
          await users.get(user);
          users.remove(user, { version: 1, deletedAt: a.NOW + n });
        });
        expect(await maintenance.openOfDeleted(9)).toEqual([{ userId: user, letters: 1 }]);
        const [letter] = await subject.letters.list({}, { after: 0, limit: 9 });
        await subject.letters.discard(there(letter).letterId, { state: 'discarded', by: null, note: null }, false);
        expect([await maintenance.eraseOfDeleted(9), await maintenance.eraseOfDeleted(9)]).toEqual([1, 0]);
      }
    });

    it('erases letters that name nobody and came under the key of a deleted user, in whatever case', async () => {
      const user = storedId<UserId>('abcdef00-0000-4000-8000-000000000001');
      await unitOfWork.run([], async (unit) => addUsers(unit, a.aUser(1, { userId: user })));
      await unitOfWork.run([], async ({ deadLetters }) => {
        for (const [i, key] of [user, user.toUpperCase()].entries()) {
          const letter = a.aDeadLetter(i);
          deadLetters.add({ ...letter, received: { ...letter.received, key: Buffer.from(key) } });
        }
      });
      for (const { letterId } of await subject.letters.list({}, { after: 0, limit: 9 })) {
        await subject.letters.discard(letterId, { state: 'discarded', by: null, note: null }, false);
      }
      await unitOfWork.run([], async ({ users }) => {
        await users.get(user);
        users.remove(user, { version: 2, deletedAt: a.NOW });
      });
      expect(await maintenance.eraseOfDeleted(9)).toBe(2);
    });

    it('forgets keys that are free, once nothing is owed of their replay', async () => {
      const [lane, keys] = [new a.TestLane(1), [a.tenantId(1)]];
      await unitOfWork.run([], async ({ deadLetters }) => deadLetters.add(a.aDeadLetter(1, keys)));
      await maintenance.forgetFreedKeys();
      expect(await subject.parkedKeyRows()).toBe(1);
      const [letter] = await subject.letters.list({}, { after: 0, limit: 1 });
      const message = a.aMessage(1, { keys });
      const { outbox } = await unitOfWork.replay(
        [{ letterId: there(letter).letterId, message }],
        async (unit) => {
          unit.settle(message, 'accepted');
          unit.outbox.add(a.anEvent('k', 'owed'));
        },
        lane,
      );
      await maintenance.forgetFreedKeys();
      expect(await subject.parkedKeyRows()).toBe(1);
      await maintenance.deleteDelivered(lane.id, outbox.at(0)?.seq ?? 0, (outbox.at(-1)?.seq ?? 0) + 1);
      await maintenance.forgetFreedKeys();
      expect(await subject.parkedKeyRows()).toBe(0);
    });

    it('removes the rows of deleted subdivisions, a step at a time, and no others', async () => {
      const other = { subdivisionId: a.subdivisionId(2) };
      await unitOfWork.run([], async (unit) => {
        await addTenants(unit, a.aTenant(1));
        await addSubdivisions(unit, a.aSubdivision(1), a.aSubdivision(2), a.aSubdivision(3));
        await addRows(unit, a.aRow(1), a.aRow(2), a.aRow(3), a.aRow(4, other));
      });
      await unitOfWork.run([], async ({ subdivisions }) => {
        for (const n of [1, 3]) {
          await subdivisions.get(a.tenantId(1), a.subdivisionId(n));
          subdivisions.remove(a.tenantId(1), a.subdivisionId(n), { version: 2 });
        }
      });
      let steps = 0;
      while ((await maintenance.removeOrphanedRows(2)) > 0) steps += 1;
      expect(steps).toBe(3);
      const rowsOf = (n: number) =>
        reading(subject, ({ statisticRows }) => statisticRows.list(a.tenantId(1), a.subdivisionId(n), { limit: 9 }));
      expect(await rowsOf(1)).toEqual([]);
      expect(await rowsOf(2)).toEqual([a.aRow(4, other)]);
    });

    async function write(lane: number, ...texts: readonly string[]): Promise<void> {
      lanes[lane] ??= new a.TestLane(lane);
      await unitOfWork.run(
        [],
        async ({ outbox }) => texts.forEach((text) => outbox.add(a.anEvent('k', text))),
        lanes[lane],
      );
    }

    /** As if the lane had not been heard of for longer than the silence. */
    async function silent(lane: number): Promise<void> {
      await subject.ageLane(a.laneId(lane), 2 * SILENCE);
    }

    async function relay(limit = 9): Promise<number> {
      return maintenance.relay(SILENCE, limit, async (messages) => void published.push(...a.textsOf(messages)));
    }
  });
}

function stated(lane: number, ...partitions: string[]): LaneStatement {
  return { lane: a.laneId(lane), level: 3, group: 'workers', partitions };
}
