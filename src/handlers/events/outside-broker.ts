import type { DomainEvent } from '../../domain/events.ts';
import type { UserId } from '../../domain/ids.ts';
import {
  applyProfile,
  buryAgain,
  deleteUser,
  fillProfile,
  parseProfile,
  parseUserDeleted,
  type Profile,
  type RawProfile,
  type RawUserDeleted,
  type UserDeletedOutside,
} from '../../domain/user.ts';
import type { MessageHandler } from '../../ports/handlers.ts';
import type { Loads, UserUnitOfWork } from '../../ports/unit-of-work.ts';
import type { UserProfile } from '../../ports/user-domain-client.ts';

/** Creates or refreshes the local user. Only a creation brings back one that was deleted, and only a later one: a late update must not. */
export class OutsideUserCreatedHandler implements MessageHandler<RawProfile, Profile> {
  readonly parse = parseProfile;

  declare({ userId }: Profile, loads: Loads): void {
    loads.user(userId);
  }

  async handle(profile: Profile, unit: UserUnitOfWork, now: number): Promise<readonly DomainEvent[]> {
    return refresh(profile, unit, now);
  }
}

export class OutsideUserUpdatedHandler implements MessageHandler<RawProfile, Profile> {
  readonly parse = parseProfile;

  declare({ userId }: Profile, loads: Loads): void {
    loads.user(userId);
  }

  async handle(profile: Profile, unit: UserUnitOfWork, now: number): Promise<readonly DomainEvent[]> {
    return (await unit.users.tombstone(profile.userId)) === undefined ? refresh(profile, unit, now) : [];
  }
}

export class OutsideUserDeletedHandler implements MessageHandler<RawUserDeleted, UserDeletedOutside> {
  readonly parse = parseUserDeleted;

  declare({ userId }: UserDeletedOutside, loads: Loads): void {
    loads.user(userId);
  }

  async handle(
    { userId }: UserDeletedOutside,
    { users, userLookUps }: UserUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    const user = await users.get(userId);
    if (user === undefined) {
      const tombstone = await users.tombstone(userId);
      if (tombstone !== undefined) users.remove(userId, buryAgain(tombstone, now));
      return [];
    }
    const { state, events } = deleteUser(user, now);
    users.remove(userId, state);
    userLookUps.drop(userId);
    return events;
  }
}

/** What a look-up in the user domain has brought; `profile` undefined: it does not know the user. */
export interface LookUpAnswer<Id extends string = string> {
  readonly userId: Id;
  readonly profile: UserProfile | undefined;
}

export class LookUpAnswerHandler implements MessageHandler<LookUpAnswer, LookUpAnswer<UserId>> {
  parse({ userId, profile }: LookUpAnswer): LookUpAnswer<UserId> {
    if (profile === undefined) return { ...parseUserDeleted({ userId }), profile };
    const parsed = parseProfile({ ...profile, userId, updatedAt: null });
    return { userId: parsed.userId, profile: parsed };
  }

  declare({ userId }: LookUpAnswer<UserId>, loads: Loads): void {
    loads.user(userId);
  }

  async handle(
    { userId, profile }: LookUpAnswer<UserId>,
    { users, userLookUps }: UserUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    userLookUps.drop(userId);
    const change = profile && fillProfile(await users.get(userId), profile, now);
    if (change === undefined) return [];
    users.update(change.state);
    return change.events;
  }
}

async function refresh(
  profile: Profile,
  { users, userLookUps }: UserUnitOfWork,
  now: number,
): Promise<readonly DomainEvent[]> {
  const user = await users.get(profile.userId);
  const change = applyProfile(user, await users.tombstone(profile.userId), profile, now);
  if (change === undefined) return [];
  users[user === undefined ? 'add' : 'update'](change.state);
  if (user !== undefined && !user.hasProfile) userLookUps.drop(profile.userId);
  return change.events;
}
