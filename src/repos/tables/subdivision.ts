import type { Knex } from 'knex';
import type { SubdivisionId, TenantId } from '../../domain/ids.ts';
import type { License } from '../../domain/license.ts';
import type { Subdivision } from '../../domain/subdivision.ts';
import type { SubdivisionKey } from '../../ports/repositories.ts';
import { longs, uuids } from './arrays.ts';
import { flushLicenses, licensesOf } from './license.ts';
import { execute, plain, query, queryMost, rowsOf, texts, together, words } from './sql.ts';
import type { Store, SubdivisionChange } from './store.ts';

type SubdivisionRow = Omit<Subdivision, 'licenses'> & { readonly deleted: boolean; readonly lane: string | null };

const COLUMNS = `s.tenant_id AS "tenantId", s.subdivision_id AS "subdivisionId", s.name, s.location,
  s.link_to_subdivision_processing_domain AS "linkToSubdivisionProcessingDomain", s.work_status AS "workStatus",
  s.active_license_id AS "activeLicenseId", s.version`;

/** Subdivisions with their licenses: one aggregate, whose row is the lock for both. */
export function subdivisionTable(db: Knex): Store['subdivisions'] {
  return {
    async idsOf(tenants, most) {
      return queryMost<SubdivisionKey>(
        db,
        `SELECT tenant_id AS "tenantId", subdivision_id AS "subdivisionId" FROM subdivisions
         WHERE tenant_id = ANY (?::uuid[]) AND NOT deleted LIMIT ?`,
        [uuids(tenants)],
        most,
      );
    },

    async lock(keys, most) {
      const locked = query<SubdivisionRow>(
        db,
        `SELECT ${COLUMNS}, s.deleted, s.lane
         FROM ${rowsOf('k', { tenant_id: 'uuid', subdivision_id: 'uuid' })}
         JOIN subdivisions s USING (tenant_id, subdivision_id)
         ORDER BY s.tenant_id, s.subdivision_id FOR UPDATE OF s`,
        [uuids(keys.map(({ tenantId }) => tenantId)), uuids(keys.map(({ subdivisionId }) => subdivisionId))],
      );
      // Asked behind it, so it begins when the locks are held.
      const [rows, licenses] = await together([locked, licensesOf(db, keys, most)]);
      return rows.map(({ deleted, lane, ...row }) => ({
        key: row,
        value: deleted ? undefined : withLicenses(row, licenses),
        tombstone: deleted ? { version: row.version } : undefined,
        lane,
      }));
    },

    async list(tenantId, { after, limit }) {
      const rows = await query<SubdivisionRow>(
        db,
        `SELECT ${COLUMNS} FROM subdivisions s
         WHERE s.tenant_id = ? AND NOT s.deleted ${after === undefined ? '' : 'AND s.subdivision_id > ?'}
         ORDER BY s.subdivision_id LIMIT ?`,
        [tenantId, ...(after === undefined ? [] : [after]), limit],
      );
      const licenses = await licensesOf(db, rows, Infinity);
      return rows.map((row) => withLicenses(row, licenses));
    },

    async flush(changes, buried, lane) {
      const inserted = changes.filter(({ stored }) => !stored);
      // The subdivision's row says which license is active; the foreign key between the two waits for the commit.
      const updated = changes.filter(({ stored }) => stored);
      await together([
        inserted.length > 0 ? insert(db, inserted, lane) : undefined,
        updated.length > 0 ? update(db, updated, lane) : undefined,
        flushLicenses(db, changes, buried),
        queueRowRemovals(db, changes),
      ]);
    },
  };
}

function withLicenses(row: Omit<Subdivision, 'licenses'>, licenses: ReadonlyMap<string, License[]>): Subdivision {
  return {
    tenantId: row.tenantId,
    subdivisionId: row.subdivisionId,
    name: row.name,
    location: row.location,
    linkToSubdivisionProcessingDomain: row.linkToSubdivisionProcessingDomain,
    workStatus: row.workStatus,
    activeLicenseId: row.activeLicenseId,
    licenses: licenses.get(row.tenantId + row.subdivisionId) ?? [],
    version: row.version,
  };
}

const FIELDS = `tenant_id, subdivision_id, version, deleted, name, location, link_to_subdivision_processing_domain, work_status,
  active_license_id`;
