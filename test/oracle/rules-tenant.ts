import { Refused, type Fields } from './fields.ts';
import { deleteSubdivision, type Rule } from './rules-subdivision.ts';
import type { Happening, State, Subdivision, Tenant, User } from './state.ts';
import { settled } from './time.ts';

// The contract's rules for tenants and users.

export const TENANT_RULES = {
  CreateTenant(state, fields, now) {
    const [tenantId, createdBy] = [fields.id('tenantId'), fields.id('userId')];
    const described = contact(fields);
    if (state.tenants.has(tenantId) || state.deadTenants.has(tenantId)) throw new Refused('TenantAlreadyExists');
    if (state.holderOfName(described.name) !== undefined) throw new Refused('TenantNameTaken');
    const user = state.users.get(createdBy);
    if (user !== undefined && user.tenantId !== null) throw new Refused('UserBelongsToAnotherTenant');
    if (state.deadUsers.has(createdBy)) throw new Refused('UserDeleted');
    const tenant: Tenant = { tenantId, ...described, createdBy, version: 1 };
    state.tenants.set(tenantId, tenant);
    const created = ofTenant('TenantCreated', tenant, now);
    if (user === undefined) return [created, addUser(state, { ...unknownUser(createdBy), tenantId }, now)];
    user.tenantId = tenantId;
    return [created, changed(user, now)];
  },

  UpdateTenant(state, fields, now) {
    const tenantId = fields.id('tenantId');
    const described = contact(fields);
    const tenant = state.tenants.get(tenantId);
    if (tenant === undefined) throw new Refused('TenantNotFound');
    const holder = state.holderOfName(described.name);
    if (holder !== undefined && holder !== tenantId) throw new Refused('TenantNameTaken');
    Object.assign(tenant, described);
    tenant.version += 1;
    return [ofTenant('TenantUpdated', tenant, now)];
  },

  DeleteTenant(state, fields, now) {
    return deleteTenant(state, fields, now, (_, one) => deleteSubdivision(state, settled(one, now)));
  },

  CreateUser(state, fields, now) {
    const userId = fields.id('userId');
    if (state.users.has(userId) || state.deadUsers.has(userId)) throw new Refused('UserAlreadyExists');
    return [addUser(state, unknownUser(userId), now)];
  },
} as const satisfies Readonly<Record<string, Rule>>;

/** @param deleteOne deletes one of its subdivisions */
export function deleteTenant(
  state: State,
  fields: Fields,
  now: number,
  deleteOne: (state: State, subdivision: Subdivision, now: number) => readonly Happening[],
): readonly Happening[] {
  const tenantId = fields.id('tenantId');
  const tenant = state.tenants.get(tenantId);
  if (tenant === undefined) throw new Refused('TenantNotFound');
  const subdivisions = state.subdivisionsOf(tenantId).flatMap((one) => deleteOne(state, one, now));
  tenant.version += 1;
  state.tenants.delete(tenantId);
  state.deadTenants.set(tenantId, tenant.version);
  const left = state.usersOf(tenantId).map((user) => {
    user.tenantId = null;
    return changed(user, now);
  });
  return [...subdivisions, ofTenant('TenantDeleted', tenant, now), ...left];
}

export const OUTSIDE_RULES: Readonly<Record<string, Rule>> = {
  UserCreated(state, fields, now) {
    const profile = profileIn(fields);
    const dead = state.deadUsers.get(profile.userId);
    // One from before the deletion tells of a life that is over.
    return dead !== undefined && now < dead.deletedAt ? [] : refresh(state, profile, now);
  },

  UserUpdated(state, fields, now) {
    const profile = profileIn(fields);
    // A late update does not bring back a user that was deleted; only a creation does.
    return state.deadUsers.has(profile.userId) ? [] : refresh(state, profile, now);
  },

  UserDeleted(state, fields, now) {
    const userId = fields.id('userId');
    const user = state.users.get(userId);
    if (user === undefined) {
      const dead = state.deadUsers.get(userId);
      if (dead !== undefined) state.deadUsers.set(userId, { ...dead, deletedAt: Math.max(dead.deletedAt, now) });
      return [];
    }
    user.version += 1;
    state.users.delete(user.userId);
    state.deadUsers.set(user.userId, { version: user.version, deletedAt: now });
    state.lookUps.delete(user.userId);
    return [ofUser('UserDeleted', user, now)];
  },
};

