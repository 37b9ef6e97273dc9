import type {
  DeadLetters,
  Discarded,
  Erasable,
  Erasure,
  KeyCount,
  LetterFilter,
  LetterSummary,
  ReasonCount,
  Resolution,
  SourceCount,
  StoredLetter,
} from '../../../src/ports/dead-letters.ts';
import { parkableKeys } from '../../../src/ports/parked-keys.ts';
import { NO_HEADERS } from '../../../src/adapters/record-headers.ts';
import { discard, discardOpen, freeIfEmpty } from '../../../src/uow/dead-letters.ts';
import { numberKey, type InMemoryDatabase, type StoredDeadLetter } from './database.ts';
import { parkedKeys } from './letters.ts';
import { inMemoryStore } from './store.ts';

/** The dead letters as an operator has them, in memory. */
export class InMemoryDeadLetters implements DeadLetters {
  private readonly db: InMemoryDatabase;

  constructor(database: InMemoryDatabase) {
    this.db = database;
  }

  async counts(filter: LetterFilter): Promise<readonly ReasonCount[]> {
    const byReason = Map.groupBy(await this.open(filter), ({ reason }) => reason);
    return [...byReason]
      .map(([reason, letters]) => ({
        reason,
        letters: letters.length,
        oldest: Math.min(...letters.map(({ time }) => time)),
      }))
      .sort((a, b) => (a.reason < b.reason ? -1 : 1));
  }

  async countsBySource(filter: LetterFilter, limit: number): Promise<readonly SourceCount[]> {
    const groups = Map.groupBy(await this.open(filter), ({ reason, identity }) =>
      JSON.stringify([identity.source, reason]),
    );
    return [...groups]
      .sort(([a, some], [b, others]) => others.length - some.length || (a < b ? -1 : 1))
      .flatMap(([, letters]) =>
        letters.slice(0, 1).map(({ identity: { source }, reason }) => ({ source, reason, letters: letters.length })),
      )
      .slice(0, limit);
  }

  async list(
    filter: LetterFilter,
    { after, limit }: { readonly after: number; readonly limit: number },
  ): Promise<readonly LetterSummary[]> {
    const rest = (await this.open(filter)).filter(({ letterId }) => letterId > after);
    return rest.slice(0, limit).map(summaryOf);
  }

  async parkedKeys({ limit, key }: { readonly limit: number; readonly key?: string }): Promise<readonly KeyCount[]> {
    return this.db.transaction(() => this.parked(key).slice(0, limit));
  }

  async countParkedKeys(): Promise<number> {
    return this.db.transaction(() => this.parked(undefined).length);
  }

  async get(letterId: number): Promise<StoredLetter | undefined> {
    return (await this.getMany([letterId], 0))[0];
  }

  async getMany(letterIds: readonly number[], maxBytes: number): Promise<readonly StoredLetter[]> {
    return this.db.transaction(() => storedOf(this.db, letterIds, maxBytes));
  }

  async lowest(key: string): Promise<number | undefined> {
    return this.db.transaction(() => parkedKeys(this.db).lowest(parkableKeys([key])));
  }

  async failed(letterId: number, failure: Parameters<DeadLetters['failed']>[1]): Promise<void> {
    await this.db.transaction(() => {
      const letter = this.db.deadLetters.get(numberKey(letterId));
      if (letter?.state !== 'open') return;
      const reason = letter.reason === 'IdReused' ? letter.reason : failure.reason;
      this.db.deadLetters.set(numberKey(letterId), { ...letter, ...failure, reason });
    });
  }

  async discard(letterId: number, resolution: Resolution, freeKeys: boolean): Promise<Discarded> {
    return this.db.transaction(async () => {
      const { state, keys } = await discard(inMemoryStore(this.db), letterId, resolution, freeKeys);
      return { state, parked: keys.flatMap((key) => this.parked(key)) };
    });
  }

