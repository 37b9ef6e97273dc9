import type { LetterSummary } from '../ports/dead-letters.ts';
import type { KnownMessage } from '../ports/message-outcomes.ts';
import type { Outcome } from '../ports/unit-of-work.ts';

/** The record that is asked about, when it is one record and not an id. */
export interface AskedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly digest: string;
  /** Whether the database has decided its partition beyond it. */
  readonly isDecided: boolean;
  /** Whether a worker handles messages of its type, or buries them; the others it skips. */
  readonly isTaken: boolean;
}

/** What became of a message, as far as the database tells. */
export type Fate =
  /** Undefined: the letter was resolved, and is forgotten. */
  | { readonly what: 'dead'; readonly letter: LetterSummary | undefined }
  | { readonly what: 'superseded'; readonly letter: LetterSummary; readonly by: Outcome | undefined }
  /**
   * `outcome` undefined: the inbox has forgotten it, and only its answers can tell. `since`: none of these is older; milliseconds since the
   * epoch. `letter`: the newest of those that it had before.
   */
  | {
      readonly what: 'answered';
      readonly outcome: Exclude<Outcome, 'dead'> | undefined;
      readonly since: number;
      readonly letter: LetterSummary | undefined;
    }
  | { readonly what: 'undecided' }
  | { readonly what: 'skipped' }
  /** It was decided, and another message under its id is the one that is remembered. */
  | { readonly what: 'displaced' };

/** @param hash of the identity @param record undefined: the identity is asked about, wherever its messages stand */
export function fateOf(hash: string, record: AskedRecord | undefined, { entry, letters }: KnownMessage): Fate {
  const own = record && letterFrom(record, letters);
  if (own !== undefined) return fateOfLetter(own, { entry });
  const newest = letters.findLast(({ identity }) => identity.hash === hash);
  if (record?.isDecided === false && !isRepetition(record, entry)) return { what: 'undecided' };
  if (entry === undefined) return fateOfForgotten(record, newest);
  if (entry.outcome === 'dead') return { what: 'dead', letter: newest };
  if (record !== undefined && record.digest !== entry.digest) return { what: 'displaced' };
  return { what: 'answered', outcome: entry.outcome, since: entry.at, letter: newest };
}

/** The letter that this very record has become. */
export function letterFrom(record: AskedRecord, letters: readonly LetterSummary[]): LetterSummary | undefined {
  return letters.findLast((letter) => isFrom(letter, record));
}

/** A record whose message was handled before, from another place: it is skipped. */
export function isRepetition({ digest }: Pick<AskedRecord, 'digest'>, entry: KnownMessage['entry']): boolean {
  return entry !== undefined && entry.outcome !== 'dead' && entry.digest === digest;
}

function fateOfLetter(letter: LetterSummary, { entry }: Pick<KnownMessage, 'entry'>): Fate {
  switch (letter.state) {
    case 'open':
    case 'discarded':
      return { what: 'dead', letter };
    case 'superseded':
      return { what: 'superseded', letter, by: entry?.outcome };
    case 'replayed': {
      const outcome = entry === undefined || entry.outcome === 'dead' ? undefined : entry.outcome;
      const since = outcome === undefined ? (letter.resolution?.at ?? letter.time) : (entry?.at ?? letter.time);
      return { what: 'answered', outcome, since, letter };
    }
  }
}

function fateOfForgotten(record: AskedRecord | undefined, newest: LetterSummary | undefined): Fate {
  if (newest?.state === 'open' || newest?.state === 'discarded') return { what: 'dead', letter: newest };
  if (newest !== undefined) {
    return { what: 'answered', outcome: undefined, since: newest.resolution?.at ?? newest.time, letter: newest };
  }
  if (record === undefined) return { what: 'undecided' };
  if (!record.isTaken) return { what: 'skipped' };
  return { what: 'answered', outcome: undefined, since: record.timestamp, letter: undefined };
}

function isFrom({ topic, partition, offset, timestamp }: LetterSummary, record: AskedRecord): boolean {
  return (
    topic === record.topic &&
    partition === record.partition &&
    offset === record.offset &&
    // A topic that was made anew has other records at its offsets. Times beyond what the database holds were cut off there.
    (timestamp === record.timestamp || !Number.isFinite(new Date(record.timestamp).getTime()))
  );
}
