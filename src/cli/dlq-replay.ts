import type { Cradle } from '../container.ts';
import type { DeadLetters, LetterFilter, LetterSummary } from '../ports/dead-letters.ts';
import { keyIn, letterIn, reasonIn, stillParked } from './dlq-words.ts';
import { openContainer } from './open-container.ts';
import { registryPlace } from '../places.ts';
import { patiently, reachDatabase, Unreachable } from './reachable.ts';
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
  const { cradle } = openContainer(config);
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

/** @returns the exit code: 0 when everything that was wanted is through, and its keys are free */
export async function replayLetters(wanted: Wanted, cradle: Cradle): Promise<number> {
  const { codec, config, writtenSubjects, deadLetters } = cradle;
  await reachDatabase(cradle);
  await patiently(registryPlace(config), (signal) => codec.prepareWriters(writtenSubjects, signal));
  const { dryRun } = wanted;
  if ('letterId' in wanted) {
    const done = await replaySome([wanted.letterId], { dryRun }, cradle);
    return done.every(isThrough) ? 0 : 1;
  }
  const { filter } = wanted;
  const { through, left, waiting } = await replayMany(filter, dryRun, cradle);
  const areFree = dryRun || (await areAllFree(filter, deadLetters));
  const behind = waiting === 0 ? '' : `, ${waiting} wait behind these`;
  print(`${through} ${dryRun ? 'would be ' : ''}replayed, ${left.size} not${behind}`);
  return left.size === 0 && areFree && (dryRun || waiting === 0) ? 0 : 1;
}

/**
 * Frees keys that were parked though nothing waits, after a discard say: that of the filter, or with all letters all of them.
 * @returns whether none of these is parked any more; one may still be, for a letter that came when all others were through
 */
async function areAllFree({ key, reason }: LetterFilter, deadLetters: DeadLetters): Promise<boolean> {
  if (reason !== undefined) return true;
  const freed = key === undefined ? await deadLetters.freeEmpty() : (await deadLetters.freeIfEmpty(key)) ? [key] : [];
  for (const one of freed) print(`key ${one} is free`);
  const parked = await deadLetters.parkedKeys({ limit: PAGE, ...(key !== undefined && { key }) });
  for (const one of parked) print(stillParked(one));
  return parked.length === 0;
}

type Replayed = Awaited<ReturnType<Cradle['replayer']['replay']>>[number];

/** What has come of many letters so far. */
interface Tally {
  through: number;
  /** Those that were tried and are still open. */
  readonly left: Set<number>;
  /** How many were not tried in the last pass, since they wait behind one that is left. */
  waiting: number;
  readonly stopped: Set<string>;
}

/** Again for as long as any go: more may have come in behind the last one meanwhile, and without these no key of theirs is free. */
async function replayMany(filter: LetterFilter, dryRun: boolean, cradle: Cradle): Promise<Tally> {
  const tally: Tally = { through: 0, left: new Set(), waiting: 0, stopped: new Set() };
  let isAnyGone = true;
  // In a dry run they all stay.
  while (isAnyGone) isAnyGone = (await pass(filter, dryRun, tally, cradle)) && !dryRun;
  return tally;
}

/**
 * By number, so in order for every key. What fails of what waits in order stops its keys, and those of what it stops.
 * @returns whether any is gone
 */
async function pass(filter: LetterFilter, dryRun: boolean, tally: Tally, cradle: Cradle): Promise<boolean> {
  let isAnyGone = false;
  tally.waiting = 0;
  for await (const page of pagesOf(filter, cradle.deadLetters)) {
    let rest = page.filter((letter) => isWanted(letter, filter) && !tally.left.has(letter.letterId));
    while (rest.length > 0) {
      const next = inTurn(rest, tally.stopped);
      const done = await replaySome(next, { dryRun, following: filter }, cradle);
      const ends = new Map(done.map((one) => [one.letterId, one]));
      const goesOn = next.find((letterId) => !ends.has(letterId)) ?? Infinity;
      for (const letter of rest.filter(({ letterId }) => letterId < goesOn)) {
        if (note(letter, ends.get(letter.letterId), dryRun, tally)) isAnyGone = true;
        ends.delete(letter.letterId);
      }
      tally.through += ends.size; // those that followed
      rest = rest.filter(({ letterId }) => letterId >= goesOn && !ends.has(letterId));
    }
  }
  return isAnyGone;
}

/** What has come of one letter; undefined: it waits. @returns whether it is gone */
function note(letter: LetterSummary, ended: Replayed | undefined, dryRun: boolean, tally: Tally): boolean {
  const { letterId } = letter;
  const isAllThrough = ended !== undefined && isThrough(ended);
  if (ended === undefined) tally.waiting += 1;
  else if (isAllThrough) tally.through += 1;
  // If resolved, somebody else has seen to it meanwhile.
  else if (ended.what !== 'left' || ended.why !== 'resolved') tally.left.add(letterId);
  // In a dry run nothing of this key has happened, on which the next one could be tried.
  const isStopped = ended === undefined || tally.left.has(letterId) || (dryRun && isAllThrough);
  if (isStopped) stop(letter, tally.stopped);
  return !isStopped;
}

/** Of these letters, those that wait behind none that is stopped. */
function inTurn(letters: readonly LetterSummary[], stopped: ReadonlySet<string>): readonly number[] {
  const now = new Set(stopped);
  const isHeld = (letter: LetterSummary): boolean => {
    const held = letter.keys.some((key) => now.has(key));
    if (held) stop(letter, now);
    return held;
  };
  return letters.filter((letter) => !isHeld(letter)).map(({ letterId }) => letterId);
}

const PAGE = 1_000;

async function* pagesOf(filter: LetterFilter, deadLetters: DeadLetters): AsyncGenerator<readonly LetterSummary[]> {
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page: readonly LetterSummary[] = await deadLetters.list(filter, { after, limit: PAGE });
    yield page;
    after = page[PAGE - 1]?.letterId;
  }
}

function isWanted({ reason, keys }: LetterSummary, filter: LetterFilter): boolean {
  if (filter.key !== undefined && !keys.includes(filter.key)) return false;
  return filter.reason === undefined ? reason !== 'IdReused' : reason === filter.reason;
}

/** Nothing waits behind a letter that parks nothing. */
function stop({ keys, parks }: LetterSummary, stopped: Set<string>): void {
  if (parks) for (const key of keys) stopped.add(key);
}

/** The first of these letters, one at least, and what of the filter follows them. @returns how they ended */
async function replaySome(
  letterIds: readonly number[],
  { dryRun, following }: { readonly dryRun: boolean; readonly following?: LetterFilter },
  { replayer }: Cradle,
): Promise<readonly Replayed[]> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    const done = await replayer.replay(letterIds, {
      ...{ signal, dryRun },
      ...(following !== undefined && { following: (letter) => isWanted(letter, following) }),
    });
    for (const one of done) print(`letter ${one.letterId}  ${dryRun ? 'would be ' : ''}${textOf(one)}`);
    return done;
  } catch (error) {
    if (!signal.aborted) throw error;
    const what = `letter ${letterIds[0]}: database, registry or user domain gave no answer within ${PATIENCE_MS / 1_000} s`;
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
