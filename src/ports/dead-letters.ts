import type { Advice } from '../domain/rejection.ts';
import type { MessageIdentity, Position } from './messages.ts';

/** What is known about a reason, whatever the message. */
interface Reason {
  /** The worker's own fault, whatever the message is: it is logged with its stack, and mended here. */
  readonly ours: boolean;
  /** Whether such a letter parks the tenant and the user that it names, so that what comes after it waits and order holds. */
  readonly parks: boolean;
  /** The level at which such a letter is logged. */
  readonly level: 'error' | 'debug';
  /** Markdown, without a full stop. */
  readonly meaning: string;
  /** What the operator does about it. Markdown, without a full stop. */
  readonly remedy: string;
  /** What the sender of the message does about it. `note`: Markdown, without a full stop. */
  readonly sender: { readonly advice: Advice; readonly note: string };
}

/**
 * Why a message becomes a dead letter. The dispatcher, the log, the CLI's help and the tables in docs/operations.md and
 * docs/messages.md (`npm run generate`) go by this table. The database has the names in a CHECK constraint of its own, so a new reason needs a migration; a test compares them.
 */
export const REASONS = {
  UndecodableMessage: {
    ours: false,
    parks: false,
    level: 'error',
    meaning: 'it can not be read, or holds values that the user domain can not have meant',
    remedy:
      'find the producer by `source`, and tell its team what the message of the letter says: JSON, the framings of Apicurio or of other ' +
      'Confluent serializers with the setting that mends each, an id of another registry. The producer sends it again under the same id; ' +
      'or register the schema and replay',
    sender: {
      advice: 'fix',
      note: 'mend what `dlq-message` says, and send it again under the same `ce_id`',
    },
  },
  UnknownType: {
    ours: false,
    parks: false,
    level: 'error',
    meaning: 'no handler takes its type',
    remedy: 'its producer is ahead of this version, or uses the wrong topic; deploy, then replay',
    sender: {
      advice: 'fix',
      note: 'send it to its own topic; if the type is newer than the workers, wait for their update: the letter is replayed then',
    },
  },
  IdReused: {
    ours: false,
    parks: false,
    level: 'error',
    meaning: 'an earlier message of the same source had the same id, with other bytes',
    remedy: 'its producer gives one `ce_id` to two messages; `dlq replay NUMBER` if it was meant to be another message',
    sender: {
      advice: 'fix',
      note: 'give each message a `ce_id` of its own, and send the later one again under its own. If it was a retry: those have to have the same bytes',
    },
  },
  HandlerFailed: {
    ours: true,
    parks: true,
    level: 'error',
    meaning: 'its handler failed with an error that nobody expects',
    remedy: 'a bug of the worker: mend it, deploy, then `dlq replay --key`',
    sender: {
      advice: 'ignore',
      note: 'wait: it is answered when the workers are mended, in its order',
    },
  },
  FlushFailed: {
    ours: true,
    parks: true,
    level: 'error',
    meaning: 'the database refuses what its handler wrote',
    remedy: 'a bug of the worker: mend it, deploy, then `dlq replay --key`',
    sender: {
      advice: 'ignore',
      note: 'wait: it is answered when the workers are mended, in its order',
    },
  },
  ParkedBehind: {
    ours: false,
    parks: true,
    // One parked key can bring thousands of these; the letter before them was logged as an error already.
    level: 'debug',
    meaning: 'it names a tenant or user that an earlier letter has parked',
    remedy: 'nothing is wrong with it: replay the letters of its key that come before it',
    sender: {
      advice: 'ignore',
      note: 'wait: it is answered behind the letters before it, in its order',
    },
  },
  MalformedAnswer: {
    ours: false,
    parks: false,
    level: 'error',
    meaning: 'the user domain answered its look-up with something that is no profile',
    remedy: 'once the user domain is mended, replay asks it again',
    sender: {
      advice: 'ignore',
      note: 'it is a look-up of the worker; nobody else has sent it',
    },
  },
  TooLarge: {
    ours: false,
    parks: false,
    level: 'error',
    meaning: 'one of its events, or its rejection, is larger than `MAX_MESSAGE_BYTES`',
    remedy: 'raise the limits in the order below, then replay',
    sender: {
      advice: 'ignore',
      note: 'wait: it is answered once the limits are raised',
    },
  },
} as const satisfies Readonly<Record<string, Reason>>;

export type DeadLetterReason = keyof typeof REASONS;

export const REASON_NAMES = Object.keys(REASONS) as readonly DeadLetterReason[];

/** `superseded`: its message was sent again under the same identity, and that second message was handled. */
export type LetterState = 'open' | 'replayed' | 'discarded' | 'superseded';

/** How a letter was resolved, by whom, and the note that was left. */
export interface Resolution {
  readonly state: Exclude<LetterState, 'open'>;
  readonly by: string | null;
  readonly note: string | null;
}

/** Who has a letter erased, and why. */
export interface Erasure {
  readonly by: string;
  readonly why: string;
}

