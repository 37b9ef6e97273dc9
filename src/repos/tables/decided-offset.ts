import type { Knex } from 'knex';
import type { DecidedChange, DecidedOffset, Decision } from '../../ports/decided-offsets.ts';
import { longs, uuids } from './arrays.ts';
import { execute, plain, query, rowsOf, STARTED_AT, texts } from './sql.ts';
import type { Beginning } from './store.ts';

/**
 * The first statement of a transaction. In the same round trip it takes the steps of a chunk: each where the row is of the same history and
 * has what the step builds on. A row never falls within a history, so a worker that lost its partition can do no harm here.
 */
export async function beginning(trx: Knex, decision: Decision | undefined): Promise<Beginning> {
  const steps = decision?.steps ?? [];
  const [begun] =
    decision === undefined || steps.length === 0
      ? await query<Beginning>(trx, `SELECT ${STARTED_AT} AS "startedAt", 0 AS steps`, [])
      : await query<Beginning>(
          trx,
          `WITH taken AS (
             UPDATE decided_offsets d SET decided = greatest(d.decided, s.upto)
             FROM ${rowsOf('s', { topic: 'text', partition: 'integer', history: 'uuid', since: 'bigint', upto: 'bigint' })}
             WHERE d.group_id = ? AND d.topic = s.topic AND d.partition = s.partition
               AND d.history = s.history AND d.decided >= s.since
             RETURNING 1)
           SELECT ${STARTED_AT} AS "startedAt", (SELECT count(*) FROM taken) AS steps`,
          [
            texts(steps.map(({ topic }) => topic)),
            plain(steps.map(({ partition }) => partition)),
            uuids(steps.map(({ history }) => history)),
            longs(steps.map(({ from }) => from)),
            longs(steps.map(({ to }) => to)),
            decision.group,
          ],
        );
  if (begun === undefined) throw new Error('a SELECT without FROM has one row');
  return begun;
}

/** One row at least, and one for each partition of the group: the nulls of a group that has none are left out. */
export async function readDecidedOffsets(
  db: Knex,
  group: string,
): Promise<{ readonly server: string; readonly offsets: readonly DecidedOffset[] }> {
  const rows = await query<{ readonly server: string } & (DecidedOffset | { readonly topic: null })>(
    db,
    // A promoted standby has another start than the server that it takes over from, and a restored database another number. Every role may
    // read both, on every platform; not so the control data with its timelines.
    `SELECT s.server, d.topic, d.partition, d.history, d.decided
     FROM (SELECT date_part('epoch', pg_postmaster_start_time())::text || '/' || oid AS server
           FROM pg_database WHERE datname = current_database()) s
     LEFT JOIN decided_offsets d ON d.group_id = ?`,
    [group],
  );
  return {
    server: rows[0]?.server ?? '',
    offsets: rows.flatMap((row) => {
      if (row.topic === null) return [];
      const { topic, partition, history, decided } = row;
      return { topic, partition, history, decided };
    }),
  };
}

/** @returns how many rows were as they had been read, and are changed now */
export async function changeDecidedOffsets(
  db: Knex,
  group: string,
  changes: readonly DecidedChange[],
): Promise<number> {
  const known = changes.flatMap(({ before, after }) => (before === undefined ? [] : [{ before, after }]));
  const fresh = changes.flatMap(({ before, after }) => (before === undefined ? [after] : []));
  const changed =
    known.length === 0
      ? 0
      : await execute(
          db,
          `UPDATE decided_offsets d SET history = c.history, decided = c.decided
           FROM ${rowsOf('c', { ...COLUMNS, was_history: 'uuid', was_decided: 'bigint' })}
           WHERE d.group_id = ? AND d.topic = c.topic AND d.partition = c.partition
             AND d.history = c.was_history AND d.decided = c.was_decided`,
          [
            ...columnsOf(known.map(({ after }) => after)),
            uuids(known.map(({ before }) => before.history)),
            longs(known.map(({ before }) => before.decided)),
            group,
          ],
        );
  if (fresh.length === 0) return changed;
  const added = await execute(
    db,
    `INSERT INTO decided_offsets (group_id, topic, partition, history, decided)
     SELECT ?::text, topic, partition, history, decided FROM ${rowsOf('c', COLUMNS)}
     ON CONFLICT (group_id, topic, partition) DO NOTHING`,
    [group, ...columnsOf(fresh)],
  );
  return changed + added;
}

const COLUMNS = { topic: 'text', partition: 'integer', history: 'uuid', decided: 'bigint' };

function columnsOf(offsets: readonly DecidedOffset[]) {
  return [
    texts(offsets.map(({ topic }) => topic)),
    plain(offsets.map(({ partition }) => partition)),
    uuids(offsets.map(({ history }) => history)),
    longs(offsets.map(({ decided }) => decided)),
  ];
}
