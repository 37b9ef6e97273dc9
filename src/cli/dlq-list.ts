import type { KeyCount, LetterSummary, ReasonCount, SourceCount } from '../ports/dead-letters.ts';
import { filterIn, keyIn, table, timeText } from './dlq-words.ts';
import { openContainer } from './open-container.ts';
import { reachDatabase } from './reachable.ts';
import { configFor } from './settings.ts';
import { print, UsageError, type Call } from './verb.ts';

const LIMIT = 50;

/** @returns the exit code */
export async function listLetters({ positionals, values, environment }: Call): Promise<number> {
  if (positionals.length > 0) throw new UsageError(`expected options only, got '${positionals.join(' ')}'`);
  const [key, filterAt] = [keyIn(values), filterIn(values)];
  const limit = limitIn(values);
  const { cradle } = openContainer(configFor(environment, ['DATABASE_URL']));
  const { deadLetters, clock, database } = cradle;
  await reachDatabase(cradle);
  try {
    const filter = filterAt(clock.now());
    const counts = await deadLetters.counts(filter);
    const sources = await deadLetters.countsBySource(filter, limit);
    const keys = await deadLetters.parkedKeys({ limit, ...(key !== undefined && { key }) });
    const allKeys = key === undefined ? await deadLetters.countParkedKeys() : keys.length;
    const letters = await deadLetters.list(filter, { after: 0, limit });
    if (values['json'] === true) {
      for (const letter of letters) print(JSON.stringify(letter));
    } else {
      for (const line of linesOf(counts, sources, keys, allKeys, letters)) print(line);
    }
    return 0;
  } finally {
    await database.destroy();
  }
}

function linesOf(
  counts: readonly ReasonCount[],
  sources: readonly SourceCount[],
  keys: readonly KeyCount[],
  allKeys: number,
  letters: readonly LetterSummary[],
): readonly string[] {
  const lines: string[] = [];
  if (counts.length === 0) lines.push('no open dead letters');
  else {
    lines.push(
      ...table([
        ['REASON', 'LETTERS', 'OLDEST'],
        ...counts.map((count) => [count.reason, String(count.letters), timeText(count.oldest)]),
      ]),
    );
  }
  if (sources.some(({ source }) => source !== '')) {
    const rows = sources.map(({ source, reason, letters: count }) => [sourceText(source), reason, String(count)]);
    lines.push('', ...table([['SOURCE', 'REASON', 'LETTERS'], ...rows]));
  }
  if (keys.length > 0) {
    const rows = keys.map((one) => [one.key, timeText(one.parkedAt), String(one.letters), String(one.lowest ?? '-')]);
    lines.push('', ...table([['PARKED KEY', 'SINCE', 'LETTERS', 'NEXT'], ...rows]));
    if (keys.length < allKeys) lines.push(`... and ${allKeys - keys.length} more keys; --limit shows them`);
  }
  if (letters.length > 0) {
    const rows = letters.map((letter) => [
      String(letter.letterId),
      timeText(letter.time),
      letter.reason,
      sourceText(letter.identity.source),
      letter.keys[0] ?? '-',
      letter.message.split('\n', 1)[0] ?? '',
    ]);
    lines.push('', ...table([['LETTER', 'SINCE', 'REASON', 'SOURCE', 'KEY', 'MESSAGE'], ...rows]));
  }
  const all = counts.reduce((sum, count) => sum + count.letters, 0);
  if (letters.length < all) lines.push(`... and ${all - letters.length} more; --limit shows them`);
  return lines;
}

/** Whose message it was. A producer may say what it likes: one line of it, and not too much. */
function sourceText(source: string): string {
  return source === '' ? '-' : JSON.stringify(source).slice(1, -1).slice(0, 40);
}

function limitIn({ limit }: Call['values']): number {
  if (typeof limit !== 'string') return LIMIT;
  const number = Number(limit);
  if (Number.isInteger(number) && number >= 1 && number <= 1e6) return number;
  throw new UsageError(`--limit is '${limit}'; expected a whole number from 1 to 1000000`);
}
