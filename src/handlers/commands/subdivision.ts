import {
  parseCreateSubdivision,
  parseDeleteSubdivision,
  parseUpdateSubdivision,
  type CreateSubdivision,
  type DeleteSubdivision,
} from '../../domain/commands.ts';
import type { DomainEvent } from '../../domain/events.ts';
import { Rejection } from '../../domain/rejection.ts';
import { createSubdivision, deleteSubdivision, updateSubdivision } from '../../domain/subdivision-commands.ts';
import type { CommandHandler } from '../../ports/handlers.ts';
import type { Loads, SubdivisionUnitOfWork } from '../../ports/unit-of-work.ts';
import { foundSubdivision, foundTenant } from './found.ts';
import { onSubdivision } from './on-subdivision.ts';

export class CreateSubdivisionHandler implements CommandHandler<CreateSubdivision> {
  readonly parse = parseCreateSubdivision;

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
    foundTenant(await tenants.get(tenantId), tenantId);
    if (await subdivisions.exists(tenantId, subdivisionId)) {
      throw new Rejection('SubdivisionAlreadyExists', `Subdivision ${subdivisionId} exists already, or did once.`);
    }
    const { state, events } = createSubdivision(command, now);
    subdivisions.add(state);
    return events;
  }
}

export class UpdateSubdivisionHandler extends onSubdivision({
  parse: parseUpdateSubdivision,
  decide: updateSubdivision,
}) {}

export class DeleteSubdivisionHandler implements CommandHandler<DeleteSubdivision> {
  readonly parse = parseDeleteSubdivision;

  declare({ tenantId, subdivisionId }: DeleteSubdivision, loads: Loads): void {
    loads.subdivision(tenantId, subdivisionId);
  }

  handle(
    { tenantId, subdivisionId }: DeleteSubdivision,
    { subdivisions }: SubdivisionUnitOfWork,
    now: number,
  ): readonly DomainEvent[] {
    const subdivision = foundSubdivision(subdivisions.declared(tenantId, subdivisionId), tenantId, subdivisionId);
    const { state, events } = deleteSubdivision(subdivision, now);
    subdivisions.remove(tenantId, subdivisionId, state);
    return events;
  }
}
