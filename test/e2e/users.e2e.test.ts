import { randomUUID } from 'node:crypto';
import { madeUpProfile, startUserDomainStandIn, type UserDomainStandIn } from '../../stack/user-domain-stand-in.ts';
import { check, madeUp } from '../oracle/check.ts';
import { eventId, identity } from '../oracle/identity.ts';
import { header, type WireRecord } from '../support/collect.ts';
import { command, outside, type Sending } from '../support/load.ts';
import { licensing } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { createTenant, told } from './given.ts';

/** Small chunks, so that the queue of look-ups is small, too, and an outage fills it. */
const world = theWorld({ env: { CHUNK_MAX_MESSAGES: '10' } });
const nobody = new Set<string>();
const garbled = new Set<string>();
let userDomain: UserDomainStandIn;
beforeAll(async () => {
  userDomain = await startUserDomainStandIn();
});
afterAll(() => userDomain.stop());

describe('an event of the user domain', () => {
  const profile = { email: 'a@example.org', tgId: 'tg-1', superadmin: false };
  const at = Date.parse('2026-01-01T00:00:00Z');

  test('creates, updates and deletes the local user; an older one, or one without a change, publishes nothing', () =>
    world.guard(async () => {
      const userId = randomUUID();
      const [created] = await told(world, outside('UserCreated', { userId, ...profile, updatedAt: at }), 'UserCreated');
      const state = { userId, ...profile, tenantId: null, subdivisionId: null, version: 1 };
      expect(created?.data).toEqual({ ...state, occurredAt: expect.any(Number) });
      expect([created?.record.key?.toString(), subjectOf(created?.record)]).toEqual([userId, userId]);

      const older = outside('UserUpdated', { userId, ...profile, email: 'old@example.org', updatedAt: at - 1 });
      const same = outside('UserUpdated', { userId, ...profile, updatedAt: at + 1 });
      const news = outside('UserUpdated', { userId, ...profile, email: null, superadmin: true, updatedAt: at + 2 });
      await world.send([older, same]);
      const [updated] = await told(world, news, 'UserUpdated');
      expect(updated?.data).toMatchObject({ ...state, email: null, superadmin: true, version: 2 });

      const [deleted] = await told(world, outside('UserDeleted', { userId }), 'UserDeleted');
      expect(deleted?.data).toMatchObject({ userId, superadmin: true, version: 3 });
      await world.send([outside('UserUpdated', { userId, ...profile, updatedAt: at + 3 })]);
      const [anew] = await told(world, outside('UserCreated', { userId, ...profile, updatedAt: null }), 'UserCreated');
      expect(anew?.data).toMatchObject({ ...profile, version: 4 });
      for (const silent of [older, same]) expect(answersOf(String(silent.envelope.id))).toEqual([]);
    }));

  test('creates the user when it is an update of an unknown one', () =>
    world.guard(async () => {
      const message = outside('UserUpdated', { userId: randomUUID().toUpperCase(), ...profile, updatedAt: null });
      const [created] = await told(world, message, 'UserCreated');
      expect(created?.data).toMatchObject({ ...profile, version: 1 });
    }));

  test('keeps the tenant that the user has founded', () =>
    world.guard(async () => {
      const { data, ...rest } = createTenant();
      await told(world, { ...rest, data }, 'TenantCreated', 'UserCreated');
      const message = outside('UserCreated', { userId: data.userId, ...profile, updatedAt: at });
      const [updated] = await told(world, message, 'UserUpdated');
      expect(updated?.data).toMatchObject({ ...profile, tenantId: data.tenantId, version: 2 });
      await world.settled();
    }));
});

