/** What an operator is told. Counters are summed and logged once a minute; the rest is logged as it happens. */
export interface Telemetry {
  count(what: string, type: string, by?: number): void;
  deadLetter(letter: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly reason: string;
    readonly message: string;
  }): void;
  /** The user domain does not know a user that exists here: its look-up has ended. */
  userUnknown(userId: string): void;
  /** Something waits for somebody else; told at once, then once a minute for as long as it lasts. Each call counts, and the time till `recovered`. */
  waiting(what: string, error: Error): void;
  /** What was waited for is back. */
  recovered(what: string): void;
}
