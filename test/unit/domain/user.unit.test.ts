import { storedId } from '../../../src/domain/ids.ts';
import type { TenantId } from '../../../src/domain/ids.ts';
import {
  applyProfile,
  buryAgain,
  createUser,
  deleteUser,
  fillProfile,
  joinTenantAsCreator,
  leaveTenant,
  parseProfile,
  parseUserDeleted,
} from '../../../src/domain/user.ts';
import type { Profile, User } from '../../../src/domain/user.ts';
import { NOW, refusal, TENANT, typesOf, USER } from './given.ts';

const OTHER_TENANT = storedId<TenantId>('10000000-0000-4000-8000-000000000002');
const ANSWER = { email: 'a@b.example', tgId: '7', superadmin: true };
const PROFILE: Profile = { ...ANSWER, userId: USER, updatedAt: NOW };
const NO_PROFILE = { userId: USER, email: null, tgId: null, superadmin: false, tenantId: null, subdivisionId: null };

const bare = (): User => createUser({ userId: USER }, NOW).state;
const known = (changes: Partial<User> = {}): User => ({
  ...bare(),
  ...ANSWER,
  hasProfile: true,
  profileUpdatedAt: NOW,
  ...changes,
});

test('CreateUser makes a user without a profile', () => {
  const { state, events } = createUser({ userId: USER }, NOW);
  expect(state).toEqual({ ...NO_PROFILE, version: 1, hasProfile: false, profileUpdatedAt: null });
  expect(events).toEqual([
    { type: 'licensing.events.UserCreated', data: { ...NO_PROFILE, version: 1, occurredAt: NOW } },
  ]);
});

test('a deletion leaves a version, and tells the state before it with that version', () => {
  const { state, events } = deleteUser(known({ tenantId: TENANT, version: 4 }), NOW);
  expect(state).toEqual({ version: 5, deletedAt: NOW });
  const data = { ...NO_PROFILE, ...ANSWER, tenantId: TENANT, version: 5, occurredAt: NOW };
  expect(events).toEqual([{ type: 'licensing.events.UserDeleted', data }]);
});

test('one more deletion leaves its time, and no other version', () => {
  expect(buryAgain({ version: 5, deletedAt: null }, NOW)).toEqual({ version: 5, deletedAt: NOW });
  expect(buryAgain({ version: 5, deletedAt: NOW }, NOW + 1)).toEqual({ version: 5, deletedAt: NOW + 1 });
  expect(buryAgain({ version: 5, deletedAt: NOW }, NOW - 1)).toEqual({ version: 5, deletedAt: NOW });
});

describe('joining a tenant as its creator', () => {
  test('creates the user that was not known', () => {
    const change = joinTenantAsCreator(undefined, USER, TENANT, NOW);
    expect(change.state).toEqual({ ...bare(), tenantId: TENANT });
    expect(change.events).toEqual([
      {
        type: 'licensing.events.UserCreated',
        data: { ...NO_PROFILE, tenantId: TENANT, version: 1, occurredAt: NOW },
      },
    ]);
  });

  test('keeps the profile of one without a tenant', () => {
    const change = joinTenantAsCreator(known(), USER, TENANT, NOW);
    expect(change.state).toEqual(known({ tenantId: TENANT, version: 2 }));
    expect(typesOf(change)).toEqual(['UserUpdated']);
    expect(change.events[0]?.data).toMatchObject({ ...ANSWER, tenantId: TENANT, version: 2 });
  });

  test('is refused to a user of another tenant', () => {
    expect(refusal(() => joinTenantAsCreator(known({ tenantId: OTHER_TENANT }), USER, TENANT, NOW))).toBe(
      'UserBelongsToAnotherTenant',
    );
  });

  test('changes nothing for a user of this one', () => {
    const user = known({ tenantId: TENANT });
    expect(joinTenantAsCreator(user, USER, TENANT, NOW)).toEqual({ state: user, events: [] });
  });
});

test('leaving a tenant keeps the profile; who has none leaves nothing', () => {
  const change = leaveTenant(known({ tenantId: TENANT, version: 3 }), NOW);
  expect(change.state).toEqual(known({ version: 4 }));
  expect(change.events).toMatchObject([
    { type: 'licensing.events.UserUpdated', data: { ...ANSWER, tenantId: null, version: 4 } },
  ]);
  expect(leaveTenant(known(), NOW)).toEqual({ state: known(), events: [] });
});

