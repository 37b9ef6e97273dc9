import type { Step } from './decided-offsets.ts';
import type { OutgoingMessage } from './messages.ts';

/** Transient: the same work may succeed later. Lock timeouts, deadlocks, lost connections, a database that starts or stops. */
export class DatabaseUnavailable extends Error {
  override readonly name: string = 'DatabaseUnavailable';
}

/** The database gave up on work that took too long. A part of the work may succeed. */
export class TimedOut extends DatabaseUnavailable {
  override readonly name = 'TimedOut';
}

/** A table is not there, or not for this role: a fault of the configuration at the start. Later a right may be given back, or a schema restored. */
export class DatabaseRefuses extends DatabaseUnavailable {
  override readonly name = 'DatabaseRefuses';
}

/** A constraint refused the flush: the rows that were read are stale, or the message holds something that the database does not take. */
export class StaleRead extends Error {
  override readonly name = 'StaleRead';
}

/** The messages of a chunk load more rows than one transaction should hold in memory. A smaller chunk succeeds. */
export class TooMuchAtOnce extends Error {
  override readonly name = 'TooMuchAtOnce';
}

/** The database does not have what a transaction builds on: it has lost something, or another worker has begun a partition anew. */
export class HistoryLost extends Error {
  override readonly name = 'HistoryLost';

  constructor(steps: readonly Step[]) {
    const places = steps.map(({ topic, partition, from }) => `${topic}/${partition}@${from}`);
    super(`the database has not decided all that this chunk builds on: ${places.join(', ')}`);
  }
}

/** A row of `outbox_chunks` holds something else than what was written: somebody has to look at it, for what it owes can't be published. */
export class DamagedChunk extends Error {
  override readonly name = 'DamagedChunk';
}

/** The connection ended while COMMIT was under way. Only the inbox can tell whether the commit took effect. */
export class CommitOutcomeUnknown extends Error {
  override readonly name = 'CommitOutcomeUnknown';
}

/**
 * A publication failed midway. The error lists the acknowledged messages, not the rest, so that callers who publish more than these messages
 * can pass it on as it is. A message that is not listed is published again, so none is lost.
 */
export class PublicationFailed extends Error {
  override readonly name = 'PublicationFailed';
  readonly #acknowledged: readonly OutgoingMessage[];

  constructor(acknowledged: readonly OutgoingMessage[], cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.#acknowledged = acknowledged;
  }

  /** The very objects that were to be published. No property of its own, which a log would write: they are customers' data. */
  get acknowledged(): readonly OutgoingMessage[] {
    return this.#acknowledged;
  }
}

/** A programming mistake: a handler changed an aggregate that it had not loaded in this unit. */
export class NotLoaded extends Error {
  override readonly name = 'NotLoaded';
}

/** The configuration can't work. Each sentence names a setting; the message has a line for each. The process ends with exit code 1. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly faults: readonly string[];

  constructor(faults: string | readonly string[], options?: ErrorOptions) {
    const all = typeof faults === 'string' ? [faults] : faults;
    super(all.join('\n'), options);
    this.faults = all;
  }
}

/** A dead letter can't be replayed now: it is not open, waits behind another letter, or its message has taken effect since. */
export class NotReplayable extends Error {
  override readonly name = 'NotReplayable';
  readonly why: 'absent' | 'resolved' | 'behind' | 'superseded';

  constructor(why: NotReplayable['why'], message: string) {
    super(message);
    this.why = why;
  }
}
