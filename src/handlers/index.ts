import type { CommandName, EventName, OutsideEventName } from '../generated/messages.ts';

// Which handlers, by the name under which the container has them, take which message. Tables of data: the boot checks them
// against the schemas, and a handler is replaced by registering another under its name.

export const COMMANDS_HANDLERS_FOR_INJECTION = {
  'licensing.commands.CreateTenant': 'createTenantHandler',
  'licensing.commands.UpdateTenant': 'updateTenantHandler',
  'licensing.commands.DeleteTenant': 'deleteTenantHandler',
  'licensing.commands.CreateSubdivision': 'createSubdivisionHandler',
  'licensing.commands.UpdateSubdivision': 'updateSubdivisionHandler',
  'licensing.commands.DeleteSubdivision': 'deleteSubdivisionHandler',
  'licensing.commands.CreateLicense': 'createLicenseHandler',
  'licensing.commands.UpdateLicense': 'updateLicenseHandler',
  'licensing.commands.DeleteLicense': 'deleteLicenseHandler',
  'licensing.commands.ActivateSubdivisionLicense': 'activateSubdivisionLicenseHandler',
  'licensing.commands.DeactivateSubdivisionLicense': 'deactivateSubdivisionLicenseHandler',
  'licensing.commands.AddStatisticRow': 'addStatisticRowHandler',
  'licensing.commands.CreateUser': 'createUserHandler',
} as const satisfies Record<CommandName, string>;

/** Several handlers an event, in this order. */
export const EVENTS_HANDLERS_FOR_INJECTION = {
  'licensing.events.TenantCreated': ['externalMessageBusSender'],
  'licensing.events.TenantUpdated': ['externalMessageBusSender'],
  'licensing.events.TenantDeleted': ['externalMessageBusSender'],
  'licensing.events.SubdivisionCreated': ['externalMessageBusSender'],
  'licensing.events.SubdivisionUpdated': ['externalMessageBusSender'],
  'licensing.events.SubdivisionDeleted': ['externalMessageBusSender'],
  'licensing.events.SubdivisionLicenseExpired': ['externalMessageBusSender'],
  'licensing.events.LicenseCreated': ['externalMessageBusSender'],
  'licensing.events.LicenseUpdated': ['externalMessageBusSender'],
  'licensing.events.LicenseDeleted': ['activeLicensesKeeper', 'externalMessageBusSender'],
  'licensing.events.LicenseActivated': ['activeLicensesKeeper', 'externalMessageBusSender'],
  'licensing.events.LicenseDeactivated': ['activeLicensesKeeper', 'externalMessageBusSender'],
  'licensing.events.StatisticRowAdded': ['externalMessageBusSender'],
  'licensing.events.UserCreated': ['externalMessageBusSender', 'userLookUpQueuer'],
  'licensing.events.UserUpdated': ['externalMessageBusSender'],
  'licensing.events.UserDeleted': ['externalMessageBusSender'],
} as const satisfies Record<EventName, readonly string[]>;

/** The outside broker events. */
export const OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION = {
  'users.events.UserCreated': 'outsideUserCreatedHandler',
  'users.events.UserUpdated': 'outsideUserUpdatedHandler',
  'users.events.UserDeleted': 'outsideUserDeletedHandler',
} as const satisfies Record<OutsideEventName, string>;
