import type { Cradle } from '../container.ts';
import { ConfigurationError } from '../ports/errors.ts';
import { databasePlace, kafkaPlace, registryPlace } from '../places.ts';

/** The worker waits for a server for as long as it takes; a person at a terminal is told after this long. */
const PATIENCE_MS = 8_000;

/** A server that a verb needs does not answer; the message names the setting that says where it is. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** @throws Unreachable */
export async function reachKafka({ kafka, config }: Pick<Cradle, 'kafka' | 'config'>): Promise<void> {
  const admin = kafka.admin();
  await patiently(kafkaPlace(config), () => admin.connect());
  await admin.disconnect();
}

/** @throws Unreachable, or ConfigurationError when it refuses the credentials */
export async function reachRegistry({
  schemaRegistry,
  config,
  topics,
}: Pick<Cradle, 'schemaRegistry' | 'config' | 'topics'>): Promise<void> {
  await patiently(registryPlace(config), () => schemaRegistry.latest(`${topics.commands}-any`));
}

/** @throws Unreachable, or ConfigurationError when it refuses the credentials or is none that this program works with */
export async function reachDatabase({
  databaseServer,
  config,
}: Pick<Cradle, 'databaseServer' | 'config'>): Promise<void> {
  await patiently(databasePlace(config), () => databaseServer.check());
}

/** Bounds what would be tried for ever. @param setting the variable, and where it leads to */
export async function patiently<T>(setting: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () =>
      reject(new Unreachable(`${setting}: no answer within ${PATIENCE_MS / 1_000} s`)),
    );
  });
  try {
    return await Promise.race([work(signal), late]);
  } catch (error) {
    if (error instanceof ConfigurationError || error instanceof Unreachable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const name = setting.split(' ', 1)[0] ?? setting;
    // The registry's own sentence begins with the setting already.
    throw new Unreachable(reason.startsWith(name) ? reason : `${setting}: ${reason}`, { cause: error });
  }
}
