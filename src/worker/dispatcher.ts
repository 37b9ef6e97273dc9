import type { DomainEvent, EventType } from '../domain/events.ts';
import { storedId, type UserId } from '../domain/ids.ts';
import { messageTime } from '../domain/message-time.ts';
import { Rejection, type RejectionCode } from '../domain/rejection.ts';
import { MessageTooLarge } from '../ports/cloud-events.ts';
import { REASONS, type DeadLetterReason } from '../ports/dead-letters.ts';
import {
  CommitOutcomeUnknown,
  ConfigurationError,
  DatabaseUnavailable,
  StaleRead,
  TooMuchAtOnce,
} from '../ports/errors.ts';
import type { Cause, EventHandler } from '../ports/handlers.ts';
import type { OutgoingMessage } from '../ports/messages.ts';
import type { Topics } from '../ports/topics.ts';
import type { DeadLetter, Unit } from '../ports/unit-of-work.ts';
import { asError } from './as-error.ts';
import { Failed, LetterWriter, parkedBehind, type LetterDependencies } from './dead-letters.ts';
import type { Task } from './task.ts';
import { TimeSlice } from './time-slice.ts';

export type EventHandlers = ReadonlyMap<EventType, readonly EventHandler<DomainEvent>[]>;

/** The command had its effect, or a rejection for an answer. */
export type Answered = { readonly what: 'accepted' } | { readonly what: 'rejected'; readonly code: RejectionCode };

/** How a task ended. `duplicate`: its message was seen before, and nothing was done. */
export type Ending =
  | Answered
  | { readonly what: 'duplicate' }
  /** `fault`: what the worker itself threw, if the fault is its own. */
  | { readonly what: 'dead'; readonly letter: DeadLetter; readonly fault?: Error };

const ACCEPTED: Answered = { what: 'accepted' };
/** One for each code, however many messages end so. */
const REJECTED = new Map<RejectionCode, Answered>();
const DUPLICATE: Ending = { what: 'duplicate' };

/** What a run leaves to whoever asked for it. */
interface Around<E> {
  /** @returns how a message ends that is not to be handled; undefined for one that is */
  readonly before: (task: Task) => E | Failed | undefined;
  /** @returns how a message ends that has failed */
  readonly failed: (task: Task, failed: Failed) => Promise<E> | E;
}

type Unhandled = Exclude<Task['plan'], { readonly kind: 'handle' }>;

interface Dependencies extends LetterDependencies {
  readonly eventHandlers: EventHandlers;
  readonly topics: Topics;
}

/** Runs tasks in a unit, one by one, in the order of their partition. */
export class Dispatcher {
  private readonly d: Dependencies;
  private readonly letters: LetterWriter;

  constructor(dependencies: Dependencies) {
    this.d = dependencies;
    this.letters = new LetterWriter(dependencies);
  }

  /**
   * @param refused whether the database has refused these tasks before
   * @returns how each task ended, to be told once the transaction is committed
   */
  async dispatch(tasks: readonly Task[], unit: Unit, refused = false): Promise<readonly Ending[]> {
    return this.run<Ending>(tasks, unit, {
      before: (task) => this.known(task, unit),
      failed: (task, failed) => this.end(task, unit, failed, refused),
    });
  }

  /** Runs the replays of letters. @throws ReplayFailed when a message fails again; the unit must be undone then */
  async replay(tasks: readonly Task[], unit: Unit): Promise<readonly Answered[]> {
    return this.run<never>(tasks, unit, {
      before: () => undefined,
      failed: (_, { reason, error }) => {
        throw new ReplayFailed(reason, error);
      },
    });
  }

  /** Everything that waits is in this one function: each further asynchronous one would cost a kilobyte of garbage a message. */
  private async run<E>(
    tasks: readonly Task[],
    unit: Unit,
    { before, failed }: Around<E>,
  ): Promise<readonly (Answered | E)[]> {
    const endings: (Answered | E)[] = [];
    const slice = new TimeSlice();
    for (const task of tasks) {
      if (slice.isOver) await slice.next();
      const { plan } = task;
      const now = timeOf(task, unit.startedAt);
      let ending: Answered | E | Failed | undefined = before(task);
      if (ending === undefined) {
        if (plan.kind !== 'handle') ending = this.unhandled(task, plan, unit, now);
        else {
          unit.beginAttempt();
          try {
            const handled = plan.handler.handle(plan.message, unit, now);
            const events = handled instanceof Promise ? await handled : handled;
            for (let i = 0; i < events.length; i += 1) {
              if (i > 0 && slice.isOver) await slice.next(); // a tenant may take ten thousand subdivisions with it
              const told = this.tell(events, i, task, unit);
              if (told !== undefined) await told;
            }
            unit.settle(task, 'accepted');
            ending = ACCEPTED;
          } catch (error) {
            unit.undoAttempt();
            ending = this.refused(task, unit, error, now);
          }
        }
      }
      endings.push(ending instanceof Failed ? await failed(task, ending) : ending);
    }
    return endings;
  }

  /** What is known of a message before it is handled. */
  private known(task: Task, unit: Unit): Ending | Failed | undefined {
    const seen = unit.seen(task);
    if (seen !== undefined) return seen.digest === task.digest ? DUPLICATE : idReused(task);
    const parked = waits(task) ? unit.parked(task) : undefined;
    return parked === undefined ? undefined : parkedBehind(parked);
  }

  private unhandled(task: Task, plan: Unhandled, unit: Unit, now: number): Answered | Failed {
    return plan.kind === 'reject' ? this.reject(task, unit, plan.rejection, now) : new Failed(plan.reason, plan.error);
  }

