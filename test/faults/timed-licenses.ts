import { randomUUID } from 'node:crypto';
import { createTenant, lastingUntil, PLACE, strange, type LicenseIds } from '../e2e/given.ts';
import { header, type Data, type WireRecord } from '../support/collect.ts';
import { command, type Envelope } from '../support/load.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';

// Licenses of a case's own, beside its load, to which something happens by time.

export const LICENSES = 20;
/** Longer than it takes to send for them, or to give up. */
const EXPIRES_WITHIN_MS = 60_000;

/** Subdivisions in tenants of their own, each with the id of a license to come. Resolves when they are there. */
export async function givenSubdivisions(
  world: World,
  envelope: Envelope = {},
  all = strangers(LICENSES),
): Promise<readonly LicenseIds[]> {
  await world.send(
    all.flatMap(({ tenantId, subdivisionId }) => [
      createTenant({ tenantId, userId: randomUUID() }, envelope),
      command('CreateSubdivision', { tenantId, subdivisionId, ...PLACE }, envelope),
    ]),
  );
  await until(
    'their subdivisions are there',
    async () => (await rowsOf(world, 'subdivisions', all)).length === all.length,
  );
  return all;
}

export function strangers(count: number, isWanted: (ids: LicenseIds) => boolean = () => true): readonly LicenseIds[] {
  const all: LicenseIds[] = [];
  while (all.length < count) {
    const one = strange();
    if (isWanted(one)) all.push(one);
  }
  return all;
}

export interface ExpiringLicenses {
  readonly ids: readonly LicenseIds[];
  /** Of all of them. Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Active licenses that expire so many milliseconds from now. Resolves when all are active. */
export async function givenLicenses(world: World, after: number, all = strangers(LICENSES)): Promise<ExpiringLicenses> {
  const ids = await givenSubdivisions(world, {}, all);
  const expiresAt = Date.now() + after;
  await world.send(
    ids.flatMap((one) => [
      command('CreateLicense', { ...one, ...lastingUntil(expiresAt) }),
      command('ActivateSubdivisionLicense', one),
    ]),
  );
  await allActive(world, ids);
  return { ids, expiresAt };
}

export async function allActive(world: World, ids: readonly LicenseIds[]): Promise<void> {
  await until('they are active', async () => {
    const rows = await rowsOf(world, 'licenses', ids);
    return rows.filter((row) => row['activated_at'] !== null).length === ids.length;
  });
}

/** The rows of these subdivisions. */
export async function rowsOf(
  { db }: World,
  table: 'licenses' | 'subdivisions' | 'subdivision_timers',
  ids: readonly LicenseIds[],
): Promise<readonly Data[]> {
  return db(table).whereIn(
    'subdivision_id',
    ids.map(({ subdivisionId }) => subdivisionId),
  );
}

export async function allExpire(world: World, ids: readonly LicenseIds[]): Promise<void> {
  await until('all expire', async () => (await endsIn(world, ids)).length === ids.length, EXPIRES_WITHIN_MS);
}

/** The oracle has compared the events with the messages; this tells that the fault did not keep them from coming. */
export async function eachHasEndedOnce(world: World, ids: readonly LicenseIds[]): Promise<void> {
  const ends = await endsIn(world, ids);
  expect(ends.map((end) => end['licenseId']).sort()).toEqual(ids.map(({ licenseId }) => licenseId).sort());
}

/** What tells that time has ended these licenses. */
export async function endsIn(world: World, ids: readonly LicenseIds[]): Promise<readonly Data[]> {
  const licenses = new Set<unknown>(ids.map(({ licenseId }) => licenseId));
  const events = await eventsOf(world, ids, 'LicenseDeactivated');
  return events
    .map(({ data }) => data)
    .filter(({ reason, licenseId }) => reason === 'expired' && licenses.has(licenseId));
}

export interface Told {
  readonly data: Data;
  readonly record: WireRecord;
}

/** The events of a type in these subdivisions, by their ids: a repetition counts once. */
export async function eventsOf(world: World, ids: readonly LicenseIds[], name: string): Promise<readonly Told[]> {
  await world.collector.decode();
  const subdivisions = new Set<unknown>(ids.map(({ subdivisionId }) => subdivisionId));
  const told = new Map<string | undefined, Told>();
  for (const record of world.collector.records(world.topics.events)) {
    const { type, data = {} } = record.decoded ?? {};
    if (type !== `licensing.events.${name}` || !subdivisions.has(data['subdivisionId'])) continue;
    const id = header(record, 'ce_id');
    if (!told.has(id)) told.set(id, { data, record });
  }
  return [...told.values()];
}

/** What timers have sent for these subdivisions, or for any. */
export async function advancesIn(world: World, ids?: readonly LicenseIds[]): Promise<readonly WireRecord[]> {
  await world.collector.decode();
  const subdivisions = ids && new Set<unknown>(ids.map(({ subdivisionId }) => subdivisionId));
  return world.collector
    .records(world.topics.commands)
    .filter(({ decoded }) => decoded?.type === 'licensing.internal.AdvanceSubdivision')
    .filter(({ decoded }) => subdivisions?.has(decoded?.data['subdivisionId']) ?? true);
}
