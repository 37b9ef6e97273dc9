import { readFile, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { format, resolveConfig } from 'prettier';
import type { Locks } from './locks.ts';
import type { Category } from './profile-categories.ts';
import type { ContenderName } from './programs.ts';

/** The measurements of `npm run bench`, as results.json keeps them: every run, nothing summed up. */
export interface Results {
  readonly drain?: Measured<DrainResult>;
  readonly mixed?: Measured<DrainResult>;
  readonly hot?: Measured<DrainResult>;
  readonly workers?: Measured<DrainResult>;
  readonly large?: Measured<DrainResult>;
  readonly many?: Measured<DrainResult>;
  readonly paced?: Measured<PacedResult>;
  readonly history?: Measured<HistoryResult>;
  readonly leftovers?: Measured<LeftoversResult>;
  readonly timers?: Measured<TimersResult>;
  readonly start?: Measured<StartResult>;
  readonly profile?: Measured<ProfileResult>;
  readonly soak?: Measured<SoakResult>;
}

export interface Measured<R> {
  /** When the measurement ended, in ISO 8601. */
  readonly date: string;
  readonly command: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly runs: readonly R[];
}

/** CPU seconds of everybody who takes part. */
export interface Cpu {
  readonly worker: number;
  readonly database: number;
  readonly broker: number;
}

/** Times are in milliseconds, unless the name says seconds. */
export interface DrainResult {
  readonly run: number;
  readonly contender: ContenderName;
  readonly commands: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly cpu: Cpu;
  /** CPU of the contender for a command. Microseconds. */
  readonly cpuPerCommand: number;
  readonly peakMemoryMb: number;
  /** Bytes of PostgreSQL's write-ahead log. Results that were kept before this was measured have none; likewise of `busy`. */
  readonly walPerCommand?: number;
  /** The share of the cores' time that was busy, with everything that ran on the machine. */
  readonly busy?: number;
  /** Not for the drain itself: the speed divided by that of the same contender's drain in the same run, if it was measured. */
  readonly ofDrain?: number;
  /** Only for several workers: what their sessions waited for. */
  readonly locks?: Locks;
}

export interface PacedResult {
  readonly run: number;
  readonly contender: ContenderName;
  readonly rate: number;
  readonly commands: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface HistoryResult {
  readonly run: number;
  readonly history: number;
  readonly empty: DrainResult;
  readonly full: DrainResult;
  readonly ratio: number;
  /** Inbox rows that were pruned during the run. */
  readonly pruned: number;
}

export interface LeftoversResult {
  readonly run: number;
  readonly rows: number;
  readonly perSecond: number;
  /** From the start of the process to the last event. */
  readonly secondsFromSpawn: number;
}

export interface TimersResult {
  readonly run: number;
  /** How many licenses ended at one moment. */
  readonly timers: number;
  /** From that moment until all ends were told. */
  readonly seconds: number;
  /** Commands a second that came in meanwhile, and the times from handing over to their event. */
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The most memory of the worker up to that moment, and in all. */
  readonly memoryBeforeMb: number;
  readonly peakMemoryMb: number;
}

export interface StartResult {
  readonly run: number;
  readonly ms: number;
}

export interface ProfileResult {
  readonly run: number;
  readonly commands: number;
  /** CPU of the main thread, in all. */
  readonly microseconds: Readonly<Record<Category, number>>;
}

export interface SoakSample {
  /** Seconds since the load began. */
  readonly at: number;
  readonly rssMb: number;
  readonly heapMb: number;
  readonly loopDelayP99: number;
  readonly deadTuples: number;
  readonly lag: number;
}

export interface SoakResult {
  readonly run: number;
  readonly minutes: number;
  readonly rate: number;
  readonly commands: number;
  readonly samples: readonly SoakSample[];
}

const FILE = new URL('results.json', import.meta.url);

export async function readResults(): Promise<Results> {
  try {
    return JSON.parse(await readFile(FILE, 'utf8')) as Results;
  } catch {
    return {}; // nothing has been measured yet
  }
}

/** Replaces the results of these scenarios, and keeps the others. */
export async function saveResults(measured: Results): Promise<Results> {
  const results = { ...(await readResults()), ...measured };
  await writeFile(
    FILE,
    await format(JSON.stringify(results, undefined, 2), { ...(await resolveConfig(FILE)), parser: 'json' }),
  );
  return results;
}

export function machine(): string {
  const processor = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}`;
  return `${processor}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}`;
}
