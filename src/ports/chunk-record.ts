import type { DeadLetterReason } from './dead-letters.ts';
import type { MessageContext, Position } from './messages.ts';
import type { Step } from './unit-of-work.ts';

/** What became of a chunk, and when. All times are those of `performance.now()`. */
export interface ChunkRecord {
  readonly lane: string;
  /** How many messages it has. */
  readonly messages: number;
  /** When its lane turned to it. */
  readonly begunAt: number;
  /** When all of its messages were read, which may have begun before its lane turned to it. */
  readonly readAt: number;
  /** In order. A chunk without messages has none. */
  readonly transactions: readonly TransactionRecord[];
  /** Of what the transactions owe to Kafka. Undefined: it did not come to that. */
  readonly publication: { readonly begunAt: number; readonly messages: number } | undefined;
  readonly endedAt: number;
  /** Why it was not committed and published as a whole. Its messages come again, here or elsewhere. */
  readonly failure: Error | undefined;
  /** How many more transactions have failed than are told of. */
  readonly omitted: number;
  /** Those of its messages that are traced, in order. */
  readonly traced: readonly TracedMessage[];
}

/** One transaction of a chunk: a chunk has several when one is made again, and when it is divided. */
export interface TransactionRecord {
  readonly messages: number;
  /** Each ends when the next one begins, the last one with the transaction. */
  readonly steps: readonly { readonly name: Step; readonly begunAt: number }[];
  readonly endedAt: number;
  readonly committed: boolean;
  /** Why it was not committed. Undefined, too, where what it had presumed did not hold: it was made again at once, with a look. */
  readonly failure: Error | undefined;
}

export interface TracedMessage {
  readonly position: Position;
  readonly context: MessageContext;
  /** The full name of its type; null when it can't be read. */
  readonly type: string | null;
  /** Undefined: it is not committed. */
  readonly ending: TracedEnding | undefined;
}

export interface TracedEnding {
  readonly outcome: 'accepted' | 'rejected' | 'duplicate' | 'dead';
  /** Of a dead letter. */
  readonly reason: DeadLetterReason | undefined;
  /** The one that has committed it. */
  readonly transaction: TransactionRecord;
}

/** Whoever wants to know of the chunks that have ended. */
export interface Traces {
  chunk(record: ChunkRecord): void;
}
