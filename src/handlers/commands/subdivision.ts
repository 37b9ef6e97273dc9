import {
  parseCreateSubdivision,
  parseDeleteSubdivision,
  parseUpdateSubdivision,
  type CreateSubdivision,
  type DeleteSubdivision,
  type UpdateSubdivision,
} from '../../domain/commands.ts';
import type { DomainEvent } from '../../domain/events.ts';
import { Rejection } from '../../domain/rejection.ts';
import { createSubdivision, deleteSubdivision, updateSubdivision, type Subdivision } from '../../domain/subdivision.ts';
import type {
  CreateSubdivisionCommand,
  DeleteSubdivisionCommand,
  UpdateSubdivisionCommand,
} from '../../generated/messages.ts';
import type { MessageHandler } from '../../ports/handlers.ts';
import type { SubdivisionKey, SubdivisionRepository } from '../../ports/repositories.ts';
import type { Loads, SubdivisionUnitOfWork } from '../../ports/unit-of-work.ts';

export class CreateSubdivisionHandler implements MessageHandler<CreateSubdivisionCommand, CreateSubdivision> {
  parse(raw: CreateSubdivisionCommand): CreateSubdivision {
    return parseCreateSubdivision(raw);
  }

  declare({ tenantId, subdivisionId }: CreateSubdivision, loads: Loads): void {
    loads.tenant(tenantId);
    loads.subdivision(tenantId, subdivisionId);
  }

  async handle(
    command: CreateSubdivision,
    { tenants, subdivisions }: SubdivisionUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    const { tenantId, subdivisionId } = command;
    if ((await tenants.get(tenantId)) === undefined) {
      throw new Rejection('TenantNotFound', `There is no tenant ${tenantId}.`);
    }
    if (await subdivisions.exists(tenantId, subdivisionId)) {
      throw new Rejection('SubdivisionAlreadyExists', `Subdivision ${subdivisionId} exists already, or did once.`);
    }
    const { state, events } = createSubdivision(command, now);
    subdivisions.add(state);
    return events;
  }
}

export class UpdateSubdivisionHandler implements MessageHandler<UpdateSubdivisionCommand, UpdateSubdivision> {
  parse(raw: UpdateSubdivisionCommand): UpdateSubdivision {
    return parseUpdateSubdivision(raw);
  }

  declare({ tenantId, subdivisionId }: UpdateSubdivision, loads: Loads): void {
    loads.subdivision(tenantId, subdivisionId);
  }

  async handle(
    command: UpdateSubdivision,
    { subdivisions }: SubdivisionUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    const { state, events } = updateSubdivision(await findSubdivision(subdivisions, command), command, now);
    subdivisions.update(state);
    return events;
  }
}

export class DeleteSubdivisionHandler implements MessageHandler<DeleteSubdivisionCommand, DeleteSubdivision> {
  parse(raw: DeleteSubdivisionCommand): DeleteSubdivision {
    return parseDeleteSubdivision(raw);
  }

  declare({ tenantId, subdivisionId }: DeleteSubdivision, loads: Loads): void {
    loads.subdivision(tenantId, subdivisionId);
  }

  async handle(
    command: DeleteSubdivision,
    { subdivisions }: SubdivisionUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    const { state, events } = deleteSubdivision(await findSubdivision(subdivisions, command), now);
    subdivisions.remove(command.tenantId, command.subdivisionId, state);
    return events;
  }
}

/** @throws Rejection SubdivisionNotFound, for one of another tenant too */
export async function findSubdivision(
  subdivisions: SubdivisionRepository,
  { tenantId, subdivisionId }: SubdivisionKey,
): Promise<Subdivision> {
  const subdivision = await subdivisions.get(tenantId, subdivisionId);
  if (subdivision === undefined) {
    throw new Rejection('SubdivisionNotFound', `Tenant ${tenantId} has no subdivision ${subdivisionId}.`);
  }
  return subdivision;
}
