/** Things of one kind that wait: how many, and for how long the oldest has. */
export interface Waiting {
  /** At most as many as are counted (`MOST_COUNTED`). */
  readonly count: number;
  /** Milliseconds; 0 when there are none. */
  readonly oldestMs: number;
}

/** What waits in the whole database, whoever is to see to it. */
export interface Backlog {
  /** Messages for Kafka. `oldestMs` is how long the reader has seen the first of a lane stay the same: rows have no time. */
  readonly outbox: Waiting;
  /** Open letters by reason. Each reason is there, also those without. */
  readonly deadLetters: ReadonlyMap<string, Waiting>;
  readonly parkedKeys: Waiting;
  /** Timers that are due, of keys that are not parked. */
  readonly timers: Waiting;
  /** Changes of what subdivisions are entitled to that are not published. */
  readonly entitlements: Waiting;
}

export interface BacklogReader {
  /** Asks within a few seconds, and counts no more of anything than `MOST_COUNTED`. @throws DatabaseUnavailable */
  read(): Promise<Backlog>;
}

/** Counting a backlog must not add to it. */
export const MOST_COUNTED = 100_000;
