import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface FaultText {
  readonly fault: string;
  readonly what: string;
  readonly shows: string;
  readonly todo: string;
}

/** What one run of a case came to. */
export interface Observation {
  readonly messages: number;
  readonly lost: number;
  readonly doubled: number;
  /** Events and rejections that came more than once, each with the same id and bytes. */
  readonly repeated: number;
  /** From the fault's end until lag 0 and nothing owed. */
  readonly seconds: number;
}

export interface Result extends FaultText {
  readonly runs: readonly Observation[];
}

/** Another place than the usual one: for runs whose results are not to be kept. */
export const RESULTS_FOLDER = 'FAULT_RESULTS_FOLDER';

const FOLDER = process.env[RESULTS_FOLDER] ?? fileURLToPath(new URL('../../.cache/faults', import.meta.url));

/** Adds a run to what is known of a case: the suite may be run case by case. */
export async function keep(text: FaultText, run: Observation): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  const file = join(FOLDER, `${`${text.fault} ${text.what}`.replace(/\W+/g, '-')}.json`);
  const before = await readResult(file).catch(() => undefined);
  const result: Result = { ...text, runs: [...(before?.runs ?? []), run] };
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
}

/** All that were kept, by the number of their fault. */
export async function results(): Promise<readonly Result[]> {
  const files = await readdir(FOLDER).catch(() => []);
  const all = await Promise.all(files.map((file) => readResult(join(FOLDER, file))));
  return all.sort((a, b) => numberOf(a) - numberOf(b) || (a.fault + a.what < b.fault + b.what ? -1 : 1));
}

async function readResult(file: string): Promise<Result> {
  return JSON.parse(await readFile(file, 'utf8')) as Result;
}

/** What is not in the table of faults comes last. */
function numberOf({ fault }: FaultText): number {
  const number = Number(/^F(\d+)/.exec(fault)?.[1]);
  return Number.isNaN(number) ? Number.MAX_SAFE_INTEGER : number;
}
