import type { Knex } from 'knex';
import type { UserLookUp } from '../../ports/repositories.ts';
import { uuids } from './arrays.ts';
import { execute, fromTime, plain, query, texts, toTime } from './sql.ts';
import type { Store } from './store.ts';

/** Look-ups that wait for their answer; what is left here at a start is queued again. */
export function userLookUpTable(db: Knex): Store['userLookUps'] {
  return {
    async list({ after, limit }) {
      return query<UserLookUp>(
        db,
        `SELECT user_id AS "userId", cause_id AS "causeId", correlation_id AS "correlationId", traceparent,
           ${fromTime('requested_at')} AS "requestedAt"
         FROM user_look_ups ${after === undefined ? '' : 'WHERE user_id > ?'} ORDER BY user_id LIMIT ?`,
        [...(after === undefined ? [] : [after]), limit],
      );
    },

    async flush(put, dropped) {
      if (dropped.length > 0) {
        await execute(db, 'DELETE FROM user_look_ups WHERE user_id = ANY (?::uuid[])', [uuids(dropped)]);
      }
      if (put.length === 0) return;
      await execute(
        db,
        `INSERT INTO user_look_ups (user_id, cause_id, correlation_id, traceparent, requested_at)
         SELECT u, c, i, t, ${toTime('r')}
         FROM unnest(?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::bigint[]) AS x (u, c, i, t, r)
         ON CONFLICT (user_id) DO UPDATE SET cause_id = excluded.cause_id, correlation_id = excluded.correlation_id,
           traceparent = excluded.traceparent, requested_at = excluded.requested_at`,
        [
          uuids(put.map(({ userId }) => userId)),
          uuids(put.map(({ causeId }) => causeId)),
          texts(put.map(({ correlationId }) => correlationId)),
          texts(put.map(({ traceparent }) => traceparent)),
          plain(put.map(({ requestedAt }) => requestedAt)),
        ],
      );
    },
  };
}
