import type { CloudEvents } from '../ports/cloud-events.ts';
import type { DeadLetterReason, DeadLetters, LetterSummary, StoredLetter } from '../ports/dead-letters.ts';
import {
  CommitOutcomeUnknown,
  DatabaseUnavailable,
  NotReplayable,
  StaleRead,
  TimedOut,
  TooMuchAtOnce,
} from '../ports/errors.ts';
import type { ReceivedMessage } from '../ports/messages.ts';
import type { Topics } from '../ports/topics.ts';
import type { Following, Replay, Unit, UnitOfWork } from '../ports/unit-of-work.ts';
import { untilDone } from './backoff.ts';
import { ReplayFailed, type Answered, type Dispatcher } from './dispatcher.ts';
import type { UnattendedLane } from './outbox/unattended-lane.ts';
import type { Planner } from './planner.ts';
import type { Task } from './task.ts';
import type { UserLookUps } from './user-look-ups.ts';

/** How the replay of one letter ended. `left`: nothing was tried, and why. */
export type Replayed = { readonly letterId: number } & (
  | { readonly what: Answered['what'] }
  | { readonly what: 'failed'; readonly reason: DeadLetterReason; readonly message: string }
  | { readonly what: 'left'; readonly why: NotReplayable['why'] | 'skipped'; readonly message: string }
);

type Through = Answered & { readonly letterId: number };

export interface ReplayOptions {
  readonly signal: AbortSignal;
  /** The replay runs to its end and is undone; only its ending is told. */
  readonly dryRun: boolean;
  /**
   * Letters that came in behind those that are asked for, under the same keys, are replayed with them, as far as this says of each that it is
   * wanted. Without it only those that are asked for are.
   */
  readonly following?: (letter: LetterSummary) => boolean;
}

interface Dependencies {
  readonly unitOfWork: Pick<UnitOfWork, 'replay'>;
  readonly dispatcher: Dispatcher;
  readonly planner: Planner;
  readonly userLookUps: UserLookUps;
  readonly cloudEvents: CloudEvents;
  readonly deadLetters: DeadLetters;
  readonly topics: Topics;
  /** A lane for replays only. The relay of some worker publishes what they owe. */
  readonly lane: UnattendedLane;
}

/** After how many tries a replay gives up, when the database refuses the message's changes, and when it does not answer. */
const STALE_READS = 4;
const TRIES = 8;

/** How many letters share a transaction at the most, and how many bytes of theirs: the workers of their keys wait for it. */
const MOST = 1_000;
const MAX_BYTES = 8_000_000;

/**
 * Runs the stored messages of dead letters under the letters' identities. The transaction of their effect also checks that the letters
 * are open and that it is their turn, and resolves them. So two replays at once, or a second one after a crash, take effect once.
 *
 * Many letters share a transaction. If one of them fails, all of that is undone, and they are replayed one by one, then by two, by four, and
 * so on: so the one that fails stands alone in the end, and those before it are through.
 */
export class Replayer {
  private readonly d: Dependencies;
  /** How many letters the next transaction takes. */
  private size = MOST;

  constructor(dependencies: Dependencies) {
    this.d = dependencies;
  }

  /**
   * Replays the first of these letters, as many as go together.
   * @param letterIds sorted
   * @returns how these ended, one at least, and then how those that follow did
   * @throws DatabaseUnavailable when it stays away, CommitOutcomeUnknown, ConfigurationError
   */
  async replay(letterIds: readonly number[], options: ReplayOptions): Promise<readonly Replayed[]> {
    const [first] = letterIds;
    if (first === undefined) return [];
    const replays = this.size === 1 || options.dryRun ? [] : await this.planMany(letterIds, options.signal);
    if (replays.length > (options.following === undefined ? 1 : 0)) {
      const through = await this.together(replays, options);
      this.size = through === undefined ? 1 : Math.min(MOST, 2 * this.size);
      if (through !== undefined) return through;
    }
    const replayed = await this.alone(first, options);
    if (this.size === 1 && isThrough(replayed)) this.size = 2;
    return [replayed];
  }

  private async alone(letterId: number, options: ReplayOptions): Promise<Replayed> {
    const letter = await this.d.deadLetters.get(letterId);
    if (letter === undefined)
      return { letterId, what: 'left', why: 'absent', message: `there is no letter ${letterId}` };
    if (letter.state !== 'open') {
      return { letterId, what: 'left', why: 'resolved', message: `letter ${letterId} is ${letter.state} already` };
    }
    const task = await this.plan(letter, options.signal);
    if (task === undefined) {
      const message = `the message of letter ${letterId} is one that is skipped here: a type of no interest, or a look-up without a USER_DOMAIN_URL`;
      return { letterId, what: 'left', why: 'skipped', message };
    }
    try {
      const [through] = await this.run([{ letterId, message: task }], options);
      if (through === undefined) throw new Error('a letter has one ending');
      return through;
    } catch (error) {
      if (error instanceof NotReplayable) return { letterId, what: 'left', why: error.why, message: error.message };
      const failed = failureOf(error);
      if (failed === undefined) throw error;
      if (!options.dryRun) await this.d.deadLetters.failed(letterId, failed);
      return { letterId, what: 'failed', reason: failed.reason, message: failed.message };
    }
  }

