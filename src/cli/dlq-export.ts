import type { LetterFilter } from '../ports/dead-letters.ts';
import { filterIn } from './dlq-words.ts';
import { decoded, headersOf, letterRecord } from './letter-record.ts';
import { openContainer } from './open-container.ts';
import { reachDatabase } from './reachable.ts';
import { configFor } from './settings.ts';
import { unreadSignal } from './stop.ts';
import { printPatiently, UsageError, type Call } from './verb.ts';

const PAGE = 500;
/** How many bytes of letters are held in memory. */
const MAX_BYTES = 8_000_000;

/** @returns the exit code */
export async function exportLetters({ positionals, values, environment }: Call): Promise<number> {
  if (positionals.length > 0) throw new UsageError(`expected options only, got '${positionals.join(' ')}'`);
  const filterAt = filterIn(values);
  const { cradle } = openContainer(configFor(environment, ['DATABASE_URL']));
  const { deadLetters, cloudEvents, clock, database } = cradle;
  await reachDatabase(cradle);
  try {
    const unread = unreadSignal();
    const filter: LetterFilter = filterAt(clock.now());
    for (let after = 0; ;) {
      const page = await deadLetters.list(filter, { after, limit: PAGE });
      if (page.length === 0) return 0;
      const letters = await deadLetters.getMany(
        page.map(({ letterId }) => letterId),
        MAX_BYTES,
      );
      for (const letter of letters) {
        const value = await decoded(cradle, environment, letter.value);
        await printPatiently(JSON.stringify(letterRecord(letter, headersOf(letter, cloudEvents), value)));
        if (unread.aborted) return 0;
      }
      after = (letters.at(-1) ?? page.at(-1))?.letterId ?? Infinity;
    }
  } finally {
    await database.destroy();
  }
}
