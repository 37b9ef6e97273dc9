import { randomUUID } from 'node:crypto';
import { StaleRead } from '../../src/ports/errors.ts';
import type { Outcome, Replay, Unit, UnitMessage } from '../../src/ports/unit-of-work.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import * as a from '../support/builders.ts';
import { addSubdivisions, addTenants, changeSubdivision } from '../support/contract/subject.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { Gate, waiting } from '../support/faults.ts';

const TENANT = a.tenantId(1);

describe('KnexUnitOfWork, with others at work,', () => {
  let database: TestDatabase;
  let unitOfWork: KnexUnitOfWork;

  beforeAll(async () => {
    database = await createTestDatabase();
    unitOfWork = new KnexUnitOfWork(database.db, randomUUID);
  });

  beforeEach(async () => {
    await database.clear();
    await unitOfWork.run([], async (unit) => {
      await addTenants(unit, a.aTenant(1));
      await addSubdivisions(unit, a.aSubdivision(1), a.aSubdivision(2));
    });
  });

  /** Whatever the fault was, the pool serves the next run. */
  afterEach(async () => {
    await Promise.all([1, 2, 3].map(() => unitOfWork.run([], ({ tenants }) => tenants.list({ limit: 1 }))));
  });

  afterAll(() => database.drop());

  describe('two runs at once', () => {
    it('that lock the same subdivisions, named in opposite orders, come one after the other', async () => {
      const gate = new Gate();
      const first = unitOfWork.run([moves(1, [1, 2])], async (unit) => {
        await gate.pass();
        await move(unit, 1, 2);
      });
      await gate.reached;
      const second = unitOfWork.run([moves(2, [2, 1])], (unit) => move(unit, 2, 1));
      await waiting(database.db, 'transactionid');
      gate.open();
      await Promise.all([first, second]);
      expect(await versions()).toEqual([3, 3]);
    });

    it('that lock the same subdivision: the one that waits goes by when it began, not by when it is let in', async () => {
      const gate = new Gate();
      const first = unitOfWork.run([moves(1, [1])], async () => gate.pass());
      await gate.reached;
      const second = unitOfWork.run([moves(2, [1])], async ({ startedAt }) => startedAt);
      await waiting(database.db, 'transactionid');
      const { rows } = await database.db.raw<{ rows: readonly { readonly now: string }[] }>(
        'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now',
      );
      gate.open();
      await first;
      expect((await second).value).toBeLessThanOrEqual(Number(rows[0]?.now));
    });

    it('of the same message: the one that waits has presumed that it is new, and knows better when it is let in', async () => {
      const gate = new Gate();
      const message = a.aMessage(1);
      const first = unitOfWork.run([message], async () => gate.pass());
      await gate.reached;
      const second = unitOfWork.run([message], async (unit) => unit.seen(message));
      await waiting(database.db, 'transactionid');
      gate.open();
      await first;
      expect((await second).value).toMatchObject({ outcome: 'accepted' });
    });

    it('never deadlock, however many there are, and lose nothing', async () => {
      const orders = [
        [1, 2],
        [2, 1],
      ];
      const runs = Array.from({ length: 40 }, (_, i) =>
        unitOfWork.run([moves(i, orders[i % 2] ?? [])], (unit) => move(unit, ...(orders[(i >> 1) % 2] ?? []))),
      );
      await Promise.all(runs);
      expect(await versions()).toEqual([41, 41]);
    });

    it('that create the same tenant: one has read stale, and sees the tenant when it runs again', async () => {
      const gate = new Gate();
      const creates = async (unit: Unit): Promise<boolean> => {
        if (await unit.tenants.exists(a.tenantId(2))) return false;
        unit.tenants.add(a.aTenant(2, { name: randomUUID() }));
        return true;
      };
      const first = unitOfWork.run([creation(1)], async (unit) => (await creates(unit), gate.pass()));
      await gate.reached;
      const second = unitOfWork.run([creation(2)], creates);
      await expect(second).resolves.toMatchObject({ value: true });
      gate.open();
      await expect(first).rejects.toThrow(StaleRead);
      await expect(unitOfWork.run([creation(1)], creates)).resolves.toMatchObject({ value: false });
    });

    it('that take the same tenant name: one has read stale, and sees the holder when it runs again', async () => {
      const gate = new Gate();
      const taking = (n: number) => async (unit: Unit) => {
        const free = (await unit.tenants.holderOfName('X')) === undefined;
        if (free) await addTenants(unit, a.aTenant(n, { name: 'X' }));
        return free;
      };
      const first = unitOfWork.run([], async (unit) => (await taking(2)(unit), gate.pass()));
      await gate.reached;
      await expect(unitOfWork.run([], taking(3))).resolves.toMatchObject({ value: true });
      gate.open();
      await expect(first).rejects.toThrow(StaleRead);
      await expect(unitOfWork.run([], taking(2))).resolves.toMatchObject({ value: false });
    });
  });

  it('a lane reads and locks nothing of what it wrote last, and begins anew when it finds it changed as it writes', async () => {
    const lane = new a.TestLane(1);
    await unitOfWork.run([moves(1, [1])], (unit) => move(unit, 1), lane);
    const gate = new Gate();
    const other = unitOfWork.run([moves(2, [1])], async (unit) => (await move(unit, 1), gate.pass()));
    await gate.reached;
    const found: unknown[] = [];
    const own = unitOfWork.run(
      [moves(3, [1])],
      async (unit) => {
        found.push((await unit.subdivisions.get(TENANT, a.subdivisionId(1)))?.version);
        await move(unit, 1);
      },
      lane,
    );
    await waiting(database.db, 'transactionid');
    expect(found).toEqual([2]);
    gate.open();
    await Promise.all([other, own]);
    expect(found).toEqual([2, 3]);
    expect(await versions()).toEqual([4, 1]);
  });

  describe('a message that a zombie still works on', () => {
    it.each(['committed', 'rolled back'])('waits for it, and is seen only if it was %s', async (ending) => {
      const gate = new Gate();
      const message = a.aMessage(1);
      const zombie = unitOfWork.run([message], async (unit) => {
        unit.settle(message, 'rejected');
        await gate.pass();
        if (ending === 'rolled back') throw new Error('rolled back');
      });
      zombie.catch(() => undefined);
      await gate.reached;
      const successor = unitOfWork.run([message], async (unit) => unit.seen(message));
      await waiting(database.db, 'transactionid');
      gate.open();
      const { value: seen } = await successor;
      if (ending === 'committed') expect(seen).toMatchObject({ outcome: 'rejected', digest: message.digest });
      else expect(seen).toBeUndefined();
      if (ending === 'committed') await zombie;
      else await expect(zombie).rejects.toThrow('rolled back');
    });
  });

  describe('a message that is sent again', () => {
    const copy = (offset: number) => a.aMessage(1, { offset, bytes: `copy ${offset}`, keys: [TENANT] });
    const accept = async (unit: Unit, message: UnitMessage): Promise<Outcome | 'handled'> => {
      const seen = unit.seen(message);
      if (seen === undefined) unit.settle(message, 'accepted');
      return seen?.outcome ?? 'handled';
    };
    let replay: Replay;

    beforeEach(async () => {
      const first = copy(10);
      await unitOfWork.run([first], async (unit) => {
        unit.settle(first, 'dead');
        unit.deadLetters.add({ ...a.aDeadLetter(10), identity: first.identity });
      });
      const [letterId] = await database.db('dead_letters').pluck<number[]>('letter_id');
      replay = { letterId: Number(letterId), message: a.aMessage(1, { keys: [TENANT] }) };
    });

    it('before its letter is replayed: the replay waits, and finds it superseded', async () => {
      const gate = new Gate();
      const again = unitOfWork.run([copy(11)], async (unit) => (await gate.pass(), accept(unit, copy(11))));
      await gate.reached;
      const replaying = unitOfWork.replay([replay], (unit) => accept(unit, replay.message));
      replaying.catch(() => undefined);
      await waiting(database.db, 'transactionid');
      gate.open();
      expect((await again).value).toBe('handled');
      await expect(replaying).rejects.toMatchObject({ why: 'resolved' });
      expect(await stateOf()).toBe('superseded');
    });

    it('while its letter is replayed waits, and is skipped', async () => {
      const gate = new Gate();
      const replaying = unitOfWork.replay([replay], async (unit) => (await gate.pass(), accept(unit, replay.message)));
      await gate.reached;
      const again = unitOfWork.run([copy(11)], (unit) => accept(unit, copy(11)));
      await waiting(database.db, 'transactionid');
      gate.open();
      expect((await replaying).value).toBe('handled');
      expect((await again).value).toBe('accepted');
      expect(await stateOf()).toBe('replayed');
    });

    it('twice at once, by two lanes: the second waits, and is skipped', async () => {
      const gate = new Gate();
      const first = unitOfWork.run([copy(11)], async (unit) => (await gate.pass(), accept(unit, copy(11))));
      await gate.reached;
      const second = unitOfWork.run([copy(12)], (unit) => accept(unit, copy(12)));
      await waiting(database.db, 'transactionid');
      gate.open();
      expect([(await first).value, (await second).value]).toEqual(['handled', 'accepted']);
    });

    it('and again, while the letter is replayed over and over: of all of it one is handled', async () => {
      const runs = Array.from({ length: 20 }, (_, i) =>
        i % 2 === 0
          ? unitOfWork.run([copy(11 + i)], (unit) => accept(unit, copy(11 + i)))
          : unitOfWork.replay([replay], (unit) => accept(unit, replay.message)),
      );
      const ended = await Promise.allSettled(runs);
      const handled = ended.filter((one) => one.status === 'fulfilled' && one.value.value === 'handled');
      expect(handled).toHaveLength(1);
      for (const one of ended) if (one.status === 'rejected') expect(one.reason).toMatchObject({ why: 'resolved' });
    });

    const stateOf = async (): Promise<unknown> => (await database.db('dead_letters').pluck('state'))[0];
  });

  function moves(number: number, subdivisions: readonly number[]) {
    return a.aMessage(number, {
      declare: (loads) => subdivisions.forEach((n) => loads.subdivision(TENANT, a.subdivisionId(n))),
    });
  }

  function creation(number: number) {
    return a.aMessage(number, { declare: (loads) => loads.tenant(a.tenantId(2)) });
  }

  async function move(unit: Unit, ...subdivisions: readonly number[]): Promise<void> {
    for (const n of subdivisions) await changeSubdivision(unit, a.aSubdivision(n), { location: randomUUID() });
  }

  async function versions(): Promise<readonly number[]> {
    const { value } = await unitOfWork.run([], ({ subdivisions }) => subdivisions.list(TENANT, { limit: 9 }));
    return value.map(({ version }) => version);
  }
});