  async about(key: string): Promise<Erasable> {
    return this.db.transaction(() => {
      const about = this.db.deadLetters.sorted().filter((letter) => isAbout(letter, key));
      const open = about.filter(({ state }) => state === 'open').length;
      return { letterIds: about.map(({ letterId }) => letterId), open };
    });
  }

  async erase(letterIds: readonly number[], erasure: Erasure) {
    return this.db.transaction(async () => {
      const keys = await discardOpen(inMemoryStore(this.db), letterIds, erasure);
      const left = letterIds.filter((letterId) => this.db.deadLetters.get(numberKey(letterId))?.erasure === null);
      for (const letterId of left) eraseLetter(this.db, letterId, erasure);
      return { erased: left.length, keys };
    });
  }

  async freeIfEmpty(key: string): Promise<boolean> {
    return this.db.transaction(() => freeIfEmpty(inMemoryStore(this.db), key));
  }

  async freeEmpty(): Promise<readonly string[]> {
    return this.db.transaction(async () => {
      const empty = this.parked(undefined).filter(({ letters }) => letters === 0);
      for (const { key } of empty) await freeIfEmpty(inMemoryStore(this.db), key);
      return empty.map(({ key }) => key);
    });
  }

  private async open({ reason, key, before }: LetterFilter): Promise<readonly StoredDeadLetter[]> {
    return this.db.transaction(() =>
      this.db.deadLetters
        .sorted()
        .filter(
          (letter) =>
            letter.state === 'open' &&
            (reason === undefined || letter.reason === reason) &&
            (key === undefined || letter.keys.includes(key)) &&
            (before === undefined || letter.time < before),
        ),
    );
  }

  private parked(wanted: string | undefined): readonly KeyCount[] {
    return this.db.parkedKeys
      .filter(({ key, parked }) => parked && (wanted === undefined || key === wanted))
      .sort((a, b) => a.parkedAt - b.parkedAt || (a.key < b.key ? -1 : 1))
      .map(({ key, parkedAt }) => {
        const waiting = this.db.parkedLetters.filter((letter) => letter.key === key).map(({ letterId }) => letterId);
        return {
          key,
          parkedAt,
          letters: waiting.length,
          lowest: waiting.length === 0 ? null : Math.min(...waiting),
        };
      });
  }
}

/** Whether a letter that is not erased is about this key. */
export function isAbout({ erasure, keys, received }: StoredDeadLetter, key: string): boolean {
  const names = keys.length === 0 ? [received.key?.toString().toLowerCase()] : keys;
  return erasure === null && names.includes(key);
}

export function eraseLetter(
  { deadLetters, clock }: InMemoryDatabase,
  letterId: number,
  erasure: { readonly by: string | null; readonly why: string },
): void {
  const letter = deadLetters.get(numberKey(letterId));
  if (letter === undefined) return;
  deadLetters.set(numberKey(letterId), {
    ...letter,
    ...{ keys: [], message: '', exception: '', erasure: { ...erasure, at: clock.now() } },
    identity: { ...letter.identity, source: '', id: '' },
    received: { ...letter.received, key: null, value: null, headers: NO_HEADERS },
  });
}

/** See `DeadLetters.getMany`. */
export function storedOf(
  { deadLetters }: InMemoryDatabase,
  letterIds: readonly number[],
  maxBytes: number,
): readonly StoredLetter[] {
  let bytes = 0;
  return deadLetters
    .sorted()
    .filter(({ letterId }) => letterIds.includes(letterId))
    .flatMap((letter, i) => {
      const { key, value, headers } = letter.received;
      bytes += headers.length + (value?.length ?? 0);
      return i === 0 || bytes <= maxBytes ? [{ ...summaryOf(letter), key, value, headers }] : [];
    });
}

function summaryOf(letter: StoredDeadLetter): LetterSummary {
  const { letterId, state, identity, reason, message, exception, keys, parks, time, resolution, erasure } = letter;
  const { topic, partition, offset, timestamp } = letter.received;
  return {
    ...{ letterId, topic, partition, offset, timestamp, state, identity, reason, message, exception, keys, parks },
    ...{ time, resolution, erasure },
  };
}