  /** @returns how all of these ended; undefined: nothing was done, since one of them does not go with the others */
  private async together(
    replays: readonly Replay<Task>[],
    { signal, following: isWanted }: ReplayOptions,
  ): Promise<readonly Through[] | undefined> {
    const plan = (letters: readonly StoredLetter[]): readonly Replay<Task>[] => this.planAtOnce(letters, isWanted);
    const following = { most: Math.max(0, this.size - replays.length), maxBytes: MAX_BYTES, plan };
    try {
      return await this.run(replays, { signal, dryRun: false }, isWanted && following);
    } catch (error) {
      const isOfOne = error instanceof NotReplayable || failureOf(error) !== undefined;
      if (isOfOne || error instanceof TooMuchAtOnce || error instanceof TimedOut) return undefined;
      throw error;
    }
  }

  /** The first of these letters, as many as can be replayed in one transaction. */
  private async planMany(letterIds: readonly number[], signal: AbortSignal): Promise<readonly Replay<Task>[]> {
    const letters = await this.d.deadLetters.getMany(letterIds.slice(0, this.size), MAX_BYTES);
    const replays: Replay<Task>[] = [];
    const identities = new Set<string>();
    for (const [i, letter] of letters.entries()) {
      // The user domain is asked for one at a time, and a letter that is not open any more has to be told of.
      if (letter.letterId !== letterIds[i] || letter.state !== 'open' || this.isLookUp(letter)) break;
      const task = await this.plan(letter, signal);
      if (task === undefined || task.plan.kind === 'bury' || identities.has(task.identity.hash)) break;
      identities.add(task.identity.hash);
      replays.push({ letterId: letter.letterId, message: task });
    }
    return replays;
  }

  private planAtOnce(letters: readonly StoredLetter[], isWanted: ReplayOptions['following']): readonly Replay<Task>[] {
    const replays: Replay<Task>[] = [];
    for (const letter of letters) {
      if (isWanted?.(letter) !== true || this.isLookUp(letter)) break;
      const task = this.d.planner.planAtOnce(receivedOf(letter))?.replaying(letter.identity);
      if (task === undefined || task.plan.kind === 'bury') break;
      replays.push({ letterId: letter.letterId, message: task });
    }
    return replays;
  }

  private async plan(letter: StoredLetter, signal: AbortSignal): Promise<Task | undefined> {
    const { planner, userLookUps } = this.d;
    const plans = this.isLookUp(letter) ? userLookUps : planner;
    const [task] = await plans.plan([receivedOf(letter)], signal);
    return task?.replaying(letter.identity);
  }

  private isLookUp({ topic }: StoredLetter): boolean {
    return topic === this.d.topics.userLookUps;
  }

  private async run(
    replays: readonly Replay<Task>[],
    { signal, dryRun }: ReplayOptions,
    following?: Following<Task>,
  ): Promise<readonly Through[]> {
    const { unitOfWork, dispatcher, lane } = this.d;
    let through: readonly Through[] | undefined;
    let unclear = false;
    let tries = 0;
    const work = async (unit: Unit, taken: readonly Replay<Task>[]): Promise<readonly Through[]> => {
      const tasks = taken.map(({ message }) => message);
      const answers = await dispatcher.replay(tasks, unit);
      through = answers.flatMap((answer, i) => taken.slice(i, i + 1).map(({ letterId }) => ({ letterId, ...answer })));
      if (dryRun) unit.undo();
      return through;
    };
    const attempt = async (): Promise<readonly Through[]> => {
      tries += 1;
      try {
        const { value, outbox } = await unitOfWork.replay(replays, work, lane, following);
        lane.committed(outbox);
        return value;
      } catch (error) {
        // After an unclear COMMIT, letters that are resolved were resolved by this very replay.
        const resolved = error instanceof NotReplayable && error.why === 'resolved';
        if (unclear && resolved && through !== undefined && (await this.areReplayed(through))) return through;
        throw error;
      }
    };
    return untilDone(
      attempt,
      (error) => {
        if (error instanceof TimedOut && (replays.length > 1 || following !== undefined)) throw error;
        if (error instanceof StaleRead ? tries >= STALE_READS : !mayPass(error) || tries >= TRIES) throw error;
        unclear ||= error instanceof CommitOutcomeUnknown;
      },
      signal,
    );
  }

  private async areReplayed(through: readonly Through[]): Promise<boolean> {
    for (const { letterId } of through) {
      if ((await this.d.deadLetters.get(letterId))?.state !== 'replayed') return false;
    }
    return true;
  }
}

function isThrough({ what }: Replayed): boolean {
  return what === 'accepted' || what === 'rejected';
}

function receivedOf({ topic, partition, offset, timestamp, key, value, headers }: StoredLetter): ReceivedMessage {
  return { topic, partition, offset, timestamp, key, value, headers };
}

function mayPass(error: unknown): boolean {
  return error instanceof DatabaseUnavailable || error instanceof CommitOutcomeUnknown;
}

/** @returns undefined when it was not the message that failed */
function failureOf(
  error: unknown,
): { readonly reason: DeadLetterReason; readonly message: string; readonly exception: string } | undefined {
  if (error instanceof ReplayFailed) {
    return { reason: error.reason, message: error.message, exception: error.cause.name };
  }
  if (error instanceof StaleRead) return { reason: 'FlushFailed', message: error.message, exception: error.name };
  return undefined;
}
