import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sendSignal } from '../stack/process-tree.ts';
import { startStack, type ServiceName, type Stack } from '../stack/stack.ts';
import { SUBSET_OF_FAULTS, writeRecovery } from './faults/recovery.ts';
import { forgetResults } from './faults/results.ts';
import { createTemplateDatabase } from './support/database.ts';

// Runs the tests: `node test/run.ts [unit|integration|e2e|clients|connections|observability|faults ...] [part of a path ...] [jest options]`. The first three levels
// when none is named; only files whose path holds one of the parts, if any is given. Starts the services that these levels need, and closes
// with 'N passed, N failed'. `connections --write` writes its tables into docs/operations.md. `faults --subset` runs what CI runs of them; `faults --times N` runs all of them N times, and writes
// docs/recovery.md if each case has held each time.

const LEVELS = ['unit', 'integration', 'e2e'];
/** The cases of this level break services, so each file has a stack of its own, and files run one after the other. */
const FAULTS = 'faults';
/** Runs the programs of docs/clients.md. They need downloads of their own, so this level is not a part of every run. */
const CLIENTS = 'clients';
/** Secured brokers and the like, which each file starts for itself; files run one after the other. */
const CONNECTIONS = 'connections';
/** A collector and a Prometheus watch workers. Both are built the first time, so this level is not a part of every run, either. */
const OBSERVABILITY = 'observability';
const WHOLE_STACK: readonly ServiceName[] = ['kafka', 'registry', 'postgres'];
/** The services that each level needs. Faults start stacks of their own. */
const SERVICES: Readonly<Record<string, readonly ServiceName[]>> = {
  integration: ['postgres'],
  e2e: WHOLE_STACK,
  [CLIENTS]: WHOLE_STACK,
  [OBSERVABILITY]: WHOLE_STACK,
};
const SUBSET = '--subset';
const TIMES = '--times';
/** The tables of docs/operations.md that say what the tests of connections have seen are written, rather than compared. */
const WRITE = '--write';

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly numPendingTests: number;
}

interface Ended {
  readonly passed: number;
  readonly failed: number;
  readonly code: number;
}

/** Exit codes of a run that a signal has ended. */
const INTERRUPTED = 128;

const words = process.argv.slice(2);
const times = timesIn(words);
const levels = words.filter((word) => [...LEVELS, CLIENTS, CONNECTIONS, OBSERVABILITY, FAULTS].includes(word));
const rest = words.filter((word) => !levels.includes(word) && word !== SUBSET && word !== WRITE);
if (words.includes(WRITE)) process.env['TEST_WRITE_TABLES'] = '1';
const subset = words.includes(SUBSET) ? ['--testNamePattern', `^(${SUBSET_OF_FAULTS.join('|')})`] : [];
const inBand = levels.includes(FAULTS) || levels.includes(CONNECTIONS) ? ['--runInBand'] : [];
// Only a run of the whole suite writes docs/recovery.md, from its own results: a part of the suite would write a part of the page.
const wholeSuite = levels.join() === FAULTS && words.length === 1;
if (wholeSuite) await forgetResults();
process.exitCode = await repeatedly(() => main(levels.length === 0 ? LEVELS : levels, [...rest, ...inBand, ...subset]));
if (wholeSuite && process.exitCode === 0) await writeRecovery();

/** Takes `--times N` out of the words. @returns N; 1 without it */
function timesIn(given: string[]): number {
  const at = given.indexOf(TIMES);
  const times = at === -1 ? 1 : Number(given.splice(at, 2)[1]);
  if (!Number.isInteger(times) || times < 1) throw new Error(`${TIMES} takes how often to run, from 1 on`);
  return times;
}

/** Runs as often as `--times` says, also after a run that failed, to show how often it fails. @returns the exit code: 0 when every run has held */
async function repeatedly(run: () => Promise<Ended>): Promise<number> {
  const sum = { passed: 0, failed: 0, code: 0 };
  for (let i = 1; i <= times; i += 1) {
    const { passed, failed, code } = await run();
    sum.passed += passed;
    sum.failed += failed;
    sum.code = Math.max(sum.code, code);
    if (times > 1) console.log(`run ${i} of ${times}: ${passed} passed, ${failed} failed`);
    if (code >= INTERRUPTED) return code;
  }
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
  return sum.code;
}

async function main(chosen: readonly string[], jestArguments: readonly string[]): Promise<Ended> {
  const services = [...new Set(chosen.flatMap((level) => SERVICES[level] ?? []))];
  const stack =
    services.length > 0 ? await startStack({ log: console.log, only: services, fewRequests: true }) : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'licensing-test-'));
  // The tests start the command line and workers some hundred times: most of what a start takes is compiling the same files.
  process.env['NODE_COMPILE_CACHE'] = join(folder, 'compiled');
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort(2)).once('SIGTERM', () => interrupted.abort(15));
  try {
    return await runJest(chosen, jestArguments, join(folder, 'results.json'), stack, services, interrupted.signal);
  } finally {
    await stack?.stop();
    await rm(folder, { recursive: true });
  }
}

async function runJest(
  chosen: readonly string[],
  jestArguments: readonly string[],
  outputFile: string,
  stack: Stack | undefined,
  services: readonly ServiceName[],
  interrupted: AbortSignal,
): Promise<Ended> {
  const jest = new URL('../node_modules/jest/bin/jest.js', import.meta.url).pathname;
  // jest runs a file that fits any of its patterns, so each level is a part of each pattern.
  const firstOption = jestArguments.findIndex((word) => word.startsWith('-'));
  const parts = firstOption === -1 ? jestArguments : jestArguments.slice(0, firstOption);
  const options = jestArguments.slice(parts.length);
  const paths = chosen.flatMap((level) => (parts.length === 0 ? [''] : parts).map((part) => `test/${level}/.*${part}`));
  const child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings=ExperimentalWarning',
      jest,
      '--json',
      '--outputFile',
      outputFile,
      ...paths,
      ...options,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...(stack && (await addresses(stack, services))) },
      // A process group of its own, to be ended as a whole: when jest alone is ended, its workers go on with their tests.
      detached: true,
    },
  );
  const stop = (): boolean => child.pid !== undefined && sendSignal(-child.pid, 'SIGTERM');
  process.once('exit', stop);
  interrupted.addEventListener('abort', stop);
  if (interrupted.aborted) stop();
  const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? 1)));
  process.removeListener('exit', stop);
  if (interrupted.aborted) return { passed: 0, failed: 0, code: INTERRUPTED + Number(interrupted.reason) };
  const results = JSON.parse(await readFile(outputFile, 'utf8')) as Results;
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const held = code === 0 && failed === 0 && results.numPassedTests > 0;
  return { passed: results.numPassedTests, failed, code: held ? 0 : 1 };
}

/** The variables by which tests find the services; only `support/` reads them. */
async function addresses(stack: Stack, services: readonly ServiceName[]): Promise<NodeJS.ProcessEnv> {
  return {
    ...(services.includes('kafka') && { TEST_KAFKA_BROKERS: stack.kafkaBrokers }),
    ...(services.includes('registry') && { TEST_SCHEMA_REGISTRY_URL: stack.registryUrl }),
    TEST_DATABASE_URL: await createTemplateDatabase(stack.databaseUrl),
  };
}
