import type { RejectionCode } from '../domain/rejection.ts';
import type { ChunkRecord } from './chunk-record.ts';
import type { Reset, TopicPartition } from './consumer.ts';
import type { DeadLetterReason } from './dead-letters.ts';
import type { MessageContext } from './messages.ts';

/** Which message a log line is about. */
export interface About {
  /** `ce_id` of the message, or its position if it has none. */
  readonly id: string;
  /** `ce_source` of the message, which names the team that sent it; '' for none. */
  readonly source: string;
  readonly traceparent: string | null;
}

export function aboutOf({ identity: { id, source }, traceparent }: MessageContext): About {
  return { id, source, traceparent };
}

/** So many messages that have ended alike. */
export interface Ended {
  /** `duplicate`: handled before. `skipped`: nobody here wants it. */
  readonly outcome: 'accepted' | 'rejected' | 'dead' | 'duplicate' | 'skipped';
  /** The full name of their type; null when they can't be read. */
  readonly type: string | null;
  /** Why they were rejected. */
  readonly code?: RejectionCode | undefined;
  readonly messages: number;
}

/** What is measured once a chunk, a fetch or a send. Durations are milliseconds. */
export interface Measures {
  fetched(batch: TopicPartition & { readonly messages: number }): void;
  /** A chunk has ended. */
  chunk(chunk: ChunkRecord): void;
  /** A send has ended. `messages`: how many of them were acknowledged, by topic. `error`: why others were not. */
  sent(send: {
    readonly topics: readonly string[];
    readonly messages: ReadonlyMap<string, number>;
    readonly ms: number;
    readonly error?: Error | undefined;
  }): void;
}

/** What operators are told. Counters are summed up and logged once a minute. Everything else is logged as it happens. */
export interface Telemetry extends Measures {
  /** Counted, once their transaction is committed. */
  ended(ended: Ended): void;
  count(what: string, type: string, by?: number): void;
  deadLetter(
    letter: About & {
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly reason: DeadLetterReason;
      readonly message: string;
      /** The error of a fault of ours. It is logged with its stack. */
      readonly error?: Error | undefined;
    },
  ): void;
  /** Messages lie in another partition than their key belongs to; it tells which is the first of them. Logged once a source; each message is counted. */
  misplaced(
    messages: About & {
      readonly topic: string;
      readonly partition: number;
      readonly offset: number;
      readonly belongsTo: number;
      readonly messages: number;
    },
  ): void;
  /** The user domain does not know a user that exists here, so the look-up of that user has ended. */
  userUnknown(userId: string, lookUp: About): void;
  /** A user was deleted, and letters about that user are open: they are erased once they are resolved. */
  openLettersOfDeleted(open: { readonly userId: string; readonly letters: number }): void;
  /**
   * Work waits for another system, `what`. Logged at once, then once a minute until the wait ends. Calls and waiting time are counted.
   * @param waiter tells apart several that wait for the same system; the wait ends when each of them has ended its own
   */
  waiting(what: string, error: Error, waiter?: object): void;
  /** The wait is over: an answer came, or nobody needs one any longer. Does nothing when there is no wait. */
  waitEnded(what: string, waiter?: object): void;
  /** A partition goes on from its beginning, `to`. Either the messages from `from` to there were lost, or the partition now ends before `from`. */
  reset(reset: Reset): void;
  /** The database has lost messages that were done; they are read again, before anything new of their partition. */
  healing(healing: Healing): void;
  /** Another level than before is what every worker on the database can read; 0: one of them is older than levels. */
  level(level: number): void;
  /** Something is due, and nobody may send for it. To be called about once a minute. */
  timersBlocked(blocked: { readonly timers: number; readonly oldestMs: number; readonly why: string }): void;
  /** What is due waits for long, though it is sent for. To be called about once a minute. */
  timersLate(late: { readonly oldestMs: number; readonly unanswered: number }): void;
  /** A change of what a subdivision is entitled to was not published for long. To be called about once a minute. */
  entitlementsLate(late: { readonly oldestMs: number }): void;
  /** An open transaction has held a partition for a while. To be called about once a minute. */
  heldBack(held: HeldBack): void;
  /** The transaction was committed or aborted. */
  heldBackEnded(held: Omit<HeldBack, 'records'>): void;
}

/** The database does not have what the group counts as done of a partition. */
export interface Healing extends TopicPartition {
  /** Where reading goes on. */
  readonly from: number;
  /** How many offsets from there on were counted as done. */
  readonly messages: number;
}

export interface HeldBack extends TopicPartition {
  /** Where the transaction begins. Nothing is read from there on. */
  readonly offset: number;
  /** How many records lie behind that offset, those of the transaction included. */
  readonly records: number;
  /** For how long the transaction has been seen to hold the partition. Milliseconds. */
  readonly heldMs: number;
}