describe('look-ups', () => {
  const early = randomUUID();

  test('without USER_DOMAIN_URL no look-up is queued, and the start says so', () =>
    world.guard(async () => {
      expect(world.worker().log).toContain('USER_DOMAIN_URL is not set');
      await told(world, command('CreateUser', { userId: early }), 'UserCreated');
      await world.settled();
      expect(world.collector.records(world.topics.userLookUps)).toEqual([]);
    }));

  test('a start with USER_DOMAIN_URL queues the look-ups that wait', () =>
    world.guard(async () => {
      await world.worker().restart({ ...world.env, USER_DOMAIN_URL: userDomain.url });
      expect((await updateOf(early)).decoded?.data).toMatchObject({ ...madeUpProfile(early), version: 2 });
    }));

  test("CreateUser -> UserCreated -> UserUpdated, whose cause is the UserCreated and whose correlation is the command's", () =>
    world.guard(async () => {
      const userId = randomUUID();
      const message = command('CreateUser', { userId }, { correlationId: 'case 9' });
      const [created] = await told(world, message, 'UserCreated');
      const cause = eventId(identity('', String(message.envelope.id)), 0);
      expect(header(created?.record ?? { headers: {} }, 'ce_id')).toBe(cause);
      const [updated] = await world.answers(cause);
      expect(updated?.decoded?.data).toMatchObject({ ...madeUpProfile(userId), tenantId: null, version: 2 });
      expect(header(updated ?? { headers: {} }, 'ce_correlationid')).toBe('case 9');
      expect(header(updated ?? { headers: {} }, 'ce_id')).toBe(eventId(identity('licensing/user-lookups', cause), 0));
    }));

  test('the creator of a tenant is looked up too', () =>
    world.guard(async () => {
      const { data, ...rest } = createTenant();
      await told(world, { ...rest, data }, 'TenantCreated', 'UserCreated');
      expect((await updateOf(data.userId)).decoded?.data).toMatchObject({
        ...madeUpProfile(data.userId),
        tenantId: data.tenantId,
      });
    }));

  test('a 404 ends the look-up with a warning', () =>
    world.guard(async () => {
      const userId = randomUUID();
      nobody.add(userId);
      userDomain.setProfile(userId, null);
      await told(world, command('CreateUser', { userId }), 'UserCreated');
      await world.settled();
      expect(userDomain.requestCount(userId)).toBe(1);
      expect(world.worker().log).toContain('does not know this user');
      expect(await waiting()).not.toContain(userId);
      expect(updatesOf(userId)).toEqual([]);
    }));

  test('a malformed answer is a dead letter', () =>
    world.guard(async () => {
      const userId = randomUUID();
      garbled.add(userId);
      userDomain.respondWith({ body: '{"userId":' });
      await told(world, command('CreateUser', { userId }), 'UserCreated');
      await world.settled();
      userDomain.respondWith();
      const letters = world.collector.records(`${world.topics.userLookUps}.dlq`);
      expect(letters.map((letter) => [letter.key?.toString(), header(letter, 'dlq-reason')])).toEqual([
        [userId, 'MalformedAnswer'],
      ]);
    }));

  test('an outage of the user domain pauses look-ups, and nothing else', () =>
    world.guard(async () => {
      await userDomain.stop();
      const users = Array.from({ length: 150 }, () => command('CreateUser', { userId: randomUUID() }));
      await world.send(users);
      await until('all are there', async () => (await waiting()).length === users.length);
      await world.worker().logs('waiting for the user domain');
      const after = createTenant();
      await told(world, after, 'TenantCreated', 'UserCreated');
      expect(users.map(userIdOf).flatMap(updatesOf)).toEqual([]);
      await userDomain.start();
      await until('all have a profile', () => users.every((user) => updatesOf(userIdOf(user)).length > 0), 40_000);
    }));

  test('the oracle agrees with everything that came of these tests', () =>
    world.guard(async () => {
      const answer = (userId: string): ReturnType<typeof madeUp> | undefined | 'malformed' =>
        garbled.has(userId) ? 'malformed' : nobody.has(userId) ? undefined : madeUp(userId);
      await check(world, { userDomain: answer });
    }));

  test('the letter of a malformed answer is replayed: the user domain is asked again', () =>
    world.guard(async () => {
      const env = { ...world.env, USER_DOMAIN_URL: userDomain.url };
      expect(await licensing(['dlq', 'replay', '--reason', 'MalformedAnswer'], env)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('accepted'),
      });
      for (const userId of garbled) {
        const { decoded } = await updateOf(userId);
        expect(decoded?.data).toMatchObject(madeUp(userId));
      }
    }));
});

function answersOf(id: string): readonly WireRecord[] {
  return world.collector.records(world.topics.events).filter((record) => header(record, 'ce_causationid') === id);
}

function updatesOf(userId: string): readonly WireRecord[] {
  return world.collector
    .records(world.topics.events)
    .filter((one) => header(one, 'ce_subject') === userId && header(one, 'ce_type') === 'licensing.events.UserUpdated');
}

async function updateOf(userId: string): Promise<WireRecord> {
  const update = await until(`${userId} has a profile`, () => updatesOf(userId)[0]);
  await world.collector.decode();
  return update;
}

function userIdOf({ data }: Sending): string {
  return 'userId' in data ? data.userId : '';
}

function subjectOf(record: WireRecord | undefined): string | undefined {
  return record && header(record, 'ce_subject');
}

/** The users whose look-up waits for an answer. */
async function waiting(): Promise<readonly string[]> {
  const rows = await world.db('user_look_ups').select<{ user_id: string }[]>('user_id');
  return rows.map(({ user_id: userId }) => userId);
}
