import type { World } from '../support/world.ts';
import { compareMaps, once, type Differ } from './compare.ts';
import { currentOf } from './counts.ts';
import { asUuid } from './identity.ts';
import type { ExpectedLetter, Model } from './model.ts';
import { pair } from './state.ts';
import { nextDue } from './time.ts';
import { workStatusOf } from './told.ts';

type Table = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** Checks every table, row by row and column by column, but for lanes and for what the database alone decides. */
export async function checkTables(model: Model, world: Pick<World, 'db'>, differ: Differ): Promise<void> {
  const compare = async (what: string, expected: Table, sql: string): Promise<void> =>
    compareMaps(what, expected, await rowsOf(world, sql), differ);
  const { state } = model;

  await compare(
    'row of tenants',
    keyed([
      ...[...state.tenants.values()].map(({ tenantId, ...rest }) => [tenantId, { deleted: false, ...rest }] as const),
      ...[...state.deadTenants].map(
        ([id, version]) =>
          [
            id,
            { deleted: true, version, name: null, address: null, email: null, phone: null, createdBy: null },
          ] as const,
      ),
    ]),
    `SELECT tenant_id AS key, version, deleted, name, address, email, phone, created_by AS "createdBy" FROM tenants`,
  );
  await compare(
    'row of tenant_names',
    keyed([...state.tenants.values()].map(({ name, tenantId }) => [name, { tenantId }] as const)),
    `SELECT name AS key, tenant_id AS "tenantId" FROM tenant_names`,
  );
  await compare('row of users', users(model), USERS);
  await compare(
    'row of user_look_ups',
    keyed([...state.lookUps.values()].map(({ userId, ...rest }) => [userId, rest] as const)),
    `SELECT user_id AS key, cause_id AS "causeId", correlation_id AS "correlationId", traceparent, ${ms('requested_at')} AS "requestedAt" FROM user_look_ups`,
  );
  await compare('row of subdivisions', subdivisions(model), SUBDIVISIONS);
  await compare('row of licenses', licenses(model), LICENSES);
  const due = timers(model);
  const found = await rowsOf(world, TIMERS);
  compareMaps('row of subdivision_timers', due, withoutEarlier(found, due), differ);
  await compare('row of statistic_rows', rows(model), ROWS);
  await compare('row of tenant_active_licenses', activeLicenses(model), ACTIVE);
  await compare(
    'row of inbox',
    keyed(
      [...model.inbox].map(
        ([hash, { outcome, digest }]) => [asUuid(hash), { outcome, digest: asUuid(digest) }] as const,
      ),
    ),
    `SELECT identity AS key, outcome, digest FROM inbox`,
  );
  const erased = await rowsOf(world, `SELECT ${POSITION} AS key FROM dead_letters WHERE erased_at IS NOT NULL`);
  /** Some worker erases a resolved letter about a deleted user, sooner or later. */
  const isErased = ({ record, state: ending, keys }: ExpectedLetter): boolean =>
    erased.has(stored(record)) && ending !== 'open' && keys.some((key) => state.deadUsers.has(key));
  await compare(
    'row of dead_letters',
    keyed(
      model.letters.map((letter) => {
        const {
          record,
          reason,
          keys,
          identity: { hash },
        } = letter;
        const value = record.value?.toString('hex') ?? null;
        const rest = isErased(letter) ? { keys: [], value: null } : { keys, value };
        return [
          stored(record),
          { reason, identity: asUuid(hash), state: letter.state, parks: parks({ reason, keys }), ...rest },
        ] as const;
      }),
    ),
    `SELECT ${POSITION} AS key, reason, identity, state, keys, parks, encode(value, 'hex') AS value FROM dead_letters`,
  );
  const waiting = model.letters.filter((letter) => letter.state === 'open' && parks(letter));
  await compare(
    'row of parked_letters',
    keyed(waiting.flatMap(({ record, keys }) => keys.map((key) => [`${key} ${stored(record)}`, {}] as const))),
    `SELECT p.key || ' ' || ${POSITION} AS key FROM parked_letters p JOIN dead_letters USING (letter_id)`,
  );
  await compare(
    'parked key',
    keyed(waiting.flatMap(({ keys }) => keys.map((key) => [key, {}] as const))),
    // The row of a free key stays for a while, since the lane of its last replay may still owe something.
    `SELECT key FROM parked_keys WHERE parked`,
  );
}

