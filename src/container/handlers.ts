import { asClass, asFunction } from 'awilix';
import type { DomainEvent } from '../domain/events.ts';
import { COMMAND_NAMES, EVENT_NAMES, OUTSIDE_EVENT_NAMES } from '../generated/schemas.ts';
import * as license from '../handlers/commands/license.ts';
import * as subdivision from '../handlers/commands/subdivision.ts';
import * as tenant from '../handlers/commands/tenant.ts';
import * as user from '../handlers/commands/user.ts';
import { ExternalMessageBusSender } from '../handlers/events/external-message-bus.ts';
import { ActiveLicensesKeeper } from '../handlers/events/license.ts';
import * as outside from '../handlers/events/outside-broker.ts';
import { UserLookUpQueuer } from '../handlers/events/user.ts';
import {
  COMMANDS_HANDLERS_FOR_INJECTION,
  EVENTS_HANDLERS_FOR_INJECTION,
  OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION,
} from '../handlers/index.ts';
import { ConfigurationError } from '../ports/errors.ts';
import type { EventHandler, MessageHandler } from '../ports/handlers.ts';
import type { EventHandlers } from '../worker/dispatcher.ts';
import type { AnyHandler, Handlers } from '../worker/planner.ts';
import type { Registrations } from './registrations.ts';

type CommandHandlerName = (typeof COMMANDS_HANDLERS_FOR_INJECTION)[keyof typeof COMMANDS_HANDLERS_FOR_INJECTION];
type OutsideHandlerName =
  (typeof OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION)[keyof typeof OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION];
type EventHandlerName = (typeof EVENTS_HANDLERS_FOR_INJECTION)[keyof typeof EVENTS_HANDLERS_FOR_INJECTION][number];

/** The handlers by name, and the tables that the worker looks them up in. */
export type HandlerParts = {
  readonly handlers: Handlers;
  readonly eventHandlers: EventHandlers;
  readonly lookUpAnswerHandler: AnyHandler;
  readonly userLookUpQueuer: UserLookUpQueuer;
} & { readonly [Name in CommandHandlerName | OutsideHandlerName]: MessageHandler<never, unknown> } & {
  readonly [Name in Exclude<EventHandlerName, 'userLookUpQueuer'>]: EventHandler<never>;
};

/** Resolving `handlers` or `eventHandlers` throws a ConfigurationError when a message has no handler, or an event one twice. */
export function handlerParts(): Registrations<HandlerParts> {
  return {
    ...commandHandlers(),
    ...eventHandlers(),
    handlers: asFunction((cradle: HandlerParts): Handlers => ({
      commands: table(cradle, COMMAND_NAMES, COMMANDS_HANDLERS_FOR_INJECTION),
      outsideEvents: table(cradle, OUTSIDE_EVENT_NAMES, OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION),
      lookUpAnswer: cradle.lookUpAnswerHandler,
    })).singleton(),
    eventHandlers: asFunction((cradle: HandlerParts): EventHandlers => eventTable(cradle)).singleton(),
  };
}

function commandHandlers() {
  return {
    createTenantHandler: asClass(tenant.CreateTenantHandler).singleton(),
    updateTenantHandler: asClass(tenant.UpdateTenantHandler).singleton(),
    deleteTenantHandler: asClass(tenant.DeleteTenantHandler).singleton(),
    createSubdivisionHandler: asClass(subdivision.CreateSubdivisionHandler).singleton(),
    updateSubdivisionHandler: asClass(subdivision.UpdateSubdivisionHandler).singleton(),
    deleteSubdivisionHandler: asClass(subdivision.DeleteSubdivisionHandler).singleton(),
    createLicenseHandler: asClass(license.CreateLicenseHandler).singleton(),
    updateLicenseHandler: asClass(license.UpdateLicenseHandler).singleton(),
    deleteLicenseHandler: asClass(license.DeleteLicenseHandler).singleton(),
    activateSubdivisionLicenseHandler: asClass(license.ActivateSubdivisionLicenseHandler).singleton(),
    deactivateSubdivisionLicenseHandler: asClass(license.DeactivateSubdivisionLicenseHandler).singleton(),
    addStatisticRowHandler: asClass(license.AddStatisticRowHandler).singleton(),
    createUserHandler: asClass(user.CreateUserHandler).singleton(),
    outsideUserCreatedHandler: asClass(outside.OutsideUserCreatedHandler).singleton(),
    outsideUserUpdatedHandler: asClass(outside.OutsideUserUpdatedHandler).singleton(),
    outsideUserDeletedHandler: asClass(outside.OutsideUserDeletedHandler).singleton(),
    lookUpAnswerHandler: asClass(outside.LookUpAnswerHandler).singleton(),
  };
}

function eventHandlers() {
  return {
    externalMessageBusSender: asClass(ExternalMessageBusSender).singleton(),
    activeLicensesKeeper: asClass(ActiveLicensesKeeper).singleton(),
    userLookUpQueuer: asClass(UserLookUpQueuer).singleton(),
  };
}

function table<Name extends string>(
  cradle: HandlerParts,
  names: readonly Name[],
  handlers: Readonly<Partial<Record<string, CommandHandlerName | OutsideHandlerName>>>,
): ReadonlyMap<Name, AnyHandler> {
  return new Map(
    names.map((name) => {
      const handler = handlers[name];
      if (handler === undefined) throw new ConfigurationError(`${name} has no handler (src/handlers/index.ts)`);
      return [name, cradle[handler]];
    }),
  );
}

function eventTable(cradle: HandlerParts): EventHandlers {
  const table: Readonly<Partial<Record<string, readonly EventHandlerName[]>>> = EVENTS_HANDLERS_FOR_INJECTION;
  return new Map(
    EVENT_NAMES.map((name) => {
      const handlers = table[name] ?? [];
      if (handlers.length === 0) throw new ConfigurationError(`${name} has no handler (src/handlers/index.ts)`);
      const twice = handlers.find((handler, i) => handlers.indexOf(handler) !== i);
      if (twice !== undefined)
        throw new ConfigurationError(`${name} has the handler ${twice} twice (src/handlers/index.ts)`);
      return [name, handlers.map((handler) => cradle[handler] as EventHandler<DomainEvent>)];
    }),
  );
}
