import { createRequire } from 'node:module';
import { ConfigurationError } from '../ports/errors.ts';

// pg and knex have no public way to watch a connection, so some of their insides are read here (connection.ts, database.ts). They are
// checked before they are relied on: a name that is gone would be undefined in the midst of the work.

/** The versions whose insides are known; package.json pins them. */
const PINNED = { pg: '8.23.1', knex: '3.3.0' };

/** @throws ConfigurationError when another version of pg or knex is installed */
export function checkVersions(installed: Readonly<Record<keyof typeof PINNED, string>> = installedVersions()): void {
  for (const name of ['pg', 'knex'] as const) {
    if (installed[name] === PINNED[name]) continue;
    throw new ConfigurationError(
      `${name} is installed in version ${installed[name]}, but its insides are known of ${PINNED[name]} alone: ` +
        'install it as package.json pins it (npm ci)',
    );
  }
}

/** @throws ConfigurationError when a client of pg lacks something that is relied on */
export function checkClient({ readyForQuery, once, query, connection }: Inside): void {
  const { on, stream, parsedStatements } = connection ?? {};
  const needed: readonly (readonly [
    name: string,
    is: string,
    expected: 'boolean' | 'function' | 'number' | 'object',
  ])[] = [
    ['readyForQuery', typeof readyForQuery, 'boolean'],
    ['once', typeof once, 'function'],
    ['query', typeof query, 'function'],
    ['connection.on', typeof on, 'function'],
    ['connection.parsedStatements', typeof parsedStatements, 'object'],
    ['connection.stream.bytesRead', typeof stream?.bytesRead, 'number'],
    ['connection.stream.setTimeout', typeof stream?.setTimeout, 'function'],
    ['connection.stream.on', typeof stream?.on, 'function'],
    ['connection.stream.destroy', typeof stream?.destroy, 'function'],
  ];
  const missing = needed.flatMap(([name, is, expected]) => (is === expected ? [] : [name]));
  if (missing.length > 0) {
    throw new ConfigurationError(`a client of pg lacks ${missing.join(', ')}, on which the worker relies`);
  }
}

/** What `Connected` has, unless pg has changed. */
interface Inside {
  readonly readyForQuery?: unknown;
  readonly once?: unknown;
  readonly query?: unknown;
  readonly connection?: {
    readonly on?: unknown;
    readonly parsedStatements?: unknown;
    readonly stream?: {
      readonly bytesRead?: unknown;
      readonly setTimeout?: unknown;
      readonly on?: unknown;
      readonly destroy?: unknown;
    };
  };
}

function installedVersions(): Record<keyof typeof PINNED, string> {
  const require = createRequire(import.meta.url);
  const versionOf = (name: string): string => (require(`${name}/package.json`) as { readonly version: string }).version;
  return { pg: versionOf('pg'), knex: versionOf('knex') };
}
