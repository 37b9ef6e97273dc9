import { isDeepStrictEqual } from 'node:util';
import type { WireRecord } from '../support/collect.ts';

export type Differ = (what: string) => void;

/** Compares field by field, and names those that differ. */
export function compareFields(
  what: string,
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
  differ: Differ,
): void {
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  const wrong = [...names].filter((name) => !isSame(expected[name], actual[name]));
  if (wrong.length === 0) return;
  const told = wrong.map((name) => `${name} is ${show(actual[name])}, expected ${show(expected[name])}`);
  differ(`${what}: ${told.join('; ')}`);
}

/** A list may come from another realm: the codec's is not that of a test. */
function isSame(a: unknown, b: unknown): boolean {
  return Array.isArray(a) && Array.isArray(b) ? isDeepStrictEqual([...a], [...b]) : isDeepStrictEqual(a, b);
}

/** A field that a schema does not have says no less than one that is null: so a schema may grow. */
export function withoutNulls(data: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null));
}

/** Compares two collections by key: nothing missing, nothing extra, each entry the same. */
export function compareMaps(
  what: string,
  expected: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
  actual: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
  differ: Differ,
): void {
  for (const [key, value] of expected) {
    const there = actual.get(key);
    if (there === undefined) differ(`${what} ${key} is missing; expected ${show(value)}`);
    else compareFields(`${what} ${key}`, value, there, differ);
  }
  for (const [key, value] of actual) if (!expected.has(key)) differ(`${what} ${key} is one too many: ${show(value)}`);
}

/** The first occurrence of each id, in order; a later one must be the same byte for byte. */
export function firstOccurrences(
  records: readonly WireRecord[],
  idOf: (record: WireRecord) => string,
  differ: Differ,
  same = sameBytes,
): { readonly first: ReadonlyMap<string, WireRecord>; readonly repetitions: number } {
  const first = new Map<string, WireRecord>();
  for (const record of records) {
    const id = idOf(record);
    const before = first.get(id);
    if (before === undefined) first.set(id, record);
    else if (!same(before, record)) differ(`${at(record)} repeats ${id} of ${at(before)} with other bytes`);
  }
  return { first, repetitions: records.length - first.size };
}

export function sameBytes(a: WireRecord, b: WireRecord): boolean {
  return (
    a.partition === b.partition &&
    isDeepStrictEqual([a.key, a.value], [b.key, b.value]) &&
    isDeepStrictEqual(a.headers, b.headers)
  );
}

export function textHeaders({ headers }: WireRecord): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values.map(String).join(' | ')]));
}

export function at({ topic, partition, offset }: Pick<WireRecord, 'topic' | 'partition' | 'offset'>): string {
  return `${topic}/${partition}@${offset}`;
}

/** Unique, also when a topic was deleted and made again. */
export function once(record: Pick<WireRecord, 'topic' | 'partition' | 'offset' | 'timestamp'>): string {
  return `${at(record)} of ${record.timestamp}`;
}

export function show(value: unknown): string {
  const text = value === undefined ? 'undefined' : JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}...` : text;
}
