import { FAULT_PROVEN_AFTER, PROGRAM } from '../faults/points.ts';
import { encodeHeaders, headerList } from '../../src/adapters/record-headers.ts';
import { header, type WireRecord } from '../support/collect.ts';
import { command } from '../support/load.ts';
import { createWorld, type World } from '../support/world.ts';
import { until } from '../support/world-until.ts';
import { givenLicense, lastingUntil, LATER, told, type LicenseIds } from './given.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({
    workers: 2,
    program: PROGRAM,
    // Else nobody would sweep in the first ten seconds of an assignment.
    env: { [FAULT_PROVEN_AFTER]: '200', TIMER_SWEEP_INTERVAL_MS: '100' },
  });
});
afterAll(() => world.close());

test('a license ends when it expires, though no message comes', () =>
  world.guard(async () => {
    const expiresAt = Date.now() + 1_500;
    const ids = await givenLicense(world, { active: true, terms: lastingUntil(expiresAt) });
    const [deactivated, expired] = await endOf(ids);
    const [advance] = advancesOf(ids);
    const state = { workStatus: 'inactive', activeLicenseId: null };
    expect(deactivated?.decoded).toMatchObject({
      type: 'licensing.events.LicenseDeactivated',
      data: {
        ...{ ...ids, ...state, reason: 'expired', status: 'inactive' },
        ...{ expiresAt, deactivatedAt: expiresAt, effectiveAt: expiresAt },
        occurredAt: advance?.decoded?.data['upTo'],
      },
    });
    expect(expired?.decoded).toMatchObject({ type: 'licensing.events.SubdivisionLicenseExpired', data: state });
    expect(expired?.decoded?.data['version']).toBe(deactivated?.decoded?.data['version']);
    for (const event of [deactivated, expired]) {
      expect(event && header(event, 'ce_causationid')).toBe(advance && header(advance, 'ce_id'));
    }
    expect(advance && header(advance, 'ce_id')).toBe(
      `${ids.tenantId}/${ids.subdivisionId}/${Number(advance?.decoded?.data['upTo'])}`,
    );
    expect(advance && header(advance, 'ce_source')).toBe('licensing/timers');
    expect(await timersOf(ids)).toEqual([]);
  }));

test('a license that was renewed, deactivated, or deleted with its subdivision before it expires does not end then', () =>
  world.guard(async () => {
    const expiresAt = Date.now() + 2_500;
    const terms = lastingUntil(expiresAt);
    const [kept, renewed, deactivated, deleted] = await Promise.all([
      givenLicense(world, { active: true, terms }),
      givenLicense(world, { active: true, terms }),
      givenLicense(world, { active: true, terms }),
      givenLicense(world, { active: true, terms }),
    ]);
    const renewal = { expiresAt: expiresAt + LATER, resetUsage: false, activate: false };
    await told(world, command('RenewLicense', { ...renewed, ...renewal }), 'LicenseRenewed');
    await told(world, command('DeactivateSubdivisionLicense', deactivated), 'LicenseDeactivated');
    const { tenantId, subdivisionId } = deleted;
    await told(
      world,
      command('DeleteSubdivision', { tenantId, subdivisionId }),
      'LicenseDeactivated',
      'LicenseDeleted',
      'SubdivisionDeleted',
    );
    expect(await timersOf(renewed)).toMatchObject([{ due_at: new Date(expiresAt + LATER), queued_at: null }]);
    expect(await timersOf(deactivated)).toEqual([]);
    expect(await timersOf(deleted)).toEqual([]);
    await endOf(kept);
    await world.settled();
    await world.collector.decode();
    for (const ids of [renewed, deactivated, deleted]) expect([endsOf(ids), advancesOf(ids)]).toEqual([[], []]);
  }));

test('of many licenses and two workers, each ends once, by one message', () =>
  world.guard(async () => {
    const terms = lastingUntil(Date.now() + 4_000);
    const all = await Promise.all(Array.from({ length: 60 }, () => givenLicense(world, { active: true, terms })));
    for (const ids of all) await endOf(ids);
    await world.settled();
    await world.collector.decode();
    expect(all.map((ids) => endsOf(ids).length)).toEqual(all.map(() => 2));
    expect(all.map((ids) => advancesOf(ids).length)).toEqual(all.map(() => 1));
  }));

test('what an older copy of the database still owes for living lanes and sweepers is published again, and not owed for ever', () =>
  world.guard(async () => {
    const ids = await givenLicense(world, { active: true, terms: lastingUntil(Date.now() + 1_000) });
    await endOf(ids);
    await world.settled();
    const [advance] = advancesOf(ids);
    const headers = encodeHeaders(headerList(advance?.headers ?? {}));
    const row = { topic: world.topics.commands, key: advance?.key, value: advance?.value, headers };
    // What was published and deleted since the copy was made is back under the ids of lanes that know it as done.
    const lanes = await world.db('lanes').whereNotNull('level').pluck<readonly string[]>('lane');
    expect(lanes.length).toBeGreaterThanOrEqual(world.workers.length);
    await world.db('outbox').insert(lanes.map((lane) => ({ lane, seq: -1, ...row })));
    await world.db('decided_offsets').where('decided', '>', 0).decrement('decided', 1);
    await Promise.all(world.workers.map((worker) => worker.logs('the database lacks messages that were done')));
    await world.settled();
    await world.collector.decode();
    expect(advancesOf(ids).length).toBe(1 + lanes.length);
    expect(endsOf(ids).length).toBe(2);
  }));

/** The two events of the end by time, as soon as they are there. */
async function endOf(ids: LicenseIds): Promise<readonly WireRecord[]> {
  return until(`license ${ids.licenseId} expires`, async () => {
    await world.collector.decode();
    const ends = endsOf(ids);
    return ends.length >= 2 ? ends : undefined;
  });
}

function endsOf({ subdivisionId }: LicenseIds): readonly WireRecord[] {
  return world.collector.records(world.topics.events).filter(({ decoded }) => {
    if (decoded?.data['subdivisionId'] !== subdivisionId) return false;
    return decoded.type.endsWith('SubdivisionLicenseExpired') || decoded.data['reason'] === 'expired';
  });
}

function advancesOf({ subdivisionId }: LicenseIds): readonly WireRecord[] {
  return world.collector
    .records(world.topics.commands)
    .filter(
      ({ decoded }) =>
        decoded?.type === 'licensing.internal.AdvanceSubdivision' && decoded.data['subdivisionId'] === subdivisionId,
    );
}

async function timersOf({ subdivisionId }: LicenseIds): Promise<readonly unknown[]> {
  return world.db('subdivision_timers').where({ subdivision_id: subdivisionId });
}
