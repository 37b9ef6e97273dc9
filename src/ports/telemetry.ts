import type { Reset, TopicPartition } from './consumer.ts';
import type { DeadLetterReason } from './dead-letters.ts';

/** What an operator is told. Counters are summed and logged once a minute; the rest is logged as it happens. */
export interface Telemetry {
  count(what: string, type: string, by?: number): void;
  deadLetter(letter: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly reason: DeadLetterReason;
    readonly message: string;
    /** `ce_source` of the message: whose it is. */
    readonly source: string;
    /** What a fault of ours has thrown: it is told with its stack. */
    readonly error?: Error | undefined;
  }): void;
  /** Messages lie elsewhere than their key belongs; told once a source, and counted. */
  misplaced(messages: {
    readonly topic: string;
    readonly partition: number;
    readonly belongsTo: number;
    readonly source: string;
    readonly messages: number;
  }): void;
  /** The user domain does not know a user that exists here: its look-up has ended. */
  userUnknown(userId: string): void;
  /**
   * Something waits for somebody else; told at once, then once a minute for as long as it lasts. Each call counts, and the time till it ends.
   * @param waiter who waits, where several may wait for the same thing: it lasts until each of them has ended its wait
   */
  waiting(what: string, error: Error, waiter?: object): void;
  /** The wait is over, by an answer or because nobody wants one any longer; without a wait it is nothing. */
  waitEnded(what: string, waiter?: object): void;
  /** A partition goes on from its beginning, `to`: what stood from `from` on was lost, or the partition has become shorter than that. */
  reset(reset: Reset): void;
  /** A transaction that is open has held a partition for a while, or holds it no longer. Told about once a minute. */
  heldBack(held: HeldBack): void;
  heldBackEnded(held: Omit<HeldBack, 'records'>): void;
}

export interface HeldBack extends TopicPartition {
  /** Where the transaction begins: nothing is read from there on. */
  readonly offset: number;
  /** How many records lie behind it, those of the transaction included. */
  readonly records: number;
  /** Milliseconds, for which it was seen so. */
  readonly heldMs: number;
}
