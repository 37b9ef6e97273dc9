import * as a from '../../support/builders.ts';
import { given, type Message } from '../../support/given.ts';
import { command, outside } from '../../support/load.ts';

const userId = a.userId(1);
const PROFILE = { email: 'new@example.org', tgId: '42', superadmin: true };
const SECOND = 1_000;
const create = command('CreateUser', { userId });
const deleted = outside('UserDeleted', { userId });

function created(updatedAt: number | null = null, profile = PROFILE): Message {
  return outside('UserCreated', { userId, ...profile, updatedAt });
}

function updated(updatedAt: number | null = null, profile = PROFILE): Message {
  return outside('UserUpdated', { userId, ...profile, updatedAt });
}

function answer(profile: typeof PROFILE | undefined): Message {
  return { type: 'answer', data: { userId, profile } };
}

describe('CreateUser', () => {
  test('creates a user without a tenant or a profile', () =>
    given()
      .when(create)
      .brings(['UserCreated', { userId, email: null, tenantId: null, superadmin: false, version: 1 }]));

  test('does not create one that is there', () => given(a.aUser(1)).when(create).isRejected('UserAlreadyExists'));

  test('never gives the id of a deleted one again', () =>
    given(a.aUser(1)).after(deleted).when(create).isRejected('UserAlreadyExists'));

  test('names the field that is wrong', () =>
    given()
      .when(command('CreateUser', { userId: 'nobody' }))
      .isRejected('InvalidCommand', 'userId'));
});

describe.each([
  ['UserCreated', created],
  ['UserUpdated', updated],
])('%s of the user domain', (_, told) => {
  test('creates the local user', () =>
    given()
      .when(told())
      .brings(['UserCreated', { userId, ...PROFILE, tenantId: null, version: 1 }]));

  test('refreshes a user that is known, who stays in the tenant', () =>
    given(a.aTenant(1), a.aUser(1, { tenantId: a.tenantId(1) }))
      .when(told())
      .brings(['UserUpdated', { ...PROFILE, tenantId: a.tenantId(1), version: 2 }]));

  test('told again changes nothing', () => given().after(told(a.NOW)).when(told(a.NOW)).bringsNothing());

  test('older than what is known changes nothing', () =>
    given(a.aUser(1, { profileUpdatedAt: a.NOW }))
      .when(told(a.NOW - SECOND))
      .bringsNothing());

  test('is invalid when it can not be stored', () =>
    given()
      .when(told(null, { ...PROFILE, email: '\0' }))
      .isInvalid('email'));
});

test('UserCreated of the user domain brings a deleted user back and goes on from the version of the deletion', () =>
  given(a.aUser(1))
    .after(deleted)
    .when(created())
    .brings(['UserCreated', { ...PROFILE, version: 3 }]));

describe('UserCreated from before a deletion, which comes late out of a dead letter', () => {
  test('does not bring the user back', () =>
    given(a.aUser(1))
      .after(deleted)
      .when(created(), a.NOW - 1)
      .bringsNothing());
});

test('UserUpdated of the user domain does not bring a deleted user back', () =>
  given(a.aUser(1)).after(deleted).when(updated()).bringsNothing());

describe('UserDeleted of the user domain', () => {
  test('deletes the local user', () =>
    given(a.aUser(1))
      .when(deleted)
      .brings(['UserDeleted', { userId, version: 2 }]));

  test('of a user that is not known changes nothing', () => given().when(deleted).bringsNothing());

  test('of a user that was deleted before is told by no event, and moves the time of the tombstone', async () => {
    const { users } = await given(a.aUser(1))
      .after(deleted)
      .when(deleted, a.NOW + SECOND)
      .brings();
    expect(users).toMatchObject([{ value: undefined, tombstone: { version: 2, deletedAt: a.NOW + SECOND } }]);
  });

  test('is invalid when it names nobody', () =>
    given()
      .when(outside('UserDeleted', { userId: 'nobody' }))
      .isInvalid('userId'));
});

describe('the answer of a look-up in the user domain', () => {
  test('fills the profile that is missing', () =>
    given()
      .after(create)
      .when(answer(PROFILE))
      .brings(['UserUpdated', { userId, ...PROFILE, version: 2 }]));

  test('changes nothing once there is a profile', () => given(a.aUser(1)).when(answer(PROFILE)).bringsNothing());

  test('changes nothing when the user domain does not know the user', () =>
    given().after(create).when(answer(undefined)).bringsNothing());

  test('changes nothing when the user was deleted meanwhile', () =>
    given().after(create, deleted).when(answer(PROFILE)).bringsNothing());

  test('is invalid when it can not be stored', () =>
    given()
      .after(create)
      .when(answer({ ...PROFILE, tgId: '\0' }))
      .isInvalid('tgId'));
});
