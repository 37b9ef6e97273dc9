import { createContainer, writtenSubjects, type Cradle, type Replayed } from '../container.ts';
import type { DeadLetters, LetterFilter, LetterSummary } from '../ports/dead-letters.ts';
import { keyIn, letterIn, reasonIn } from './dlq-words.ts';
import { patiently, reachDatabase, registrySetting, Unreachable } from './reachable.ts';
import { configFor } from './settings.ts';
import { print, UsageError, type Call } from './verb.ts';

/** One letter, or those of a filter; an empty filter: all. */
export type Wanted = { readonly dryRun: boolean } & (
  { readonly letterId: number } | { readonly filter: Pick<LetterFilter, 'key' | 'reason'> }
);

/** @returns the exit code */
export async function replay(call: Call): Promise<number> {
  const wanted = wantedOf(call);
  const config = configFor(call.environment, ['DATABASE_URL', 'SCHEMA_REGISTRY_URL']);
  const { cradle } = createContainer({ config });
  try {
    return await replayLetters(wanted, cradle);
  } finally {
    await cradle.database.destroy();
  }
}

function wantedOf({ positionals, values }: Call): Wanted {
  const [key, reason, dryRun] = [keyIn(values), reasonIn(values), values['dry-run'] === true];
  const given = [positionals.length > 0, key !== undefined, reason !== undefined, values['all'] === true];
  if (given.filter(Boolean).length !== 1) {
    throw new UsageError('expected one of: the number of a letter, --key, --reason, --all');
  }
  if (positionals.length > 0) return { letterId: letterIn(positionals), dryRun };
  return { filter: { ...(key !== undefined && { key }), ...(reason !== undefined && { reason }) }, dryRun };
}

/** @returns the exit code: 0 when everything that was wanted is through */
export async function replayLetters(wanted: Wanted, cradle: Cradle): Promise<number> {
  const { codec, config, topics, deadLetters } = cradle;
  await reachDatabase(cradle);
  await patiently(registrySetting(config), (signal) => codec.prepareWriters(writtenSubjects(topics), signal));
  if ('letterId' in wanted) {
    const done = await replayOne(wanted.letterId, wanted.dryRun, cradle);
    return isThrough(done) ? 0 : 1;
  }
  const sum = await replayMany(wanted.filter, wanted.dryRun, cradle);
  if (!wanted.dryRun) for (const key of await freed(wanted.filter, deadLetters)) print(`key ${key} is free`);
  print(sum.text);
  return sum.left === 0 ? 0 : 1;
}

/** Keys that were parked though nothing waits, after a discard say: that of the filter, or with all letters all of them. */
async function freed({ key, reason }: LetterFilter, deadLetters: DeadLetters): Promise<readonly string[]> {
  if (key !== undefined) return (await deadLetters.freeIfEmpty(key)) ? [key] : [];
  return reason === undefined ? deadLetters.freeEmpty() : [];
}

const PAGE = 100;

interface Sum {
  readonly left: number;
  readonly text: string;
}

/** By number, so in order for every key. What fails of what waits in order stops its keys, and those of what it stops. */
async function replayMany(filter: LetterFilter, dryRun: boolean, cradle: Cradle): Promise<Sum> {
  const stopped = new Set<string>();
  const [through, left, waiting] = [{ letters: 0 }, { letters: 0 }, { letters: 0 }];
  let after = 0;
  for (;;) {
    const page = await cradle.deadLetters.list(filter, { after, limit: PAGE });
    for (const letter of page) {
      after = letter.letterId;
      if (filter.reason === undefined && letter.reason === 'IdReused') continue;
      if (letter.keys.some((key) => stopped.has(key))) {
        waiting.letters += 1;
        stop(letter, stopped);
        continue;
      }
      const done = await replayOne(letter.letterId, dryRun, cradle);
      // Somebody else has seen to it meanwhile.
      if (done.what === 'left' && done.why === 'resolved') continue;
      (isThrough(done) ? through : left).letters += 1;
      // In a dry run nothing of this key has happened, on which the next one could be tried.
      if (!isThrough(done) || dryRun) stop(letter, stopped);
    }
    if (page.length < PAGE) break;
  }
  const behind = waiting.letters === 0 ? '' : `, ${waiting.letters} wait behind these`;
  return {
    left: dryRun ? left.letters : left.letters + waiting.letters,
    text: `${through.letters} ${dryRun ? 'would be ' : ''}replayed, ${left.letters} not${behind}`,
  };
}

/** Nothing waits behind a letter that parks nothing. */
function stop({ keys, parks }: LetterSummary, stopped: Set<string>): void {
  if (parks) for (const key of keys) stopped.add(key);
}

async function replayOne(letterId: number, dryRun: boolean, { replayer }: Cradle): Promise<Replayed> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    const done = await replayer.replay(letterId, { signal, dryRun });
    print(`letter ${letterId}  ${dryRun ? 'would be ' : ''}${textOf(done)}`);
    return done;
  } catch (error) {
    if (!signal.aborted) throw error;
    const what = `letter ${letterId}: database, registry or user domain gave no answer within ${PATIENCE_MS / 1_000} s`;
    throw new Unreachable(what, { cause: error });
  }
}

/** A look-up may wait for the user domain, and an undecodable message for the registry. */
const PATIENCE_MS = 60_000;

function textOf(done: Replayed): string {
  switch (done.what) {
    case 'failed':
      return `${done.what}  ${done.reason}: ${done.message}`;
    case 'left':
      return `left as it is: ${done.message}`;
    default:
      return done.what;
  }
}

function isThrough({ what }: Replayed): boolean {
  return what === 'accepted' || what === 'rejected';
}
