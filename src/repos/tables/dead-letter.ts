import type { Knex } from 'knex';
import { byteas, uuids } from './arrays.ts';
import { aloneAt } from './cleaning.ts';
import type { Position } from '../../ports/messages.ts';
import { getLetters } from './dead-letter-queries.ts';
import { execute, fromTime, keyed, plain, query, rowsOf, storable, texts, toTime, words } from './sql.ts';
import type { LockedLetter, Store } from './store.ts';

/** The truth about dead letters: the original bytes, where they came from, and why they could not be handled. */
export function deadLetterTable(db: Knex): Store['deadLetters'] {
  return {
    async has({ topic, partition, offset, timestamp }) {
      const found = await query(
        db,
        `SELECT FROM dead_letters WHERE topic = ? AND partition = ? AND "offset" = ? AND "timestamp" = ${toTime('?::bigint')}`,
        [topic, partition, offset, timestamp],
      );
      return found.length > 0;
    },

    async add(letters) {
      if (letters.length === 0) return;
      const received = letters.map((letter) => letter.received);
      await execute(
        db,
        `WITH added AS (
           INSERT INTO dead_letters (topic, partition, "offset", "timestamp", source, message_id, identity, key, headers, value,
             reason, message, exception, created_at, keys, parks)
           SELECT topic, partition, "offset", ${toTime('"timestamp"')}, source, message_id, identity, key, headers, value,
             reason, message, exception, ${toTime('created_at')}, keys::uuid[], parks
           FROM unnest(?::text[], ?::integer[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::uuid[], ?::bytea[], ?::bytea[],
             ?::bytea[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::text[], ?::boolean[]) AS x (topic, partition, "offset",
             "timestamp", source, message_id, identity, key, headers, value, reason, message, exception, created_at, keys, parks)
           RETURNING letter_id, keys, parks)
         INSERT INTO parked_letters (key, letter_id) SELECT k, letter_id FROM added, unnest(keys) AS k WHERE parks`,
        [
          texts(received.map(({ topic }) => topic)),
          plain(received.map(({ partition }) => partition)),
          plain(received.map(({ offset }) => offset)),
          plain(received.map(({ timestamp }) => timestamp)),
          texts(letters.map(({ identity }) => storable(identity.source))),
          texts(letters.map(({ identity }) => storable(identity.id))),
          uuids(letters.map(({ identity }) => identity.hash)),
          byteas(received.map(({ key }) => key)),
          byteas(letters.map(({ received }) => received.headers)),
          byteas(received.map(({ value }) => value)),
          words(letters.map(({ reason }) => reason)),
          texts(letters.map(({ message }) => storable(message))),
          texts(letters.map(({ exception }) => storable(exception))),
          plain(letters.map(({ time }) => time)),
          texts(letters.map(({ keys }) => words(keys))),
          plain(letters.map(({ parks }) => parks)),
        ],
      );
    },

    async keysOf(letterIds) {
      const found = await query<{ readonly key: string }>(
        db,
        'SELECT DISTINCT unnest(keys)::text AS key FROM dead_letters WHERE letter_id = ANY (?::bigint[])',
        [plain(letterIds)],
      );
      return found.map(({ key }) => key);
    },

    async lock(letterIds) {
      return query<LockedLetter>(
        db,
        `SELECT letter_id AS "letterId", state, keys::text[] AS keys, parks FROM dead_letters WHERE letter_id = ANY (?::bigint[])
         ORDER BY letter_id FOR UPDATE`,
        [plain(letterIds)],
      );
    },

    stored: async (letterIds, maxBytes) => getLetters(db, letterIds, maxBytes),

    async ofIdentities(hashes, { lock }) {
      const found = await query<Position & { readonly hash: string; readonly parks: boolean }>(
        db,
        `SELECT replace(identity::text, '-', '') AS hash, topic, partition, "offset", ${fromTime('"timestamp"')} AS "timestamp", parks
         FROM dead_letters WHERE identity = ANY (?::uuid[]) ORDER BY letter_id ${lock ? 'FOR UPDATE' : ''}`,
        [uuids(hashes)],
      );
      return found.map(({ hash, parks, ...position }) => ({ hash, parks, position }));
    },

    async supersede(superseded) {
      await execute(
        db,
        // Not by the index of what is open, nor down the numbers from the highest: there may be a million of others.
        `UPDATE dead_letters d SET state = 'superseded', resolved_at = clock_timestamp(), resolution = s.note
         FROM ${rowsOf('s', { identity: 'uuid', leaves_newest: 'boolean', note: 'text' })}
         WHERE ${keyed('d', 's', ['identity'])} AND d.resolved_at IS NULL AND NOT d.parks
           AND NOT (s.leaves_newest AND d.letter_id = (
             SELECT max(letter_id) FROM (SELECT letter_id FROM dead_letters n WHERE n.identity = s.identity OFFSET 0) AS own))`,
        [
          uuids(superseded.map(({ hash }) => hash)),
          plain(superseded.map(({ leavesNewest }) => leavesNewest)),
          texts(superseded.map(({ note }) => note)),
        ],
      );
    },

    async resolve(letterIds, { state, by, note }) {
      await execute(
        db,
        `UPDATE dead_letters SET state = ?, resolved_at = clock_timestamp(), resolved_by = ?, resolution = ?
         WHERE letter_id = ANY (?::bigint[])`,
        [state, by === null ? null : storable(by), note === null ? null : storable(note), plain(letterIds)],
      );
    },
  };
}

/** Deletes letters that were resolved longer ago than that, `step` at the most; returns how many. Open ones live for ever. */
export async function pruneDeadLetters(db: Knex, retentionMs: number, step: number): Promise<number> {
  return execute(
    db,
    `DELETE FROM dead_letters WHERE letter_id IN (
       SELECT letter_id FROM dead_letters WHERE ${aloneAt('dead_letters')} AND state <> 'open' AND resolved_at < now() - ? * interval '1 millisecond'
       ORDER BY resolved_at LIMIT ?)`,
    [retentionMs, step],
  );
}
