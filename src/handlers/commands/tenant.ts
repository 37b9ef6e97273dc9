import {
  parseCreateTenant,
  parseDeleteTenant,
  parseUpdateTenant,
  type CreateTenant,
  type DeleteTenant,
  type UpdateTenant,
} from '../../domain/commands.ts';
import type { DomainEvent } from '../../domain/events.ts';
import { Rejection } from '../../domain/rejection.ts';
import { deleteSubdivision } from '../../domain/subdivision-commands.ts';
import { createTenant, deleteTenant, updateTenant } from '../../domain/tenant.ts';
import { joinTenantAsCreator, leaveTenant } from '../../domain/user.ts';
import type { CommandHandler } from '../../ports/handlers.ts';
import type { Loads, TenantUnitOfWork } from '../../ports/unit-of-work.ts';
import { foundTenant } from './found.ts';

export class CreateTenantHandler implements CommandHandler<CreateTenant> {
  readonly parse = parseCreateTenant;

  declare(command: CreateTenant, loads: Loads): void {
    loads.tenant(command.tenantId);
    loads.tenantName(command.name);
    loads.user(command.userId);
  }

  async handle(
    command: CreateTenant,
    { tenants, users }: TenantUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    if (await tenants.exists(command.tenantId)) {
      throw new Rejection('TenantAlreadyExists', `Tenant ${command.tenantId} exists already, or did once.`);
    }
    if ((await tenants.holderOfName(command.name)) !== undefined) throw nameTaken();
    const user = await users.get(command.userId);
    const creator = joinTenantAsCreator(user, command.userId, command.tenantId, now);
    if (user === undefined && (await users.tombstone(command.userId)) !== undefined) {
      throw new Rejection('UserDeleted', `User ${command.userId} was deleted.`);
    }
    const tenant = createTenant(command, now);
    tenants.add(tenant.state);
    users[user === undefined ? 'add' : 'update'](creator.state);
    return [...tenant.events, ...creator.events];
  }
}

export class UpdateTenantHandler implements CommandHandler<UpdateTenant> {
  readonly parse = parseUpdateTenant;

  declare(command: UpdateTenant, loads: Loads): void {
    loads.tenant(command.tenantId);
    loads.tenantName(command.name);
  }

  async handle(command: UpdateTenant, { tenants }: TenantUnitOfWork, now: number): Promise<readonly DomainEvent[]> {
    const tenant = foundTenant(await tenants.get(command.tenantId), command.tenantId);
    const holder = await tenants.holderOfName(command.name);
    if (holder !== undefined && holder !== command.tenantId) throw nameTaken();
    const { state, events } = updateTenant(tenant, command, now);
    tenants.update(state);
    return events;
  }
}

/** Takes the tenant's subdivisions with it; its users stay, without a tenant. */
export class DeleteTenantHandler implements CommandHandler<DeleteTenant> {
  readonly parse = parseDeleteTenant;

  declare({ tenantId }: DeleteTenant, loads: Loads): void {
    loads.wholeTenant(tenantId);
  }

  async handle(
    { tenantId }: DeleteTenant,
    { tenants, subdivisions, users }: TenantUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    const tenant = foundTenant(await tenants.get(tenantId), tenantId);
    const events: (readonly DomainEvent[])[] = [];
    for (const subdivision of await subdivisions.ofTenant(tenantId)) {
      const deleted = deleteSubdivision(subdivision, now);
      subdivisions.remove(tenantId, subdivision.subdivisionId, deleted.state);
      events.push(deleted.events);
    }
    const members = await users.ofTenant(tenantId);
    const deleted = deleteTenant(tenant, now);
    tenants.remove(tenantId, deleted.state);
    events.push(deleted.events);
    for (const user of members) {
      const left = leaveTenant(user, now);
      users.update(left.state);
      events.push(left.events);
    }
    return events.flat();
  }
}

function nameTaken(): Rejection {
  return new Rejection('TenantNameTaken', 'Another tenant has this name.');
}
