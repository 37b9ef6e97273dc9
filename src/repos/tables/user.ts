import type { Knex } from 'knex';
import type { TenantId, UserId } from '../../domain/ids.ts';
import type { User } from '../../domain/user.ts';
import { uuids } from './arrays.ts';
import { execute, fromTime, plain, query, queryMost, texts, together, toTime } from './sql.ts';
import type { Store, UserChange } from './store.ts';

type UserRow = User & { readonly deleted: boolean; readonly lane: string | null };

const COLUMNS = `user_id AS "userId", email, tg_id AS "tgId", superadmin, tenant_id AS "tenantId", NULL AS "subdivisionId",
  version, has_profile AS "hasProfile", ${fromTime('profile_updated_at')} AS "profileUpdatedAt"`;

export function userTable(db: Knex): Store['users'] {
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
        `SELECT ${COLUMNS}, deleted, lane FROM users WHERE user_id = ANY (?::uuid[]) ORDER BY user_id FOR UPDATE`,
        [uuids(ids)],
      );
      return rows.map(({ deleted, lane, ...user }) => ({
        key: user.userId,
        value: deleted ? undefined : user,
        tombstone: deleted ? { version: user.version } : undefined,
        lane,
      }));
    },

    async list({ after, limit, tenantId }) {
      return query<User>(
        db,
        `SELECT ${COLUMNS} FROM users
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

async function update(db: Knex, changes: readonly UserChange[], lane: string | null): Promise<void> {
  await execute(
    db,
    `UPDATE users u SET lane = ?::uuid, version = c.version, deleted = c.deleted, email = c.email, tg_id = c.tg_id,
       superadmin = c.superadmin, tenant_id = c.tenant_id, has_profile = c.has_profile,
       profile_updated_at = ${toTime('c.profile_updated_at')}
     FROM unnest(${UNNEST}) AS c (${FIELDS}) WHERE u.user_id = c.user_id`,
    [lane, ...columns(changes)],
  );
}

async function insert(db: Knex, changes: readonly UserChange[], lane: string | null): Promise<void> {
  await execute(
    db,
    `INSERT INTO users (lane, ${FIELDS})
     SELECT ?::uuid, user_id, version, deleted, email, tg_id, superadmin, tenant_id, has_profile,
       ${toTime('profile_updated_at')}
     FROM unnest(${UNNEST}) AS c (${FIELDS})`,
    [lane, ...columns(changes)],
  );
}

const FIELDS = 'user_id, version, deleted, email, tg_id, superadmin, tenant_id, has_profile, profile_updated_at';
const UNNEST =
  '?::uuid[], ?::bigint[], ?::boolean[], ?::text[], ?::text[], ?::boolean[], ?::uuid[], ?::boolean[], ?::bigint[]';

function columns(changes: readonly UserChange[]): (string | Buffer)[] {
  const after = changes.map((change) => change.after);
  return [
    uuids(changes.map(({ key }) => key)),
    plain(changes.map((change) => change.after?.version ?? change.tombstone?.version ?? null)),
    plain(after.map((user) => user === undefined)),
    texts(after.map((user) => user?.email ?? null)),
    texts(after.map((user) => user?.tgId ?? null)),
    plain(after.map((user) => user?.superadmin ?? null)),
    uuids(after.map((user) => user?.tenantId ?? null)),
    plain(after.map((user) => user?.hasProfile ?? null)),
    plain(after.map((user) => user?.profileUpdatedAt ?? null)),
  ];
}
