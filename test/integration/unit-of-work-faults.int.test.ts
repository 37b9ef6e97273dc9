import { randomUUID } from 'node:crypto';
import { CommitOutcomeUnknown, DatabaseUnavailable, StaleRead, TimedOut } from '../../src/ports/errors.ts';
import type { Unit } from '../../src/ports/unit-of-work.ts';
import { createDatabase } from '../../src/uow/database.ts';
import { KnexUnitOfWork } from '../../src/uow/unit-of-work.ts';
import * as a from '../support/builders.ts';
import { addSubdivisions, addTenants, changeSubdivision } from '../support/contract/subject.ts';
import { connect, createTestDatabase, urlOf, type TestDatabase } from '../support/database.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { Gate, noneIdle, terminate, waiting } from '../support/faults.ts';

const TENANT = a.tenantId(1);

describe('KnexUnitOfWork, when something fails,', () => {
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

  it('a lane forgets what it knew of subdivisions with each new connection, which may lead to a server that has lost commits', async () => {
    const pool = connect(database.url, { poolMax: 1 });
    const runs = new KnexUnitOfWork(pool, randomUUID);
    const lane = new a.TestLane(1);
    const location = async (): Promise<string | undefined> => {
      const { value } = await runs.run([], (unit) => unit.subdivisions.get(TENANT, a.subdivisionId(1)), lane);
      return value?.location;
    };
    await runs.run([], (unit) => changeSubdivision(unit, a.aSubdivision(1), { location: 'lost' }), lane);
    await database.db('subdivisions').where({ lane: lane.id }).update({ location: 'Bergen' });
    await expect(location()).resolves.toBe('lost');
    await pool.destroy();
    pool.initialize();
    await expect(location()).resolves.toBe('Bergen');
    await pool.destroy();
  });

  describe('a fault that passes', () => {
    it('is a deadlock: one goes on, the other is told to try again', async () => {
      const [first, second] = [new Gate(), new Gate()];
      // Not declared, so each gets its second subdivision out of order.
      const crossing = (gate: Gate, one: number, two: number) =>
        unitOfWork.run([], async (unit) => {
          await move(unit, one);
          await gate.pass();
          await move(unit, two);
        });
      const runs = [crossing(first, 1, 2), crossing(second, 2, 1)];
      const settled = Promise.allSettled(runs);
      await Promise.all([first.reached, second.reached]);
      first.open();
      await waiting(database.db, 'transactionid');
      second.open();
      const reasons = (await settled).map((ending): unknown =>
        ending.status === 'rejected' ? ending.reason : undefined,
      );
      const [failure, ...others] = reasons.filter((reason) => reason !== undefined);
      expect(failure).toBeInstanceOf(DatabaseUnavailable);
      expect(failure).toHaveProperty('message', expect.stringContaining('40P01'));
      expect(others).toEqual([]);
      expect(await versions()).toEqual([2, 2]);
    });

    it.each([
      ['lock', { lockTimeout: 50 }, '55P03'],
      ['statement', { statementTimeout: 50 }, '57014'],
    ] as const)('is a %s timeout', async (_, timeout, state) => {
      const impatient = createDatabase({
        url: urlOf(database.url),
        poolMax: 1,
        connectTimeout: 5_000,
        statementTimeout: 20_000,
        lockTimeout: 20_000,
        idleInTransactionTimeout: 10_000,
        ...timeout,
      });
      const gate = new Gate();
      const holder = unitOfWork.run([], async (unit) => (await move(unit, 1), gate.pass()));
      await gate.reached;
      const late = new KnexUnitOfWork(impatient, randomUUID).run([], (unit) => move(unit, 1));
      await expect(late).rejects.toThrow(DatabaseUnavailable);
      await expect(late).rejects.toThrow(state);
      gate.open();
      await holder;
      await new KnexUnitOfWork(impatient, randomUUID).run([], (unit) => move(unit, 1));
      expect(await versions()).toEqual([3, 1]);
      await impatient.destroy();
    });

    it('is a connection that was terminated while the work went on', async () => {
      const message = a.aMessage(1);
      const running = unitOfWork.run([message], async (unit) => {
        await move(unit, 1);
        await terminate(database.db, `state = 'idle in transaction'`);
        await unit.users.get(a.userId(1));
      });
      await expect(running).rejects.toThrow(DatabaseUnavailable);
      expect(await versions()).toEqual([1, 1]);
      await unitOfWork.run([message], async (unit) => expect(unit.seen(message)).toBeUndefined());
    });

    it.each([
      ['before it is flushed', true],
      ['before its COMMIT', false],
    ])('is a transaction that said nothing for too long, %s: less of it at once may succeed', async (_, changes) => {
      const impatient = connect(database.url, { poolMax: 1, idleInTransactionTimeout: 500 });
      const running = new KnexUnitOfWork(impatient, randomUUID).run([], async (unit) => {
        if (changes) await move(unit, 1);
        await noneIdle(database.db);
      });
      await expect(running).rejects.toThrow(TimedOut);
      await expect(running).rejects.toThrow('25P03');
      expect(await versions()).toEqual([1, 1]);
      await new KnexUnitOfWork(impatient, randomUUID).run([], (unit) => move(unit, 1));
      await impatient.destroy();
    });

    it('is a transaction during which the process was busy for too long: less of it at once may succeed', async () => {
      const impatient = connect(database.url, { poolMax: 1, idleInTransactionTimeout: 100 });
      const running = new KnexUnitOfWork(impatient, randomUUID).run([], async (unit) => {
        await move(unit, 1, 2);
        for (const over = performance.now() + 1_000; performance.now() < over;);
      });
      await expect(running).rejects.toThrow(TimedOut);
      await expect(running).rejects.toThrow('25P03');
      await impatient.destroy();
      expect(await versions()).toEqual([1, 1]);
    });

    it('is a connection that breaks while it waits for a lock: what is told of it is what the driver says, without the statements', async () => {
      const proxy = await TcpProxy.to(Number(new URL(database.url).port));
      const pool = connect(proxy.via(database.url));
      const gate = new Gate();
      const holder = unitOfWork.run([], async (unit) => (await move(unit, 1), gate.pass()));
      await gate.reached;
      // It asks for the subdivision and, behind that, for its licenses.
      const waiter = new KnexUnitOfWork(pool, randomUUID).run([], (unit) => move(unit, 1));
      const failing = expect(waiter).rejects.toThrow(/^read ECONNRESET$/);
      try {
        await waiting(database.db, 'transactionid');
        await proxy.close();
        await failing;
      } finally {
        gate.open();
        await Promise.all([holder, pool.destroy()]);
      }
    });

    it('is a connection that was terminated while it waited for a lock', async () => {
      const gate = new Gate();
      const holder = unitOfWork.run([], async (unit) => (await move(unit, 1), gate.pass()));
      await gate.reached;
      const waiter = unitOfWork.run([], (unit) => move(unit, 1));
      const failing = expect(waiter).rejects.toThrow(DatabaseUnavailable);
      await waiting(database.db, 'transactionid');
      await terminate(database.db, `wait_event = 'transactionid'`);
      await failing;
      gate.open();
      await holder;
    });

    it('is a right that was taken away: it is named, and given back it serves', async () => {
      const role = `r${randomUUID().replaceAll('-', '')}`;
      const { db } = database;
      await db.raw(`CREATE ROLE ${role} LOGIN PASSWORD 'app'`);
      await db.raw(`GRANT USAGE ON SCHEMA public TO ${role}`);
      await db.raw(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`);
      const url = new URL(database.url);
      [url.username, url.password] = [role, 'app'];
      const pool = connect(url.href);
      const list = () => new KnexUnitOfWork(pool, randomUUID).run([], ({ tenants }) => tenants.list({ limit: 1 }));
      try {
        await list();
        await db.raw(`REVOKE SELECT ON tenants FROM ${role}`);
        const refusal: unknown = await list().catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(DatabaseUnavailable);
        expect(refusal).toHaveProperty(
          'message',
          'DATABASE_URL: PostgreSQL says: permission denied for table tenants (42501) (docs/operations.md, "Database roles")',
        );
        await db.raw(`GRANT SELECT ON tenants TO ${role}`);
        await list();
      } finally {
        await pool.destroy();
        await db.raw(`DROP OWNED BY ${role}`);
        await db.raw(`DROP ROLE ${role}`);
      }
    });

    it('is a database that does not answer', async () => {
      const nowhere = createDatabase({
        url: urlOf('postgres://nobody@127.0.0.1:1/nothing'),
        poolMax: 1,
        connectTimeout: 1_000,
        statementTimeout: 1_000,
        lockTimeout: 1_000,
        idleInTransactionTimeout: 1_000,
      });
      const run = new KnexUnitOfWork(nowhere, randomUUID).run([], async () => undefined);
      await expect(run).rejects.toThrow(DatabaseUnavailable);
      await nowhere.destroy();
    });
  });

  describe('a COMMIT', () => {
    it('that a deferred constraint refuses is a stale read, and leaves nothing', async () => {
      const running = unitOfWork.run([], async (unit) => {
        const licenses = [a.aLicense(1)];
        await changeSubdivision(unit, a.aSubdivision(1), { licenses, activeLicenseId: a.licenseId(1) });
      });
      await expect(running).rejects.toThrow(StaleRead);
      await expect(running).rejects.toThrow('subdivisions_active_license');
      expect(await versions()).toEqual([1, 1]);
    });

    it('during which the connection ends has an unknown outcome', async () => {
      // COMMIT runs the deferred trigger, which waits for the advisory lock that this test holds.
      const { db } = database;
      await db.raw(`
        CREATE FUNCTION wait_in_commit() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER waits_in_commit AFTER UPDATE ON subdivisions DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION wait_in_commit()`);
      const holder = await db.transaction();
      try {
        await holder.raw('SELECT pg_advisory_xact_lock(7)');
        const running = unitOfWork.run([], (unit) => move(unit, 1));
        const failing = expect(running).rejects.toThrow(CommitOutcomeUnknown);
        await waiting(database.db, 'advisory');
        await terminate(database.db, `wait_event = 'advisory' AND query ~* '^commit'`);
        await failing;
      } finally {
        await holder.rollback();
        await db.raw('DROP TRIGGER waits_in_commit ON subdivisions; DROP FUNCTION wait_in_commit');
      }
      expect(await versions()).toEqual([1, 1]);
    });
  });

  async function move(unit: Unit, ...subdivisions: readonly number[]): Promise<void> {
    for (const n of subdivisions) await changeSubdivision(unit, a.aSubdivision(n), { location: randomUUID() });
  }

  async function versions(): Promise<readonly number[]> {
    const { value } = await unitOfWork.run([], ({ subdivisions }) => subdivisions.list(TENANT, { limit: 9 }));
    return value.map(({ version }) => version);
  }
});
