import { createContainer as createAwilix, InjectionMode, type AwilixContainer } from 'awilix/browser';
import type { Config } from './config.ts';
import { databaseParts, type DatabaseParts } from './container/database.ts';
import { handlerParts, type HandlerParts } from './container/handlers.ts';
import { messagingParts, type MessagingParts } from './container/messaging.ts';
import { processParts, type ProcessParts } from './container/process.ts';
import type { Registrations } from './container/registrations.ts';
import { targetOf } from './open-telemetry.ts';
import { workerParts, type WorkerParts } from './container/worker.ts';

/** Everything the container resolves; each of it can be replaced by `overrides`. */
export type Cradle = ProcessParts & DatabaseParts & MessagingParts & HandlerParts & WorkerParts;

type Overrides = Partial<Registrations<Cradle>>;

interface Options {
  readonly config: Config;
  /** Takes the place of what is registered here, by name. */
  readonly overrides?: Overrides;
}

/**
 * The composition root. Nothing is opened before it is asked for.
 * @throws ConfigurationError when a message has no handler, or an event one twice, as soon as `handlers` or `eventHandlers` is resolved
 */
export function createContainer({ config, overrides = {} }: Options): AwilixContainer<Cradle> {
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

/** The container of a worker, with what exports its metrics and traces: that is loaded only where there is something to export to. */
export async function createWorkerContainer({ config, overrides = {} }: Options): Promise<AwilixContainer<Cradle>> {
  const { openTelemetry } = config;
  const exported = [targetOf('metrics', openTelemetry), targetOf('traces', openTelemetry)];
  if (exported.every((target) => target === undefined)) return createContainer({ config, overrides });
  const { exportingParts } = await import('./container/exporting.ts');
  return createContainer({ config, overrides: { ...exportingParts(config), ...overrides } });
}
