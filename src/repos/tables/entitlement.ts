import type { Knex } from 'knex';
import type { Claimable, Claimed, ClaimedState, ClaimLimits, Repetition } from '../../ports/entitlements.ts';
import type { SubdivisionKey } from '../../ports/repositories.ts';
import {
  execute,
  fromTime,
  keyed,
  SUBDIVISION_KEY,
  plain,
  query,
  rowsOf,
  sortedRowsOf,
  STARTED_AT,
  subdivisionKeys,
  together,
} from './sql.ts';
import type { Store } from './store.ts';
import { subdivisionsOf } from './subdivision.ts';

/**
 * What is owed to those who read entitlements. Who changes a decision marks it here, which takes it from whoever has claimed it: what that one
 * publishes is old by then. Rows are locked in the order of their ids, and publishers wait for nobody's lock, so none waits in a circle.
 */
export function entitlementTable(db: Knex): Store['entitlements'] {
  return {
    async owe(keys) {
      if (keys.length === 0) return;
      await execute(
        db,
        `INSERT INTO entitlements (tenant_id, subdivision_id, owed_at, is_repetition)
         SELECT tenant_id, subdivision_id, now(), false FROM ${sortedRowsOf('k', KEY)}
         ON CONFLICT (tenant_id, subdivision_id) DO UPDATE SET owed_at = excluded.owed_at, is_repetition = false,
           claim = NULL, claimed_until = NULL`,
        subdivisionKeys(keys),
      );
    },
  };
}

const KEY = { tenant_id: 'uuid', subdivision_id: 'uuid' };

/** What can't be published would come first each time, and hold back all others: so what is left over of claims is asked for by itself. */
const CLAIMABLE: Readonly<Record<Claimable, { readonly is: string; readonly first?: string }>> = {
  new: { is: 'claim IS NULL' },
  left: { is: 'claimed_until <= now()', first: 'claimed_until' },
};

/** The present topic, `?`, is that of whoever asks. While none is noted, everybody's is. */
const IS_OWN_TOPIC = '(topic IS NULL OR topic = ?)';

/**
 * What has changed comes by itself, so that however much else is owed holds it back by one step at most. What is owed to a new topic is left to
 * those who publish there.
 */
export async function claimEntitlements(
  db: Knex,
  topic: string,
  claim: string,
  { step, claimMs }: ClaimLimits,
  which: Claimable,
): Promise<Claimed> {
  const { is, first } = CLAIMABLE[which];
  const due = (isRepetition: boolean): string =>
    `SELECT tenant_id, subdivision_id FROM entitlements
     WHERE ${isRepetition ? '' : 'NOT '}is_repetition AND owed_at <= now() AND ${is}
     ORDER BY ${first ?? 'owed_at'} LIMIT ? FOR UPDATE SKIP LOCKED`;
  const rows = await query<ClaimedRow>(
    db,
    `WITH changed AS (${due(false)}), again AS (${due(true)}),
     behind AS (
       SELECT tenant_id, subdivision_id FROM entitlements
       WHERE epoch < (SELECT max(epoch) FROM entitlement_epoch WHERE ${IS_OWN_TOPIC}) AND ${is}
       ORDER BY ${first ?? 'epoch'} LIMIT ? FOR UPDATE SKIP LOCKED),
     claimed AS (
       UPDATE entitlements e SET claim = ?::uuid, claimed_until = now() + ? * interval '1 millisecond'
       FROM (SELECT * FROM changed UNION SELECT * FROM again UNION SELECT * FROM behind) AS o
       WHERE ${keyed('e', 'o', SUBDIVISION_KEY)}
       RETURNING e.tenant_id, e.subdivision_id, NOT e.is_repetition AS is_change)
     SELECT c.tenant_id AS "tenantId", c.subdivision_id AS "subdivisionId", c.is_change AS "isChange", o.ms AS "oldestMs"
     FROM (SELECT coalesce((extract(epoch FROM now() - min(owed_at)) * 1000)::bigint, 0) AS ms FROM entitlements
       WHERE NOT is_repetition AND owed_at <= now()) AS o LEFT JOIN claimed c ON true`,
    [step, step, topic, step, claim, claimMs],
  );
  const keys = rows.flatMap(({ tenantId, subdivisionId }) => (tenantId === null ? [] : { tenantId, subdivisionId }));
  const changes = rows.filter(({ isChange }) => isChange).length;
  return { keys, oldestMs: rows[0]?.oldestMs ?? 0, isFull: changes >= step || keys.length - changes >= step };
}

