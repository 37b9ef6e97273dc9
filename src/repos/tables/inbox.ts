import type { Knex } from 'knex';
import type { RememberedOutcome } from '../../ports/message-outcomes.ts';
import type { Outcome } from '../../ports/unit-of-work.ts';
import { uuids } from './arrays.ts';
import { aloneAt } from './cleaning.ts';
import { execute, fromTime, keyed, query, rowsOf, words } from './sql.ts';
import type { InboxEntry, Store } from './store.ts';

const ENTRY = `replace(identity::text, '-', '') AS hash, replace(digest::text, '-', '') AS digest, lane, outcome,
  received_at < now() - interval '1 day' AS "isOld"`;

export function inboxTable(db: Knex): Store['inbox'] {
  return {
    async claim(messages, lane, presumedNew) {
      const hashes = uuids(messages.map(({ identity }) => identity.hash));
      // Everything is taken as accepted: the few that end otherwise are corrected by `settle`. A row that another
      // transaction has just taken makes this statement wait for that transaction: this is what fences zombies.
      const digests = uuids(messages.map(({ digest }) => digest));
      const take = (condition: string): Promise<number> =>
        execute(
          db,
          `INSERT INTO inbox (identity, digest, lane, outcome)
           SELECT identity, digest, ?::uuid, 'accepted' FROM ${rowsOf('m', { identity: 'uuid', digest: 'uuid' })} ${condition}
           ${presumedNew ? '' : 'ON CONFLICT (identity) DO NOTHING'}`,
          [lane, hashes, digests],
        );
      // All or nothing, decided once a statement: so it costs nothing to learn here that no key is parked. Only where nobody had to be
      // waited for: whoever was may have parked a key since, which this statement does not see yet.
      const calm = await take('WHERE NOT EXISTS (SELECT FROM parked_keys)');
      if (calm === messages.length) return { before: [], calm: true };
      const taken = calm === 0 ? await take('') : calm;
      if (taken === messages.length) return { before: [], calm: false };
      const before = await query<InboxEntry & { readonly isOld: boolean }>(
        db,
        `SELECT ${ENTRY} FROM inbox WHERE identity = ANY (?::uuid[]) AND xmin <> pg_current_xact_id()::xid`,
        [hashes],
      );
      return { before, calm: false };
    },

    async revive(messages, lane) {
      // A query sees the row as it was before the statement.
      return query<Pick<InboxEntry, 'hash' | 'lane'>>(
        db,
        `INSERT INTO inbox (identity, digest, lane, outcome)
         SELECT identity, digest, ?::uuid, 'accepted' FROM ${rowsOf('m', { identity: 'uuid', digest: 'uuid' })}
         ON CONFLICT (identity) DO UPDATE SET outcome = 'accepted', lane = excluded.lane, received_at = excluded.received_at
         WHERE inbox.outcome = 'dead'
         RETURNING replace(identity::text, '-', '') AS hash,
           (SELECT lane FROM inbox before WHERE before.identity = inbox.identity) AS lane`,
        [lane, uuids(messages.map(({ identity }) => identity.hash)), uuids(messages.map(({ digest }) => digest))],
      );
    },

    async hold(hashes) {
      return query<InboxEntry & { readonly isOld: boolean }>(
        db,
        `SELECT ${ENTRY} FROM inbox WHERE identity = ANY (?::uuid[]) ORDER BY identity FOR UPDATE`,
        [uuids(hashes)],
      );
    },

    async replace(entries) {
      await execute(
        db,
        `UPDATE inbox SET digest = e.digest, lane = e.lane, outcome = e.outcome, received_at = now()
         FROM ${rowsOf('e', { identity: 'uuid', digest: 'uuid', lane: 'uuid', outcome: 'text' })}
         WHERE ${keyed('inbox', 'e', ['identity'])}`,
        columnsOf(entries),
      );
    },

    async renew(entries) {
      await execute(
        db,
        // Those that were pruned since they were read are put back.
        `INSERT INTO inbox (identity, digest, lane, outcome)
         SELECT * FROM ${rowsOf('e', { identity: 'uuid', digest: 'uuid', lane: 'uuid', outcome: 'text' })}
         ON CONFLICT (identity) DO UPDATE SET received_at = excluded.received_at`,
        columnsOf(entries),
      );
    },

    async settle(outcomes) {
      const others = outcomes.filter(({ outcome }) => outcome !== 'accepted');
      if (others.length === 0) return;
      await execute(
        db,
        `UPDATE inbox SET outcome = o.outcome
         FROM ${rowsOf('o', { identity: 'uuid', outcome: 'text' })} WHERE ${keyed('inbox', 'o', ['identity'])}`,
        [uuids(others.map(({ hash }) => hash)), words(others.map(({ outcome }): Outcome => outcome))],
      );
    },
  };
}

/** What a person asks of one identity: 32 hex digits. `at`: when it was decided, or was last seen since. */
export async function readInbox(db: Knex, hash: string): Promise<RememberedOutcome | undefined> {
  const found = await query<RememberedOutcome>(
    db,
    `SELECT replace(digest::text, '-', '') AS digest, lane, outcome, ${fromTime('received_at')} AS at FROM inbox WHERE identity = ?::uuid`,
    [hash],
  );
  return found[0];
}

function columnsOf(entries: readonly InboxEntry[]) {
  return [
    uuids(entries.map(({ hash }) => hash)),
    uuids(entries.map(({ digest }) => digest)),
    uuids(entries.map(({ lane }) => lane)),
    words(entries.map(({ outcome }) => outcome)),
  ];
}

/** Forgets messages that Kafka can no longer redeliver, the oldest first, `step` at the most; returns how many. */
export async function pruneInbox(db: Knex, retentionMs: number, step: number): Promise<number> {
  return execute(
    db,
    // By place, which costs no search in the primary key. The age once more, for a row that was renewed while this waited for it: not every
    // release of PostgreSQL looks at its place again.
    `DELETE FROM inbox WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM inbox WHERE ${aloneAt('inbox')} AND received_at < now() - ? * interval '1 millisecond'
       ORDER BY received_at LIMIT ?)) AND received_at < now() - ? * interval '1 millisecond'`,
    [retentionMs, step, retentionMs],
  );
}