describe('a profile from the user domain', () => {
  test('creates the user that was not known', () => {
    const change = applyProfile(undefined, undefined, PROFILE, NOW);
    expect(change?.state).toEqual(known());
    expect(change?.events).toMatchObject([{ type: 'licensing.events.UserCreated', data: { ...ANSWER, version: 1 } }]);
  });

  test('creates a deleted user anew, on from the version of the deletion', () => {
    const change = applyProfile(undefined, { version: 8, deletedAt: NOW }, PROFILE, NOW);
    expect(change?.state).toEqual(known({ version: 9 }));
    expect(change?.events).toMatchObject([{ type: 'licensing.events.UserCreated', data: { version: 9 } }]);
  });

  test('creates nobody by what is from before the deletion, as far as the time of that is known', () => {
    expect(applyProfile(undefined, { version: 8, deletedAt: NOW }, PROFILE, NOW - 1)).toBeUndefined();
    expect(applyProfile(undefined, { version: 8, deletedAt: null }, PROFILE, NOW - 1)?.state.version).toBe(9);
  });

  test.each([{ email: 'new@b.example' }, { tgId: null }, { superadmin: false }])(
    'that differs in %j is taken',
    (news) => {
      const change = applyProfile(
        known({ tenantId: TENANT }),
        undefined,
        { ...PROFILE, ...news, updatedAt: NOW + 1 },
        NOW,
      );
      expect(change?.state).toEqual(known({ tenantId: TENANT, ...news, version: 2, profileUpdatedAt: NOW + 1 }));
      expect(change?.events).toMatchObject([
        { type: 'licensing.events.UserUpdated', data: { ...news, tenantId: TENANT, version: 2 } },
      ]);
    },
  );

  test('that is older than what is known is ignored; one as old is not', () => {
    const news = { ...PROFILE, email: 'x@b.example' };
    expect(applyProfile(known(), undefined, { ...news, updatedAt: NOW - 1 }, NOW)).toBeUndefined();
    expect(applyProfile(known(), undefined, { ...news, updatedAt: NOW }, NOW)?.events).toHaveLength(1);
  });

  test('without a time is taken, and the time known is kept', () => {
    const change = applyProfile(known(), undefined, { ...PROFILE, email: null, updatedAt: null }, NOW);
    expect(change?.state).toEqual(known({ email: null, version: 2 }));
  });

  test('that changes nothing is nothing', () => {
    expect(applyProfile(known(), undefined, PROFILE, NOW)).toBeUndefined();
    expect(applyProfile(known(), undefined, { ...PROFILE, updatedAt: null }, NOW)).toBeUndefined();
  });

  test('that is only newer is remembered in silence, so that an older one can not undo it', () => {
    const change = applyProfile(known(), undefined, { ...PROFILE, updatedAt: NOW + 9 }, NOW);
    expect(change).toEqual({ state: known({ profileUpdatedAt: NOW + 9 }), events: [] });
    const late = { ...PROFILE, email: 'old@b.example', updatedAt: NOW + 5 };
    expect(applyProfile(change?.state, undefined, late, NOW)).toBeUndefined();
  });

  test('that says what a user without a profile shows already is remembered in silence', () => {
    const empty = { ...PROFILE, email: null, tgId: null, superadmin: false };
    const change = applyProfile(bare(), undefined, empty, NOW);
    expect(change).toEqual({ state: { ...bare(), hasProfile: true, profileUpdatedAt: NOW }, events: [] });
  });
});

describe('the answer of the look-up', () => {
  test('fills a living user without a profile', () => {
    const change = fillProfile(bare(), ANSWER, NOW);
    expect(change?.state).toEqual(known({ version: 2, profileUpdatedAt: null }));
    expect(change?.events).toMatchObject([{ type: 'licensing.events.UserUpdated', data: { ...ANSWER, version: 2 } }]);
  });

  test('that is empty is remembered in silence', () => {
    const change = fillProfile(bare(), { email: null, tgId: null, superadmin: false }, NOW);
    expect(change).toEqual({ state: { ...bare(), hasProfile: true }, events: [] });
  });

  test('is nothing to a user with a profile, or to none', () => {
    expect(fillProfile(known(), { ...ANSWER, email: null }, NOW)).toBeUndefined();
    expect(fillProfile(undefined, ANSWER, NOW)).toBeUndefined();
  });

  test('does not stand in the way of an event, however old', () => {
    const filled = fillProfile(bare(), ANSWER, NOW)?.state;
    expect(applyProfile(filled, undefined, { ...PROFILE, email: null, updatedAt: 1 }, NOW)?.events).toHaveLength(1);
  });
});

describe('outside events', () => {
  const RAW = { userId: USER, email: null, tgId: null, superadmin: false, updatedAt: null };

  test('are normalised like commands', () => {
    const raw = { ...RAW, userId: USER.toUpperCase(), email: ' e\u0301@b ', tgId: ' 7 ', updatedAt: NOW };
    expect(parseProfile(raw)).toEqual({ ...RAW, email: '\u00e9@b', tgId: '7', updatedAt: NOW });
    expect(parseUserDeleted({ userId: USER.toUpperCase() })).toEqual({ userId: USER });
  });

  test.each([
    ['userId', 'x'],
    ['email', 'a\u0000@b.example'],
    ['email', 'a'.repeat(1_001)],
    ['tgId', '\ud800'],
    ['updatedAt', -1],
  ])('with a faulty %s are no rejections, but invalid', (field, value) => {
    expect(refusal(() => parseProfile({ ...RAW, [field]: value }))).toBe(`InvalidOutsideEvent ${field}`);
  });

  test('UserDeleted with a faulty userId is invalid', () => {
    expect(refusal(() => parseUserDeleted({ userId: '' }))).toBe('InvalidOutsideEvent userId');
  });
});
