import type { OutgoingMessage } from './messages.ts';

/** Transient: the same work may succeed later. Lock timeouts, deadlocks, lost connections, a database that starts or stops. */
export class DatabaseUnavailable extends Error {
  override readonly name: string = 'DatabaseUnavailable';
}

/** The database gave up on work that took too long: less of it at once may succeed. */
export class TimedOut extends DatabaseUnavailable {
  override readonly name = 'TimedOut';
}

/** A constraint refused the flush: what was read is stale, or the message itself is one that the database does not take. */
export class StaleRead extends Error {
  override readonly name = 'StaleRead';
}

/** What a chunk asks for together is more than one transaction should hold in memory: less of it at once succeeds. */
export class TooMuchAtOnce extends Error {
  override readonly name = 'TooMuchAtOnce';
}

/** The connection ended while COMMIT was under way: it may or may not have taken effect. Only the inbox can tell. */
export class CommitOutcomeUnknown extends Error {
  override readonly name = 'CommitOutcomeUnknown';
}

/**
 * A publication failed in its midst. It tells what is acknowledged, not what is left, so that whoever stands between and knows of other
 * messages too can pass it on: what it does not name is published again, and never lost.
 */
export class PublicationFailed extends Error {
  override readonly name = 'PublicationFailed';
  /** The very objects that were to be published. */
  readonly acknowledged: readonly OutgoingMessage[];

  constructor(acknowledged: readonly OutgoingMessage[], cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.acknowledged = acknowledged;
  }
}

/** A programming mistake: changing an aggregate that this unit has not gotten. */
export class NotLoaded extends Error {
  override readonly name = 'NotLoaded';
}

/** The configuration can't work; the message names the setting. Ends the process with exit code 1. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** It is not this dead letter's turn, or no longer: it is not open, waits behind another, or its message has taken effect since. */
export class NotReplayable extends Error {
  override readonly name = 'NotReplayable';
  readonly why: 'absent' | 'resolved' | 'behind' | 'superseded';

  constructor(why: NotReplayable['why'], message: string) {
    super(message);
    this.why = why;
  }
}
