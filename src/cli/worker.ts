import type { AwilixContainer } from 'awilix/browser';
import { readConfig, type Config } from '../config.ts';
import { createWorkerContainer, type Cradle } from '../container.ts';
import { logWarnings } from './open-container.ts';
import type { Verb } from './verb.ts';

export const worker: Verb = {
  help: `
licensing worker

Reads the topics of commands, users and look-ups as one consumer group, until SIGTERM or SIGINT. Exit code 0 after such a stop, 1 when
the configuration can't work. It waits through outages of Kafka, registry, database and user domain.

Needs KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DATABASE_URL; takes USER_DOMAIN_URL, KAFKA_GROUP_ID, LOG_LEVEL and what docs/operations.md lists.`,
  options: {},

  async run({ environment }) {
    const config = readConfig(environment);
    return runWorker(config, await createWorkerContainer({ config }));
  },
};

/** Boots, works until a signal or an error ends it, and stops. @returns the exit code. @throws what no waiting mends */
export async function runWorker(config: Config, container: AwilixContainer<Cradle>): Promise<number> {
  const { cradle } = container;
  const { logger } = cradle;
  logWarnings(logger);
  const { telemetry, openTelemetry, gauges, worker: it, database, producer, promptProducer, healthFile } = cradle;
  const stop = new AbortController();
  const asked = new Promise<undefined>((resolve) => stop.signal.addEventListener('abort', () => resolve(undefined)));
  // The next start does what a stop can't finish in time. Nothing is lost.
  const endAfter = (exitCode: number): NodeJS.Timeout =>
    setTimeout(() => {
      logger.warn({ lanes: it.lanePhases }, 'the stop took too long; ending now');
      process.exit(exitCode);
    }, config.shutdownTimeout);
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) return;
    endAfter(0).unref();
    healthFile?.enter('stopping');
    stop.abort(new Error(`got ${signal}`));
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  try {
    await healthFile?.start();
    await boot(cradle, stop.signal);
    it.start();
    gauges?.start();
    await it.consume(stop.signal);
    healthFile?.enter('working');
    logger.info({ group: config.kafkaGroupId, brokers: config.kafkaBrokers }, 'the worker works');
    const failure = await Promise.race([it.failure, asked]);
    if (failure !== undefined) throw failure;
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    logger.fatal({ err: error }, 'the worker can not go on');
    endAfter(1).unref();
    throw error;
  } finally {
    await it.stop();
    telemetry.stop();
    const ends = [gauges, openTelemetry, producer, promptProducer, healthFile].map(async (part) => part?.stop());
    await Promise.allSettled([...ends, database.destroy()]);
    logger.info('stopped');
  }
}

async function boot(cradle: Cradle, signal: AbortSignal): Promise<void> {
  const { handlers, eventHandlers, logger } = cradle;
  logger.debug({ commands: handlers.commands.size, events: eventHandlers.size }, 'handlers');
  const queued = await cradle.boot.run(signal);
  if (queued === undefined) logger.info('USER_DOMAIN_URL is not set: no user is looked up');
  else if (queued > 0) logger.info({ queued }, 'users without a profile are looked up');
}
