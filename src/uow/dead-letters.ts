import type { Knex } from 'knex';
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
} from '../ports/dead-letters.ts';
import { parkableKeys } from '../ports/parked-keys.ts';
import {
  countBySource,
  countLetters,
  countParkedKeys,
  getLetters,
  listEmptyKeys,
  listLetters,
  listParkedKeys,
  noteFailure,
} from '../repos/tables/dead-letter-queries.ts';
import { eraseLetters, lettersAboutKey } from '../repos/tables/erasure.ts';
import { postgresStore } from '../repos/tables/postgres.ts';
import type { Store } from '../repos/tables/store.ts';
import { inTransaction } from './transaction.ts';

/** How many numbers of letters are fetched at once. */
const NUMBERS = 10_000;

/** The dead letters as an operator has them, on PostgreSQL. */
export class KnexDeadLetters implements DeadLetters {
  private readonly db: Knex;

  constructor(db: Knex) {
    this.db = db;
  }

  async counts(filter: LetterFilter): Promise<readonly ReasonCount[]> {
    return countLetters(this.db, filter);
  }

  async countsBySource(filter: LetterFilter, limit: number): Promise<readonly SourceCount[]> {
    return countBySource(this.db, filter, limit);
  }

  async list(
    filter: LetterFilter,
    page: { readonly after: number; readonly limit: number },
  ): Promise<readonly LetterSummary[]> {
    return listLetters(this.db, filter, page);
  }

  async parkedKeys(page: { readonly limit: number; readonly key?: string }): Promise<readonly KeyCount[]> {
    return listParkedKeys(this.db, page);
  }

  async countParkedKeys(): Promise<number> {
    return countParkedKeys(this.db);
  }

  async get(letterId: number): Promise<StoredLetter | undefined> {
    return (await this.getMany([letterId], 0))[0];
  }

  async getMany(letterIds: readonly number[], maxBytes: number): Promise<readonly StoredLetter[]> {
    return getLetters(this.db, letterIds, maxBytes);
  }

  async lowest(key: string): Promise<number | undefined> {
    return postgresStore(this.db).parkedKeys.lowest(parkableKeys([key]));
  }

  async failed(letterId: number, failure: Parameters<DeadLetters['failed']>[1]): Promise<void> {
    await noteFailure(this.db, letterId, failure);
  }

  async discard(letterId: number, resolution: Resolution, freeKeys: boolean): Promise<Discarded> {
    return inTransaction(this.db, async (trx) => {
      const { state, keys } = await discard(postgresStore(trx), letterId, resolution, freeKeys);
      const parked: KeyCount[] = [];
      for (const key of keys) parked.push(...(await listParkedKeys(trx, { limit: 1, key })));
      return { state, parked };
    });
  }

  async about(key: string): Promise<Erasable> {
    return inTransaction(this.db, async (trx) => {
      const letterIds: number[] = [];
      let open = 0;
      for await (const letters of lettersAboutKey(trx, key, NUMBERS)) {
        for (const { letterId, state } of letters) {
          letterIds.push(letterId);
          if (state === 'open') open += 1;
        }
      }
      return { letterIds, open };
    });
  }

  async erase(
    letterIds: readonly number[],
    erasure: Erasure,
  ): Promise<{ readonly erased: number; readonly keys: readonly string[] }> {
    return inTransaction(this.db, async (trx) => {
      const keys = await discardOpen(postgresStore(trx), letterIds, erasure);
      return { erased: await eraseLetters(trx, letterIds, erasure), keys };
    });
  }

  async freeIfEmpty(key: string): Promise<boolean> {
    return inTransaction(this.db, (trx) => freeIfEmpty(postgresStore(trx), key));
  }

  async freeEmpty(): Promise<readonly string[]> {
    const freed: string[] = [];
    // Each is looked at again under its lock.
    for (const key of await listEmptyKeys(this.db)) if (await this.freeIfEmpty(key)) freed.push(key);
    return freed;
  }
}

/** In one transaction: first the locks of its keys, as everybody takes them, then the letter's own. */
export async function discard(
  { deadLetters, parkedKeys }: Store,
  letterId: number,
  resolution: Resolution,
  freeKeys: boolean,
): Promise<{ readonly state: Discarded['state']; readonly keys: readonly string[] }> {
  const keys = parkableKeys(await deadLetters.keysOf([letterId]));
  const rows = await parkedKeys.lock(keys);
  const [letter] = await deadLetters.lock([letterId]);
  if (letter?.state !== 'open') return { state: letter?.state, keys: [] };
  await parkedKeys.leave([letterId], keys, undefined);
  await deadLetters.resolve([letterId], resolution);
  if (freeKeys) {
    // What had no row to lock was not parked, and may be by now: that is not meant.
    for (const { key } of rows) {
      const lowest = await parkedKeys.lowest([key]);
      if (lowest === undefined || (letter.parks && lowest > letterId)) await parkedKeys.free([key]);
    }
  }
  return { state: 'open', keys };
}

/** In one transaction, in the order of `discard`. @returns the keys under which the open ones of these letters waited */
export async function discardOpen(
  { deadLetters, parkedKeys }: Store,
  letterIds: readonly number[],
  { by, why }: Erasure,
): Promise<readonly string[]> {
  await parkedKeys.lock(parkableKeys(await deadLetters.keysOf(letterIds)));
  const open = (await deadLetters.lock(letterIds)).filter(({ state }) => state === 'open');
  const openIds = open.map(({ letterId }) => letterId);
  await parkedKeys.leave(openIds, [], undefined);
  await deadLetters.resolve(openIds, { state: 'discarded', by, note: why });
  return parkableKeys(open.flatMap(({ keys, parks }) => (parks ? keys : [])));
}

/** In one transaction: whoever parks this key, or parks something behind it, waits, and whoever has just done so is waited for. */
export async function freeIfEmpty({ parkedKeys }: Store, key: string): Promise<boolean> {
  const keys = parkableKeys([key]);
  // Without a row there is no lock, and nothing to free: who parks the key from here on means it.
  if ((await parkedKeys.lock(keys)).length === 0) return false;
  if ((await parkedKeys.lowest(keys)) !== undefined) return false;
  return (await parkedKeys.free(keys)) > 0;
}
