import { fileURLToPath } from 'node:url';
import { startStack } from './stack.ts';

// `npm start [-- --once]`: the stack, the worker and a story through Kafka. See README.md.

const DATA = fileURLToPath(new URL('../.cache/data', import.meta.url));

process.exit(await main(process.argv.slice(2)));

async function main(args: readonly string[]): Promise<number> {
  const once = args.includes('--once');
  if (args.some((arg) => arg !== '--once')) {
    console.error('Usage: npm start [-- --once]');
    return 2;
  }
  const started = performance.now();
  try {
    console.log('Starting Kafka, a schema registry and PostgreSQL ...');
    // Until the stack is up, Ctrl-C ends this process at once, and the reaper ends what it has started.
    const starting = startStack({ dataDir: DATA, log: console.log, fewRequests: once });
    // The parts of the worker are loaded while the services start.
    const [stack, { withStack }] = await Promise.all([starting, import('./with-stack.ts')]);
    try {
      return await withStack(stack, once, started);
    } catch (error) {
      console.error(
        `\nIt did not work. The logs of Kafka, registry, PostgreSQL and the worker are in ${stack.runDir}.`,
      );
      throw error;
    }
  } catch (error) {
    const known = error instanceof Error && !(error instanceof TypeError || error instanceof ReferenceError);
    console.error(known ? error.message : error);
    return 1;
  }
}
