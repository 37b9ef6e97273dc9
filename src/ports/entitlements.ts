import type { Subdivision } from '../domain/subdivision.ts';
import type { SubdivisionKey } from './repositories.ts';

export interface ClaimLimits {
  /** The most that are claimed of what has changed, of what is to be repeated, and of what an older epoch was told of; each by itself. */
  readonly step: number;
  /** For how long they are claimed, by the database's clock. Milliseconds. */
  readonly claimMs: number;
}

/** What is owed and nobody has claimed yet, or what is left over of claims: of sends that have failed, and of publishers that are gone. */
export type Claimable = 'new' | 'left';

/** What was claimed for a publisher. */
export interface Claimed {
  readonly keys: readonly SubdivisionKey[];
  /** For how long the oldest change has been owed, of all that are, whoever has them. Milliseconds; 0: none is. */
  readonly oldestMs: number;
  /** Whether more may be owed than was claimed. */
  readonly isFull: boolean;
}

/** The present state of what is still claimed, all of one moment. */
export interface ClaimedState {
  readonly subdivisions: readonly (SubdivisionKey & {
    /** undefined: it is deleted */
    readonly subdivision: Subdivision | undefined;
  })[];
  readonly epoch: number;
  /** That moment, by the database's clock: milliseconds since the epoch, UTC. */
  readonly at: number;
  /** For how long from then on all of it is claimed. Milliseconds. */
  readonly leftMs: number;
}

/** When what was published is published next. Milliseconds from now on. */
export interface Repetition {
  /** What had changed, or an epoch was told of first: longer than any send of it can be under way. */
  readonly repeatMs: number;
  /** Everything else: at most so long, and half of it at least, so that it spreads. */
  readonly refreshMs: number;
}

/** What is owed to those who read entitlements, as publishers see it. All goes by the database's clock. */
export interface Entitlements {
  /**
   * Claims what is owed for `claim`, a UUID of its own: of what is new, what has been owed longest; of what is left over, what was left first. What
   * a transaction marks anew is claimed no more.
   */
  claim(claim: string, limits: ClaimLimits, which: Claimable): Promise<Claimed>;
  read(claim: string, keys: readonly SubdivisionKey[]): Promise<ClaimedState>;
  /**
   * They are published, in this epoch. What is not claimed by `claim` any more stays as it is. If another topic is the present one by now, that
   * is still owed them.
   * @returns how many were still claimed
   */
  published(
    claim: string,
    keys: readonly (SubdivisionKey & { readonly isDeleted: boolean })[],
    epoch: number,
    repetition: Repetition,
  ): Promise<number>;
  /** They were not published, as far as is known: they are owed since when they were, and count as left over. */
  release(claim: string, keys: readonly SubdivisionKey[]): Promise<void>;
  /** The database has lost something: a new epoch begins, higher than all before, also those that were lost. So everything is owed. */
  raiseEpoch(): Promise<void>;
  /**
   * To be told at the start, of the topic where entitlements are published. Another one than before is empty: a new epoch begins.
   * @returns how many partitions the topic had when this was told first
   */
  publishedTo(partitions: number): Promise<number>;
  /**
   * Looks at `limit` subdivisions, and has those owed that a worker of before has created.
   * @param after where the last call ended @returns where this one ended; undefined when there are no more
   */
  addMissing(after: SubdivisionKey | undefined, limit: number): Promise<SubdivisionKey | undefined>;
}
