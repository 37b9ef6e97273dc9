import { once } from 'node:events';
import type { ParseArgsOptionsConfig } from 'node:util';

export interface Call {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  readonly environment: NodeJS.ProcessEnv;
}

export interface Verb {
  readonly help: string;
  readonly options: ParseArgsOptionsConfig;
  /** @returns the exit code. @throws UsageError ConfigurationError */
  run(call: Call): Promise<number>;
}

/** The call can't be understood; the message says what was expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The one word that chooses among a verb's actions. */
export function actionOf<Action extends string>({ positionals }: Call, actions: readonly Action[]): Action {
  const [word, ...more] = positionals;
  const action = actions.find((one) => one === word);
  if (action === undefined || more.length > 0) {
    throw new UsageError(
      `expected one of: ${actions.join(', ')}${word === undefined ? '' : `; got '${positionals.join(' ')}'`}`,
    );
  }
  return action;
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** As `print`, for many lines: waits while whoever reads them is slower. */
export async function printPatiently(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
}
