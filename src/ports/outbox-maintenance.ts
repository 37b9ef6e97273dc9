import type { FoundStatement, LaneStatement } from './levels.ts';
import type { OutgoingMessage } from './messages.ts';

/** A deleted user about whom letters are open. */
export interface OpenOfDeleted {
  readonly userId: string;
  readonly letters: number;
}

/** Deletes, relays and prunes what units of work leave behind. */
export interface OutboxMaintenance {
  /** Deletes what a lane has published, seq in [from, to). */
  deleteDelivered(lane: string, from: number, to: number): Promise<void>;
  /** Marks these lanes as living, though they write nothing at the moment, and keeps what they state. */
  touch(lanes: readonly LaneStatement[]): Promise<void>;
  /** What all lanes state that have given a sign of life in the last `silentMs`. */
  living(silentMs: number): Promise<readonly FoundStatement[]>;
  /** Gives a lane up: the relay publishes what it still owes, at once. */
  retire(lane: string): Promise<void>;
  /**
   * Publishes up to `limit` rows of one lane that has been silent for `silentMs`, or one chunk, and deletes them. An error of `publish` is passed
   * on; if it is a PublicationFailed, what was acknowledged is deleted first.
   * @returns how many messages were published; 0 when no silent lane owes any
   */
  relay(
    silentMs: number,
    limit: number,
    publish: (messages: readonly OutgoingMessage[]) => Promise<void>,
  ): Promise<number>;
  /** Forgets lanes that owe nothing and have been silent for `silentMs`; knows lanes again that owe a chunk. */
  forget(silentMs: number): Promise<void>;
  /** Deletes inbox rows older than `retentionMs`, `step` at the most; returns how many. */
  pruneInbox(retentionMs: number, step: number): Promise<number>;
  /** Deletes statistic rows of deleted subdivisions, `step` at the most; 0 when none are left. */
  removeOrphanedRows(step: number): Promise<number>;
  /** Deletes dead letters that were resolved longer ago than `retentionMs`, `step` at the most; returns how many. */
  pruneDeadLetters(retentionMs: number, step: number): Promise<number>;
  /**
   * Erases resolved dead letters about deleted users, `step` at the most, and notes of users that nothing is left of.
   * @returns how many of the one or of the other, whichever is more
   */
  eraseOfDeleted(step: number): Promise<number>;
  /** The deleted users about whom letters are open: they are erased once they are resolved. */
  openOfDeleted(limit: number): Promise<readonly OpenOfDeleted[]>;
  /** Forgets keys that are parked no more, once their replays owe nothing. */
  forgetFreedKeys(): Promise<void>;
}
