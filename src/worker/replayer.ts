import type { CloudEvents } from '../ports/cloud-events.ts';
import type { DeadLetterReason, DeadLetters, StoredLetter } from '../ports/dead-letters.ts';
import { CommitOutcomeUnknown, DatabaseUnavailable, NotReplayable, StaleRead } from '../ports/errors.ts';
import type { ReceivedMessage } from '../ports/messages.ts';
import type { Topics } from '../ports/topics.ts';
import type { Unit, UnitOfWork } from '../ports/unit-of-work.ts';
import { untilDone } from './backoff.ts';
import { ReplayFailed, type Answered, type Dispatcher } from './dispatcher.ts';
import type { UnattendedLane } from './outbox/unattended-lane.ts';
import type { Planner } from './planner.ts';
import type { Task } from './task.ts';
import type { UserLookUps } from './user-look-ups.ts';

/** How a replay ended. `left`: nothing was tried, and why. */
export type Replayed =
  | { readonly what: Answered['what'] }
  | { readonly what: 'failed'; readonly reason: DeadLetterReason; readonly message: string }
  | { readonly what: 'left'; readonly why: NotReplayable['why'] | 'skipped'; readonly message: string };

export interface ReplayOptions {
  readonly signal: AbortSignal;
  /** The replay runs to its end and is undone; only its ending is told. */
  readonly dryRun: boolean;
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

/**
 * Runs the stored message of a dead letter under the letter's identity. The transaction of the message's effect also checks that the letter
 * is open and that it is its turn, and resolves it. So two replays at once, or a second one after a crash, take effect once.
 */
export class Replayer {
  private readonly d: Dependencies;

  constructor(dependencies: Dependencies) {
    this.d = dependencies;
  }

  /** @throws DatabaseUnavailable when it stays away, CommitOutcomeUnknown, ConfigurationError */
  async replay(letterId: number, options: ReplayOptions): Promise<Replayed> {
    const letter = await this.d.deadLetters.get(letterId);
    if (letter === undefined) return { what: 'left', why: 'absent', message: `there is no letter ${letterId}` };
    if (letter.state !== 'open') {
      return { what: 'left', why: 'resolved', message: `letter ${letterId} is ${letter.state} already` };
    }
    const task = await this.plan(letter, options.signal);
    if (task === undefined) {
      const message = `the message of letter ${letterId} is one that is skipped here: a type of no interest, or a look-up without a USER_DOMAIN_URL`;
      return { what: 'left', why: 'skipped', message };
    }
    try {
      return { what: (await this.run(task, letter, options)).what };
    } catch (error) {
      if (error instanceof NotReplayable) return { what: 'left', why: error.why, message: error.message };
      const failed = failureOf(error);
      if (failed === undefined) throw error;
      if (!options.dryRun) await this.d.deadLetters.failed(letterId, failed);
      return { what: 'failed', reason: failed.reason, message: failed.message };
    }
  }

  private async plan(letter: StoredLetter, signal: AbortSignal): Promise<Task | undefined> {
    const { planner, userLookUps, topics } = this.d;
    const plans = letter.topic === topics.userLookUps ? userLookUps : planner;
    const [task] = await plans.plan([this.receivedOf(letter)], signal);
    return task?.replaying(letter.identity);
  }

  private receivedOf({ topic, partition, offset, timestamp, key, value, headers }: StoredLetter): ReceivedMessage {
    return { topic, partition, offset, timestamp, key, value, headers };
  }

  private async run(task: Task, letter: StoredLetter, { signal, dryRun }: ReplayOptions): Promise<Answered> {
    const { unitOfWork, dispatcher, deadLetters, lane } = this.d;
    let ended: Answered | undefined;
    let unclear = false;
    let tries = 0;
    const work = async (unit: Unit): Promise<Answered> => {
      ended = await dispatcher.replay(task, unit);
      if (dryRun) unit.undo();
      return ended;
    };
    const attempt = async (): Promise<Answered> => {
      tries += 1;
      try {
        const { value, outbox } = await unitOfWork.replay({ letterId: letter.letterId, message: task }, work, lane);
        lane.committed(outbox);
        return value;
      } catch (error) {
        // After an unclear COMMIT, a letter that is resolved was resolved by this very replay.
        const resolved = error instanceof NotReplayable && error.why === 'resolved';
        if (unclear && resolved && ended !== undefined) {
          if ((await deadLetters.get(letter.letterId))?.state === 'replayed') return ended;
        }
        throw error;
      }
    };
    return untilDone(
      attempt,
      (error) => {
        if (error instanceof StaleRead ? tries >= STALE_READS : !mayPass(error) || tries >= TRIES) throw error;
        unclear ||= error instanceof CommitOutcomeUnknown;
      },
      signal,
    );
  }
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
