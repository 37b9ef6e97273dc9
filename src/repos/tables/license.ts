import type { Knex } from 'knex';
import { differencesOf, NO_PROGRESS, type License, type Progress } from '../../domain/license.ts';
import { termsOf, type Terms } from '../../domain/terms.ts';
import type { LicenseKey, SubdivisionKey } from '../../ports/repositories.ts';
import { longs, uuids } from './arrays.ts';
import {
  arraysOrNulls,
  assignments,
  flag,
  integer,
  integers,
  json,
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
import { execute, keyed, SUBDIVISION_KEY, plain, query, queryMost, rowsOf, subdivisionKeys, together } from './sql.ts';
import type { Store, SubdivisionChange } from './store.ts';

/** A license as its row has it, without its keys. */
type LicenseFields = Omit<License, 'licenseId' | 'terms' | 'progress'> & Terms & Progress;

/** What changes of a license, and what of it stays as it was created; its keys are in the statements. */
const STATE: Columns<OrNulls<LicenseFields>> = {
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
  startsAt: time('starts_at'),
  graceMs: integer('grace_ms'),
  overage: word('overage'),
  overagePercent: integer('overage_percent'),
  usageThresholds: integers('usage_thresholds'),
  noticesBeforeExpiry: integers('notices_before_expiry'),
  period: word('period'),
  periodAnchor: time('period_anchor'),
  termsVersion: integer('terms_version'),
  scheduled: flag('scheduled'),
  startedByTime: flag('started_by_time'),
  inGrace: flag('in_grace'),
  noticedMs: integer('noticed_ms'),
  periodStartsAt: time('period_starts_at'),
  countNumber: integer('count_number'),
  countStartsAt: time('count_starts_at'),
  overageTold: flag('overage_told'),
  closedCounts: json('closed_counts'),
};

/** Nulls where nothing is agreed on and nothing has happened yet, as in the rows of the version before: they take no room. */
function fieldsOf({ terms, progress, ...license }: License): OrNulls<LicenseFields> {
  return {
    ...license,
    ...terms,
    ...progress,
    scheduled: progress.scheduled || null,
    startedByTime: progress.startedByTime || null,
    inGrace: progress.inGrace || null,
    countNumber: progress.countNumber || null,
    overageTold: progress.overageTold || null,
    closedCounts: progress.closedCounts.length === 0 ? null : progress.closedCounts,
  };
}

type LicenseRow = LicenseKey &
  Omit<LicenseFields, keyof Progress | 'termsVersion'> &
  OrNulls<Progress & Pick<License, 'termsVersion'>>;

function licenseFrom(row: LicenseRow): License {
  return {
    licenseId: row.licenseId,
    name: row.name,
    description: row.description,
    type: row.type,
    status: row.status,
    requestsLimit: row.requestsLimit,
    usedRequests: row.usedRequests,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
    activatedAt: row.activatedAt,
    deactivatedAt: row.deactivatedAt,
    endReason: row.endReason ?? (isUsedUp(row) ? 'exhausted' : null),
    terms: termsOf(row),
    termsVersion: row.termsVersion ?? 1,
    progress: progressFrom(row),
  };
}

/**
 * Whether exhaustion has ended it, which a worker of the version before did not note: of one that it had used up, nothing else could. What ended
 * it before such a worker activated it is gone from its row by a trigger of 0022.
 */
function isUsedUp({ status, deactivatedAt, requestsLimit, usedRequests }: LicenseRow): boolean {
  return status === 'inactive' && deactivatedAt !== null && requestsLimit !== null && usedRequests >= requestsLimit;
}

function progressFrom(row: OrNulls<Progress>): Progress {
  const progress = {
    scheduled: row.scheduled === true,
    startedByTime: row.startedByTime === true,
    inGrace: row.inGrace === true,
    noticedMs: row.noticedMs,
    periodStartsAt: row.periodStartsAt,
    countNumber: row.countNumber ?? 0,
    countStartsAt: row.countStartsAt,
    overageTold: row.overageTold === true,
    closedCounts: row.closedCounts ?? NO_PROGRESS.closedCounts,
  };
  return isSameProgress(progress, NO_PROGRESS) ? NO_PROGRESS : progress;
}

function isSameProgress(a: Progress, b: Progress): boolean {
  return (Object.keys(a) as (keyof Progress)[]).every((field) => a[field] === b[field]);
}

/** With the subdivision, which an id has for good, whichever index the planner takes is asked for its leading columns. */
const KEY = ['tenant_id', 'subdivision_id', 'license_id'] as const;
const SELECTED = `l.tenant_id AS "tenantId", l.subdivision_id AS "subdivisionId", l.license_id AS "licenseId", ${selected(STATE, 'l')}`;

/** Licenses are read here; they are written with their subdivision. */
export function licenseTable(db: Knex): Store['licenses'] {
  return {
    async taken(keys) {
      return query<LicenseKey & SubdivisionKey & { deleted: boolean }>(
        db,
        `SELECT l.tenant_id AS "tenantId", l.license_id AS "licenseId", l.subdivision_id AS "subdivisionId", l.deleted
         FROM ${rowsOf('k', { tenant_id: 'uuid', license_id: 'uuid' })} JOIN licenses l ON ${keyed('l', 'k', ['tenant_id', 'license_id'])}`,
        [uuids(keys.map(({ tenantId }) => tenantId)), uuids(keys.map(({ licenseId }) => licenseId))],
      );
    },

    async list(tenantId, { after, limit }) {
      const rows = await query<LicenseRow & SubdivisionKey>(
        db,
        `SELECT ${SELECTED} FROM licenses l
         WHERE l.tenant_id = ? AND NOT l.deleted ${after === undefined ? '' : 'AND l.license_id > ?'}
         ORDER BY l.license_id LIMIT ?`,
        [tenantId, ...(after === undefined ? [] : [after]), limit],
      );
      return rows.map((row) => ({ ...licenseFrom(row), tenantId, subdivisionId: row.subdivisionId }));
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
  const rows = await queryMost<LicenseRow & SubdivisionKey>(
    db,
    // Sorted when it is known to be not too much.
    `SELECT ${SELECTED} FROM (
       SELECT l.* FROM ${rowsOf('k', { tenant_id: 'uuid', subdivision_id: 'uuid' })}
       JOIN licenses l ON ${keyed('l', 'k', SUBDIVISION_KEY)} WHERE NOT l.deleted LIMIT ?) AS l
     ORDER BY l.license_id`,
    subdivisionKeys(keys),
    most,
  );
  for (const row of rows) {
    const license = licenseFrom(row);
    const place = row.tenantId + row.subdivisionId;
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
    before && after && isCounted(before, after) ? 'counted' : 'others',
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

/** Whether nothing but the usage differs. Terms and progress are values: what has not changed is the same object. */
function isCounted(before: License, after: License): boolean {
  for (const field in before) {
    const name = field as keyof License;
    if (name !== 'usedRequests' && before[name] !== after[name]) return false;
  }
  return true;
}

function licenseChanges({ key, before, after }: SubdivisionChange): LicenseChange[] {
  return differencesOf(before?.licenses ?? [], after?.licenses ?? []).map((license) => ({ ...key, ...license }));
}

const FIELDS = `tenant_id, subdivision_id, license_id, deleted, ${namesIn(STATE)}`;
const UNNEST = `unnest(?::uuid[], ?::uuid[], ?::uuid[], ?::boolean[], ${parameters(STATE)}) AS c (${FIELDS})`;

function arrays(changes: readonly LicenseChange[]): (string | Buffer)[] {
  return [
    ...subdivisionKeys(changes),
    uuids(changes.map(({ licenseId }) => licenseId)),
    plain(changes.map(({ after }) => after === undefined)),
    ...arraysOrNulls(
      STATE,
      changes.map(({ after }) => after && fieldsOf(after)),
    ),
  ];
}

async function update(db: Knex, changes: readonly LicenseChange[]): Promise<void> {
  if (changes.length === 0) return;
  await execute(
    db,
    `UPDATE licenses l SET deleted = c.deleted, ${assignments(STATE, 'c')}
     FROM ${UNNEST} WHERE ${keyed('l', 'c', KEY)}`,
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
     FROM ${rowsOf('c', { tenant_id: 'uuid', subdivision_id: 'uuid', license_id: 'uuid', used_requests: 'bigint' })}
     WHERE ${keyed('l', 'c', KEY)}`,
    [
      ...subdivisionKeys(changes),
      uuids(changes.map(({ licenseId }) => licenseId)),
      longs(changes.map(({ after }) => after?.usedRequests ?? null)),
    ],
  );
}
