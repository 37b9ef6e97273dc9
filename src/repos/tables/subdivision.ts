import type { Knex } from 'knex';
import type { License } from '../../domain/license.ts';
import { fromStored, type StoredSubdivision, type Subdivision } from '../../domain/subdivision.ts';
import { StaleRead } from '../../ports/errors.ts';
import type { SubdivisionKey } from '../../ports/repositories.ts';
import { longs, uuids } from './arrays.ts';
import {
  arraysOfChanges,
  assignments,
  flag,
  isSame,
  namesIn,
  parameters,
  selected,
  storedFrom,
  text,
  time,
  uuid,
  word,
  type Columns,
  type OrNulls,
} from './columns.ts';
import { flushLicenses, licensesOf } from './license.ts';
import {
  execute,
  keyed,
  SUBDIVISION_KEY,
  query,
  queryMost,
  rowsOf,
  sortedRowsOf,
  subdivisionKeys,
  together,
} from './sql.ts';
import type { Store, SubdivisionChange } from './store.ts';

/** A subdivision without its licenses, which have a table of their own. */
type Place = Omit<StoredSubdivision, 'licenses'>;
type PlaceRow = Omit<Place, 'suspended'> & { readonly suspended: boolean | null };
type SubdivisionRow = PlaceRow & { readonly deleted: boolean; readonly lane: string | null };

/** What changes of a subdivision, besides its version; its keys are in the statements. */
const STATE: Columns<OrNulls<Omit<Place, 'tenantId' | 'subdivisionId' | 'version'>>> = {
  name: text('name'),
  location: text('location'),
  linkToSubdivisionProcessingDomain: text('link_to_subdivision_processing_domain'),
  workStatus: word('work_status'),
  activeLicenseId: uuid('active_license_id'),
  suspended: flag('suspended'),
  settledAt: time('settled_at'),
};

const SELECTED = `s.tenant_id AS "tenantId", s.subdivision_id AS "subdivisionId", s.version, ${selected(STATE, 's')}`;

