import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { mendedKafkaJs } from '../../../src/adapters/kafkajs/mended.ts';

const require = createRequire(import.meta.url);

export const FOLDER = dirname(require.resolve('kafkajs/package.json'));

const mended = mendedKafkaJs(FOLDER);

/** What a file of kafkajs exports in the worker's copy. */
export function mendedModule<T>(path: string): T {
  return mended.load(path) as T;
}

/** What the same file exports to everybody else. */
export function originalModule<T>(path: string): T {
  return require(join(FOLDER, path)) as T;
}
