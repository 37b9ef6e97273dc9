/**
 * What this version can read, as a number. It is one higher in a version that writes something (to a topic of its own, or to a table) that a
 * version before would misread or bury.
 */
export const LEVEL = 3;

/** From this level on, workers read the outbox in chunks as well (the table `outbox_chunks`). */
export const OUTBOX_CHUNKS = 2;

/** From this level on, workers handle `AdvanceSubdivision`; one of before buries it. */
export const TIMERS = 3;

/** What a living lane states: under which id it writes, what it can read, and which partitions it holds. */
export interface LaneStatement {
  readonly lane: string;
  readonly level: number;
  /** The consumer group. */
  readonly group: string;
  /** `topic/partition` */
  readonly partitions: readonly string[];
}

/** A statement as it is found. Nulls: the lane's worker is older than statements. */
export interface FoundStatement {
  readonly level: number | null;
  readonly group: string | null;
  readonly partitions: readonly string[] | null;
}

export interface Levels {
  /** Whether every worker that may read it now can read what this level brings. Answered from what the last look has found. */
  mayWrite(level: number): boolean;
}
