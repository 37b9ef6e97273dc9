import type { OutgoingMessage } from './messages.ts';
import type { SubdivisionKey } from './repositories.ts';
import type { OutboxEffect, OutboxLane } from './unit-of-work.ts';

/** A timer that was taken to be sent for. */
export interface DueTimer extends SubdivisionKey {
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
}

export interface SweepLimits {
  /** The most timers, of all workers, that were sent for once and are not answered; and the most that are sent for again within `resendMs`. */
  readonly inFlight: number;
  /** After how long without an answer a timer is sent for again. Milliseconds. */
  readonly resendMs: number;
  /** The most timers that one sweep takes. */
  readonly step: number;
}

/** What a sweep has done. */
export interface Swept extends OutboxEffect {
  readonly firstSends: number;
  readonly resends: number;
  /** Whether more may be due than it was allowed to take. */
  readonly isFull: boolean;
  /** How many were sent for once, before and now, and are not answered. */
  readonly unanswered: number;
  /** For how long the oldest has been due. Milliseconds; 0 when none is. */
  readonly oldestMs: number;
}

/** The timers of subdivisions, as those see them who send for what is due. All go by the database's clock. */
export interface Timers {
  /**
   * Takes what is due and was not sent for, changes of state before mere notices, and then what was not answered in time; each the oldest
   * first. Those of parked keys are neither taken nor counted. Marks and outbox are one transaction.
   * @param messageOf the message that is owed for a timer; `upTo` is when the transaction began, in milliseconds since the epoch
   * @returns undefined when another worker sweeps at this moment
   * @throws DatabaseUnavailable, CommitOutcomeUnknown
   */
  sweep(
    limits: SweepLimits,
    messageOf: (timer: SubdivisionKey, upTo: number) => OutgoingMessage,
    lane: OutboxLane,
  ): Promise<Swept | undefined>;
  /** How many are due of keys that are not parked, and for how long the oldest is, in milliseconds; undefined: none. */
  due(): Promise<{ readonly timers: number; readonly oldestMs: number } | undefined>;
  /**
   * Looks at `limit` active licenses, and gives their subdivisions the timers that a worker of before has not written.
   * @param after where the last call ended @returns where this one ended; undefined when there are no more
   */
  addMissing(after: SubdivisionKey | undefined, limit: number): Promise<SubdivisionKey | undefined>;
}
