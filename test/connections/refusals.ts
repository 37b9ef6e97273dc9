import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as prettier from 'prettier';
import { withTable } from '../../docs/tables.ts';
import { licensing, WorkerProcess, type Environment } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';

/** What the worker does about a fault, and what it says. */
export interface Told {
  readonly then: 'exit 1' | 'waits';
  readonly sentence: string;
}

/** A row of a table in docs/operations.md. */
export interface Row extends Told {
  /** The fault, for an operator. */
  readonly what: string;
}

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'operations.md');
const MADE_BY = '`npm run test:connections -- --write`';
const WITHIN_MS = 60_000;

/**
 * Starts a worker with these settings, until it ends or says what it waits for.
 * @param of the one of the servers whose wait counts; default: any
 */
export async function workerWith(env: Environment, secret: string, of = ''): Promise<Told> {
  const worker = new WorkerProcess('the worker', { ...env, LOG_LEVEL: 'warn' });
  try {
    await until(
      'the worker ends or waits',
      () => worker.exit !== undefined || waits(worker.log, of) !== undefined,
      WITHIN_MS,
      () => worker.tail(),
    );
    const { log, exit } = worker;
    if (log.includes(secret)) throw new Error('the secret was told');
    const sentence = waits(log, of);
    if (sentence !== undefined && exit === undefined) return { then: 'waits', sentence };
    const lines = log.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    if (exit?.code !== 1 || lines.length !== 1)
      throw new Error(`expected exit code 1 and one sentence:\n${worker.tail()}`);
    return { then: 'exit 1', sentence: (lines[0] ?? '').replace(/^licensing worker: /, '') };
  } finally {
    await worker.dispose();
  }
}

/** The error of the first line that tells of a wait. */
function waits(log: string, of: string): string | undefined {
  for (const line of log.split('\n')) {
    if (!line.startsWith('{') || !line.includes(`"msg":"waiting for the ${of}`)) continue;
    const { err } = JSON.parse(line) as { readonly err: { readonly message: string } };
    return err.message;
  }
  return undefined;
}

/** A verb of the command line waits for nothing. @returns its sentence */
export async function verbWith(args: readonly string[], env: Environment, secret: string): Promise<string> {
  const { code, stderr, stdout } = await licensing(args, env);
  if (`${stderr}${stdout}`.includes(secret)) throw new Error('the secret was told');
  const lines = stderr.trim().split('\n');
  if (code !== 1 || lines.length !== 1)
    throw new Error(`licensing ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return (lines[0] ?? '').replace(/^licensing \w+: /, '');
}

/** What the page has in this table has to be what the tests saw. With `--write` the page gets it. */
export async function keep(table: string, rows: readonly Row[]): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const lines = [
    ['fault', 'the sentence', 'the worker'],
    ['---', '---', '---'],
    ...rows.map(({ what, sentence, then }) => [what, `\`${general(sentence)}\``, then]),
  ];
  const text = lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const made = await prettier.format(withTable(page, table, text, MADE_BY), {
    ...(await prettier.resolveConfig(PAGE)),
    parser: 'markdown',
  });
  if (process.env['TEST_WRITE_TABLES'] === '1') await writeFile(PAGE, made);
  else expect(page).toBe(made);
}

/** Without what is of this run alone. */
function general(sentence: string): string {
  return sentence
    .replaceAll(/127\.0\.0\.1:\d+|localhost:\d+/g, 'HOST:PORT')
    .replaceAll(/'\/[^']+'/g, "'FILE'")
    .replaceAll(/\bw[0-9a-f]{8}\./g, '')
    .replaceAll(/\d+ migrations \([^)]*\)/g, 'N migrations (...)')
    .replaceAll('`', "'")
    .replaceAll('|', '\\|');
}
