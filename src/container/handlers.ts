import { asClass, asFunction, type Resolver } from 'awilix/browser';
import type { DomainEvent } from '../domain/events.ts';
import type { CommandName, InternalCommandName, OutsideEventName } from '../generated/messages.ts';
import { COMMAND_NAMES, EVENT_NAMES, INTERNAL_COMMAND_NAMES, OUTSIDE_EVENT_NAMES } from '../generated/schemas.ts';
import { LookUpAnswerHandler } from '../handlers/events/outside-broker.ts';
import type { UserLookUpQueuer } from '../handlers/events/user.ts';
import {
  COMMANDS_HANDLERS_FOR_INJECTION,
  EVENT_HANDLERS,
  EVENTS_HANDLERS_FOR_INJECTION,
  INTERNAL_HANDLERS_FOR_INJECTION,
  OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION,
} from '../handlers/index.ts';
import { ConfigurationError } from '../ports/errors.ts';
import type { EventHandler, HandlerClass, MessageHandler } from '../ports/handlers.ts';
import type { EventHandlers } from '../worker/dispatcher.ts';
import type { Handlers } from '../worker/planner.ts';
import type { AnyHandler } from '../worker/task.ts';
import type { Registrations } from './registrations.ts';

/** The handlers by name, and the tables that the worker looks them up in. */
export type HandlerParts = {
  readonly handlers: Handlers;
  readonly eventHandlers: EventHandlers;
  readonly lookUpAnswerHandler: AnyHandler;
} & MessageHandlersByName &
  EventHandlersByName;

type MessageType = CommandName | InternalCommandName | OutsideEventName;
type MessageHandlersByName = { readonly [Type in MessageType as HandlerName<Type>]: MessageHandler<never, unknown> };
type EventHandlerName = keyof typeof EVENT_HANDLERS;
/** The CLI asks the queuer itself, so what takes its place has to be one. */
type EventHandlersByName = {
  readonly [Name in EventHandlerName]: Name extends 'userLookUpQueuer' ? UserLookUpQueuer : EventHandler<never>;
};

/** Under which name the container has the handler of a command, of what the worker tells itself, or of an outside event. */
type HandlerName<Type extends MessageType> = Type extends `licensing.${'commands' | 'internal'}.${infer Short}`
  ? `${Uncapitalize<Short>}Handler`
  : Type extends `users.events.${infer Short}`
    ? `outside${Short}Handler`
    : never;

/** The tables of src/handlers/index.ts, as somebody might leave them who does not ask the compiler. */
export interface HandlerTables {
  readonly commands: Readonly<Record<string, HandlerClass<MessageHandler<never, unknown>>>>;
  readonly internal: Readonly<Record<string, HandlerClass<MessageHandler<never, unknown>>>>;
  readonly outsideEvents: Readonly<Record<string, HandlerClass<MessageHandler<never, unknown>>>>;
  readonly events: Readonly<Record<string, readonly HandlerClass<EventHandler<never>>[]>>;
}

const TABLES: HandlerTables = {
  commands: COMMANDS_HANDLERS_FOR_INJECTION,
  internal: INTERNAL_HANDLERS_FOR_INJECTION,
  outsideEvents: OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION,
  events: EVENTS_HANDLERS_FOR_INJECTION,
};

/** Resolving `handlers` or `eventHandlers` throws a ConfigurationError when a message has no handler, or an event one twice. */
export function handlerParts(tables: HandlerTables = TABLES): Registrations<HandlerParts> {
  const messageHandlers = Object.entries({ ...tables.commands, ...tables.internal, ...tables.outsideEvents });
  return {
    // That no name is missing is said by the types of the tables, which `Object.entries` does not keep.
    ...(registered(
      messageHandlers.map(([type, handler]) => [handlerName(type), handler]),
    ) as Registrations<MessageHandlersByName>),
    ...(registered(Object.entries(EVENT_HANDLERS)) as Registrations<EventHandlersByName>),
    lookUpAnswerHandler: asClass(LookUpAnswerHandler).singleton(),
    handlers: asFunction((cradle: HandlerParts): Handlers => ({
      commands: messageTable(cradle, COMMAND_NAMES, tables.commands),
      internal: messageTable(cradle, INTERNAL_COMMAND_NAMES, tables.internal),
      outsideEvents: messageTable(cradle, OUTSIDE_EVENT_NAMES, tables.outsideEvents),
      lookUpAnswer: cradle.lookUpAnswerHandler,
    })).singleton(),
    eventHandlers: asFunction((cradle: HandlerParts): EventHandlers => eventTable(cradle, tables.events)).singleton(),
  };
}

function registered(
  handlers: readonly (readonly [name: string, handler: HandlerClass<unknown>])[],
): Readonly<Record<string, Resolver<unknown>>> {
  return Object.fromEntries(handlers.map(([name, handler]) => [name, asClass(handler).singleton()]));
}

/** HandlerName for a value. */
function handlerName<Type extends MessageType>(type: Type): HandlerName<Type>;
function handlerName(type: string): string;
function handlerName(type: string): string {
  const short = type.slice(type.lastIndexOf('.') + 1);
  const name = type.startsWith('users.') ? `outside${short}` : `${short.slice(0, 1).toLowerCase()}${short.slice(1)}`;
  return `${name}Handler`;
}

function messageTable<Type extends MessageType>(
  cradle: MessageHandlersByName,
  types: readonly Type[],
  table: HandlerTables['commands'],
): ReadonlyMap<Type, AnyHandler> {
  return new Map(
    types.map((type) => {
      if (table[type] === undefined) throw new ConfigurationError(`${type} has no handler (src/handlers/index.ts)`);
      return [type, cradle[handlerName(type)]];
    }),
  );
}

function eventTable(cradle: EventHandlersByName, table: HandlerTables['events']): EventHandlers {
  return new Map(
    EVENT_NAMES.map((type) => {
      const names = (table[type] ?? []).map((handler) => eventHandlerName(handler, type));
      if (names.length === 0) throw new ConfigurationError(`${type} has no handler (src/handlers/index.ts)`);
      const twice = names.find((name, i) => names.indexOf(name) !== i);
      if (twice !== undefined)
        throw new ConfigurationError(`${type} has the handler ${twice} twice (src/handlers/index.ts)`);
      return [type, names.map((name) => cradle[name] as EventHandler<DomainEvent>)];
    }),
  );
}

function eventHandlerName(handler: HandlerClass<EventHandler<never>>, type: string): EventHandlerName {
  const names = Object.keys(EVENT_HANDLERS) as EventHandlerName[];
  const name = names.find((one) => EVENT_HANDLERS[one] === handler);
  if (name !== undefined) return name;
  throw new ConfigurationError(
    `${handler.name}, a handler of ${type}, is not in EVENT_HANDLERS (src/handlers/index.ts)`,
  );
}
