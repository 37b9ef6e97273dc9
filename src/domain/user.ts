import type { CreateUser } from './commands.ts';
import type { Change, UserState, UserTombstone } from './events.ts';
import { id, MAX_TEXT, text, time } from './fields.ts';
import type { TenantId, UserId } from './ids.ts';
import { InvalidOutsideEvent, Rejection } from './rejection.ts';

export type User = Omit<UserState, 'occurredAt'> & {
  /** false until the user domain has told, by an event or an answer, who this is */
  readonly hasProfile: boolean;
  /** the newest `updatedAt` of the user domain's events; null when none carried one */
  readonly profileUpdatedAt: number | null;
};

/** What the user domain's UserCreated and UserUpdated say. */
export type Profile = ProfileAnswer & { readonly userId: UserId; readonly updatedAt: number | null };
/** What its look-up answers. */
export type ProfileAnswer = {
  readonly email: string | null;
  readonly tgId: string | null;
  readonly superadmin: boolean;
};
export type UserDeletedOutside = { readonly userId: UserId };

export type RawProfile = ProfileAnswer & { readonly userId: string; readonly updatedAt: number | null };
export type RawUserDeleted = { readonly userId: string };

export function createUser(command: CreateUser, now: number): Change<User> {
  return created({ ...withoutProfile(command.userId), tenantId: null }, now);
}

/**
 * The creator of a tenant becomes its one user; a user that is not known yet is created, without a profile.
 * @throws Rejection UserBelongsToAnotherTenant
 */
export function joinTenantAsCreator(
  user: User | undefined,
  userId: UserId,
  tenantId: TenantId,
  now: number,
): Change<User> {
  if (user === undefined) return created({ ...withoutProfile(userId), tenantId }, now);
  if (user.tenantId === tenantId) return { state: user, events: [] };
  if (user.tenantId !== null)
    throw new Rejection('UserBelongsToAnotherTenant', `User ${user.userId} belongs to another tenant.`);
  return updated({ ...user, tenantId, version: user.version + 1 }, now);
}

export function leaveTenant(user: User, now: number): Change<User> {
  if (user.tenantId === null) return { state: user, events: [] };
  return updated({ ...user, tenantId: null, version: user.version + 1 }, now);
}

/**
 * What an outside event makes of the local user. A Change without events keeps the version: it stores what no event shows, that there is
 * a profile or how new it is.
 * @returns undefined when the event is older than what is known, or tells nothing new
 */
export function applyProfile(
  user: User | undefined,
  tombstone: UserTombstone | undefined,
  profile: Profile,
  now: number,
): Change<User> | undefined {
  if (user !== undefined) return refreshed(user, profile, profile.updatedAt, now);
  // Out of a dead letter, say: the life that it tells of is over.
  if (tombstone !== undefined && tombstone.deletedAt !== null && now < tombstone.deletedAt) return undefined;
  const state: User = {
    userId: profile.userId,
    email: profile.email,
    tgId: profile.tgId,
    superadmin: profile.superadmin,
    tenantId: null,
    subdivisionId: null,
    version: (tombstone?.version ?? 0) + 1,
    hasProfile: true,
    profileUpdatedAt: profile.updatedAt,
  };
  return created(state, now);
}

/** Fills only a living user without a profile: what an event of the user domain told is never older than an answer that waited. */
export function fillProfile(user: User | undefined, answer: ProfileAnswer, now: number): Change<User> | undefined {
  if (user === undefined || user.hasProfile) return undefined;
  return refreshed(user, answer, null, now);
}

export function deleteUser(user: User, now: number): Change<UserTombstone> {
  const version = user.version + 1;
  return {
    state: { version, deletedAt: now },
    events: [{ type: 'licensing.events.UserDeleted', data: userState(user, version, now) }],
  };
}

/** What one more deletion makes of a user who is deleted already. No event shows it, so the version stays. */
export function buryAgain({ version, deletedAt }: UserTombstone, now: number): UserTombstone {
  return { version, deletedAt: Math.max(deletedAt ?? now, now) };
}

/**
 * The text rules are the commands', but nobody checks that the address is plausible: the user domain decides that.
 * @throws InvalidOutsideEvent
 */
export function parseProfile(raw: RawProfile): Profile {
  return outside(() => ({
    userId: id<UserId>(raw.userId, 'userId'),
    email: raw.email === null ? null : text(raw.email, 'email', 0, MAX_TEXT),
    tgId: raw.tgId === null ? null : text(raw.tgId, 'tgId', 0, MAX_TEXT),
    superadmin: raw.superadmin,
    updatedAt: raw.updatedAt === null ? null : time(raw.updatedAt, 'updatedAt'),
  }));
}

/** @throws InvalidOutsideEvent */
export function parseUserDeleted(raw: RawUserDeleted): UserDeletedOutside {
  return outside(() => ({ userId: id<UserId>(raw.userId, 'userId') }));
}

function refreshed(
  user: User,
  profile: ProfileAnswer,
  updatedAt: number | null,
  now: number,
): Change<User> | undefined {
  if (updatedAt !== null && user.profileUpdatedAt !== null && updatedAt < user.profileUpdatedAt) return undefined;
  const changed = profile.email !== user.email || profile.tgId !== user.tgId || profile.superadmin !== user.superadmin;
  const profileUpdatedAt = updatedAt ?? user.profileUpdatedAt;
  if (!changed && user.hasProfile && profileUpdatedAt === user.profileUpdatedAt) return undefined;
  const state: User = {
    ...user,
    email: profile.email,
    tgId: profile.tgId,
    superadmin: profile.superadmin,
    version: changed ? user.version + 1 : user.version,
    hasProfile: true,
    profileUpdatedAt,
  };
  return changed ? updated(state, now) : { state, events: [] };
}

function withoutProfile(userId: UserId): Omit<User, 'tenantId'> {
  return {
    userId,
    email: null,
    tgId: null,
    superadmin: false,
    subdivisionId: null,
    version: 1,
    hasProfile: false,
    profileUpdatedAt: null,
  };
}

function created(state: User, now: number): Change<User> {
  return { state, events: [{ type: 'licensing.events.UserCreated', data: userState(state, state.version, now) }] };
}

function updated(state: User, now: number): Change<User> {
  return { state, events: [{ type: 'licensing.events.UserUpdated', data: userState(state, state.version, now) }] };
}

function userState(user: User, version: number, occurredAt: number): UserState {
  return {
    userId: user.userId,
    email: user.email,
    tgId: user.tgId,
    superadmin: user.superadmin,
    tenantId: user.tenantId,
    subdivisionId: user.subdivisionId,
    version,
    occurredAt,
  };
}

function outside<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Rejection && error.field !== null) throw new InvalidOutsideEvent(error.message, error.field);
    throw error;
  }
}
