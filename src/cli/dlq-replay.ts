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
  if ('letterId' in wanted) {
    const done = await replayOne(wanted.letterId, wanted.dryRun, cradle);
    return isThrough(done) ? 0 : 1;
  }
  const { filter, dryRun } = wanted;
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

type Replayed = Awaited<ReturnType<Cradle['replayer']['replay']>>;

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
  for await (const letter of lettersOf(filter, cradle.deadLetters)) {
    const { letterId, keys, reason } = letter;
    if (tally.left.has(letterId) || (filter.reason === undefined && reason === 'IdReused')) continue;
    if (keys.some((key) => tally.stopped.has(key))) {
      tally.waiting += 1;
      stop(letter, tally.stopped);
      continue;
    }
    const done = await replayOne(letterId, dryRun, cradle);
    if (isThrough(done)) tally.through += 1;
    // If resolved, somebody else has seen to it meanwhile.
    else if (done.what !== 'left' || done.why !== 'resolved') tally.left.add(letterId);
    // In a dry run nothing of this key has happened, on which the next one could be tried.
    if (tally.left.has(letterId) || (dryRun && isThrough(done))) stop(letter, tally.stopped);
    else isAnyGone = true;
  }
  return isAnyGone;
}

const PAGE = 100;

async function* lettersOf(filter: LetterFilter, deadLetters: DeadLetters): AsyncGenerator<LetterSummary> {
  let after: number | undefined = 0;
  while (after !== undefined) {
    const page: readonly LetterSummary[] = await deadLetters.list(filter, { after, limit: PAGE });
    yield* page;
    after = page[PAGE - 1]?.letterId;
  }
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
