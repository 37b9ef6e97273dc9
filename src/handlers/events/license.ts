import type { EventOf } from '../../domain/events.ts';
import type { EventHandler } from '../../ports/handlers.ts';
import type { ActiveLicenseUnitOfWork } from '../../ports/unit-of-work.ts';

type LicenseEvent = EventOf<
  'licensing.events.LicenseActivated' | 'licensing.events.LicenseDeactivated' | 'licensing.events.LicenseDeleted'
>;

/** Keeps the list of a tenant's active licenses: a read model, so no version moves. */
export class ActiveLicensesKeeper implements EventHandler<LicenseEvent> {
  handle({ type, data }: LicenseEvent, { activeLicenses }: ActiveLicenseUnitOfWork): void {
    const { tenantId, licenseId, subdivisionId } = data;
    switch (type) {
      case 'licensing.events.LicenseActivated':
        activeLicenses.put({ tenantId, licenseId, subdivisionId });
        return;
      case 'licensing.events.LicenseDeactivated':
      case 'licensing.events.LicenseDeleted':
        activeLicenses.drop({ tenantId, licenseId });
    }
  }
}
