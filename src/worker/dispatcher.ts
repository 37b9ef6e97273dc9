import type { DomainEvent, EventType } from '../domain/events.ts';
import { Rejection } from '../domain/rejection.ts';
import type { Clock } from '../ports/clock.ts';
import { MessageTooLarge, type CloudEvents } from '../ports/cloud-events.ts';
import { CommitOutcomeUnknown, ConfigurationError, DatabaseUnavailable, StaleRead } from '../ports/errors.ts';
import type { EventHandler } from '../ports/handlers.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { dlqOf, type Topics } from '../ports/topics.ts';
import type { DeadLetter, DeadLetterReason, Unit } from '../ports/unit-of-work.ts';
import { asError } from './as-error.ts';
import type { Task } from './task.ts';

export type EventHandlers = ReadonlyMap<EventType, readonly EventHandler<DomainEvent>[]>;

interface Dependencies {
  readonly cloudEvents: CloudEvents;
  readonly eventHandlers: EventHandlers;
  readonly topics: Topics;
  readonly consumerGroup: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** Runs tasks in a unit, one by one, in partition order: each ends as accepted, rejected, dead, or was seen before. */
export class Dispatcher {
  private readonly d: Dependencies;

  constructor(dependencies: Dependencies) {
    this.d = dependencies;
  }

  /** @returns how each task ended, for telemetry once the transaction is committed */
  async dispatch(tasks: readonly Task[], unit: Unit): Promise<readonly string[]> {
    const endings: string[] = [];
    for (const task of tasks) endings.push(await this.dispatchOne(task, unit));
    return endings;
  }

  /** Gives up one message that the database does not take, however often it is tried. */
  async bury(task: Task, unit: Unit, reason: DeadLetterReason, error: Error): Promise<readonly string[]> {
    return [unit.seen(task) === undefined ? this.end(task, unit, reason, error) : 'duplicate'];
  }

  private async dispatchOne(task: Task, unit: Unit): Promise<string> {
    const seen = unit.seen(task);
    if (seen !== undefined) return seen.digest === task.digest ? 'duplicate' : this.idReused(task, unit);
    if (task.plan.kind === 'reject') return this.reject(task, unit, task.plan.rejection);
    if (task.plan.kind === 'bury') return this.end(task, unit, task.plan.reason, task.plan.error);
    const { handle } = task.plan;
    try {
      await unit.attempt(async () => this.publish(task, unit, await handle(unit, this.d.clock.now())));
    } catch (error) {
      if (error instanceof Rejection) return this.reject(task, unit, error);
      if (isOfTheDatabase(error)) throw error;
      return this.end(task, unit, error instanceof MessageTooLarge ? 'TooLarge' : 'HandlerFailed', asError(error));
    }
    unit.settle(task, 'accepted');
    return 'accepted';
  }

  private async publish(task: Task, unit: Unit, events: readonly DomainEvent[]): Promise<void> {
    const { cloudEvents, eventHandlers } = this.d;
    for (const [index, event] of events.entries()) {
      const cause = { context: task.context, eventId: cloudEvents.eventId(task.context, index) };
      for (const handler of eventHandlers.get(event.type) ?? []) await handler.handle(event, unit, cause);
    }
  }

  private reject(task: Task, unit: Unit, { code, message, field }: Rejection): string {
    const { cloudEvents, topics, clock } = this.d;
    const { context, names, type } = task;
    const { id, source } = context.identity;
    const aggregateId = names.subdivisionId ?? names.tenantId ?? names.userId;
    const now = clock.now();
    unit.outbox.add(
      cloudEvents.write({
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
      }),
    );
    unit.settle(task, 'rejected');
    return 'rejected';
  }

  /** The id belongs to another message, so this one goes by its position; the same position again is a redelivery. */
  private async idReused(task: Task, unit: Unit): Promise<string> {
    if (await unit.deadLetters.has(task.received)) return 'duplicate';
    const { identity } = this.d.cloudEvents.byPosition(task.received);
    const { source, id } = task.identity;
    const error = new Error(`another message of source '${source}' had the id ${id}, with other bytes`);
    this.letter(unit, { ...this.letterOf(task, 'IdReused', error), identity });
    return 'dead';
  }

  private end(task: Task, unit: Unit, reason: DeadLetterReason, error: Error): string {
    this.letter(unit, this.letterOf(task, reason, error));
    unit.settle(task, 'dead');
    return 'dead';
  }

  private letterOf({ received, identity }: Task, reason: DeadLetterReason, error: Error): DeadLetter {
    return {
      received,
      headers: this.d.cloudEvents.encodeHeaders(received.headers),
      identity,
      reason,
      message: error.message,
      exception: error.name,
      time: this.d.clock.now(),
    };
  }

  private letter(unit: Unit, letter: DeadLetter): void {
    const { received, reason, message, exception, time } = letter;
    const { topic, partition, offset, timestamp, key, value, headers } = received;
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
    unit.outbox.add({ topic: dlqOf(topic), key, value, headers: this.d.cloudEvents.encodeHeaders(headers, about) });
    this.d.telemetry.deadLetter({ topic, partition, offset, reason, message });
  }
}

/** The DLQ topic takes 64 KB more than its source: what is said about a letter stays far below. */
const MAX_HEADER_CHARACTERS = 4_000;

function isOfTheDatabase(error: unknown): boolean {
  return (
    error instanceof DatabaseUnavailable ||
    error instanceof StaleRead ||
    error instanceof CommitOutcomeUnknown ||
    error instanceof ConfigurationError
  );
}
