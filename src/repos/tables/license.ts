import type { Knex } from 'knex';
import type { LicenseId } from '../../domain/ids.ts';
import { differencesOf, type License } from '../../domain/license.ts';
import type { LicenseKey, LicenseOfSubdivision, SubdivisionKey } from '../../ports/repositories.ts';
import { longs, uuids } from './arrays.ts';
import { execute, fromTime, plain, query, queryMost, rowsOf, texts, together, toTime, words } from './sql.ts';
import type { Store, SubdivisionChange } from './store.ts';

const COLUMNS = `l.tenant_id AS "tenantId", l.subdivision_id AS "subdivisionId", l.license_id AS "licenseId", l.name, l.description,
  l.type, l.status, l.requests_limit AS "requestsLimit", l.used_requests AS "usedRequests", ${fromTime('l.created_at')} AS "createdAt",
  ${fromTime('l.expires_at')} AS "expiresAt", ${fromTime('l.activated_at')} AS "activatedAt",
  ${fromTime('l.deactivated_at')} AS "deactivatedAt"`;

/** Licenses are read here; they are written with their subdivision. */
export function licenseTable(db: Knex): Store['licenses'] {
  return {
    async taken(keys) {
      return query<LicenseKey & SubdivisionKey & { deleted: boolean }>(
        db,
        `SELECT l.tenant_id AS "tenantId", l.license_id AS "licenseId", l.subdivision_id AS "subdivisionId", l.deleted
         FROM ${rowsOf('k', { tenant_id: 'uuid', license_id: 'uuid' })} JOIN licenses l USING (tenant_id, license_id)`,
        [uuids(keys.map(({ tenantId }) => tenantId)), uuids(keys.map(({ licenseId }) => licenseId))],
      );
    },

    async list(tenantId, { after, limit }) {
      return query<LicenseOfSubdivision>(
        db,
        `SELECT ${COLUMNS} FROM licenses l
         WHERE l.tenant_id = ? AND NOT l.deleted ${after === undefined ? '' : 'AND l.license_id > ?'}
         ORDER BY l.license_id LIMIT ?`,
        [tenantId, ...(after === undefined ? [] : [after]), limit],
      );
    },
  };
}

/** The living licenses of these subdivisions, sorted by id, keyed by tenantId + subdivisionId. @throws TooMuchAtOnce */
export async function licensesOf(
  db: Knex,
  keys: readonly SubdivisionKey[],
  most: number,
): Promise<ReadonlyMap<string, License[]>> {
  const found = new Map<string, License[]>();
  if (keys.length === 0) return found;
  const rows = await queryMost<LicenseOfSubdivision>(
    db,
    // Sorted when it is known to be not too much.
    `SELECT ${COLUMNS} FROM (
       SELECT l.* FROM ${rowsOf('k', { tenant_id: 'uuid', subdivision_id: 'uuid' })}
       JOIN licenses l USING (tenant_id, subdivision_id) WHERE NOT l.deleted LIMIT ?) AS l
     ORDER BY l.license_id`,
    [uuids(keys.map(({ tenantId }) => tenantId)), uuids(keys.map(({ subdivisionId }) => subdivisionId))],
    most,
  );
  for (const { tenantId, subdivisionId, ...license } of rows) {
    const place = tenantId + subdivisionId;
    const licenses = found.get(place);
    if (licenses) licenses.push(license);
    else found.set(place, [license]);
  }
  return found;
}

interface LicenseChange extends LicenseKey, SubdivisionKey {
  readonly before: License | undefined;
  readonly after: License | undefined;
}

export async function flushLicenses(
  db: Knex,
  changes: readonly SubdivisionChange[],
  buried: readonly (LicenseKey & SubdivisionKey)[],
): Promise<void> {
  const tombstones = buried.map((key) => ({ ...key, before: undefined, after: undefined }));
  const licenses = [...changes.flatMap(licenseChanges), ...tombstones];
  if (licenses.length === 0) return;
  const counted = licenses.filter(({ before, after }) => before && after && sameButUsage(before, after));
  const others = licenses.filter(({ before, after }) => !(before && after && sameButUsage(before, after)));
  const stored = others.filter(({ before }) => before !== undefined);
  // What gives up being active goes first: the unique index over active licenses is checked row by row.
  await together([
    update(
      db,
      stored.filter(({ after }) => after?.status !== 'active'),
    ),
    update(
      db,
      stored.filter(({ after }) => after?.status === 'active'),
    ),
    insert(
      db,
      others.filter(({ before }) => before === undefined),
    ),
    count(db, counted),
  ]);
}

