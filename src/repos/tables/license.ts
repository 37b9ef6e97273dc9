import type { Knex } from 'knex';
import { differencesOf, type License } from '../../domain/license.ts';
import type { LicenseKey, LicenseOfSubdivision, SubdivisionKey } from '../../ports/repositories.ts';
import { longs, uuids } from './arrays.ts';
import {
  arraysOrNulls,
  assignments,
  integer,
  isSame,
  namesIn,
  parameters,
  selected,
  storedFrom,
  text,
  time,
  word,
  type Columns,
  type OrNulls,
} from './columns.ts';
import { execute, plain, query, queryMost, rowsOf, together } from './sql.ts';
import type { Store, SubdivisionChange } from './store.ts';

/** What changes of a license, and what of it stays as it was created; its keys are in the statements. */
const STATE: Columns<OrNulls<Omit<License, 'licenseId'>>> = {
  status: word('status'),
  name: text('name'),
  description: text('description'),
  type: word('type'),
  requestsLimit: integer('requests_limit'),
  usedRequests: integer('used_requests'),
  createdAt: time('created_at'),
  expiresAt: time('expires_at'),
  activatedAt: time('activated_at'),
  deactivatedAt: time('deactivated_at'),
  endReason: word('end_reason'),
};

const SELECTED = `l.tenant_id AS "tenantId", l.subdivision_id AS "subdivisionId", l.license_id AS "licenseId", ${selected(STATE, 'l')}`;

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
        `SELECT ${SELECTED} FROM licenses l
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
    `SELECT ${SELECTED} FROM (
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
  const { counted = [], others = [] } = Object.groupBy(licenses, ({ before, after }) =>
    before && after && isSame(STATE, before, after, 'usedRequests') ? 'counted' : 'others',
  );
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

const FIELDS = `tenant_id, subdivision_id, license_id, deleted, ${namesIn(STATE)}`;
const UNNEST = `unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::boolean[], ${parameters(STATE)}) AS c (${FIELDS})`;

function arrays(changes: readonly LicenseChange[]): (string | Buffer)[] {
  return [
    uuids(changes.map(({ tenantId }) => tenantId)),
    uuids(changes.map(({ subdivisionId }) => subdivisionId)),
    uuids(changes.map(({ licenseId }) => licenseId)),
    plain(changes.map(({ after }) => after === undefined)),
    ...arraysOrNulls(
      STATE,
      changes.map(({ after }) => after),
    ),
  ];
}

async function update(db: Knex, changes: readonly LicenseChange[]): Promise<void> {
  if (changes.length === 0) return;
  await execute(
    db,
    `UPDATE licenses l SET deleted = c.deleted, ${assignments(STATE, 'c')}
     FROM ${UNNEST} WHERE l.tenant_id = c.tenant_id AND l.license_id = c.license_id`,
    arrays(changes),
  );
}

async function insert(db: Knex, changes: readonly LicenseChange[]): Promise<void> {
  if (changes.length === 0) return;
  await execute(
    db,
    `INSERT INTO licenses (${FIELDS})
     SELECT c.tenant_id, c.subdivision_id, c.license_id, c.deleted, ${storedFrom(STATE, 'c')} FROM ${UNNEST}`,
    arrays(changes),
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
