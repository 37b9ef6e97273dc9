import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface FaultText {
  readonly fault: string;
  readonly what: string;
  readonly shows: string;
  readonly todo: string;
}

/** The result of one run of a case. */
export interface Observation {
  readonly messages: number;
  readonly lost: number;
  readonly doubled: number;
  /** Events and rejections that came more than once, each with the same id and bytes. */
  readonly repeated: number;
  /** From the end of the fault until the lag was 0 and nothing was owed. */
  readonly seconds: number;
}

/** A case with its runs since the last one that failed: it has held as often in a row. */
export interface Result extends FaultText {
  readonly runs: readonly Observation[];
}

/** The variable that names another folder, for runs whose results are not to be kept. */
export const RESULTS_FOLDER = 'FAULT_RESULTS_FOLDER';

const FOLDER = process.env[RESULTS_FOLDER] ?? fileURLToPath(new URL('../../.cache/faults', import.meta.url));

/** Forgets earlier results, which may be of other code. */
export async function forgetResults(): Promise<void> {
  await rm(FOLDER, { recursive: true, force: true });
}

/** Adds a run in which a case has held. */
export async function keep(text: FaultText, run: Observation): Promise<void> {
  const before = await readResult(fileOf(text)).catch(() => undefined);
  await write({ ...text, runs: [...(before?.runs ?? []), run] });
}

/** Notes that a case has failed, so that the runs before no longer count. */
export async function keepFailure(text: FaultText): Promise<void> {
  await write({ ...text, runs: [] });
}

/** All results, by the number of the fault. */
export async function results(): Promise<readonly Result[]> {
  const files = await readdir(FOLDER).catch(() => []);
  const all = await Promise.all(files.map((file) => readResult(join(FOLDER, file))));
  return all.sort((a, b) => numberOf(a) - numberOf(b) || (a.fault + a.what < b.fault + b.what ? -1 : 1));
}

async function write({ fault, what, shows, todo, runs }: Result): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(fileOf({ fault, what }), `${JSON.stringify({ fault, what, shows, todo, runs }, null, 2)}\n`);
}

function fileOf({ fault, what }: Pick<FaultText, 'fault' | 'what'>): string {
  return join(FOLDER, `${`${fault} ${what}`.replace(/\W+/g, '-')}.json`);
}

async function readResult(file: string): Promise<Result> {
  return JSON.parse(await readFile(file, 'utf8')) as Result;
}

/** Cases without a number come last. */
function numberOf({ fault }: FaultText): number {
  const number = Number(/^F(\d+)/.exec(fault)?.[1]);
  return Number.isNaN(number) ? Number.MAX_SAFE_INTEGER : number;
}
