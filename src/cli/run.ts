import { parseArgs } from 'node:util';
import { ConfigurationError } from '../ports/errors.ts';
import { dlq } from './dlq.ts';
import { migrate } from './migrate.ts';
import { nearest } from './nearest.ts';
import { schemas } from './schemas.ts';
import { send } from './send.ts';
import { tail } from './tail.ts';
import { topics } from './topics.ts';
import { UsageError, type Verb } from './verb.ts';
import { worker } from './worker.ts';

export const VERBS: Readonly<Record<string, Verb>> = { worker, send, tail, dlq, migrate, topics, schemas };

/** Runs one verb. @returns the exit code: 0 for success only, 2 for a call that can't be understood, 1 for everything else */
export async function run(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help());
    return name === undefined ? 2 : 0;
  }
  const verb = VERBS[name];
  if (verb === undefined) {
    const near = nearest(name, Object.keys(VERBS));
    const hint = near === undefined ? `there are ${Object.keys(VERBS).join(', ')}` : `did you mean ${near}?`;
    process.stderr.write(`licensing: there is no '${name}'; ${hint}\n`);
    return 2;
  }
  try {
    const { values, positionals } = parseArgs({
      args: rest,
      allowPositionals: true,
      options: { ...verb.options, help: { type: 'boolean', short: 'h' } },
    });
    if (values['help'] === true) {
      process.stdout.write(`${verb.help.trim()}\n`);
      return 0;
    }
    return await verb.run({ positionals, values, environment });
  } catch (error) {
    return complain(name, error);
  }
}

function help(): string {
  const lines = Object.entries(VERBS).map(([name, { about }]) => `  ${name.padEnd(10)}${about}\n`);
  return `licensing: the licensing worker and what surrounds it\n\n${lines.join('')}\n\`licensing VERB --help\` tells more.\n`;
}

/** Prints one sentence for a fault that a person can mend. Only a bug of this program is printed with its stack. */
function complain(name: string, error: unknown): number {
  if (error instanceof UsageError || isParseError(error)) {
    // Node adds how to pass the option as data, which helps nobody here.
    const [sentence] = error.message.split('. To specify a positional');
    process.stderr.write(
      `licensing ${name}: ${sentence}${isParseError(error) ? `; \`licensing ${name} --help\` lists the options` : ''}\n`,
    );
    return 2;
  }
  if (error instanceof ConfigurationError) {
    process.stderr.write(`licensing ${name}: ${error.message}\n`);
    return 1;
  }
  const known = error instanceof Error && error.name !== 'TypeError' && error.name !== 'ReferenceError';
  process.stderr.write(
    `licensing ${name}: ${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
  );
  return 1;
}

function isParseError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
