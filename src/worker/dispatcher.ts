import type { DomainEvent, EventType } from '../domain/events.ts';
import { storedId, type UserId } from '../domain/ids.ts';
import { messageTime } from '../domain/message-time.ts';
import { Rejection } from '../domain/rejection.ts';
import { MessageTooLarge, type CloudEvents } from '../ports/cloud-events.ts';
import { REASONS, type DeadLetterReason } from '../ports/dead-letters.ts';
import {
  CommitOutcomeUnknown,
  ConfigurationError,
  DatabaseUnavailable,
  StaleRead,
  TooMuchAtOnce,
} from '../ports/errors.ts';
import type { EventHandler } from '../ports/handlers.ts';
import type { OutgoingMessage, ReceivedMessage } from '../ports/messages.ts';
import { parkableKeys } from '../ports/parked-keys.ts';
import { dlqOf, type Topics } from '../ports/topics.ts';
import type { DeadLetter, Outcome, Unit } from '../ports/unit-of-work.ts';
import { asError } from './as-error.ts';
import type { Task } from './task.ts';
import { TimeSlice } from './time-slice.ts';

export type EventHandlers = ReadonlyMap<EventType, readonly EventHandler<DomainEvent>[]>;

/** How a task ended. */
export interface Ending {
  readonly what: Outcome | 'duplicate';
  readonly letter?: DeadLetter;
  /** What a fault of ours has thrown. */
  readonly fault?: Error;
}

const ACCEPTED: Ending = { what: 'accepted' };
const REJECTED: Ending = { what: 'rejected' };
const DUPLICATE: Ending = { what: 'duplicate' };

interface Dependencies {
  readonly cloudEvents: CloudEvents;
  readonly eventHandlers: EventHandlers;
  readonly topics: Topics;
  readonly consumerGroup: string;
  /** Whether a message that can't be decoded parks the tenant or user that is its Kafka key. */
  readonly parkUndecodable: boolean;
  /** The largest record that the DLQ topics take, in bytes. */
  readonly maxLetterBytes: number;
}

/** Runs tasks in a unit, one by one, in partition order: each ends as accepted, rejected, dead, or was seen before. */
export class Dispatcher {
  private readonly d: Dependencies;

  constructor(dependencies: Dependencies) {
    this.d = dependencies;
  }

  /**
   * @param refused whether the database has refused these tasks before
   * @returns how each task ended, to be told once the transaction is committed
   */
  async dispatch(tasks: readonly Task[], unit: Unit, refused = false): Promise<readonly Ending[]> {
    const endings: Ending[] = [];
    const slice = new TimeSlice();
    for (const task of tasks) {
      if (slice.isOver) await slice.next();
      const seen = unit.seen(task);
      if (seen !== undefined) {
        endings.push(seen.digest === task.digest ? DUPLICATE : await this.idReused(task, unit));
        continue;
      }
      const parked = waits(task) ? unit.parked(task) : undefined;
      const ending = parked === undefined ? await this.answer(task, unit, slice) : behind(parked);
      endings.push(ending instanceof Failed ? await this.end(task, unit, ending, refused) : ending);
    }
    return endings;
  }

  /** Runs the replay of a letter, which ends as accepted or rejected. @throws ReplayFailed, for which the unit must be undone */
  async replay(task: Task, unit: Unit): Promise<Ending> {
    const ending = await this.answer(task, unit, new TimeSlice());
    if (ending instanceof Failed) throw new ReplayFailed(ending.reason, ending.error);
    return ending;
  }

  /** The one asynchronous step of a message beside its handler: each more costs every message a kilobyte of garbage. */
  private async answer(task: Task, unit: Unit, slice: TimeSlice): Promise<Ending | Failed> {
    const { plan, received } = task;
    const now = messageTime(received.timestamp, unit.startedAt);
    if (plan.kind === 'reject') return this.reject(task, unit, plan.rejection, now);
    if (plan.kind === 'bury') return new Failed(plan.reason, plan.error);
    unit.beginAttempt();
    try {
      const events = await plan.handle(unit, now);
      for (const [index, event] of events.entries()) {
        if (slice.isOver) await slice.next(); // a tenant may take ten thousand subdivisions with it
        const cause = { context: task.context, eventId: this.d.cloudEvents.eventId(task.context, index) };
        for (const handler of this.d.eventHandlers.get(event.type) ?? []) {
          const handled = handler.handle(event, unit, cause);
          if (handled !== undefined) await handled;
        }
      }
    } catch (error) {
      unit.undoAttempt();
      if (error instanceof Rejection) return this.reject(task, unit, error, now);
      if (isOfTheTransaction(error)) throw error;
      return new Failed(error instanceof MessageTooLarge ? 'TooLarge' : 'HandlerFailed', asError(error));
    }
    unit.settle(task, 'accepted');
    return ACCEPTED;
  }