function licenseChanges({ key, before, after }: SubdivisionChange): LicenseChange[] {
  return differencesOf(before?.licenses ?? [], after?.licenses ?? []).map((license) => ({ ...key, ...license }));
}

function sameButUsage(before: License, after: License): boolean {
  return (
    before.status === after.status &&
    before.name === after.name &&
    before.description === after.description &&
    before.activatedAt === after.activatedAt &&
    before.deactivatedAt === after.deactivatedAt &&
    before.expiresAt === after.expiresAt &&
    before.requestsLimit === after.requestsLimit
  );
}

const FIELDS = `tenant_id, subdivision_id, license_id, deleted, status, name, description, type, requests_limit, used_requests,
  created_at, expires_at, activated_at, deactivated_at`;
const UNNEST = `unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::boolean[], ?::text[], ?::text[], ?::text[], ?::text[], ?::bigint[],
  ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[]) AS c (${FIELDS})`;

function columns(changes: readonly LicenseChange[]): (string | Buffer)[] {
  const after = changes.map((change) => change.after);
  return [
    uuids(changes.map(({ tenantId }) => tenantId)),
    uuids(changes.map(({ subdivisionId }) => subdivisionId)),
    uuids(changes.map(({ licenseId }): LicenseId => licenseId)),
    plain(after.map((license) => license === undefined)),
    words(after.map((license) => license?.status ?? null)),
    texts(after.map((license) => license?.name ?? null)),
    texts(after.map((license) => license?.description ?? null)),
    words(after.map((license) => license?.type ?? null)),
    plain(after.map((license) => license?.requestsLimit ?? null)),
    plain(after.map((license) => license?.usedRequests ?? null)),
    plain(after.map((license) => license?.createdAt ?? null)),
    plain(after.map((license) => license?.expiresAt ?? null)),
    plain(after.map((license) => license?.activatedAt ?? null)),
    plain(after.map((license) => license?.deactivatedAt ?? null)),
  ];
}

async function update(db: Knex, changes: readonly LicenseChange[]): Promise<void> {
  if (changes.length === 0) return;
  await execute(
    db,
    `UPDATE licenses l SET deleted = c.deleted, status = c.status, name = c.name, description = c.description, type = c.type,
       requests_limit = c.requests_limit, used_requests = c.used_requests, created_at = ${toTime('c.created_at')},
       expires_at = ${toTime('c.expires_at')}, activated_at = ${toTime('c.activated_at')},
       deactivated_at = ${toTime('c.deactivated_at')}
     FROM ${UNNEST} WHERE l.tenant_id = c.tenant_id AND l.license_id = c.license_id`,
    columns(changes),
  );
}

async function insert(db: Knex, changes: readonly LicenseChange[]): Promise<void> {
  if (changes.length === 0) return;
  await execute(
    db,
    `INSERT INTO licenses (${FIELDS})
     SELECT tenant_id, subdivision_id, license_id, deleted, status, name, description, type, requests_limit, used_requests,
       ${toTime('created_at')}, ${toTime('expires_at')}, ${toTime('activated_at')}, ${toTime('deactivated_at')}
     FROM ${UNNEST}`,
    columns(changes),
  );
}

/** The hot path: a statistic row changes nothing of its license but the usage. */
async function count(db: Knex, changes: readonly LicenseChange[]): Promise<void> {
  if (changes.length === 0) return;
  await execute(
    db,
    `UPDATE licenses l SET used_requests = c.used_requests
     FROM ${rowsOf('c', { tenant_id: 'uuid', license_id: 'uuid', used_requests: 'bigint' })}
     WHERE l.tenant_id = c.tenant_id AND l.license_id = c.license_id`,
    [
      uuids(changes.map(({ tenantId }) => tenantId)),
      uuids(changes.map(({ licenseId }) => licenseId)),
      longs(changes.map(({ after }) => after?.usedRequests ?? null)),
    ],
  );
}
