/** What an operator is told. Counters are summed and logged once a minute; the rest is logged as it happens. */
export interface Telemetry {
  count(what: string, type: string, by?: number): void;
  deadLetter(letter: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly reason: string;
    readonly message: string;
    /** What a fault of ours has thrown: it is told with its stack. */
    readonly error?: Error | undefined;
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
}
