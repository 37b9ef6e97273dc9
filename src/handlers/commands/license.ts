import {
  parseActivateSubdivisionLicense,
  parseCreateLicense,
  parseDeactivateSubdivisionLicense,
  parseChangeLicenseTerms,
  parseDeleteLicense,
  parseRenewLicense,
  parseUpdateLicense,
  type CreateLicense,
} from '../../domain/commands.ts';
import type { DomainEvent } from '../../domain/events.ts';
import { rejectEnded } from '../../domain/license.ts';
import { Rejection } from '../../domain/rejection.ts';
import {
  activateLicense,
  createLicense,
  deactivateLicense,
  deleteLicense,
  updateLicense,
} from '../../domain/subdivision-commands.ts';
import { changeLicenseTerms, renewLicense } from '../../domain/terms-commands.ts';
import { timeOf } from '../../domain/time.ts';
import type { CommandHandler } from '../../ports/handlers.ts';
import type { LicenseUnitOfWork, Loads } from '../../ports/unit-of-work.ts';
import { Windowed } from '../windowed.ts';
import { foundSubdivision } from './found.ts';
import { onSubdivision } from './on-subdivision.ts';

export class CreateLicenseHandler extends Windowed implements CommandHandler<CreateLicense> {
  readonly parse = parseCreateLicense;

  declare({ tenantId, subdivisionId, licenseId }: CreateLicense, loads: Loads): void {
    loads.subdivision(tenantId, subdivisionId);
    loads.licenseId(tenantId, licenseId);
  }

  async handle(
    command: CreateLicense,
    { subdivisions, licenses }: LicenseUnitOfWork,
    now: number,
  ): Promise<readonly DomainEvent[]> {
    const { tenantId, subdivisionId, licenseId } = command;
    rejectEnded(command, now);
    const subdivision = foundSubdivision(await subdivisions.get(tenantId, subdivisionId), tenantId, subdivisionId);
    // The time of the subdivision may be later than that of the message.
    rejectEnded(command, timeOf(subdivision, now));
    if (await licenses.exists(tenantId, licenseId)) {
      throw new Rejection('LicenseAlreadyExists', `License ${licenseId} exists already, or did once.`);
    }
    const { state, events } = createLicense(subdivision, command, now, this.windows);
    subdivisions.update(state);
    return events;
  }
}

export class UpdateLicenseHandler extends onSubdivision({ parse: parseUpdateLicense, decide: updateLicense }) {}

export class DeleteLicenseHandler extends onSubdivision({ parse: parseDeleteLicense, decide: deleteLicense }) {}

export class ActivateSubdivisionLicenseHandler extends onSubdivision({
  parse: parseActivateSubdivisionLicense,
  decide: activateLicense,
}) {}

export class DeactivateSubdivisionLicenseHandler extends onSubdivision({
  parse: parseDeactivateSubdivisionLicense,
  decide: deactivateLicense,
}) {}

export class RenewLicenseHandler extends onSubdivision({ parse: parseRenewLicense, decide: renewLicense }) {}

export class ChangeLicenseTermsHandler extends onSubdivision({
  parse: parseChangeLicenseTerms,
  decide: changeLicenseTerms,
}) {}
