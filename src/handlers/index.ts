import type { EventOf } from '../domain/events.ts';
import type {
  CommandName,
  Commands,
  EventName,
  InternalCommandName,
  InternalCommands,
  OutsideEventName,
  OutsideEvents,
} from '../generated/messages.ts';
import type { EventHandler, HandlerClass, MessageHandler } from '../ports/handlers.ts';
import {
  ActivateSubdivisionLicenseHandler,
  ChangeLicenseTermsHandler,
  CreateLicenseHandler,
  DeactivateSubdivisionLicenseHandler,
  DeleteLicenseHandler,
  RenewLicenseHandler,
  UpdateLicenseHandler,
} from './commands/license.ts';
import {
  CreateSubdivisionHandler,
  DeleteSubdivisionHandler,
  UpdateSubdivisionHandler,
} from './commands/subdivision.ts';
import { CreateTenantHandler, DeleteTenantHandler, UpdateTenantHandler } from './commands/tenant.ts';
import { AddStatisticRowHandler, CorrectStatisticRowHandler } from './commands/usage.ts';
import { CreateUserHandler } from './commands/user.ts';
import { ExternalMessageBusSender } from './events/external-message-bus.ts';
import { ActiveLicensesKeeper } from './events/license.ts';
import {
  OutsideUserCreatedHandler,
  OutsideUserDeletedHandler,
  OutsideUserUpdatedHandler,
} from './events/outside-broker.ts';
import { UserLookUpQueuer } from './events/user.ts';
import { AdvanceSubdivisionHandler } from './internal/time.ts';

// Which handler takes which message. The tables are data: a message without a handler, or with one that does not take its record, does
// not compile, and the boot checks the tables once more. The container has each handler by a name, under which another can be registered.

/** In the container: `createTenantHandler` for `licensing.commands.CreateTenant`, and so on. */
export const COMMANDS_HANDLERS_FOR_INJECTION = {
  'licensing.commands.CreateTenant': CreateTenantHandler,
  'licensing.commands.UpdateTenant': UpdateTenantHandler,
  'licensing.commands.DeleteTenant': DeleteTenantHandler,
  'licensing.commands.CreateSubdivision': CreateSubdivisionHandler,
  'licensing.commands.UpdateSubdivision': UpdateSubdivisionHandler,
  'licensing.commands.DeleteSubdivision': DeleteSubdivisionHandler,
  'licensing.commands.CreateLicense': CreateLicenseHandler,
  'licensing.commands.UpdateLicense': UpdateLicenseHandler,
  'licensing.commands.DeleteLicense': DeleteLicenseHandler,
  'licensing.commands.ActivateSubdivisionLicense': ActivateSubdivisionLicenseHandler,
  'licensing.commands.DeactivateSubdivisionLicense': DeactivateSubdivisionLicenseHandler,
  'licensing.commands.RenewLicense': RenewLicenseHandler,
  'licensing.commands.ChangeLicenseTerms': ChangeLicenseTermsHandler,
  'licensing.commands.AddStatisticRow': AddStatisticRowHandler,
  'licensing.commands.CorrectStatisticRow': CorrectStatisticRowHandler,
  'licensing.commands.CreateUser': CreateUserHandler,
} as const satisfies { readonly [Name in CommandName]: HandlerClass<Taking<Commands[Name]>> };

/** Event handlers by their names in the container. */
export const EVENT_HANDLERS = {
  activeLicensesKeeper: ActiveLicensesKeeper,
  externalMessageBusSender: ExternalMessageBusSender,
  userLookUpQueuer: UserLookUpQueuer,
} as const satisfies Readonly<Record<string, HandlerClass<EventHandler<never>>>>;

/** Several handlers an event, in this order. */
export const EVENTS_HANDLERS_FOR_INJECTION = {
  'licensing.events.TenantCreated': [ExternalMessageBusSender],
  'licensing.events.TenantUpdated': [ExternalMessageBusSender],
  'licensing.events.TenantDeleted': [ExternalMessageBusSender],
  'licensing.events.SubdivisionCreated': [ExternalMessageBusSender],
  'licensing.events.SubdivisionUpdated': [ExternalMessageBusSender],
  'licensing.events.SubdivisionDeleted': [ExternalMessageBusSender],
  'licensing.events.SubdivisionLicenseExpired': [ExternalMessageBusSender],
  'licensing.events.LicenseCreated': [ExternalMessageBusSender],
  'licensing.events.LicenseUpdated': [ExternalMessageBusSender],
  'licensing.events.LicenseDeleted': [ActiveLicensesKeeper, ExternalMessageBusSender],
  'licensing.events.LicenseActivated': [ActiveLicensesKeeper, ExternalMessageBusSender],
  'licensing.events.LicenseDeactivated': [ActiveLicensesKeeper, ExternalMessageBusSender],
  'licensing.events.LicenseScheduled': [ExternalMessageBusSender],
  'licensing.events.LicenseStartBlocked': [ExternalMessageBusSender],
  'licensing.events.LicenseExpiringSoon': [ExternalMessageBusSender],
  'licensing.events.LicenseGraceStarted': [ExternalMessageBusSender],
  'licensing.events.LicensePeriodStarted': [ExternalMessageBusSender],
  'licensing.events.LicenseThresholdReached': [ExternalMessageBusSender],
  'licensing.events.LicenseThresholdCleared': [ExternalMessageBusSender],
  'licensing.events.LicenseOverageStarted': [ExternalMessageBusSender],
  'licensing.events.LicenseRenewed': [ExternalMessageBusSender],
  'licensing.events.LicenseTermsChanged': [ExternalMessageBusSender],
  'licensing.events.StatisticRowAdded': [ExternalMessageBusSender],
  'licensing.events.StatisticRowCorrected': [ExternalMessageBusSender],
  'licensing.events.UserCreated': [ExternalMessageBusSender, UserLookUpQueuer],
  'licensing.events.UserUpdated': [ExternalMessageBusSender],
  'licensing.events.UserDeleted': [ExternalMessageBusSender],
} as const satisfies { readonly [Name in EventName]: readonly HandlerClass<Hearing<EventOf<Name>>>[] };

/** The outside broker events. In the container: `outsideUserCreatedHandler` for `users.events.UserCreated`, and so on. */
export const OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION = {
  'users.events.UserCreated': OutsideUserCreatedHandler,
  'users.events.UserUpdated': OutsideUserUpdatedHandler,
  'users.events.UserDeleted': OutsideUserDeletedHandler,
} as const satisfies { readonly [Name in OutsideEventName]: HandlerClass<Taking<OutsideEvents[Name]>> };

/** What the worker tells itself on the commands topic. In the container: `advanceSubdivisionHandler`. */
export const INTERNAL_HANDLERS_FOR_INJECTION = {
  'licensing.internal.AdvanceSubdivision': AdvanceSubdivisionHandler,
} as const satisfies { readonly [Name in InternalCommandName]: HandlerClass<Taking<InternalCommands[Name]>> };

// Function properties, since a method's parameters would not be compared strictly.

/** A handler whose `parse` takes this record, field by field. */
type Taking<Record> = MessageHandler<never, unknown> & { readonly parse: (raw: Record) => unknown };
type Hearing<Event> = EventHandler<never> & {
  readonly handle: (event: Event, ...more: never) => Promise<void> | void;
};
