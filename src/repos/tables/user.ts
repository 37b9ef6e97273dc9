import type { Knex } from 'knex';
import type { TenantId, UserId } from '../../domain/ids.ts';
import type { User } from '../../domain/user.ts';
import { uuids } from './arrays.ts';
import {
  arraysOfChanges,
  assignments,
  flag,
  namesIn,
  parameters,
  selected,
  storedFrom,
  text,
  time,
  uuid,
  type Columns,
  type OrNulls,
} from './columns.ts';
import { execute, keyed, query, queryMost, together } from './sql.ts';
import type { Store, UserChange } from './store.ts';

type UserRow = User & { readonly deleted: boolean; readonly deletedAt: number | null; readonly lane: string | null };

/** What changes of a user, besides its version; its key is in the statements, and it is in no subdivision as yet. */
const STATE: Columns<OrNulls<Omit<User, 'userId' | 'version' | 'subdivisionId'>>> = {
  email: text('email'),
  tgId: text('tg_id'),
  superadmin: flag('superadmin'),
  tenantId: uuid('tenant_id'),
  hasProfile: flag('has_profile'),
  profileUpdatedAt: time('profile_updated_at'),
};

/** Of a tombstone alone. */
const DELETED_AT = time('deleted_at');

const SELECTED = `u.user_id AS "userId", u.version, NULL AS "subdivisionId", ${selected(STATE, 'u')}`;
const FIELDS = `user_id, version, deleted, ${namesIn(STATE)}, ${DELETED_AT.name}`;
const UNNEST = `unnest(?::uuid[], ?::bigint[], ?::boolean[], ${parameters(STATE)}, ?::${DELETED_AT.type}[])`;

export function userTable(db: Knex, locks: boolean): Store['users'] {
  return {
    async idsOf(tenants, most) {
      return queryMost<{ readonly tenantId: TenantId; readonly userId: UserId }>(
        db,
        'SELECT tenant_id AS "tenantId", user_id AS "userId" FROM users WHERE tenant_id = ANY (?::uuid[]) LIMIT ?',
        [uuids(tenants)],
        most,
      );
    },

    async lock(ids) {
      const rows = await query<UserRow>(
        db,
        `SELECT ${SELECTED}, deleted, ${DELETED_AT.read('u.deleted_at')} AS "deletedAt", lane FROM users u WHERE user_id = ANY (?::uuid[]) ORDER BY user_id ${locks ? 'FOR UPDATE' : ''}`,
        [uuids(ids)],
      );
      return rows.map(({ deleted, deletedAt, lane, ...user }) => ({
        key: user.userId,
        value: deleted ? undefined : user,
        tombstone: deleted ? { version: user.version, deletedAt } : undefined,
        lane,
      }));
    },

    async list({ after, limit, tenantId }) {
      return query<User>(
        db,
        `SELECT ${SELECTED} FROM users u
         WHERE NOT deleted ${after === undefined ? '' : 'AND user_id > ?'}
           ${tenantId === undefined ? '' : 'AND tenant_id = ?'} ORDER BY user_id LIMIT ?`,
        [...(after === undefined ? [] : [after]), ...(tenantId === undefined ? [] : [tenantId]), limit],
      );
    },

    async flush(changes, lane) {
      const updated = changes.filter(({ stored }) => stored);
      const inserted = changes.filter(({ stored }) => !stored);
      await together([
        updated.length > 0 ? update(db, updated, lane) : undefined,
        inserted.length > 0 ? insert(db, inserted, lane) : undefined,
      ]);
    },
  };
}

/** A deletion asks for the erasure of letters each time that it comes: there may be new ones. */
async function update(db: Knex, changes: readonly UserChange[], lane: string | null): Promise<void> {
  await execute(
    db,
    `UPDATE users u SET lane = ?::uuid, version = c.version, deleted = c.deleted, ${assignments(STATE, 'c')},
       deleted_at = ${DELETED_AT.stored('c.deleted_at')}, letters_erased = false
     FROM ${UNNEST} AS c (${FIELDS}) WHERE ${keyed('u', 'c', ['user_id'])}`,
    [lane, ...arrays(changes)],
  );
}

async function insert(db: Knex, changes: readonly UserChange[], lane: string | null): Promise<void> {
  await execute(
    db,
    `INSERT INTO users (lane, ${FIELDS})
     SELECT ?::uuid, c.user_id, c.version, c.deleted, ${storedFrom(STATE, 'c')}, ${DELETED_AT.stored('c.deleted_at')}
     FROM ${UNNEST} AS c (${FIELDS})`,
    [lane, ...arrays(changes)],
  );
}

function arrays(changes: readonly UserChange[]): (string | Buffer)[] {
  return [
    uuids(changes.map(({ key }) => key)),
    ...arraysOfChanges(STATE, changes),
    DELETED_AT.array(changes.map(({ tombstone }) => tombstone?.deletedAt ?? null)),
  ];
}
