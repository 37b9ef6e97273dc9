import type { Knex } from 'knex';
import type { SubdivisionKey } from '../../ports/repositories.ts';
import type { DueTimer } from '../../ports/timers.ts';
import { uuids } from './arrays.ts';
import { aloneAt } from './cleaning.ts';
import {
  execute,
  fromTime,
  keyed,
  SUBDIVISION_KEY,
  plain,
  query,
  sortedRowsOf,
  STARTED_AT,
  subdivisionKeys,
  together,
  toTime,
} from './sql.ts';
import type { Store, TimerChange } from './store.ts';

/** When something is due next in a subdivision. Whoever holds the lock of the subdivision writes it here; a sweep only marks it. */
export function timerTable(db: Knex): Store['timers'] {
  return {
    async flush(timers) {
      await together([
        put(
          db,
          timers.filter(({ due }) => due !== null),
        ),
        drop(
          db,
          timers.filter(({ due }) => due === null),
        ),
      ]);
    },
  };
}

async function put(db: Knex, timers: readonly TimerChange[]): Promise<void> {
  if (timers.length === 0) return;
  await execute(
    db,
    `INSERT INTO subdivision_timers (tenant_id, subdivision_id, due_at, is_notice)
     SELECT tenant_id, subdivision_id, ${toTime('due_at')}, is_notice
     FROM ${sortedRowsOf('t', { tenant_id: 'uuid', subdivision_id: 'uuid', due_at: 'bigint', is_notice: 'boolean' })}
     ON CONFLICT (tenant_id, subdivision_id) DO UPDATE SET due_at = excluded.due_at, is_notice = excluded.is_notice,
       queued_at = NULL, resent = false`,
    [
      ...subdivisionKeys(timers),
      plain(timers.map(({ due }) => due?.at ?? null)),
      plain(timers.map(({ due }) => due?.isNotice ?? null)),
    ],
  );
}

async function drop(db: Knex, timers: readonly TimerChange[]): Promise<void> {
  if (timers.length === 0) return;
  await execute(
    db,
    `DELETE FROM subdivision_timers t USING (
       SELECT t.tenant_id, t.subdivision_id FROM ${sortedRowsOf('k', { tenant_id: 'uuid', subdivision_id: 'uuid' })}
       JOIN subdivision_timers t ON ${keyed('t', 'k', SUBDIVISION_KEY)} FOR UPDATE OF t) AS k
     WHERE ${keyed('t', 'k', SUBDIVISION_KEY)}`,
    subdivisionKeys(timers),
  );
}

/** What a sweep has to know before it takes any. */
export interface TimersUnderWay {
  /** Sent once, and not answered. */
  readonly firstSends: number;
  /** Sent again in the last `resendMs`, and not answered. */
  readonly resends: number;
  /** When the oldest of all that were sent and not answered was due. */
  readonly oldestDueAt: number | null;
}

/** @returns when the transaction began, by the database's clock, in milliseconds; undefined when another one sweeps */
export async function beginSweep(trx: Knex): Promise<number | undefined> {
  const [begun] = await query<{ readonly upTo: number; readonly alone: boolean }>(
    trx,
    `SELECT ${STARTED_AT} AS "upTo", ${aloneAt('subdivision_timers')} AS alone`,
    [],
  );
  return begun?.alone === true ? begun.upTo : undefined;
}

/** The keys whose timers have to wait: a message would only become a letter behind theirs. */
export async function parkedTenants(trx: Knex): Promise<readonly string[]> {
  const parked = await query<{ readonly key: string }>(trx, 'SELECT key FROM parked_keys WHERE parked', []);
  return parked.map(({ key }) => key);
}

export async function timersUnderWay(trx: Knex, parked: readonly string[], resendMs: number): Promise<TimersUnderWay> {
  const [found] = await query<TimersUnderWay>(
    trx,
    `SELECT count(*) FILTER (WHERE NOT resent) AS "firstSends",
       count(*) FILTER (WHERE resent AND queued_at > now() - ? * interval '1 millisecond') AS resends,
       ${fromTime('min(due_at)')} AS "oldestDueAt"
     FROM subdivision_timers WHERE queued_at IS NOT NULL AND tenant_id <> ALL (?::uuid[])`,
    [resendMs, uuids(parked)],
  );
  return found ?? { firstSends: 0, resends: 0, oldestDueAt: null };
}

/** Marks timers as queued that are due and were not since they last changed, the oldest first. A row that somebody writes is left to them. */
export async function takeDue(
  trx: Knex,
  isNotice: boolean,
  parked: readonly string[],
  limit: number,
): Promise<readonly DueTimer[]> {
  if (limit <= 0) return [];
  return query<DueTimer>(
    trx,
    `UPDATE subdivision_timers t SET queued_at = now() FROM (
       SELECT tenant_id, subdivision_id FROM subdivision_timers
       WHERE queued_at IS NULL AND ${isNotice ? '' : 'NOT '}is_notice AND due_at <= now() AND tenant_id <> ALL (?::uuid[])
       ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED) AS d
     WHERE ${keyed('t', 'd', SUBDIVISION_KEY)} RETURNING ${TAKEN}`,
    [uuids(parked), limit],
  );
}

