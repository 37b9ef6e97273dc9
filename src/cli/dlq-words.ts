import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { REASON_NAMES, type DeadLetterReason, type KeyCount, type LetterFilter } from '../ports/dead-letters.ts';
import { isId } from './ids.ts';
import { nearest } from './nearest.ts';
import { UsageError, type Call } from './verb.ts';

// The words of `licensing dlq`, read and written.

type Values = Call['values'];

/** @throws UsageError with the nearest reason */
export function reasonIn({ reason }: Values): DeadLetterReason | undefined {
  if (typeof reason !== 'string') return undefined;
  const found = REASON_NAMES.find((one) => one.toLowerCase() === reason.toLowerCase());
  if (found !== undefined) return found;
  const near = nearest(reason, REASON_NAMES);
  throw new UsageError(
    `--reason is '${reason}'; ${near === undefined ? `expected one of: ${REASON_NAMES.join(', ')}` : `did you mean ${near}?`}`,
  );
}

export function keyIn({ key }: Values): string | undefined {
  if (typeof key !== 'string') return undefined;
  if (isId(key)) return key.toLowerCase();
  throw new UsageError(`--key is '${key}'; expected the id of a tenant or user, a UUID`);
}

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds. */
export function ageIn({ 'older-than': age }: Values): number | undefined {
  if (typeof age !== 'string') return undefined;
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(age) ?? [];
  const length = Object.entries(UNITS).find(([name]) => name === unit)?.[1];
  if (length === undefined) throw new UsageError(`--older-than is '${age}'; expected 90s, 15m, 12h or 7d`);
  return Number(number) * length;
}

/** What `list` and `export` select; the age counts from the time that it is given. */
export function filterIn(values: Values): (now: number) => LetterFilter {
  const [reason, key, age] = [reasonIn(values), keyIn(values), ageIn(values)];
  return (now) => ({
    ...(reason !== undefined && { reason }),
    ...(key !== undefined && { key }),
    ...(age !== undefined && { before: now - age }),
  });
}

/** What is remembered with what can't be taken back. @throws UsageError, also when there is nobody to ask whether it is meant */
export function whyIn({ why, yes }: Values): string {
  if (typeof why !== 'string' || why.trim() === '')
    throw new UsageError('--why is missing: it is remembered with the letter');
  if (yes !== true && !process.stdin.isTTY)
    throw new UsageError('there is no terminal to ask on: --yes says that it is meant');
  return why;
}

/** A container may run as somebody who has no name. */
export function byIn({ by }: Values): string {
  if (by !== undefined) return String(by);
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

export async function isMeant(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

/** The one letter that a call names. */
export function letterIn(positionals: readonly string[]): number {
  const [word = '', ...more] = positionals;
  const number = Number(word);
  if (more.length > 0 || !/^\d+$/.test(word) || !Number.isSafeInteger(number)) {
    throw new UsageError(
      `expected the number of one letter${word === '' ? '' : `; got '${positionals.join(' ')}'`}; \`licensing dlq list\` shows them`,
    );
  }
  return number;
}

/** A producer dates a record as it likes, also further away than dates reach. */
export function timeText(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? `${time} ms` : date.toISOString();
}

export function stillParked({ key, letters, lowest }: KeyCount): string {
  return letters === 0
    ? `key ${key} stays parked, though nothing waits: \`licensing dlq replay --key ${key}\` frees it`
    : `key ${key} stays parked: ${letters} letters wait, letter ${lowest} is next`;
}

/** Columns as wide as their widest word; the last one as it comes. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((word, i) => (i === row.length - 1 ? word : word.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