/** The worker's own faults: a later message of the same key waits behind such a letter. */
const PARKING: ReadonlySet<string> = new Set(['HandlerFailed', 'FlushFailed', 'ParkedBehind']);

function parks({ reason, keys }: Pick<ExpectedLetter, 'reason' | 'keys'>): boolean {
  return keys.length > 0 && PARKING.has(reason);
}

/** PostgreSQL keeps the years 1 to 9999: a record dated outside of them is stored as the nearer end. */
function stored(record: ExpectedLetter['record']): string {
  const [first, last] = [Date.parse('0001-01-01T00:00:00.000Z'), Date.parse('9999-12-31T23:59:59.999Z')];
  return once({ ...record, timestamp: Math.min(Math.max(record.timestamp, first), last) });
}

const POSITION = `topic || '/' || partition || '@' || "offset" || ' of ' || ${ms('"timestamp"')}`;

const USERS = `SELECT user_id AS key, version, deleted, email, tg_id AS "tgId", superadmin, tenant_id AS "tenantId",
  has_profile AS "hasProfile", ${ms('profile_updated_at')} AS "profileUpdatedAt" FROM users`;

function users({ state }: Model): Table {
  const gone = {
    ...{ email: null, tgId: null, superadmin: null, tenantId: null, hasProfile: null, profileUpdatedAt: null },
    deleted: true,
  };
  return keyed([
    ...[...state.users.values()].map(({ userId, ...rest }) => [userId, { deleted: false, ...rest }] as const),
    ...[...state.deadUsers].map(([id, { version }]) => [id, { ...gone, version }] as const),
  ]);
}

const SUBDIVISIONS = `SELECT tenant_id || '/' || subdivision_id AS key, version, deleted, name, location,
  link_to_subdivision_processing_domain AS "linkToSubdivisionProcessingDomain", work_status AS "workStatus",
  active_license_id AS "activeLicenseId", ${ms('settled_at')} AS "settledAt",
  -- An older worker writes no word of it: there it stands in the work status, as long as there is an active license.
  CASE WHEN NOT deleted THEN coalesce(suspended, work_status = 'inactive' AND active_license_id IS NOT NULL) END AS suspended
  FROM subdivisions`;

function subdivisions({ state }: Model): Table {
  const gone = {
    ...{ name: null, location: null, linkToSubdivisionProcessingDomain: null, workStatus: null, activeLicenseId: null },
    ...{ suspended: null, settledAt: null, deleted: true },
  };
  return keyed([
    ...[...state.subdivisions.values()].map((subdivision) => {
      const { tenantId, subdivisionId, licenses: _, ...rest } = subdivision;
      return [
        pair(tenantId, subdivisionId),
        { deleted: false, ...rest, workStatus: workStatusOf(subdivision) },
      ] as const;
    }),
    ...[...state.deadSubdivisions].map(([key, { version }]) => [key, { ...gone, version }] as const),
  ]);
}

const LICENSES = `SELECT tenant_id || '/' || license_id AS key, subdivision_id AS "subdivisionId", deleted, status, name, description,
  type, requests_limit AS "requestsLimit", used_requests AS "usedRequests", ${ms('created_at')} AS "createdAt",
  ${ms('expires_at')} AS "expiresAt", ${ms('activated_at')} AS "activatedAt", ${ms('deactivated_at')} AS "deactivatedAt"
  FROM licenses`;

