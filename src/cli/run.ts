import { parseArgs } from 'node:util';
import { ConfigurationError } from '../ports/errors.ts';
import { CONTRACT_VERSION, programVersion } from '../version.ts';
import { nearest } from './nearest.ts';
import { complain, UsageError, type Verb } from './verb.ts';

interface Listed {
  /** One line for the list of verbs. */
  readonly about: string;
  /** A verb is loaded when it is called: most of the time that a short one takes would go into the libraries of the others. */
  readonly load: () => Promise<Verb>;
}

export const VERBS: Readonly<Record<string, Listed>> = {
  worker: { about: 'works: commands in, events out', load: async () => (await import('./worker.ts')).worker },
  send: {
    about: 'sends a command, or an event of the user domain',
    load: async () => (await import('./send.ts')).send,
  },
  tail: {
    about: 'shows decoded messages as they come, one a line',
    load: async () => (await import('./tail.ts')).tail,
  },
  lag: {
    about: 'shows how many messages wait for the workers, and who holds them',
    load: async () => (await import('./lag.ts')).lag,
  },
  health: {
    about: 'says whether the worker beside it is live, or ready',
    load: async () => (await import('./health.ts')).health,
  },
  show: {
    about: 'shows a tenant, subdivision, license or user, as stored',
    load: async () => (await import('./show.ts')).show,
  },
  explain: {
    about: 'says what became of a message',
    load: async () => (await import('./explain.ts')).explain,
  },
  dlq: {
    about: 'dead letters: lists, shows, replays, discards, exports, erases them',
    load: async () => (await import('./dlq.ts')).dlq,
  },
  export: {
    about: 'all that is held about a tenant, as JSON',
    load: async () => (await import('./export.ts')).exportTenant,
  },
  migrate: {
    about: 'brings the database to the schema of this version, or back',
    load: async () => (await import('./migrate.ts')).migrate,
  },
  topics: {
    about: 'creates the topics, or checks them',
    load: async () => (await import('./topics.ts')).topics,
  },
  schemas: {
    about: 'registers the schemas, or says what registering would break',
    load: async () => (await import('./schemas.ts')).schemas,
  },
};

/** Runs one verb. @returns the exit code: 0 for success only, 2 for a call that can't be understood, 1 for everything else */
export async function run(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    process.stdout.write(`licensing ${programVersion()}, contract ${CONTRACT_VERSION}\n`);
    return 0;
  }
  const listed = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (listed === undefined) {
    const near = nearest(name, Object.keys(VERBS));
    const hint = near === undefined ? `there are ${Object.keys(VERBS).join(', ')}` : `did you mean ${near}?`;
    complain(`licensing: there is no '${name}'; ${hint}`);
    return 2;
  }
  try {
    const verb = await listed.load();
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
    return failed(name, error);
  }
}

function help(): string {
  const lines = Object.entries(VERBS).map(([name, { about }]) => `  ${name.padEnd(10)}${about}\n`);
  return `licensing: the licensing worker and what surrounds it\n\n${lines.join('')}\n\`licensing VERB --help\` tells more, \`licensing --version\` the versions of the program and of its contract.\n`;
}

/** Tells in a sentence each what a person can mend. Only a bug of this program is told with its stack. @returns the exit code */
function failed(name: string, error: unknown): number {
  const [first = '', ...more] = linesOn(name, error);
  complain(`licensing ${name}: ${first}`);
  more.forEach(complain);
  return error instanceof UsageError || isParseError(error) ? 2 : 1;
}

/** Each is written as one line: the sentences may hold texts of others. */
function linesOn(name: string, error: unknown): readonly string[] {
  if (isParseError(error)) {
    // Node adds how to pass the option as data, which helps nobody here.
    const [sentence] = error.message.split('. To specify a positional');
    return [`${sentence}; \`licensing ${name} --help\` lists the options`];
  }
  if (error instanceof UsageError) {
    return error.details.length === 0 ? [error.message] : [error.message, '', ...error.details];
  }
  if (error instanceof ConfigurationError) return error.faults;
  if (!(error instanceof Error)) return [String(error)];
  const isBug = error instanceof TypeError || error instanceof ReferenceError;
  return isBug ? [`${error.name}: ${error.message}`, ...framesOf(error)] : [error.message];
}

function framesOf({ stack = '', message }: Error): readonly string[] {
  const [, ...frames] = stack.slice(stack.indexOf(message) + message.length).split('\n');
  return frames;
}

function isParseError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