  /** Tells one event to its handlers, one behind the other. @returns what is to be waited for, if one of them waits */
  private tell(
    events: readonly DomainEvent[],
    index: number,
    { context }: Task,
    unit: Unit,
  ): Promise<void> | undefined {
    const event = events[index];
    if (event === undefined) return undefined;
    const cause = { context, eventId: this.d.cloudEvents.eventId(context, index), index, count: events.length };
    const handlers = this.d.eventHandlers.get(event.type) ?? [];
    for (let i = 0; i < handlers.length; i += 1) {
      const told = handlers[i]?.handle(event, unit, cause);
      if (told !== undefined) return tellFurther(told, handlers.slice(i + 1), event, unit, cause);
    }
    return undefined;
  }

  private refused(task: Task, unit: Unit, error: unknown, now: number): Answered | Failed {
    if (error instanceof Rejection) return this.reject(task, unit, error, now);
    if (isOfTheTransaction(error)) throw error;
    return new Failed(error instanceof MessageTooLarge ? 'TooLarge' : 'HandlerFailed', asError(error));
  }

  private reject(task: Task, unit: Unit, rejection: Rejection, now: number): Answered | Failed {
    try {
      unit.outbox.add(this.answerOf(task, rejection, now));
    } catch (error) {
      // A correlation id may have any length, and the answer holds it twice.
      if (error instanceof MessageTooLarge) return new Failed('TooLarge', error);
      throw error;
    }
    unit.settle(task, 'rejected');
    return rejectedWith(rejection.code);
  }

  private answerOf(task: Task, { code, message, field }: Rejection, now: number): OutgoingMessage {
    const { cloudEvents, topics } = this.d;
    const { context, names, type } = task;
    const { id, source } = context.identity;
    const aggregateId = names.subdivisionId ?? names.tenantId ?? names.userId;
    return cloudEvents.write({
      topic: topics.rejections,
      key: context.key,
      type: 'licensing.rejections.CommandRejected',
      data: {
        commandId: id,
        commandSource: source,
        commandType: type ?? '',
        code,
        message,
        field,
        tenantId: names.tenantId,
        aggregateId,
        correlationId: context.correlationId,
        rejectedAt: now,
      },
      id: cloudEvents.eventId(context, 0),
      time: now,
      subject: aggregateId ?? id,
      causationId: context.causationId,
      answer: { causationSource: source, index: 0, count: 1 },
      correlationId: context.correlationId ?? id,
      traceparent: context.traceparent,
    });
  }

  private async end(task: Task, unit: Unit, failed: Failed, refused: boolean): Promise<Ending> {
    if (failed.reason === 'IdReused') return this.endReused(task, unit, failed);
    unit.settle(task, 'dead');
    // After a malformed answer the look-up has ended: the next start does not queue it again.
    const { userId } = task.names;
    if (failed.reason === 'MalformedAnswer' && userId !== null) unit.userLookUps.drop(storedId<UserId>(userId));
    // The inbox may have forgotten a message whose letter is still there. That is rare, and the database refuses a second letter of it: so
    // whether there is one is asked only after a refusal.
    if (refused && (await unit.deadLetters.has(task.received))) return DUPLICATE;
    const letter = this.letters.write(task, failed, unit);
    return REASONS[failed.reason].ours ? { what: 'dead', letter, fault: failed.error } : { what: 'dead', letter };
  }

  /** The id belongs to another message, so the letter goes by the position. If there is one from this position, this is a redelivery. */
  private async endReused(task: Task, unit: Unit, failed: Failed): Promise<Ending> {
    if (await unit.deadLetters.has(task.received)) return DUPLICATE;
    const { identity } = this.d.cloudEvents.byPosition(task.received);
    return { what: 'dead', letter: this.letters.write(task, failed, unit, identity) };
  }
}

function rejectedWith(code: RejectionCode): Answered {
  const known = REJECTED.get(code) ?? { what: 'rejected', code };
  REJECTED.set(code, known);
  return known;
}

/** The message of a replayed letter has failed again, for this reason. */
export class ReplayFailed extends Error {
  override readonly name = 'ReplayFailed';
  readonly reason: DeadLetterReason;
  override readonly cause: Error;

  constructor(reason: DeadLetterReason, cause: Error) {
    super(cause.message);
    this.reason = reason;
    this.cause = cause;
  }
}

async function tellFurther(
  told: Promise<void>,
  handlers: readonly EventHandler<DomainEvent>[],
  event: DomainEvent,
  unit: Unit,
  cause: Cause,
): Promise<void> {
  await told;
  for (const handler of handlers) await handler.handle(event, unit, cause);
}

function timeOf({ plan, received }: Task, startedAt: number): number {
  const brought = plan.kind === 'handle' ? plan.handler.time?.(plan.message) : undefined;
  return messageTime(brought ?? received.timestamp, startedAt);
}

function idReused({ identity: { source, id } }: Task): Failed {
  return new Failed('IdReused', new Error(`another message of source '${source}' had the id ${id}, with other bytes`));
}

/** Undecodable and unknown messages skip the check for parked keys: they have no place in the order of a key. */
function waits({ plan }: Task): boolean {
  return plan.kind !== 'bury' || REASONS[plan.reason].parks;
}

/** Not the message's fault: the whole transaction is tried again, or divided, or the process ends. */
function isOfTheTransaction(error: unknown): boolean {
  return (
    error instanceof DatabaseUnavailable ||
    error instanceof StaleRead ||
    error instanceof TooMuchAtOnce ||
    error instanceof CommitOutcomeUnknown ||
    error instanceof ConfigurationError
  );
}
