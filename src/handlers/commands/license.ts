import {
  parseActivateSubdivisionLicense,
  parseAddStatisticRow,
  parseCreateLicense,
  parseDeactivateSubdivisionLicense,
  parseDeleteLicense,
  parseUpdateLicense,
  type ActivateSubdivisionLicense,
  type AddStatisticRow,
  type CreateLicense,
  type DeactivateSubdivisionLicense,
  type DeleteLicense,
  type UpdateLicense,
} from '../../domain/commands.ts';
import type { DomainEvent } from '../../domain/events.ts';
import { rejectEnded } from '../../domain/license.ts';
import { Rejection } from '../../domain/rejection.ts';
import {
  activateLicense,
  addStatisticRow,
  createLicense,
  deactivateLicense,
  deleteLicense,
  updateLicense,
} from '../../domain/subdivision.ts';
import type {
  ActivateSubdivisionLicenseCommand,
  AddStatisticRowCommand,
  CreateLicenseCommand,
  DeactivateSubdivisionLicenseCommand,
  DeleteLicenseCommand,
  UpdateLicenseCommand,
} from '../../generated/messages.ts';
import type { MessageHandler } from '../../ports/handlers.ts';
import type { LicenseUnitOfWork, Loads } from '../../ports/unit-of-work.ts';
import { findSubdivision } from './subdivision.ts';

export class CreateLicenseHandler implements MessageHandler<CreateLicenseCommand, CreateLicense> {
  parse(raw: CreateLicenseCommand): CreateLicense {
    return parseCreateLicense(raw);
  }

  declare({ tenantId, subdivisionId, licenseId }: CreateLicense, loads: Loads): void {
    loads.subdivision(tenantId, subdivisionId);
    loads.licenseId(tenantId, licenseId);
  }

  async handle(
    command: CreateLicense,
    { subdivisions, licenses }: LicenseUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    rejectEnded(command, now);
    const subdivision = await findSubdivision(subdivisions, command);
    if (await licenses.exists(command.tenantId, command.licenseId)) {
      throw new Rejection('LicenseAlreadyExists', `License ${command.licenseId} exists already, or did once.`);
    }
    const { state, events } = createLicense(subdivision, command, now);
    subdivisions.update(state);
    return events;
  }
}

export class UpdateLicenseHandler implements MessageHandler<UpdateLicenseCommand, UpdateLicense> {
  parse(raw: UpdateLicenseCommand): UpdateLicense {
    return parseUpdateLicense(raw);
  }

  declare({ tenantId, subdivisionId }: UpdateLicense, loads: Loads): void {
    loads.subdivision(tenantId, subdivisionId);
  }

  async handle(
    command: UpdateLicense,
    { subdivisions }: LicenseUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    const { state, events } = updateLicense(await findSubdivision(subdivisions, command), command, now);
    subdivisions.update(state);
    return events;
  }
}

export class DeleteLicenseHandler implements MessageHandler<DeleteLicenseCommand, DeleteLicense> {
  parse(raw: DeleteLicenseCommand): DeleteLicense {
    return parseDeleteLicense(raw);
  }

  declare({ tenantId, subdivisionId }: DeleteLicense, loads: Loads): void {
    loads.subdivision(tenantId, subdivisionId);
  }

  async handle(
    command: DeleteLicense,
    { subdivisions }: LicenseUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    const { state, events } = deleteLicense(await findSubdivision(subdivisions, command), command, now);
    subdivisions.update(state);
    return events;
  }
}

export class ActivateSubdivisionLicenseHandler implements MessageHandler<
  ActivateSubdivisionLicenseCommand,
  ActivateSubdivisionLicense
> {
  parse(raw: ActivateSubdivisionLicenseCommand): ActivateSubdivisionLicense {
    return parseActivateSubdivisionLicense(raw);
  }

  declare({ tenantId, subdivisionId }: ActivateSubdivisionLicense, loads: Loads): void {
    loads.subdivision(tenantId, subdivisionId);
  }

  async handle(
    command: ActivateSubdivisionLicense,
    { subdivisions }: LicenseUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    const { state, events } = activateLicense(await findSubdivision(subdivisions, command), command, now);
    subdivisions.update(state);
    return events;
  }
}

export class DeactivateSubdivisionLicenseHandler implements MessageHandler<
  DeactivateSubdivisionLicenseCommand,
  DeactivateSubdivisionLicense
> {
  parse(raw: DeactivateSubdivisionLicenseCommand): DeactivateSubdivisionLicense {
    return parseDeactivateSubdivisionLicense(raw);
  }

  declare({ tenantId, subdivisionId }: DeactivateSubdivisionLicense, loads: Loads): void {
    loads.subdivision(tenantId, subdivisionId);
  }

  async handle(
    command: DeactivateSubdivisionLicense,
    { subdivisions }: LicenseUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    const { state, events } = deactivateLicense(await findSubdivision(subdivisions, command), command, now);
    subdivisions.update(state);
    return events;
  }
}

export class AddStatisticRowHandler implements MessageHandler<AddStatisticRowCommand, AddStatisticRow> {
  parse(raw: AddStatisticRowCommand): AddStatisticRow {
    return parseAddStatisticRow(raw);
  }

  declare(command: AddStatisticRow, loads: Loads): void {
    loads.subdivision(command.tenantId, command.subdivisionId);
    loads.statisticRow(command);
  }

  async handle(
    command: AddStatisticRow,
    { subdivisions, statisticRows }: LicenseUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    const subdivision = await findSubdivision(subdivisions, command);
    const { state, row, events } = addStatisticRow(subdivision, command, await statisticRows.exists(command), now);
    subdivisions.update(state);
    statisticRows.add(row);
    return events;
  }
}