/** Marks timers as queued again whose message was not answered for `resendMs`, those that have waited longest first. */
export async function takeUnanswered(
  trx: Knex,
  resendMs: number,
  parked: readonly string[],
  limit: number,
): Promise<readonly DueTimer[]> {
  if (limit <= 0) return [];
  return query<DueTimer>(
    trx,
    `UPDATE subdivision_timers t SET queued_at = now(), resent = true FROM (
       SELECT tenant_id, subdivision_id FROM subdivision_timers
       WHERE queued_at <= now() - ? * interval '1 millisecond' AND tenant_id <> ALL (?::uuid[])
       ORDER BY queued_at LIMIT ? FOR UPDATE SKIP LOCKED) AS d
     WHERE ${keyed('t', 'd', SUBDIVISION_KEY)} RETURNING ${TAKEN}`,
    [resendMs, uuids(parked), limit],
  );
}

const TAKEN = `t.tenant_id AS "tenantId", t.subdivision_id AS "subdivisionId", ${fromTime('t.due_at')} AS "dueAt"`;

/** How many timers are due of keys that are not parked, and since when the oldest is; undefined: none. */
export async function dueTimers(db: Knex): Promise<{ readonly timers: number; readonly oldestMs: number } | undefined> {
  const [found] = await query<{ readonly timers: number; readonly oldestMs: number | null }>(
    db,
    `SELECT count(*) AS timers, (extract(epoch FROM now() - min(due_at)) * 1000)::bigint AS "oldestMs"
     FROM subdivision_timers t WHERE due_at <= now() AND NOT EXISTS (SELECT FROM parked_keys k WHERE k.key = t.tenant_id AND k.parked)`,
    [],
  );
  if (found === undefined || found.oldestMs === null) return undefined;
  return { timers: found.timers, oldestMs: found.oldestMs };
}

interface Expiring extends SubdivisionKey {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * Gives timers to subdivisions whose active license expires and that have none, or a later one, `limit` active licenses at a time: a worker of
 * before writes licenses without them, none of which is in grace. A license may change meanwhile, so that its timer is too early. That harms
 * nobody: nothing is due then, and whoever finds that out writes the right one. None is made too late, nor is one put off.
 * @param after where the last call ended @returns where this one ended; undefined when there are no more
 */
export async function addMissingTimers(
  db: Knex,
  after: SubdivisionKey | undefined,
  limit: number,
): Promise<SubdivisionKey | undefined> {
  const page = await query<SubdivisionKey & { readonly expiresAt: number | null }>(
    db,
    `SELECT tenant_id AS "tenantId", subdivision_id AS "subdivisionId",
       CASE WHEN in_grace IS NOT TRUE THEN ${fromTime('expires_at')} END AS "expiresAt" FROM licenses
     WHERE status = 'active' ${after === undefined ? '' : 'AND (tenant_id, subdivision_id) > (?::uuid, ?::uuid)'}
     ORDER BY tenant_id, subdivision_id LIMIT ?`,
    [...(after === undefined ? [] : [after.tenantId, after.subdivisionId]), limit],
  );
  const expiring = page.flatMap(({ expiresAt, ...key }) => (expiresAt === null ? [] : { ...key, expiresAt }));
  if (expiring.length > 0) {
    await bringForward(db, expiring);
    await addWhereMissing(db, expiring);
  }
  const last = page.at(-1);
  if (last === undefined || page.length < limit) return undefined;
  return { tenantId: last.tenantId, subdivisionId: last.subdivisionId };
}

const EXPIRING = sortedRowsOf('e', { tenant_id: 'uuid', subdivision_id: 'uuid', expires_at: 'bigint' });

/** A row that somebody else writes is left to them: a lane writes what is due, and to a sweep it was due already. */
async function bringForward(db: Knex, expiring: readonly Expiring[]): Promise<void> {
  await execute(
    db,
    `UPDATE subdivision_timers t SET due_at = e.due_at, is_notice = false, queued_at = NULL, resent = false FROM (
       SELECT t.tenant_id, t.subdivision_id, ${toTime('e.expires_at')} AS due_at
       FROM ${EXPIRING} JOIN subdivision_timers t ON ${keyed('t', 'e', SUBDIVISION_KEY)}
       WHERE t.due_at > ${toTime('e.expires_at')} FOR UPDATE OF t SKIP LOCKED) AS e
     WHERE ${keyed('t', 'e', SUBDIVISION_KEY)}`,
    valuesOf(expiring),
  );
}

/** One that is there is looked for first: a conflict with it would wait for the lane that changes it. */
async function addWhereMissing(db: Knex, expiring: readonly Expiring[]): Promise<void> {
  await execute(
    db,
    `INSERT INTO subdivision_timers (tenant_id, subdivision_id, due_at, is_notice)
     SELECT tenant_id, subdivision_id, ${toTime('expires_at')}, false FROM ${EXPIRING}
     WHERE NOT EXISTS (
       SELECT FROM subdivision_timers t WHERE t.tenant_id = e.tenant_id AND t.subdivision_id = e.subdivision_id OFFSET 0)
     ON CONFLICT DO NOTHING`,
    valuesOf(expiring),
  );
}

function valuesOf(expiring: readonly Expiring[]): (string | Buffer)[] {
  return [...subdivisionKeys(expiring), plain(expiring.map(({ expiresAt }) => expiresAt))];
}
