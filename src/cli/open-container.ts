import type { AwilixContainer } from 'awilix/browser';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { createContainer, type Cradle } from '../container.ts';

/** The container of a verb, whose log has the warnings of libraries too. */
export function openContainer(config: Config): AwilixContainer<Cradle> {
  const container = createContainer({ config });
  logWarnings(container.cradle.logger);
  return container;
}

/** Makes lines of the log of what Node would print as text: its own warnings, and those that libraries give it. */
export function logWarnings(logger: Logger): void {
  // Node's own printing is a listener like any other.
  process.removeAllListeners('warning');
  process.on('warning', (warning: NodeJS.ErrnoException) => {
    const { name, code, message } = warning;
    logger.warn({ library: 'node', warning: name, ...(code !== undefined && { code }) }, message);
  });
}