const UNNEST = '?::uuid[], ?::uuid[], ?::bigint[], ?::boolean[], ?::text[], ?::text[], ?::text[], ?::text[], ?::uuid[]';

function columns(changes: readonly SubdivisionChange[]): (string | Buffer)[] {
  const after = changes.map((change) => change.after);
  return [
    uuids(changes.map(({ key }) => key.tenantId)),
    uuids(changes.map(({ key }) => key.subdivisionId)),
    plain(changes.map((change) => change.after?.version ?? change.tombstone?.version ?? null)),
    plain(after.map((subdivision) => subdivision === undefined)),
    texts(after.map((subdivision) => subdivision?.name ?? null)),
    texts(after.map((subdivision) => subdivision?.location ?? null)),
    texts(after.map((subdivision) => subdivision?.linkToSubdivisionProcessingDomain ?? null)),
    words(after.map((subdivision) => subdivision?.workStatus ?? null)),
    uuids(after.map((subdivision) => subdivision?.activeLicenseId ?? null)),
  ];
}

async function insert(db: Knex, changes: readonly SubdivisionChange[], lane: string | null): Promise<void> {
  await execute(db, `INSERT INTO subdivisions (lane, ${FIELDS}) SELECT ?::uuid, * FROM unnest(${UNNEST})`, [
    lane,
    ...columns(changes),
  ]);
}

/** What a statistic row changes of its subdivision is the version and who wrote it: most chunks send no text at all. */
async function update(db: Knex, changes: readonly SubdivisionChange[], lane: string | null): Promise<void> {
  const touched = changes.filter(({ before, after }) => before && after && sameButVersion(before, after));
  const changed = changes.filter(({ before, after }) => !(before && after && sameButVersion(before, after)));
  await together([
    touched.length > 0 ? touch(db, touched, lane) : undefined,
    changed.length > 0 ? change(db, changed, lane) : undefined,
  ]);
}

async function touch(db: Knex, changes: readonly SubdivisionChange[], lane: string | null): Promise<void> {
  await execute(
    db,
    `UPDATE subdivisions s SET version = c.version, lane = ?::uuid
     FROM ${rowsOf('c', { tenant_id: 'uuid', subdivision_id: 'uuid', version: 'bigint' })}
     WHERE s.tenant_id = c.tenant_id AND s.subdivision_id = c.subdivision_id`,
    [
      lane,
      uuids(changes.map(({ key }) => key.tenantId)),
      uuids(changes.map(({ key }) => key.subdivisionId)),
      longs(changes.map(({ after }) => after?.version ?? null)),
    ],
  );
}

async function change(db: Knex, changes: readonly SubdivisionChange[], lane: string | null): Promise<void> {
  await execute(
    db,
    `UPDATE subdivisions s SET lane = ?::uuid, version = c.version, deleted = c.deleted, name = c.name, location = c.location,
       link_to_subdivision_processing_domain = c.link_to_subdivision_processing_domain, work_status = c.work_status,
       active_license_id = c.active_license_id
     FROM unnest(${UNNEST}) AS c (${FIELDS}) WHERE s.tenant_id = c.tenant_id AND s.subdivision_id = c.subdivision_id`,
    [lane, ...columns(changes)],
  );
}

function sameButVersion(before: Subdivision, after: Subdivision): boolean {
  return (
    before.name === after.name &&
    before.location === after.location &&
    before.linkToSubdivisionProcessingDomain === after.linkToSubdivisionProcessingDomain &&
    before.workStatus === after.workStatus &&
    before.activeLicenseId === after.activeLicenseId
  );
}

/** A deleted subdivision's statistic rows are removed later, in small steps: here it is only noted that they are to be. */
async function queueRowRemovals(db: Knex, changes: readonly SubdivisionChange[]): Promise<void> {
  const deleted = changes.filter(({ tombstone }) => tombstone !== undefined);
  if (deleted.length === 0) return;
  await execute(
    db,
    `INSERT INTO statistic_row_removals SELECT * FROM unnest(?::uuid[], ?::uuid[]) ON CONFLICT DO NOTHING`,
    [
      uuids(deleted.map(({ key }): TenantId => key.tenantId)),
      uuids(deleted.map(({ key }): SubdivisionId => key.subdivisionId)),
    ],
  );
}
