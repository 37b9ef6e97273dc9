import { readFileSync } from 'node:fs';

/**
 * Of what goes in and out: messages, topics, headers, settings. The first number is the `v1` of the topics, and changes only with them; the
 * second goes up with each addition, which CHANGELOG.md tells.
 */
export const CONTRACT_VERSION = '1.0';

/** Of this program, as package.json says it. */
export function programVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return version;
}
