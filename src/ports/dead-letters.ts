import type { MessageIdentity, Position } from './messages.ts';
import type { DeadLetterReason } from './unit-of-work.ts';

/** `superseded`: its message was sent again, under the same identity, and that one was handled. */
export type LetterState = 'open' | 'replayed' | 'discarded' | 'superseded';

/** How a letter left, by whom, and what is to be remembered of it. */
export interface Resolution {
  readonly state: Exclude<LetterState, 'open'>;
  readonly by: string | null;
  readonly note: string | null;
}

/** A dead letter without its bytes. `message` and `exception` are those of the last try. */
export interface LetterSummary extends Position {
  readonly letterId: number;
  readonly state: LetterState;
  readonly identity: MessageIdentity;
  readonly reason: DeadLetterReason;
  readonly message: string;
  readonly exception: string;
  /** The tenant and the user that it names. */
  readonly keys: readonly string[];
  /** Whether it waits in the order of its keys. */
  readonly parks: boolean;
  /** When it became one. Milliseconds since the epoch. */
  readonly time: number;
  /** `at`: milliseconds since the epoch. */
  readonly resolution: (Resolution & { readonly at: number }) | null;
}

export interface StoredLetter extends LetterSummary {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** In the form in which a record carries them. */
  readonly headers: Buffer;
}

/** Which open letters; what is left out does not matter. */
export interface LetterFilter {
  readonly reason?: DeadLetterReason;
  readonly key?: string;
  /** Milliseconds since the epoch: letters of before. */
  readonly before?: number;
}

export interface ReasonCount {
  readonly reason: DeadLetterReason;
  readonly letters: number;
  /** When the oldest of them became a letter. Milliseconds since the epoch. */
  readonly oldest: number;
}

/** Whose messages became letters, and why. */
export interface SourceCount {
  /** `ce_source`; empty: the messages do not say. */
  readonly source: string;
  readonly reason: DeadLetterReason;
  readonly letters: number;
}

/** A key whose messages become letters, and how many open ones wait under it. */
export interface KeyCount {
  readonly key: string;
  readonly parkedAt: number;
  readonly letters: number;
  /** null: none waits, and still the key is parked. */
  readonly lowest: number | null;
}

export interface Discarded {
  /** In what state it was; only an open letter is discarded. Undefined: there is none of this number. */
  readonly state: LetterState | undefined;
  /** Keys of it that are parked now, with the number of letters that wait under each. */
  readonly parked: readonly KeyCount[];
}

/** What an operator sees of the dead letters and does about them, beside replaying. All of it is about open ones, unless it says otherwise. */
export interface DeadLetters {
  counts(filter: LetterFilter): Promise<readonly ReasonCount[]>;
  /** The most first. */
  countsBySource(filter: LetterFilter, limit: number): Promise<readonly SourceCount[]>;
  /** By number, from the first after `after`. */
  list(
    filter: LetterFilter,
    page: { readonly after: number; readonly limit: number },
  ): Promise<readonly LetterSummary[]>;
  parkedKeys(page: { readonly limit: number; readonly key?: string }): Promise<readonly KeyCount[]>;
  countParkedKeys(): Promise<number>;
  /** In whatever state. */
  get(letterId: number): Promise<StoredLetter | undefined>;
  /** The lowest one that waits under a key. */
  lowest(key: string): Promise<number | undefined>;
  /** A replay came to nothing: the letter stays open, and says why. `IdReused` stays its reason: it is to be replayed by number alone. */
  failed(
    letterId: number,
    failure: { readonly reason: DeadLetterReason; readonly message: string; readonly exception: string },
  ): Promise<void>;
  /**
   * Gives a letter up. @param freeKeys frees its keys, though others may wait behind it; a key under which a lower one waits stays
   * parked, since it is that one's
   */
  discard(letterId: number, resolution: Resolution, freeKeys: boolean): Promise<Discarded>;
  /** Frees a key under which nothing waits. @returns whether it was parked, and is free now */
  freeIfEmpty(key: string): Promise<boolean>;
  /** Frees all keys under which nothing waits; returns them. */
  freeEmpty(): Promise<readonly string[]>;
}
