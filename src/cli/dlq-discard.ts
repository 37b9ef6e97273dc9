import { userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';
import type { DeadLetters, KeyCount, LetterSummary } from '../ports/dead-letters.ts';
import { letterIn, stillParked, timeText } from './dlq-words.ts';
import { openContainer } from './open-container.ts';
import { reachDatabase } from './reachable.ts';
import { configFor } from './settings.ts';
import { print, UsageError, type Call } from './verb.ts';

/** @returns the exit code */
export async function discardLetter({ positionals, values, environment }: Call): Promise<number> {
  const letterId = letterIn(positionals);
  const { why, by = userName() } = values;
  if (typeof why !== 'string' || why.trim() === '')
    throw new UsageError('--why is missing: it is remembered with the letter');
  if (values['yes'] !== true && !process.stdin.isTTY)
    throw new UsageError('there is no terminal to ask on: --yes says that it is meant');
  const freeKeys = values['free-key'] === true;
  const { cradle } = openContainer(configFor(environment, ['DATABASE_URL']));
  const { deadLetters, database } = cradle;
  await reachDatabase(cradle);
  try {
    const letter = await deadLetters.get(letterId);
    if (letter?.state !== 'open') throw new NotOpen(letterId, letter?.state);
    const freed = freeKeys ? await keysFreedWith(letter, deadLetters) : [];
    if (values['yes'] !== true && !(await isMeant(letter, freed))) {
      print('nothing is done');
      return 1;
    }
    const resolution = { state: 'discarded', by: String(by), note: why } as const;
    const { state, parked } = await deadLetters.discard(letterId, resolution, freeKeys);
    if (state !== 'open') throw new NotOpen(letterId, state);
    print(`letter ${letterId} is discarded`);
    for (const key of parked) print(stillParked(key));
    return 0;
  } finally {
    await database.destroy();
  }
}

/** A container may run as somebody who has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
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

async function isMeant(
  { letterId, reason, message, time }: LetterSummary,
  freed: readonly KeyCount[],
): Promise<boolean> {
  const named = freed.map(({ key, letters }) => (letters > 1 ? `${key} (${letters - 1} more wait under it)` : key));
  const free = named.length > 0 ? ` and free ${named.join(', ')}` : '';
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const question = `${reason} of ${timeText(time)}: ${message}\nDiscard letter ${letterId}${free}, for good? [y/N] `;
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
