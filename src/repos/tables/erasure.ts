import type { Knex } from 'knex';
import type { Erasure, LetterState } from '../../ports/dead-letters.ts';
import type { OpenOfDeleted } from '../../ports/outbox-maintenance.ts';
import { byteas } from './arrays.ts';
import { aloneAt } from './cleaning.ts';
import { execute, plain, query, storable } from './sql.ts';

/** What makes an erased letter: whatever may tell of a person is gone. Number, position, reason and ending stay, and that it parks. */
const ERASED = `key = NULL, value = NULL, headers = '\\x00', keys = '{}', source = '', message_id = '', message = '', exception = '',
  erased_at = clock_timestamp()`;

/**
 * The letters about a key that are not erased: those that name it, and those that name nobody and have it for their Kafka key. Found first,
 * by their indexes, and sorted then.
 */
const ABOUT = `about AS MATERIALIZED (
  SELECT letter_id, state FROM dead_letters WHERE erased_at IS NULL AND keys @> ARRAY[?::uuid]
  UNION ALL
  SELECT letter_id, state FROM dead_letters, unnest(?::bytea[]) AS k (own) WHERE erased_at IS NULL AND keys = '{}' AND key = own)`;

interface About {
  readonly letterId: number;
  readonly state: LetterState;
}

/**
 * These letters by their number, `step` at once; in a transaction, through a cursor. No index has them by key and number, so each page that
 * was asked for by itself would search for all of them.
 * @param key a UUID in lower case
 */
export async function* lettersAboutKey(trx: Knex, key: string, step: number): AsyncGenerator<readonly About[]> {
  await execute(
    trx,
    `DECLARE letters_about NO SCROLL CURSOR FOR WITH ${ABOUT} SELECT letter_id AS "letterId", state FROM about ORDER BY letter_id`,
    bindingsOf(key),
  );
  for (;;) {
    const found = await query<About>(trx, `FETCH ${step} FROM letters_about`, []);
    if (found.length > 0) yield found;
    if (found.length < step) return;
  }
}

/** @returns how many */
export async function eraseLetters(db: Knex, letterIds: readonly number[], { by, why }: Erasure): Promise<number> {
  return execute(
    db,
    `UPDATE dead_letters SET ${ERASED}, erased_by = ?, erasure = ? WHERE letter_id = ANY (?::bigint[]) AND erased_at IS NULL`,
    [storable(by), storable(why), plain(letterIds)],
  );
}

/** Deleted users of whom letters may be left. */
const DELETED = 'users u WHERE u.deleted AND NOT u.letters_erased';
/** Whether a letter is about the user; see `bindingsOf`. */
const OF_USER = `(d.keys @> ARRAY[u.user_id]
  OR d.keys = '{}' AND (d.key = convert_to(u.user_id::text, 'UTF8') OR d.key = convert_to(upper(u.user_id::text), 'UTF8')))`;

/** Erases resolved letters about deleted users, `step` at the most; in a transaction, by one at a time. @returns how many */
export async function eraseOfDeleted(trx: Knex, step: number): Promise<number> {
  return execute(
    trx,
    `UPDATE dead_letters SET ${ERASED}, erased_by = NULL, erasure = 'the user was deleted' WHERE erased_at IS NULL AND letter_id = ANY (ARRAY(
       SELECT d.letter_id FROM users u CROSS JOIN LATERAL (
         SELECT letter_id FROM dead_letters d WHERE state <> 'open' AND erased_at IS NULL AND ${OF_USER}) d
       WHERE ${aloneAt('users')} AND u.deleted AND NOT u.letters_erased LIMIT ?))`,
    [step],
  );
}

/** Notes of deleted users about whom no letter is left, `step` at the most. @returns of how many */
export async function noteErased(db: Knex, step: number): Promise<number> {
  return execute(
    db,
    `UPDATE users SET letters_erased = true WHERE user_id = ANY (ARRAY(
       SELECT user_id FROM ${DELETED} AND NOT EXISTS (SELECT FROM dead_letters d WHERE erased_at IS NULL AND ${OF_USER})
       ORDER BY user_id LIMIT ? FOR UPDATE SKIP LOCKED))`,
    [step],
  );
}

/** The deleted users about whom letters are open. */
export async function openOfDeleted(db: Knex, limit: number): Promise<readonly OpenOfDeleted[]> {
  return query<OpenOfDeleted>(
    db,
    `SELECT u.user_id AS "userId", l.letters FROM users u CROSS JOIN LATERAL (
       SELECT count(*) AS letters FROM dead_letters d WHERE state = 'open' AND ${OF_USER}) l
     WHERE u.deleted AND NOT u.letters_erased AND l.letters > 0 ORDER BY u.user_id LIMIT ?`,
    [limit],
  );
}

/** A producer may write a UUID in upper case, too. */
function bindingsOf(key: string): readonly (string | Buffer)[] {
  const spellings = [...new Set([key, key.toUpperCase()])];
  return [key, byteas(spellings.map((text) => Buffer.from(text)))];
}
