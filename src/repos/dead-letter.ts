import type { Knex } from 'knex';
import { byteas, uuids } from './arrays.ts';
import { execute, plain, query, texts, toTime, words } from './sql.ts';
import type { Store } from './store.ts';

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
        `INSERT INTO dead_letters (topic, partition, "offset", "timestamp", source, message_id, identity, key, headers, value,
           reason, message, exception, created_at)
         SELECT topic, partition, "offset", ${toTime('"timestamp"')}, source, message_id, identity, key, headers, value,
           reason, message, exception, ${toTime('created_at')}
         FROM unnest(?::text[], ?::integer[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::uuid[], ?::bytea[], ?::bytea[],
           ?::bytea[], ?::text[], ?::text[], ?::text[], ?::bigint[]) AS x (topic, partition, "offset", "timestamp", source,
           message_id, identity, key, headers, value, reason, message, exception, created_at)`,
        [
          texts(received.map(({ topic }) => topic)),
          plain(received.map(({ partition }) => partition)),
          plain(received.map(({ offset }) => offset)),
          plain(received.map(({ timestamp }) => timestamp)),
          texts(letters.map(({ identity }) => storable(identity.source))),
          texts(letters.map(({ identity }) => storable(identity.id))),
          uuids(letters.map(({ identity }) => identity.hash)),
          byteas(received.map(({ key }) => key)),
          byteas(letters.map(({ headers }) => headers)),
          byteas(received.map(({ value }) => value)),
          words(letters.map(({ reason }) => reason)),
          texts(letters.map(({ message }) => storable(message))),
          texts(letters.map(({ exception }) => storable(exception))),
          plain(letters.map(({ time }) => time)),
        ],
      );
    },
  };
}

/** PostgreSQL's text takes no U+0000; these texts are for reading, the original bytes are beside them. */
function storable(text: string): string {
  return text.replaceAll('\u0000', '\ufffd');
}