/** The letters about a key that are not erased, sorted by number, and how many of them are open. */
export interface Erasable {
  readonly letterIds: readonly number[];
  readonly open: number;
}

/** A dead letter without its bytes. `message` and `exception` are those of the last try to handle it. */
export interface LetterSummary extends Position {
  readonly letterId: number;
  readonly state: LetterState;
  readonly identity: MessageIdentity;
  readonly reason: DeadLetterReason;
  readonly message: string;
  readonly exception: string;
  /** The ids of the tenant and of the user that the message names. */
  readonly keys: readonly string[];
  /** Whether the letter waits in the order of its keys. */
  readonly parks: boolean;
  /** When the message became a letter. Milliseconds since the epoch. */
  readonly time: number;
  /** `at`: milliseconds since the epoch. */
  readonly resolution: (Resolution & { readonly at: number }) | null;
  /**
   * Of a letter that was erased: its bytes, keys, headers, texts and the words of its identity are gone. `by` null: it was about a deleted
   * user. `at`: milliseconds since the epoch.
   */
  readonly erasure: { readonly by: string | null; readonly why: string; readonly at: number } | null;
}

export interface StoredLetter extends LetterSummary {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Encoded as in a record. */
  readonly headers: Buffer;
}

/** Selects open letters. A condition that is left out selects all. */
export interface LetterFilter {
  readonly reason?: DeadLetterReason;
  readonly key?: string;
  /** Letters from before this time. Milliseconds since the epoch. */
  readonly before?: number;
}

export interface ReasonCount {
  readonly reason: DeadLetterReason;
  readonly letters: number;
  /** When the oldest of these messages became a letter. Milliseconds since the epoch. */
  readonly oldest: number;
}

/** How many letters a source and a reason have. */
export interface SourceCount {
  /** `ce_source` of the messages; empty when they have none. */
  readonly source: string;
  readonly reason: DeadLetterReason;
  readonly letters: number;
}

/** A parked key, and how many open letters wait under it. */
export interface KeyCount {
  readonly key: string;
  readonly parkedAt: number;
  readonly letters: number;
  /** The lowest number of these letters; null: the key is parked, though no letter waits. */
  readonly lowest: number | null;
}

export interface Discarded {
  /** The letter's state before the call; only an open letter is discarded. Undefined: no letter has this number. */
  readonly state: LetterState | undefined;
  /** Those of its keys that are parked now, with the number of letters that wait under each. */
  readonly parked: readonly KeyCount[];
}

/** What operators see of dead letters and do about them, beside replaying them. Every method is about open letters, unless it says otherwise. */
export interface DeadLetters {
  counts(filter: LetterFilter): Promise<readonly ReasonCount[]>;
  /** Sources with the most letters come first. */
  countsBySource(filter: LetterFilter, limit: number): Promise<readonly SourceCount[]>;
  /** Sorted by number, from the first one after `after`. */
  list(
    filter: LetterFilter,
    page: { readonly after: number; readonly limit: number },
  ): Promise<readonly LetterSummary[]>;
  parkedKeys(page: { readonly limit: number; readonly key?: string }): Promise<readonly KeyCount[]>;
  countParkedKeys(): Promise<number>;
  /** A letter in any state. */
  get(letterId: number): Promise<StoredLetter | undefined>;
  /** Letters in any state, by number: the first of these, as many as `maxBytes` have room for, and one at least. What is absent is left out. */
  getMany(letterIds: readonly number[], maxBytes: number): Promise<readonly StoredLetter[]>;
  /** The number of the lowest letter that waits under a key. */
  lowest(key: string): Promise<number | undefined>;
  /**
   * Notes why a replay failed; the letter stays open. A letter for the reason `IdReused` keeps that reason, because it may only be replayed by
   * number or reason.
   */
  failed(
    letterId: number,
    failure: { readonly reason: DeadLetterReason; readonly message: string; readonly exception: string },
  ): Promise<void>;
  /**
   * Gives a letter up.
   * @param freeKeys frees the letter's keys even if other letters wait behind it. A key under which a lower letter waits stays parked:
   * the lower letter holds it
   */
  discard(letterId: number, resolution: Resolution, freeKeys: boolean): Promise<Discarded>;
  /** The letters about a key, in any state: those that name it, and those that name nobody and have it for their Kafka key. */
  about(key: string): Promise<Erasable>;
  /**
   * Erases letters, in one transaction. Open ones are discarded with that: their messages are lost.
   * @returns how many were not erased before, and the keys under which an open one of them waited: these stay parked
   */
  erase(
    letterIds: readonly number[],
    erasure: Erasure,
  ): Promise<{ readonly erased: number; readonly keys: readonly string[] }>;
  /** Frees a key under which no letter waits. @returns whether the key was parked and is free now */
  freeIfEmpty(key: string): Promise<boolean>;
  /** Frees all keys under which no letter waits. @returns these keys */
  freeEmpty(): Promise<readonly string[]>;
}
