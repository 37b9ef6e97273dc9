import { asFunction, createContainer, InjectionMode } from 'awilix/browser';
import { handlerParts, type HandlerParts, type HandlerTables } from '../../../src/container/handlers.ts';
import { UpdateTenantHandler } from '../../../src/handlers/commands/tenant.ts';
import { OutsideUserCreatedHandler } from '../../../src/handlers/events/outside-broker.ts';
import {
  COMMANDS_HANDLERS_FOR_INJECTION,
  EVENT_HANDLERS,
  EVENTS_HANDLERS_FOR_INJECTION,
  INTERNAL_HANDLERS_FOR_INJECTION,
  OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION,
} from '../../../src/handlers/index.ts';
import { ConfigurationError } from '../../../src/ports/errors.ts';

const { externalMessageBusSender: sender } = EVENT_HANDLERS;
const TABLES: HandlerTables = {
  commands: COMMANDS_HANDLERS_FOR_INJECTION,
  internal: INTERNAL_HANDLERS_FOR_INJECTION,
  outsideEvents: OUTSIDE_EVENTS_HANDLERS_FOR_INJECTION,
  events: EVENTS_HANDLERS_FOR_INJECTION,
};

test('the worker looks a message up by its type and gets the handler that the container has by name', () => {
  const { handlers, eventHandlers, updateTenantHandler, outsideUserCreatedHandler, externalMessageBusSender } = parts();
  expect(updateTenantHandler).toBeInstanceOf(UpdateTenantHandler);
  expect(handlers.commands.get('licensing.commands.UpdateTenant')).toBe(updateTenantHandler);
  expect(outsideUserCreatedHandler).toBeInstanceOf(OutsideUserCreatedHandler);
  expect(handlers.outsideEvents.get('users.events.UserCreated')).toBe(outsideUserCreatedHandler);
  expect(eventHandlers.get('licensing.events.TenantUpdated')).toEqual([externalMessageBusSender]);
});

test.each<[string, keyof ReturnType<typeof parts>, Partial<HandlerTables>]>([
  [
    'licensing.commands.CreateUser has no handler (src/handlers/index.ts)',
    'handlers',
    { commands: without(TABLES.commands, 'licensing.commands.CreateUser') },
  ],
  [
    'licensing.internal.AdvanceSubdivision has no handler (src/handlers/index.ts)',
    'handlers',
    { internal: without(TABLES.internal, 'licensing.internal.AdvanceSubdivision') },
  ],
  [
    'users.events.UserDeleted has no handler (src/handlers/index.ts)',
    'handlers',
    { outsideEvents: without(TABLES.outsideEvents, 'users.events.UserDeleted') },
  ],
  [
    'licensing.events.TenantCreated has no handler (src/handlers/index.ts)',
    'eventHandlers',
    { events: { ...TABLES.events, 'licensing.events.TenantCreated': [] } },
  ],
  [
    'licensing.events.TenantCreated has the handler externalMessageBusSender twice (src/handlers/index.ts)',
    'eventHandlers',
    { events: { ...TABLES.events, 'licensing.events.TenantCreated': [sender, sender] } },
  ],
  [
    'Unnamed, a handler of licensing.events.TenantCreated, is not in EVENT_HANDLERS (src/handlers/index.ts)',
    'eventHandlers',
    { events: { ...TABLES.events, 'licensing.events.TenantCreated': [class Unnamed extends sender {}] } },
  ],
])('the start fails: %s', (message, part, changed) => {
  const start = () => parts({ ...TABLES, ...changed })[part];
  expect(start).toThrow(ConfigurationError);
  expect(start).toThrow(message);
});

function parts(tables?: HandlerTables): HandlerParts {
  const container = createContainer<HandlerParts>({ injectionMode: InjectionMode.PROXY, strict: true });
  container.register({ ...handlerParts(tables) });
  for (const name of ['cloudEvents', 'topics', 'userDomainKnown', 'windows']) {
    container.register(name, asFunction(() => ({})).singleton());
  }
  return container.cradle;
}

function without<Value>(table: Readonly<Record<string, Value>>, left: string): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(table).filter(([name]) => name !== left));
}
