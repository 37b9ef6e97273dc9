import type { Knex } from 'knex';
import { uuids } from './arrays.ts';
import { owes } from './lane.ts';
import { execute, plain, query } from './sql.ts';
import type { ParkedKey, Store } from './store.ts';

/** Which keys are parked, and the open letters that wait under them. Whoever writes here holds the lock of the key's row. */
export function parkedKeyTable(db: Knex): Store['parkedKeys'] {
  return {
    async lock(keys) {
      if (keys.length === 0) return [];
      return query<ParkedKey>(
        db,
        'SELECT key, parked, lane FROM parked_keys WHERE key = ANY (?::uuid[]) ORDER BY key FOR UPDATE',
        [uuids(keys)],
      );
    },

    async hold(keys) {
      for (;;) {
        const rows = await this.lock(keys);
        if (rows.length === keys.length) return rows;
        // Nothing and no update: who waits for the lock of a row would have to wait for each new version of it.
        await execute(
          db,
          'INSERT INTO parked_keys (key, parked) SELECT key, false FROM unnest(?::uuid[]) AS k (key) ON CONFLICT DO NOTHING',
          [uuids(keys)],
        );
      }
    },

    async park(keys) {
      if (keys.length === 0) return;
      // An update and not nothing: it waits for whoever is just freeing the key, and parks it again after that.
      await execute(
        db,
        `INSERT INTO parked_keys (key) SELECT * FROM unnest(?::uuid[])
         ON CONFLICT (key) DO UPDATE SET parked = true,
           parked_at = CASE WHEN parked_keys.parked THEN parked_keys.parked_at ELSE excluded.parked_at END`,
        [uuids(keys)],
      );
    },

    async lowest(keys) {
      if (keys.length === 0) return undefined;
      const found = await query<{ readonly letterId: number | null }>(
        db,
        'SELECT min(letter_id) AS "letterId" FROM parked_letters WHERE key = ANY (?::uuid[])',
        [uuids(keys)],
      );
      return found[0]?.letterId ?? undefined;
    },

    async inTheWay(keys, letterIds) {
      const last = letterIds.at(-1);
      if (keys.length === 0 || last === undefined) return [];
      return query<{ readonly key: string; readonly letterId: number }>(
        db,
        `SELECT key, min(letter_id) AS "letterId" FROM parked_letters
         WHERE key = ANY (?::uuid[]) AND letter_id < ? AND letter_id <> ALL (?::bigint[]) GROUP BY key`,
        [uuids(keys), last, plain(letterIds)],
      );
    },

    async after(keys, letterId, limit) {
      const found = await query<{ readonly letterId: number }>(
        db,
        `SELECT DISTINCT letter_id AS "letterId" FROM parked_letters WHERE key = ANY (?::uuid[]) AND letter_id > ?
         ORDER BY letter_id LIMIT ?`,
        [uuids(keys), letterId, limit],
      );
      return found.map((one) => one.letterId);
    },

    async leave(letterIds, keys, lane) {
      await execute(db, 'DELETE FROM parked_letters WHERE letter_id = ANY (?::bigint[])', [plain(letterIds)]);
      if (lane === undefined || keys.length === 0) return;
      await execute(
        db,
        `INSERT INTO parked_keys (key, parked, lane) SELECT key, false, ?::uuid FROM unnest(?::uuid[]) AS k (key)
         ON CONFLICT (key) DO UPDATE SET lane = excluded.lane,
           parked = parked_keys.parked AND EXISTS (SELECT FROM parked_letters l WHERE l.key = parked_keys.key)`,
        [lane, uuids(keys)],
      );
    },

    async free(keys) {
      if (keys.length === 0) return 0;
      return execute(db, 'UPDATE parked_keys SET parked = false WHERE key = ANY (?::uuid[]) AND parked', [uuids(keys)]);
    },

    async forget(keys) {
      if (keys.length === 0) return;
      await execute(db, 'DELETE FROM parked_keys WHERE key = ANY (?::uuid[]) AND NOT parked', [uuids(keys)]);
    },
  };
}

/**
 * Forgets keys that are free, once the lane of their last replay owes nothing; in a transaction. The statement that locks them does not see
 * what a replay has written a moment ago, so it is asked again under the lock.
 */
export async function forgetFreedKeys(trx: Knex): Promise<void> {
  const owesNothing = `NOT ${owes('k')}`;
  const free = await query<{ readonly key: string }>(
    trx,
    `SELECT key FROM parked_keys k WHERE NOT k.parked AND ${owesNothing} FOR UPDATE SKIP LOCKED`,
    [],
  );
  if (free.length === 0) return;
  await execute(trx, `DELETE FROM parked_keys k WHERE k.key = ANY (?::uuid[]) AND ${owesNothing}`, [
    uuids(free.map(({ key }) => key)),
  ]);
}
