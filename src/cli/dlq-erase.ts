import type { Erasable } from '../ports/dead-letters.ts';
import { byIn, isMeant, keyIn, stillParked, whyIn } from './dlq-words.ts';
import { openContainer } from './open-container.ts';
import { reachDatabase } from './reachable.ts';
import { configFor } from './settings.ts';
import { print, UsageError, type Call } from './verb.ts';

/** So many letters share a transaction, for which messages of their keys wait. */
const STEP = 500;

/** @returns the exit code */
export async function eraseLetters({ positionals, values, environment }: Call): Promise<number> {
  const key = keyIn(values);
  if (positionals.length > 0 || key === undefined) throw new UsageError('expected --key: whose letters are erased');
  const erasure = { by: byIn(values), why: whyIn(values) };
  const { cradle } = openContainer(configFor(environment, ['DATABASE_URL']));
  const { deadLetters, database, topics } = cradle;
  await reachDatabase(cradle);
  try {
    const found = await deadLetters.about(key);
    if (found.letterIds.length === 0) {
      print(`no letters are about ${key}`);
      return 0;
    }
    if (values['yes'] !== true && !(await isMeant(questionOf(key, found)))) {
      print('nothing is done');
      return 1;
    }
    const keys = new Set<string>();
    let all = 0;
    // Those that came in since the question are not meant.
    for (let i = 0; i < found.letterIds.length; i += STEP) {
      const { erased, keys: waited } = await deadLetters.erase(found.letterIds.slice(i, i + STEP), erasure);
      for (const one of waited) keys.add(one);
      all += erased;
    }
    print(`${all} letters are erased, ${found.open} of them were open`);
    for (const one of keys)
      for (const parked of await deadLetters.parkedKeys({ limit: 1, key: one })) print(stillParked(parked));
    const { commands, users, userLookUps } = topics;
    print(
      `Kafka keeps its copies for as long as the retention of ${commands}, ${users}, ${userLookUps} and their .dlq topics says`,
    );
    return 0;
  } finally {
    await database.destroy();
  }
}

function questionOf(key: string, { letterIds, open }: Erasable): string {
  const lost = open === 0 ? '' : `${open} are open: their messages have had no effect, and are lost. `;
  return `${letterIds.length} letters are about ${key}. ${lost}Erase them, for good? [y/N] `;
}
