import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../ports/errors.ts';
import { KAFKAJS_VERSION, PARTS, type Part } from './mends.ts';
import { PrivateModules } from './private-modules.ts';

/**
 * A private copy of kafkajs with all mends.
 * @param folder of the package
 * @throws ConfigurationError when it is another version than the mends are made for, or lacks something that they rely on
 */
export function mendedKafkaJs(folder: string): PrivateModules {
  const { version } = JSON.parse(read(folder, 'package.json')) as { readonly version: string };
  if (version !== KAFKAJS_VERSION) {
    throw new ConfigurationError(
      `kafkajs is installed in version ${version}, but is mended here for ${KAFKAJS_VERSION} alone: ` +
        `install it as package.json pins it (npm ci)`,
    );
  }
  const missing = PARTS.flatMap((part) => missingIn(part, folder));
  if (missing.length > 0) throw new ConfigurationError(missing);
  const mends = PARTS.flatMap(({ path, mend }) => (mend === undefined ? [] : [[path, mend] as const]));
  const modules = new PrivateModules(folder, new Map(mends));
  for (const { path } of PARTS) modules.load(path);
  return modules;
}

/** A name that is gone from the source would be undefined, or NaN, in the midst of the work. */
function missingIn({ path, needs }: Part, folder: string): readonly string[] {
  const source = read(folder, path);
  const missing = needs.filter((name) => !new RegExp(`\\b${name}\\b`).test(source));
  return missing.map((name) => `kafkajs has no ${name} in ${path}, on which a mend relies`);
}

function read(folder: string, path: string): string {
  try {
    return readFileSync(join(folder, path), 'utf8');
  } catch (cause) {
    throw new ConfigurationError(`kafkajs has no file ${path}, on which a mend relies`, { cause });
  }
}