  private reject(task: Task, unit: Unit, rejection: Rejection, now: number): Ending | Failed {
    try {
      unit.outbox.add(this.answerOf(task, rejection, now));
    } catch (error) {
      // A correlation id may be as long as it likes, and the answer carries it twice.
      if (error instanceof MessageTooLarge) return new Failed('TooLarge', error);
      throw error;
    }
    unit.settle(task, 'rejected');
    return REJECTED;
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
      correlationId: context.correlationId ?? id,
      traceparent: context.traceparent,
    });
  }

  /** The id belongs to another message, so this one goes by its position; the same position again is a redelivery. */
  private async idReused(task: Task, unit: Unit): Promise<Ending> {
    if (await unit.deadLetters.has(task.received)) return DUPLICATE;
    const { identity } = this.d.cloudEvents.byPosition(task.received);
    const { source, id } = task.identity;
    const error = new Error(`another message of source '${source}' had the id ${id}, with other bytes`);
    return this.letter(unit, { ...this.letterOf(task, new Failed('IdReused', error), unit.startedAt), identity });
  }

  private async end(task: Task, unit: Unit, failed: Failed, refused: boolean): Promise<Ending> {
    unit.settle(task, 'dead');
    // A look-up that was answered with nonsense has ended: it is not asked for again at the next start.
    const { userId } = task.names;
    if (failed.reason === 'MalformedAnswer' && userId !== null) unit.userLookUps.drop(storedId<UserId>(userId));
    // The inbox has forgotten it, its letter is still there. That is rare, and the database refuses a second one: nobody has to ask before.
    if (refused && (await unit.deadLetters.has(task.received))) return DUPLICATE;
    const ending = this.letter(unit, this.letterOf(task, failed, unit.startedAt));
    return REASONS[failed.reason].ours ? { ...ending, fault: failed.error } : ending;
  }

  private letterOf({ received, identity, keys: names }: Task, { reason, error }: Failed, time: number): DeadLetter {
    const named = parkableKeys(names);
    // What can't be read names nobody: its Kafka key is all there is to go by.
    const undecodable = reason === 'UndecodableMessage' && this.d.parkUndecodable;
    const keys = undecodable && named.length === 0 ? parkableKeys([String(received.key).toLowerCase()]) : named;
    return {
      received,
      headers: this.d.cloudEvents.encodeHeaders(received),
      identity,
      reason,
      message: error.message,
      exception: error.name,
      time,
      keys,
      parks: keys.length > 0 && (undecodable || REASONS[reason].parks),
    };
  }

  private letter(unit: Unit, letter: DeadLetter): Ending {
    const { received, reason, message, exception, time } = letter;
    const { topic, partition, offset, timestamp, key, value } = received;
    const about = {
      'dlq-reason': reason,
      'dlq-message': message.slice(0, MAX_HEADER_CHARACTERS),
      'dlq-exception': exception.slice(0, MAX_HEADER_CHARACTERS),
      'dlq-topic': topic,
      'dlq-partition': String(partition),
      'dlq-offset': String(offset),
      'dlq-timestamp': String(timestamp),
      'dlq-group': this.d.consumerGroup,
      'dlq-time': new Date(time).toISOString(),
    };
    unit.deadLetters.add(letter);
    unit.outbox.add(this.fitting({ topic: dlqOf(topic), key, value }, received, about));
    return { what: 'dead', letter };
  }

  /**
   * The letter as its topic takes it. A compressed batch can bring what no topic takes uncompressed; its lane must not wait for ever for
   * a broker that will never have it, so what is too large stays out, and is told by its size. The table has the whole of it.
   */
  private fitting(
    { topic, key, value }: Pick<OutgoingMessage, 'topic' | 'key' | 'value'>,
    received: ReceivedMessage,
    about: Readonly<Record<string, string>>,
  ): OutgoingMessage {
    const { cloudEvents, maxLetterBytes } = this.d;
    const whole = { topic, key, value, headers: cloudEvents.encodeHeaders(received, about) };
    if (sizeOf(whole) <= maxLetterBytes) return whole;
    const told = { ...about, 'dlq-omitted-bytes': String(sizeOf(whole)) };
    const withoutValue = { topic, key, value: null, headers: cloudEvents.encodeHeaders(received, told) };
    if (sizeOf(withoutValue) <= maxLetterBytes) return withoutValue;
    return { topic, key: null, value: null, headers: cloudEvents.encodeHeaders({ headers: {} }, told) };
  }
}

/** The replay of a letter came to nothing, for this reason. */
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

/** A message came to nothing, and becomes a letter. */
class Failed {
  readonly reason: DeadLetterReason;
  readonly error: Error;

  constructor(reason: DeadLetterReason, error: Error) {
    this.reason = reason;
    this.error = error;
  }
}

/** A message of this tenant or user is a dead letter that has to be resolved first. */
class ParkedBehind extends Error {
  override readonly name = 'ParkedBehind';

  constructor(key: string) {
    super(`${key} is parked: a message of it before this one is a dead letter`);
  }
}

function behind(key: string): Failed {
  return new Failed('ParkedBehind', new ParkedBehind(key));
}

/** Undecodable and unknown messages skip the check for parked keys: they have no place in the order of a key. */
function waits({ plan }: Task): boolean {
  return plan.kind !== 'bury' || REASONS[plan.reason].parks;
}

function sizeOf({ key, value, headers }: OutgoingMessage): number {
  return RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + headers.length;
}

/** What a record costs beside its contents. Generous. */
const RECORD_OVERHEAD_BYTES = 128;

/** The DLQ topic takes 64 KB more than its source: what is said about a letter stays far below. */
const MAX_HEADER_CHARACTERS = 4_000;

/** No fault of the message: all of the transaction is tried again, divided, or the end of the process. */
function isOfTheTransaction(error: unknown): boolean {
  return (
    error instanceof DatabaseUnavailable ||
    error instanceof StaleRead ||
    error instanceof TooMuchAtOnce ||
    error instanceof CommitOutcomeUnknown ||
    error instanceof ConfigurationError
  );
}