/** One without a key when none was claimed. */
type ClaimedRow = (
  | (SubdivisionKey & { readonly isChange: boolean })
  | { readonly tenantId: null; readonly subdivisionId: null; readonly isChange: null }
) & { readonly oldestMs: number };

/** @param trx with one snapshot for all of its statements */
export async function readClaimed(trx: Knex, claim: string, keys: readonly SubdivisionKey[]): Promise<ClaimedState> {
  const [claims, subdivisions] = await together([
    query<SubdivisionKey & { readonly epoch: number; readonly at: number; readonly leftMs: number }>(
      trx,
      `SELECT e.tenant_id AS "tenantId", e.subdivision_id AS "subdivisionId", ${STARTED_AT} AS at,
         (SELECT coalesce(max(epoch), 0) FROM entitlement_epoch) AS epoch,
         (extract(epoch FROM e.claimed_until - now()) * 1000)::bigint AS "leftMs"
       FROM ${rowsOf('k', KEY)} JOIN entitlements e ON ${keyed('e', 'k', SUBDIVISION_KEY)}
       WHERE e.claim = ?::uuid AND e.claimed_until > now()`,
      [...subdivisionKeys(keys), claim],
    ),
    subdivisionsOf(trx, keys),
  ]);
  const [first] = claims;
  return {
    subdivisions: claims.map(({ tenantId, subdivisionId }) => ({
      tenantId,
      subdivisionId,
      subdivision: subdivisions.get(tenantId + subdivisionId),
    })),
    epoch: first?.epoch ?? 0,
    at: first?.at ?? 0,
    leftMs: claims.reduce((left, one) => Math.min(left, one.leftMs), Infinity),
  };
}

/**
 * Rows that somebody marks at this moment are left to them. What an epoch is told of is sent once more within it. A deleted subdivision is done with
 * then. Whoever publishes to a topic of before has told nobody of the present one: that is owed still.
 */
export async function entitlementsPublished(
  db: Knex,
  topic: string,
  claim: string,
  keys: readonly (SubdivisionKey & { readonly isDeleted: boolean })[],
  epoch: number,
  { repeatMs, refreshMs }: Repetition,
): Promise<number> {
  const own = `SELECT e.tenant_id, e.subdivision_id, k.is_deleted, p.is_own, e.is_repetition AND (e.epoch = p.epoch OR NOT p.is_own) AS is_second
    FROM (SELECT ?::bigint AS epoch, EXISTS (SELECT FROM entitlement_epoch WHERE ${IS_OWN_TOPIC}) AS is_own) AS p,
      ${sortedRowsOf('k', { ...KEY, is_deleted: 'boolean' })} JOIN entitlements e ON ${keyed('e', 'k', SUBDIVISION_KEY)}
    WHERE e.claim = ?::uuid FOR UPDATE OF e SKIP LOCKED`;
  return execute(
    db,
    `WITH own AS MATERIALIZED (${own}),
     done AS (
       DELETE FROM entitlements e USING own o
       WHERE o.is_deleted AND o.is_second AND o.is_own AND ${keyed('e', 'o', SUBDIVISION_KEY)}),
     kept AS (
       UPDATE entitlements e SET claim = NULL, claimed_until = NULL, epoch = CASE WHEN o.is_own THEN ?::bigint ELSE 0 END, is_repetition = true,
         owed_at = now() + CASE WHEN o.is_second THEN ?::float8 * (0.5 + random() / 2) ELSE ?::float8 END * interval '1 millisecond'
       FROM own o WHERE NOT (o.is_deleted AND o.is_second AND o.is_own) AND ${keyed('e', 'o', SUBDIVISION_KEY)})
     SELECT FROM own`,
    [
      ...[epoch, topic],
      ...subdivisionKeys(keys),
      plain(keys.map(({ isDeleted }) => isDeleted)),
      ...[claim, epoch, refreshMs, repeatMs],
    ],
  );
}

