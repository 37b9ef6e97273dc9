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
  /** What helps to mend it, to be told below the message: a line each. */
  readonly details: readonly string[];

  constructor(message: string, details: readonly string[] = []) {
    super(message);
    this.details = details;
  }
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
  process.stdout.write(`${oneLine(line)}\n`);
}

/** As `print`, to stderr: what is wrong, and whatever else is not what was asked for. */
export function complain(line: string): void {
  process.stderr.write(`${oneLine(line)}\n`);
}

/** As `print`, where many lines may come: waits while whoever reads them is slower. Once nobody reads them any more, it waits no longer. */
export async function printPatiently(line: string): Promise<void> {
  const { stdout } = process;
  if (stdout.write(`${oneLine(line)}\n`)) return;
  const waiting = new AbortController();
  const { signal } = waiting;
  await Promise.race([once(stdout, 'drain', { signal }), once(stdout, 'close', { signal })]).catch(() => undefined);
  waiting.abort();
}

/** All but tabs. */
const CONTROLS = /(?!\t)\p{Cc}/gu;

/**
 * A text of others may hold what a terminal takes for commands, or what looks like further lines of ours: such characters are shown as escapes,
 * as in JSON.
 */
export function oneLine(text: string): string {
  return text.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
