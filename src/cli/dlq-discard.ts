import type { DeadLetters, KeyCount, LetterSummary } from '../ports/dead-letters.ts';
import { byIn, isMeant, letterIn, stillParked, timeText, whyIn } from './dlq-words.ts';
import { openContainer } from './open-container.ts';
import { reachDatabase } from './reachable.ts';
import { configFor } from './settings.ts';
import { oneLine, print, type Call } from './verb.ts';

/** @returns the exit code */
export async function discardLetter({ positionals, values, environment }: Call): Promise<number> {
  const letterId = letterIn(positionals);
  const [note, by] = [whyIn(values), byIn(values)];
  const freeKeys = values['free-key'] === true;
  const { cradle } = openContainer(configFor(environment, ['DATABASE_URL']));
  const { deadLetters, database } = cradle;
  await reachDatabase(cradle);
  try {
    const letter = await deadLetters.get(letterId);
    if (letter?.state !== 'open') throw new NotOpen(letterId, letter?.state);
    const freed = freeKeys ? await keysFreedWith(letter, deadLetters) : [];
    if (values['yes'] !== true && !(await isMeant(questionOf(letter, freed)))) {
      print('nothing is done');
      return 1;
    }
    const resolution = { state: 'discarded', by, note } as const;
    const { state, parked } = await deadLetters.discard(letterId, resolution, freeKeys);
    if (state !== 'open') throw new NotOpen(letterId, state);
    print(`letter ${letterId} is discarded`);
    for (const key of parked) print(stillParked(key));
    return 0;
  } finally {
    await database.destroy();
  }
}

class NotOpen extends Error {
  override readonly name = 'NotOpen';

  constructor(letterId: number, state: LetterSummary['state'] | undefined) {
    super(state === undefined ? `there is no letter ${letterId}` : `letter ${letterId} is ${state} already`);
  }
}

/** Those that no other letter holds: a lower one, or any when this one was in no order. */
async function keysFreedWith(
  { keys, letterId, parks }: LetterSummary,
  deadLetters: DeadLetters,
): Promise<readonly KeyCount[]> {
  const parked = await Promise.all(keys.map((key) => deadLetters.parkedKeys({ limit: 1, key })));
  return parked.flat().filter(({ lowest }) => lowest === null || (parks && lowest >= letterId));
}

function questionOf({ letterId, reason, message, time }: LetterSummary, freed: readonly KeyCount[]): string {
  const named = freed.map(({ key, letters }) => (letters > 1 ? `${key} (${letters - 1} more wait under it)` : key));
  const free = named.length > 0 ? ` and free ${named.join(', ')}` : '';
  return `${reason} of ${timeText(time)}: ${oneLine(message)}\nDiscard letter ${letterId}${free}, for good? [y/N] `;
}