export interface Profile {
  readonly userId: string;
  readonly email: string | null;
  readonly tgId: string | null;
  readonly superadmin: boolean;
}

/** The user domain's answer to a look-up; undefined: it does not know the user. */
export function fillIn(state: State, userId: string, profile: Profile | undefined, now: number): readonly Happening[] {
  state.lookUps.delete(userId);
  const user = state.users.get(userId);
  if (profile === undefined || user === undefined || user.hasProfile) return [];
  return learn(user, { ...profile, updatedAt: null }, now);
}

type OutsideProfile = Profile & { readonly updatedAt: number | null };

function profileIn(fields: Fields): OutsideProfile {
  return {
    userId: fields.id('userId'),
    email: fields.optionalText('email'),
    tgId: fields.optionalText('tgId'),
    superadmin: fields.flag('superadmin'),
    updatedAt: fields.optionalTime('updatedAt'),
  };
}

function refresh(state: State, profile: OutsideProfile, now: number): readonly Happening[] {
  const { userId, updatedAt, ...known } = profile;
  const user = state.users.get(userId);
  if (user !== undefined) {
    if (updatedAt !== null && user.profileUpdatedAt !== null && updatedAt < user.profileUpdatedAt) return [];
    state.lookUps.delete(userId);
    return learn(user, profile, now);
  }
  const version = (state.deadUsers.get(userId)?.version ?? 0) + 1;
  const created = { ...known, userId, tenantId: null, version, hasProfile: true, profileUpdatedAt: updatedAt };
  return [addUser(state, created, now)];
}

function learn(user: User, { email, tgId, superadmin, updatedAt }: OutsideProfile, now: number): readonly Happening[] {
  const news = user.email !== email || user.tgId !== tgId || user.superadmin !== superadmin;
  Object.assign(user, { email, tgId, superadmin, hasProfile: true });
  user.profileUpdatedAt = updatedAt ?? user.profileUpdatedAt;
  return news ? [changed(user, now)] : [];
}

function addUser(state: State, user: User, now: number): Happening {
  state.deadUsers.delete(user.userId);
  state.users.set(user.userId, user);
  return ofUser('UserCreated', user, now);
}

function changed(user: User, now: number): Happening {
  user.version += 1;
  return ofUser('UserUpdated', user, now);
}

function unknownUser(userId: string): User {
  return {
    ...{ userId, email: null, tgId: null, superadmin: false, tenantId: null },
    ...{ version: 1, hasProfile: false, profileUpdatedAt: null },
  };
}

function contact(fields: Fields): Pick<Tenant, 'name' | 'address' | 'email' | 'phone'> {
  return {
    name: fields.name(),
    address: fields.text('address'),
    email: fields.email(),
    phone: fields.text('phone', 0, 50),
  };
}

function ofTenant(name: string, tenant: Tenant, now: number): Happening {
  const { tenantId } = tenant;
  return {
    ...{ type: `licensing.events.${name}`, key: tenantId, subject: tenantId },
    data: { ...tenant, occurredAt: now },
  };
}

function ofUser(name: string, user: User, now: number): Happening {
  const { userId, hasProfile: _, profileUpdatedAt: __, ...told } = user;
  return {
    ...{ type: `licensing.events.${name}`, key: userId, subject: userId },
    data: { userId, ...told, subdivisionId: null, occurredAt: now },
  };
}
