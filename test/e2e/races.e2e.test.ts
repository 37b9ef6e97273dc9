import { randomUUID } from 'node:crypto';
import { check, type Checked } from '../oracle/check.ts';
import { orderOf } from '../oracle/order.ts';
import { partitionOf } from '../oracle/identity.ts';
import { header } from '../support/collect.ts';
import { command, outside, type Sending } from '../support/load.ts';
import { until } from '../support/world-until.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { addRow, CONTACT, createTenant, givenLicense, TERMS } from './given.ts';

const TIMES = 200;
/** How many pairs are sent at once: few, so that many transactions meet. */
const AT_ONCE = 10;

describe.each([
  ['two lanes of one worker', 1],
  ['two workers', 2],
])('%s', (_, workers) => {
  const world = theWorld({ workers, env: { LANES: '2', CHUNK_MAX_MESSAGES: '20' } });

  test(`a user is created from the users topic and by CreateTenant at once, ${TIMES} times`, () =>
    world.guard(async () => {
      const pairs = Array.from({ length: TIMES }, () => {
        const userId = randomUUID();
        const tenantId = idElsewhere(userId);
        const profile = { userId, email: 'a@example.org', tgId: null, superadmin: false, updatedAt: null };
        return [outside('UserCreated', profile), createTenant({ tenantId, userId })] as const;
      });
      const { model } = await race(pairs);
      expect([...model.state.users.values()].filter(({ version }) => version === 2)).toHaveLength(TIMES);
      expect([model.rejections.length, model.letters.length]).toEqual([0, 0]);
    }));

  test(`two tenants take one name at once, by CreateTenant and by UpdateTenant, ${TIMES} times`, () =>
    world.guard(async () => {
      const renamed = Array.from({ length: TIMES / 2 }, () => {
        const tenantId = randomUUID();
        return [createTenant({ tenantId }), createTenant({ tenantId: idElsewhere(tenantId) })] as const;
      });
      await world.send(renamed.flat());
      await world.settled();
      const pairs = renamed.map(([a, b], i) => {
        const name = `One of two ${i} ${randomUUID()}`;
        const rename = (tenantId: string): Sending => command('UpdateTenant', { tenantId, name, ...CONTACT });
        return [rename(a.data.tenantId), rename(b.data.tenantId)] as const;
      });
      const created = Array.from({ length: TIMES / 2 }, () => {
        const [tenantId, name] = [randomUUID(), `One name ${randomUUID()}`];
        return [createTenant({ tenantId, name }), createTenant({ tenantId: idElsewhere(tenantId), name })] as const;
      });
      const { model } = await race([...pairs, ...created]);
      expect(model.rejections.map(({ data }) => data['code'])).toEqual(Array(TIMES).fill('TenantNameTaken'));
      expect(model.letters).toEqual([]);
    }));

  test(`one user founds two tenants at once, ${TIMES} times`, () =>
    world.guard(async () => {
      const pairs = Array.from({ length: TIMES }, () => {
        const [userId, tenantId] = [randomUUID(), randomUUID()];
        return [createTenant({ userId, tenantId }), createTenant({ userId, tenantId: idElsewhere(tenantId) })] as const;
      });
      const { model } = await race(pairs);
      const codes = model.rejections.map(({ data }) => data['code']).filter((code) => code !== 'TenantNameTaken');
      expect(codes).toEqual(Array(TIMES).fill('UserBelongsToAnotherTenant'));
      expect(model.letters).toEqual([]);
    }));

  test(`a user founds a tenant and is changed by the user domain at once, ${TIMES} times: neither undoes the other`, () =>
    world.guard(async () => {
      const users = Array.from({ length: TIMES }, () => randomUUID());
      const profile = { email: 'a@example.org', tgId: null, superadmin: false, updatedAt: null };
      await world.send(users.map((userId) => outside('UserCreated', { ...profile, userId })));
      await world.settled();
      const pairs = users.map((userId) => {
        const founded = createTenant({ userId, tenantId: idElsewhere(userId) });
        return [outside('UserUpdated', { ...profile, userId, superadmin: true }), founded] as const;
      });
      const { model } = await race(pairs, { undone: false });
      const found = users.map((userId) => model.state.users.get(userId));
      expect(found.map((user) => [user?.version, user?.superadmin, user?.tenantId !== null])).toEqual(
        Array(TIMES).fill([3, true, true]),
      );
    }));

  test(`rows of one subdivision come under two keys at once, ${TIMES} times: each is counted once`, () =>
    world.guard(async () => {
      const terms = { ...TERMS, requestsLimit: 1e9 };
      const ids = await Promise.all(Array.from({ length: 4 }, () => givenLicense(world, { active: true, terms })));
      const pairs = Array.from({ length: TIMES }, (_, i) => {
        const of = ids[i % ids.length] ?? fail();
        const { envelope, ...row } = addRow(of, 1);
        return [addRow(of, 1), { ...row, envelope: { ...envelope, key: idElsewhere(of.tenantId) } }] as const;
      });
      const { model } = await race(pairs, { undone: false });
      const used = [...model.state.subdivisions.values()].flatMap(({ licenses }) => [...licenses.values()]);
      expect(used.map(({ counts }) => counts.at(-1)?.usedRequests)).toEqual(ids.map(() => (2 * TIMES) / ids.length));
      expect(model.letters).toEqual([]);
    }));

  /** Sends pair by pair, and checks that of each pair exactly one message was first. */
  async function race(pairs: readonly (readonly [Sending, Sending])[], { undone = true } = {}): Promise<Checked> {
    await world.settled();
    const before = await rollbacks();
    for (let i = 0; i < pairs.length; i += AT_ONCE) {
      const some = pairs.slice(i, i + AT_ONCE);
      // The two sides go first in turn, so that neither has an advantage.
      const sides = i % (2 * AT_ONCE) === 0 ? some.flat() : some.flatMap(([a, b]) => [b, a]);
      // The first pair is made to meet: both have read, and neither can write until two sessions wait.
      await (undone && i === 0 ? meeting(() => world.send(sides)) : world.send(sides));
    }
    await world.settled();
    // A transaction has lost a race, was undone, and ran again.
    if (undone) await until('transactions have met', async () => (await rollbacks()) > before);
    const order = orderOf(
      world.collector.records(world.topics.events),
      world.collector.records(world.topics.rejections),
    );
    return check(world, { rank: (record) => order.get(header(record, 'ce_id') ?? '') ?? 0 });
  }

  async function meeting(send: () => Promise<unknown>): Promise<void> {
    const held = await world.db.transaction();
    try {
      await held.raw('LOCK TABLE tenant_names, users IN SHARE MODE');
      await send();
      await until('two transactions wait', async () => (await waiting()) > 1);
    } finally {
      await held.commit(); // a rollback would be counted
    }
  }

  async function waiting(): Promise<number> {
    const found = await world.db.raw<{ rows: readonly { readonly n: string }[] }>(
      `SELECT count(DISTINCT l.pid) AS n FROM pg_locks l JOIN pg_stat_activity a USING (pid)
       WHERE NOT l.granted AND a.datname = current_database()`,
    );
    return Number(found.rows[0]?.n);
  }

  /** How many transactions were undone in this world's database. PostgreSQL counts them a second late. */
  async function rollbacks(): Promise<number> {
    const found = await world.db.raw<{ rows: readonly { readonly n: string }[] }>(
      'SELECT pg_stat_clear_snapshot(), xact_rollback AS n FROM pg_stat_database WHERE datname = current_database()',
    );
    return Number(found.rows[0]?.n);
  }

  /** An id whose partition belongs to another worker and another lane: both are dealt partitions in turn. */
  function idElsewhere(id: string): string {
    for (;;) {
      const other = randomUUID();
      if ((partitionOf(id, world.partitions) - partitionOf(other, world.partitions)) % 2 !== 0) return other;
    }
  }
});

function fail(): never {
  throw new Error('there is no such license');
}