function licenses({ state }: Model): Table {
  const gone = {
    ...{ status: null, name: null, description: null, type: null, requestsLimit: null, usedRequests: null },
    ...{ createdAt: null, expiresAt: null, activatedAt: null, deactivatedAt: null, deleted: true },
  };
  return keyed(
    [...state.licenseIds].map(([key, { tenantId, subdivisionId, licenseId }]) => {
      const license = state.subdivisions.get(pair(tenantId, subdivisionId))?.licenses.get(licenseId);
      if (license === undefined) return [key, { subdivisionId, ...gone }] as const;
      // Terms, and how it came to this, are told by its events.
      const { status, name, description, type, requestsLimit, createdAt, expiresAt, activatedAt, deactivatedAt } =
        license;
      const kept = { status, name, description, type, requestsLimit, createdAt, expiresAt, activatedAt, deactivatedAt };
      const { usedRequests } = currentOf(license);
      return [key, { subdivisionId, deleted: false, ...kept, usedRequests }] as const;
    }),
  );
}

const TIMERS = `SELECT tenant_id || '/' || subdivision_id AS key, ${ms('due_at')} AS "dueAt", is_notice AS "isNotice" FROM subdivision_timers`;

function timers({ state }: Model): Table {
  return keyed(
    [...state.subdivisions.values()].flatMap((subdivision) => {
      const due = nextDue(subdivision);
      const key = pair(subdivision.tenantId, subdivision.subdivisionId);
      return due === undefined ? [] : [[key, { dueAt: due.at, isNotice: due.isNotice }] as const];
    }),
  );
}

/**
 * One that is too early, or where nothing is due, harms nobody: it only sends for nothing, and is put right then. Such timers come up when
 * missing ones are filled in, as after each assignment, while a lane changes the license. What commands do to timers is seen in e2e/timers.
 */
function withoutEarlier(found: Table, due: Table): Table {
  const rows = [...found].flatMap(([key, row]) => {
    const expected = due.get(key);
    if (expected === undefined) return [];
    return [[key, Number(row['dueAt']) < Number(expected['dueAt']) ? expected : row] as const];
  });
  return new Map(rows);
}

/** The rows of deleted subdivisions are left out: the cleaner removes them later. */
const ROWS = `SELECT r.tenant_id || '/' || r.statistic_row_id AS key, r.subdivision_id AS "subdivisionId",
  r.license_id AS "licenseId", ${ms('r.created')} AS created, r.count_requests AS "countRequests", r.counted
  FROM statistic_rows r JOIN subdivisions s USING (tenant_id, subdivision_id) WHERE NOT s.deleted`;

function rows({ state }: Model): Table {
  return keyed(
    [...state.rows]
      .filter(([, { tenantId, subdivisionId }]) => state.subdivisions.has(pair(tenantId, subdivisionId)))
      .map(([key, { tenantId: _, statisticRowId: __, count: ___, ...rest }]) => [key, rest] as const),
  );
}

const ACTIVE = `SELECT tenant_id || '/' || license_id AS key, subdivision_id AS "subdivisionId" FROM tenant_active_licenses`;

function activeLicenses({ state }: Model): Table {
  return keyed(
    [...state.subdivisions.values()].flatMap(({ tenantId, subdivisionId, activeLicenseId }) =>
      activeLicenseId === null ? [] : [[pair(tenantId, activeLicenseId), { subdivisionId }] as const],
    ),
  );
}

async function rowsOf({ db }: Pick<World, 'db'>, sql: string): Promise<Table> {
  // By way of JSON, so that numbers are numbers and uuids text, whatever the driver makes of them.
  const found = await db.raw<{ rows: readonly { readonly row: Readonly<Record<string, unknown>> }[] }>(
    `SELECT to_jsonb(t) AS row FROM (${sql}) t`,
  );
  return keyed(found.rows.map(({ row: { key, ...rest } }) => [String(key), rest] as const));
}

function ms(column: string): string {
  return `(extract(epoch FROM ${column}) * 1000)::bigint`;
}

function keyed(entries: readonly (readonly [string, Readonly<Record<string, unknown>>])[]): Table {
  return new Map(entries);
}
