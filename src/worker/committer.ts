import type { RejectionCode } from '../domain/rejection.ts';
import {
  CommitOutcomeUnknown,
  ConfigurationError,
  DatabaseUnavailable,
  HistoryLost,
  StaleRead,
  TimedOut,
} from '../ports/errors.ts';
import { aboutOf, type Telemetry } from '../ports/telemetry.ts';
import type { Unit, UnitOfWork } from '../ports/unit-of-work.ts';
import { untilDone } from './backoff.ts';
import type { ChunkRecorder } from './chunk-recorder.ts';
import type { Dispatcher, Ending } from './dispatcher.ts';
import type { Histories } from './histories.ts';
import type { LanePublisher, Owed } from './outbox/lane-publisher.ts';
import type { Task } from './task.ts';

export interface CommitterDependencies {
  readonly unitOfWork: Pick<UnitOfWork, 'run'>;
  readonly dispatcher: Dispatcher;
  readonly telemetry: Telemetry;
}

/** How often a chunk meets a constraint before it is taken apart: twice can be a race with another lane, and a third time its echo. */
const STALE_READS_BEFORE_BISECTING = 4;
/** How often a chunk takes too long before it is taken apart: once may be a busy moment. A single message is tried for ever. */
const TIMEOUTS_BEFORE_BISECTING = 2;

/** What the transactions of a chunk have in common. */
export interface Around {
  readonly histories: Histories;
  readonly recorder: ChunkRecorder;
  readonly signal: AbortSignal;
}

/** Commits the chunks of one lane: each in one transaction, or in parts if the database refuses it as a whole. */
export class Committer {
  private readonly d: CommitterDependencies;
  private readonly publisher: LanePublisher;

  constructor(dependencies: CommitterDependencies, publisher: LanePublisher) {
    this.d = dependencies;
    this.publisher = publisher;
  }

  /**
   * Waits out whatever the database is in.
   * @returns what the transactions owe to Kafka, in order
   * @throws ConfigurationError, HistoryLost, the signal's reason, or what the database has against the dead letter of a message
   */
  async commit(tasks: readonly Task[], around: Around): Promise<readonly Owed[]> {
    try {
      return [await this.transaction(tasks, around)];
    } catch (error) {
      if (!(error instanceof Error) || error instanceof ConfigurationError || around.signal.aborted) throw error;
      if (error instanceof HistoryLost) throw error;
      const [only] = tasks;
      if (tasks.length === 1 && only !== undefined) {
        // Last resort. If the database refuses even the dead letter, it would refuse every letter: the error stops the process, and
        // Kafka keeps the message.
        return [await this.transaction([only.givenUp('FlushFailed', error)], around)];
      }
      // Either the database refuses one of these messages, or all of them are too much at once. Left before right, so order holds.
      const half = tasks.length >> 1;
      const left = await this.commit(tasks.slice(0, half), around);
      return [...left, ...(await this.commit(tasks.slice(half), around))];
    }
  }

  private async transaction(tasks: readonly Task[], { histories, recorder, signal }: Around): Promise<Owed> {
    const { unitOfWork, dispatcher, telemetry } = this.d;
    const decision = histories.decisionOn(tasks);
    let staleReads = 0;
    let timeouts = 0;
    return untilDone(
      async () => {
        const { outbox } = this.publisher;
        const dispatch = (unit: Unit): ReturnType<Dispatcher['dispatch']> =>
          dispatcher.dispatch(tasks, unit, staleReads > 0);
        const run = await unitOfWork.run(tasks, dispatch, outbox, decision, recorder.run(tasks));
        recorder.committed(run.value);
        histories.decided(decision);
        telemetry.waitEnded('database', this);
        this.tell(tasks, run.value);
        return this.publisher.committed(outbox, run);
      },
      (error) => {
        recorder.failed(error);
        if (error instanceof StaleRead) {
          staleReads += 1;
          if (staleReads === STALE_READS_BEFORE_BISECTING) throw error;
          return;
        }
        // The assignment is opened anew, and this lane may have nothing to commit in it.
        if (error instanceof HistoryLost) telemetry.waitEnded('database', this);
        if (error instanceof CommitOutcomeUnknown) {
          // The rows may be written or not. The relay publishes them, or a lane that adopts them; the inbox knows which messages are done.
          this.publisher.giveUp();
        } else if (!(error instanceof DatabaseUnavailable)) {
          throw error;
        } else if (error instanceof TimedOut && tasks.length > 1) {
          timeouts += 1;
          if (timeouts === TIMEOUTS_BEFORE_BISECTING) throw error;
        }
        telemetry.waiting('database', error, this);
      },
      signal,
    );
  }

  private tell(tasks: readonly Task[], endings: readonly Ending[]): void {
    const { telemetry } = this.d;
    let alike = 0;
    for (let i = 0; i < endings.length; i += 1) {
      const ending = endings[i];
      if (ending === undefined) continue;
      alike += 1;
      const task = tasks[i];
      const type = task?.type;
      // Nearly always all of a chunk are alike, and counted together.
      if (!isAlike(ending, endings[i + 1]) || tasks[i + 1]?.type !== type) {
        telemetry.ended({ outcome: ending.what, type: type ?? null, code: codeOf(ending), messages: alike });
        alike = 0;
      }
      if (ending.what !== 'dead' || task === undefined) continue;
      const { reason, message, received } = ending.letter;
      const { topic, partition, offset } = received;
      const about = aboutOf(task.context);
      telemetry.deadLetter({ topic, partition, offset, reason, message, ...about, error: ending.fault });
    }
  }
}

function isAlike(ending: Ending, next: Ending | undefined): boolean {
  return next !== undefined && next.what === ending.what && codeOf(next) === codeOf(ending);
}

function codeOf(ending: Ending): RejectionCode | undefined {
  return ending.what === 'rejected' ? ending.code : undefined;
}
