import type { OutgoingMessage } from './messages.ts';

/** What is done to the outbox outside of units of work. */
export interface OutboxMaintenance {
  /** Deletes what a lane has published, seq in [from, to). */
  deleteDelivered(lane: string, from: number, to: number): Promise<void>;
  /** Tells that these lanes live, though they write nothing at the moment. */
  touch(lanes: readonly string[]): Promise<void>;
  /** Gives a lane up: the relay takes over what it owes. */
  retire(lane: string): Promise<void>;
  /**
   * Publishes up to `limit` rows of one lane that has been silent for `silentMs`, and deletes them; what `publish` throws is passed on,
   * and of a PublicationFailed the acknowledged rows are deleted all the same.
   * @returns how many; 0: no silent lane owes anything
   */
  relay(
    silentMs: number,
    limit: number,
    publish: (messages: readonly OutgoingMessage[]) => Promise<void>,
  ): Promise<number>;
  /** Forgets lanes that owe nothing and have been silent for `silentMs`. */
  forget(silentMs: number): Promise<void>;
  /** Deletes inbox rows older than `retentionMs`, `step` at the most; returns how many. */
  pruneInbox(retentionMs: number, step: number): Promise<number>;
  /** Deletes statistic rows of deleted subdivisions, `step` at the most; 0 when none are left. */
  removeOrphanedRows(step: number): Promise<number>;
  /** Deletes dead letters that were resolved longer ago than `retentionMs`, `step` at the most; returns how many. */
  pruneDeadLetters(retentionMs: number, step: number): Promise<number>;
  /** Forgets keys that were parked once, when nothing is owed of their replays. */
  forgetFreedKeys(): Promise<void>;
}