/** Subdivisions with their licenses: one aggregate, whose row is the lock for both. */
export function subdivisionTable(db: Knex, locks: boolean): Store['subdivisions'] {
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
        `SELECT ${SELECTED}, s.deleted, s.lane
         FROM ${sortedRowsOf('k', { tenant_id: 'uuid', subdivision_id: 'uuid' })}
         JOIN subdivisions s ON ${keyed('s', 'k', SUBDIVISION_KEY)} ${locks ? 'FOR UPDATE OF s' : ''}`,
        subdivisionKeys(keys),
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

    async areUnchanged(presumed, lane) {
      const unchanged = await execute(
        db,
        `SELECT FROM ${sortedRowsOf('c', { tenant_id: 'uuid', subdivision_id: 'uuid', presumed: 'bigint' })}
         JOIN subdivisions s ON ${IS_AS_PRESUMED} FOR UPDATE OF s`,
        [...subdivisionKeys(presumed.map(({ key }) => key)), longs(presumed.map(({ version }) => version)), lane],
      );
      return unchanged === presumed.length;
    },

    async list(tenantId, { after, limit }) {
      const rows = await query<SubdivisionRow>(
        db,
        `SELECT ${SELECTED} FROM subdivisions s
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

/** These subdivisions as they are, but for those that are deleted, keyed by tenantId + subdivisionId. Nothing is locked. */
export async function subdivisionsOf(
  db: Knex,
  keys: readonly SubdivisionKey[],
): Promise<ReadonlyMap<string, Subdivision>> {
  const [rows, licenses] = await together([
    query<SubdivisionRow>(
      db,
      `SELECT ${SELECTED} FROM ${rowsOf('k', { tenant_id: 'uuid', subdivision_id: 'uuid' })}
       JOIN subdivisions s ON ${keyed('s', 'k', SUBDIVISION_KEY)} WHERE NOT s.deleted`,
      subdivisionKeys(keys),
    ),
    licensesOf(db, keys, Infinity),
  ]);
  return new Map(rows.map((row) => [row.tenantId + row.subdivisionId, withLicenses(row, licenses)]));
}

function withLicenses(row: PlaceRow, licenses: ReadonlyMap<string, License[]>): Subdivision {
  return fromStored({
    tenantId: row.tenantId,
    subdivisionId: row.subdivisionId,
    name: row.name,
    location: row.location,
    linkToSubdivisionProcessingDomain: row.linkToSubdivisionProcessingDomain,
    workStatus: row.workStatus,
    activeLicenseId: row.activeLicenseId,
    suspended: isSuspended(row),
    settledAt: row.settledAt,
    licenses: licenses.get(row.tenantId + row.subdivisionId) ?? [],
    version: row.version,
  });
}

/**
 * A worker of the version before leaves the column as it is: what it writes says whether a subdivision with an active license is suspended. When
 * it lifts a suspension, a trigger of 0022 takes it out of the column.
 */
function isSuspended({ workStatus, activeLicenseId, suspended }: PlaceRow): boolean {
  return activeLicenseId === null ? suspended === true : workStatus === 'inactive';
}

const FIELDS = `tenant_id, subdivision_id, version, deleted, ${namesIn(STATE)}`;
const PARAMETERS = `?::uuid[], ?::uuid[], ?::bigint[], ?::boolean[], ${parameters(STATE)}`;

function arrays(changes: readonly SubdivisionChange[]): (string | Buffer)[] {
  return [...subdivisionKeys(changes.map(({ key }) => key)), ...arraysOfChanges(STATE, changes)];
}

async function insert(db: Knex, changes: readonly SubdivisionChange[], lane: string | null): Promise<void> {
  await execute(
    db,
    `INSERT INTO subdivisions (lane, ${FIELDS})
     SELECT ?::uuid, c.tenant_id, c.subdivision_id, c.version, c.deleted, ${storedFrom(STATE, 'c')}
     FROM unnest(${PARAMETERS}) AS c (${FIELDS})`,
    [lane, ...arrays(changes)],
  );
}

const CHANGED = 'a subdivision has changed that was presumed not to have';

/** A row that was not locked must be as this lane wrote it. Whoever writes one raises the version. */
const IS_AS_PRESUMED = `${keyed('s', 'c', SUBDIVISION_KEY)}
  AND (c.presumed IS NULL OR s.version = c.presumed AND s.lane = ?::uuid)`;

function presumptions(changes: readonly SubdivisionChange[]): Buffer {
  return longs(changes.map(({ presumed, before }) => (presumed && before ? before.version : null)));
}

/** What a statistic row changes of its subdivision is the version and who wrote it: most chunks send no text at all. */
async function update(db: Knex, changes: readonly SubdivisionChange[], lane: string | null): Promise<void> {
  const { touched = [], changed = [] } = Object.groupBy(changes, ({ before, after }) =>
    before && after && isSame(STATE, before, after) ? 'touched' : 'changed',
  );
  await together([
    touched.length > 0 ? touch(db, touched, lane) : undefined,
    changed.length > 0 ? change(db, changed, lane) : undefined,
  ]);
}

async function touch(db: Knex, changes: readonly SubdivisionChange[], lane: string | null): Promise<void> {
  const columns = { tenant_id: 'uuid', subdivision_id: 'uuid', version: 'bigint', presumed: 'bigint' };
  const touched = await execute(
    db,
    `UPDATE subdivisions s SET version = c.version, lane = ?::uuid
     FROM ${sortedRowsOf('c', columns)} WHERE ${IS_AS_PRESUMED}`,
    [
      lane,
      ...subdivisionKeys(changes.map(({ key }) => key)),
      longs(changes.map(({ after }) => after?.version ?? null)),
      presumptions(changes),
      lane,
    ],
  );
  if (touched < changes.length) throw new StaleRead(CHANGED);
}

async function change(db: Knex, changes: readonly SubdivisionChange[], lane: string | null): Promise<void> {
  const changed = await execute(
    db,
    `UPDATE subdivisions s SET lane = ?::uuid, version = c.version, deleted = c.deleted, ${assignments(STATE, 'c')}
     FROM (SELECT * FROM unnest(${PARAMETERS}, ?::bigint[]) AS c (${FIELDS}, presumed)
           ORDER BY tenant_id, subdivision_id) AS c WHERE ${IS_AS_PRESUMED}`,
    [lane, ...arrays(changes), presumptions(changes), lane],
  );
  if (changed < changes.length) throw new StaleRead(CHANGED);
}

/** A deleted subdivision's statistic rows are removed later, in small steps: here it is only noted that they are to be. */
async function queueRowRemovals(db: Knex, changes: readonly SubdivisionChange[]): Promise<void> {
  const deleted = changes.filter(({ tombstone }) => tombstone !== undefined);
  if (deleted.length === 0) return;
  await execute(
    db,
    `INSERT INTO statistic_row_removals SELECT * FROM unnest(?::uuid[], ?::uuid[]) ON CONFLICT DO NOTHING`,
    subdivisionKeys(deleted.map(({ key }) => key)),
  );
}
