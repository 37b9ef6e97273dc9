import type { LetterSummary } from './dead-letters.ts';
import type { OutgoingMessage, Position } from './messages.ts';
import type { Seen } from './unit-of-work.ts';

/** What the inbox remembers of an identity. */
export interface RememberedOutcome extends Seen {
  readonly lane: string | null;
  /** When it was decided by the database's clock, or later: a repetition renews it. Milliseconds since the epoch. */
  readonly at: number;
}

/** What the database knows of one message. */
export interface KnownMessage {
  /** Undefined: nothing of this identity was decided, or it was, and is forgotten. */
  readonly entry: RememberedOutcome | undefined;
  /** Of the identity and from the place, in whatever state, by their number. */
  readonly letters: readonly LetterSummary[];
  /** All that the lane which has handled the message still owes to Kafka, of other messages too. */
  readonly owed: readonly OutgoingMessage[];
}

/** What became of messages, for people who ask. Nothing is locked or written. */
export interface MessageOutcomes {
  /** @param hash of the identity, 32 hex digits; undefined when only the place is known */
  know(hash: string | undefined, place: Omit<Position, 'timestamp'> | undefined): Promise<KnownMessage>;
}
