import type { CreateTenant, UpdateTenant } from './commands.ts';
import type { Change, TenantState, Tombstone } from './events.ts';

export type Tenant = Omit<TenantState, 'occurredAt'>;

/** The handler checks that id, name and user are free, since it sees the other tenants. */
export function createTenant(command: CreateTenant, now: number): Change<Tenant> {
  const state: Tenant = {
    tenantId: command.tenantId,
    name: command.name,
    address: command.address,
    email: command.email,
    phone: command.phone,
    createdBy: command.userId,
    version: 1,
  };
  return { state, events: [{ type: 'licensing.events.TenantCreated', data: tenantState(state, state.version, now) }] };
}

export function updateTenant(tenant: Tenant, command: UpdateTenant, now: number): Change<Tenant> {
  const state: Tenant = {
    tenantId: tenant.tenantId,
    name: command.name,
    address: command.address,
    email: command.email,
    phone: command.phone,
    createdBy: tenant.createdBy,
    version: tenant.version + 1,
  };
  return { state, events: [{ type: 'licensing.events.TenantUpdated', data: tenantState(state, state.version, now) }] };
}

/** Subdivisions and users are aggregates of their own: the handler deletes the subdivisions and takes the users out. */
export function deleteTenant(tenant: Tenant, now: number): Change<Tombstone> {
  const version = tenant.version + 1;
  return {
    state: { version },
    events: [{ type: 'licensing.events.TenantDeleted', data: tenantState(tenant, version, now) }],
  };
}

function tenantState(tenant: Tenant, version: number, occurredAt: number): TenantState {
  return {
    tenantId: tenant.tenantId,
    name: tenant.name,
    address: tenant.address,
    email: tenant.email,
    phone: tenant.phone,
    createdBy: tenant.createdBy,
    version,
    occurredAt,
  };
}
