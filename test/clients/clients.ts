import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { download, maven, run } from '../../stack/downloads.ts';
import { projectWithPackage } from './typescript/package.ts';

/** A program of docs/clients, and how to run it. */
export interface Client {
  readonly language: 'Node' | 'Java' | 'Python' | 'TypeScript';
  readonly file: string;
  /** `ce_source` of its commands. */
  readonly source: string;
  /** Why this machine can't run it; undefined when it can. */
  readonly lacks: string | undefined;
  /** Downloads its libraries unless they are there. */
  readonly prepare: () => Promise<Program>;
}

/** A program of docs/clients that reads entitlements, and tells of one. */
export type Reader = Omit<Client, 'source'>;

/** The words of the command line, up to the program's arguments. */
export type Program = readonly [command: string, ...args: string[]];

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = join(ROOT, '.cache');
const POM = join(ROOT, 'test', 'clients', 'pom.xml');
const REQUIREMENTS = join(ROOT, 'test', 'clients', 'requirements.txt');

const NODE: Client = {
  language: 'Node',
  file: 'docs/clients/send-command.mjs',
  source: 'shop',
  lacks: undefined,
  prepare: async () => [process.execPath, join(ROOT, NODE.file)],
};

const JAVA: Client = {
  language: 'Java',
  file: 'docs/clients/SendCommand.java',
  source: 'sign-up',
  // `java File.java` compiles in memory, which needs the compiler's module. Some JREs lack it.
  lacks: says(['java', '--list-modules'], /^jdk\.compiler@/m) ? undefined : 'a java with the module jdk.compiler',
  prepare: async () => {
    const jars = await download(CACHE, tell, {
      what: 'kafka-clients and Avro for Java (13 jars, 22 MB)',
      cacheName: `java-client-${digest(readFileSync(POM))}`,
      fetch: (directory, logFile) =>
        maven(['dependency:copy-dependencies', `-DoutputDirectory=${directory}`], logFile, POM),
    });
    // A program that lives for seconds gains nothing from full compilation.
    return ['java', '-XX:TieredStopAtLevel=1', '-cp', join(jars, '*'), join(ROOT, JAVA.file)];
  },
};

const PYTHON: Client = {
  language: 'Python',
  file: 'docs/clients/send_command.py',
  source: 'billing',
  // Debian's python3 can't make a virtual environment without a further package.
  lacks: says(['python3', '-c', 'import sys, venv, ensurepip; print(sys.version_info >= (3, 11))'], /^True$/m)
    ? undefined
    : 'a python3 from 3.11 on with venv and ensurepip',
  prepare: async () => {
    // An environment belongs to the interpreter that made it.
    const version = spawnSync('python3', ['-VV'], { encoding: 'utf8' }).stdout;
    const environment = await download(CACHE, tell, {
      what: 'confluent-kafka for Python (21 packages, 40 MB)',
      cacheName: `python-client-${digest(version, readFileSync(REQUIREMENTS))}`,
      fetch: async (directory, logFile) => {
        await run('python3', ['-m', 'venv', directory], logFile);
        await run(interpreter(directory), ['-m', 'pip', 'install', '--no-input', '-r', REQUIREMENTS], logFile);
      },
    });
    return [interpreter(environment), join(ROOT, PYTHON.file)];
  },
};

export const CLIENTS: readonly Client[] = [NODE, JAVA, PYTHON];

export const READERS: readonly Reader[] = [
  readerOf(JAVA, 'docs/clients/Entitlements.java'),
  readerOf(PYTHON, 'docs/clients/entitlements.py'),
  {
    language: 'TypeScript',
    file: 'docs/clients/entitlements.ts',
    lacks: undefined,
    prepare: async () => [process.execPath, await installedWithPackage('docs/clients/entitlements.ts')],
  },
];

/** It runs on what the program that sends runs on. */
function readerOf({ language, lacks, prepare }: Client, file: string): Reader {
  return {
    ...{ language, lacks, file },
    prepare: async () => {
      const [command, ...args] = await prepare();
      return [command, ...args.slice(0, -1), join(ROOT, file)];
    },
  };
}

/** @returns the program's path in a project that has the package */
async function installedWithPackage(file: string): Promise<string> {
  const folder = await projectWithPackage([file]);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'programs', basename(file));
}

function interpreter(environment: string): string {
  return join(environment, 'bin', 'python');
}

function says([command, ...args]: readonly [string, ...string[]], what: RegExp): boolean {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 && what.test(stdout);
}

function digest(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 8);
}

export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