/** The claim ends now, and is kept, by which they count as left over. */
export async function releaseEntitlements(db: Knex, claim: string, keys: readonly SubdivisionKey[]): Promise<void> {
  await execute(
    db,
    `UPDATE entitlements e SET claimed_until = now() FROM (
       SELECT e.tenant_id, e.subdivision_id FROM ${sortedRowsOf('k', KEY)} JOIN entitlements e ON ${keyed('e', 'k', SUBDIVISION_KEY)}
       WHERE e.claim = ?::uuid FOR UPDATE OF e SKIP LOCKED) AS o
     WHERE ${keyed('e', 'o', SUBDIVISION_KEY)}`,
    [...subdivisionKeys(keys), claim],
  );
}

/** The clock stands for the epochs that were lost with the rest. */
export async function raiseEntitlementEpoch(db: Knex): Promise<void> {
  await execute(
    db,
    `INSERT INTO entitlement_epoch AS e (epoch) SELECT ${fromTime('now()')}
     ON CONFLICT (is_it) DO UPDATE SET epoch = greatest(e.epoch + 1, excluded.epoch)`,
    [],
  );
}

export async function entitlementsPublishedTo(db: Knex, topic: string, partitions: number): Promise<number> {
  await execute(
    db,
    `INSERT INTO entitlement_epoch AS e (epoch, topic, partitions) SELECT ${fromTime('now()')}, ?, ?
     ON CONFLICT (is_it) DO UPDATE SET topic = excluded.topic, partitions = excluded.partitions,
       epoch = CASE WHEN e.topic IS NULL THEN e.epoch ELSE greatest(e.epoch + 1, excluded.epoch) END
     WHERE e.topic IS DISTINCT FROM excluded.topic`,
    [topic, partitions],
  );
  const [first] = await query<{ readonly partitions: number }>(db, 'SELECT partitions FROM entitlement_epoch', []);
  return first?.partitions ?? partitions;
}

export async function addMissingEntitlements(
  db: Knex,
  after: SubdivisionKey | undefined,
  limit: number,
): Promise<SubdivisionKey | undefined> {
  const [last] = await query<SubdivisionKey & { readonly subdivisions: number }>(
    db,
    `WITH page AS MATERIALIZED (
       SELECT tenant_id, subdivision_id, deleted FROM subdivisions
       ${after === undefined ? '' : 'WHERE (tenant_id, subdivision_id) > (?::uuid, ?::uuid)'}
       ORDER BY tenant_id, subdivision_id LIMIT ?),
     missing AS (
       INSERT INTO entitlements (tenant_id, subdivision_id, owed_at, is_repetition)
       SELECT p.tenant_id, p.subdivision_id, now(), false FROM page p
       WHERE NOT p.deleted AND NOT EXISTS (
         SELECT FROM entitlements e WHERE e.tenant_id = p.tenant_id AND e.subdivision_id = p.subdivision_id)
       ORDER BY p.tenant_id, p.subdivision_id ON CONFLICT DO NOTHING)
     SELECT tenant_id AS "tenantId", subdivision_id AS "subdivisionId", count(*) OVER () AS subdivisions FROM page
     ORDER BY tenant_id DESC, subdivision_id DESC LIMIT 1`,
    [...(after === undefined ? [] : [after.tenantId, after.subdivisionId]), limit],
  );
  if (last === undefined || last.subdivisions < limit) return undefined;
  return { tenantId: last.tenantId, subdivisionId: last.subdivisionId };
}
