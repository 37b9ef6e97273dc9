import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack, type Stack } from '../stack/stack.ts';
import { SUBSET_OF_FAULTS, writeRecovery } from './faults/recovery.ts';
import { createTemplateDatabase } from './support/database.ts';

// Runs the tests: `node test/run.ts [unit|integration|e2e|faults ...] [jest arguments]`. All levels but the faults when none is named.
// Starts the real stack for the levels that need it, and closes with 'N passed, N failed'. `faults --subset` runs what CI runs of them.

const LEVELS = ['unit', 'integration', 'e2e'];
/** Its cases break services, so each of its files has a stack of its own, and nothing else runs beside it. */
const FAULTS = 'faults';
const SUBSET = '--subset';

interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly numPendingTests: number;
}

const words = process.argv.slice(2);
const levels = words.filter((word) => LEVELS.includes(word) || word === FAULTS);
const rest = words.filter((word) => !levels.includes(word) && word !== SUBSET);
const subset = words.includes(SUBSET) ? ['--testNamePattern', `^(${SUBSET_OF_FAULTS.join('|')}):`] : [];
const inBand = levels.includes(FAULTS) ? ['--runInBand'] : [];
process.exitCode = await main(levels.length === 0 ? LEVELS : levels, [...inBand, ...subset, ...rest]);
// The whole suite writes the page; a part of it would write a part.
if (levels.join() === FAULTS && words.length === 1) await writeRecovery();

async function main(chosen: readonly string[], jestArguments: readonly string[]): Promise<number> {
  const stack = chosen.some((level) => level === 'integration' || level === 'e2e')
    ? await startStack({ log: console.log })
    : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'licensing-test-'));
  const interrupted = new Promise<number>((resolve) => {
    process.once('SIGINT', () => resolve(130)).once('SIGTERM', () => resolve(143));
  });
  try {
    return await Promise.race([runJest(chosen, jestArguments, join(folder, 'results.json'), stack), interrupted]);
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
): Promise<number> {
  const jest = new URL('../node_modules/jest/bin/jest.js', import.meta.url).pathname;
  const paths = chosen.map((level) => `test/${level}/`);
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
      ...jestArguments,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...(stack && (await addresses(stack))) } },
  );
  const stop = (): boolean => child.kill();
  process.once('exit', stop);
  const code = await new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? 1)));
  process.removeListener('exit', stop);
  const results = JSON.parse(await readFile(outputFile, 'utf8')) as Results;
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  console.log(`${results.numPassedTests} passed, ${failed} failed`);
  return code === 0 && failed === 0 && results.numPassedTests > 0 ? 0 : 1;
}

/** What the tests read; `support/` is the only place that does. */
async function addresses(stack: Stack): Promise<NodeJS.ProcessEnv> {
  return {
    TEST_KAFKA_BROKERS: stack.kafkaBrokers,
    TEST_SCHEMA_REGISTRY_URL: stack.registryUrl,
    TEST_DATABASE_URL: await createTemplateDatabase(stack.databaseUrl),
  };
}
