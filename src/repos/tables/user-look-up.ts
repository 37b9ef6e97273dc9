import type { Knex } from 'knex';
import type { UserLookUp } from '../../ports/repositories.ts';
import { uuids } from './arrays.ts';
import {
  arraysOf,
  excluded,
  namesIn,
  parameters,
  selected,
  storedFrom,
  text,
  time,
  uuid,
  type Columns,
} from './columns.ts';
import { execute, query } from './sql.ts';
import type { Store } from './store.ts';

const COLUMNS: Columns<UserLookUp> = {
  userId: uuid('user_id'),
  causeId: uuid('cause_id'),
  correlationId: text('correlation_id'),
  traceparent: text('traceparent'),
  requestedAt: time('requested_at'),
};

/** Look-ups that wait for their answer. What is left here at a start is queued again. */
export function userLookUpTable(db: Knex): Store['userLookUps'] {
  return {
    async list({ after, limit }) {
      return query<UserLookUp>(
        db,
        `SELECT ${selected(COLUMNS, 'l')} FROM user_look_ups l
         ${after === undefined ? '' : 'WHERE user_id > ?'} ORDER BY user_id LIMIT ?`,
        [...(after === undefined ? [] : [after]), limit],
      );
    },

    async flush(put, dropped) {
      if (dropped.length > 0) {
        await execute(db, 'DELETE FROM user_look_ups WHERE user_id = ANY (?::uuid[])', [uuids(dropped)]);
      }
      if (put.length > 0) await execute(db, PUT, arraysOf(COLUMNS, put));
    },
  };
}

const PUT = `INSERT INTO user_look_ups (${namesIn(COLUMNS)})
  SELECT ${storedFrom(COLUMNS, 'l')} FROM unnest(${parameters(COLUMNS)}) AS l (${namesIn(COLUMNS)})
  ON CONFLICT (user_id) DO UPDATE SET ${excluded(COLUMNS)}`;
