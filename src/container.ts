import { createContainer as createAwilix, InjectionMode, type AwilixContainer } from 'awilix';
import type { Config } from './config.ts';
import { databaseParts, type DatabaseParts } from './container/database.ts';
import { handlerParts, type HandlerParts } from './container/handlers.ts';
import { messagingParts, type MessagingParts } from './container/messaging.ts';
import { processParts, type ProcessParts } from './container/process.ts';
import type { Registrations } from './container/registrations.ts';
import { workerParts, type WorkerParts } from './container/worker.ts';

/** Everything the container resolves; each of it can be replaced by `overrides`. */
export type Cradle = ProcessParts & DatabaseParts & MessagingParts & HandlerParts & WorkerParts;

type Overrides = Partial<Registrations<Cradle>>;

/**
 * The composition root. Nothing is opened before it is asked for.
 * @param options.overrides takes the place of what is registered here, by name
 * @throws ConfigurationError when a message has no handler, or an event one twice, as soon as `handlers` or `eventHandlers` is resolved
 */
export function createContainer({
  config,
  overrides = {},
}: {
  readonly config: Config;
  readonly overrides?: Overrides;
}): AwilixContainer<Cradle> {
  const container = createAwilix<Cradle>({ injectionMode: InjectionMode.PROXY, strict: true });
  container.register({
    ...processParts(config),
    ...databaseParts(config),
    ...messagingParts(config),
    ...handlerParts(),
    ...workerParts(config),
  });
  container.register({ ...overrides });
  return container;
}
