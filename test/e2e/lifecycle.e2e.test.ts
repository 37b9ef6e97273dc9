import { randomUUID } from 'node:crypto';
import { header } from '../support/collect.ts';
import { command } from '../support/load.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { until } from '../support/world-until.ts';
import { addRow, answersTo, givenLicense, LATER, refused, TERMS, told, type Answer, type LicenseIds } from './given.ts';

// The sections of docs/lifecycle.md, each lived through. What time does comes with a message of its own or with the next command,
// whichever is first: so it is looked for in the whole life of the subdivision.

const world = theWorld();
const KEPT = { resetUsage: false, activate: false };

test('prepaid credits: thresholds are reached and cleared, a top-up brings back what was used up', () =>
  world.guard(async () => {
    const ids = await active({ requestsLimit: 10_000, usageThresholds: [80, 100] });
    const [, most] = await told(world, addRow(ids, 8_500), 'StatisticRowAdded', 'LicenseThresholdReached');
    expect(most?.data).toMatchObject({ thresholds: [80], phase: 'current', usedRequests: 8_500 });

    const topUp = command('RenewLicense', { ...ids, ...KEPT, requestsLimit: 15_000 });
    const [renewed, cleared] = await told(world, topUp, 'LicenseRenewed', 'LicenseThresholdCleared');
    expect(renewed?.data).toMatchObject({ requestsLimit: 15_000, usedRequests: 8_500, termsVersion: 2 });
    expect(cleared?.data['thresholds']).toEqual([80]);

    const ended = ['LicenseThresholdReached', 'LicenseDeactivated', 'SubdivisionLicenseExpired'];
    const [, all, end] = await told(world, addRow(ids, 6_500), 'StatisticRowAdded', ...ended);
    expect([all?.data['thresholds'], end?.data['reason'], end?.data['phase']]).toEqual([
      [80, 100],
      'exhausted',
      'exhausted',
    ]);

    const again = command('RenewLicense', { ...ids, ...KEPT, requestsLimit: 20_000, activate: true });
    const [, , back] = await told(world, again, 'LicenseRenewed', 'LicenseThresholdCleared', 'LicenseActivated');
    expect(back?.data).toMatchObject({ status: 'active', phase: 'current', usedRequests: 15_000 });
    const twice = command('RenewLicense', { ...ids, ...KEPT, requestsLimit: 25_000, activate: true });
    expect((await refused(world, twice))['code']).toBe('LicenseAlreadyActive');
  }));

test('quota: a new period counts from 0 and brings back what was used up, a late row counts in its own', () =>
  world.guard(async () => {
    // A day is the shortest period: one of them ends in two seconds.
    const end = Date.now() + 2_000;
    const ids = await active({ requestsLimit: 10, period: 'day', periodAnchor: end - 30 * LATER });
    const created = Date.now();
    const ended = ['LicenseDeactivated', 'SubdivisionLicenseExpired'];
    const [added] = await told(world, addRow(ids, 10, { created }), 'StatisticRowAdded', ...ended);
    expect(added?.data).toMatchObject({ usedRequests: 10, periodStartsAt: end - LATER });

    await isPast(end);
    await world.send([addRow(ids, 4, { created: end + 1 })]);
    const [late] = await told(world, addRow(ids, 3, { created: created + 1 }), 'StatisticRowAdded');
    expect(late?.data).toMatchObject({ counted: true, usedRequests: 13, periodStartsAt: end - LATER });

    const life = await lifeAfter(ids, 'LicenseDeactivated');
    expect(life.map(({ type }) => type)).toEqual([
      ...['SubdivisionLicenseExpired', 'LicensePeriodStarted', 'LicenseActivated'],
      ...['StatisticRowAdded', 'StatisticRowAdded'],
    ]);
    const [, period, back, row] = life;
    expect(period?.data).toMatchObject({ closedPeriodStartsAt: end - LATER, closedUsedRequests: 10 });
    expect(period?.data).toMatchObject({ effectiveAt: end, usedRequests: 0, phase: 'ready' });
    expect(back?.data).toMatchObject({ effectiveAt: end, periodEndsAt: end + LATER, phase: 'current' });
    expect(row?.data).toMatchObject({ usedRequests: 4, periodStartsAt: end });
  }));

test('trial with grace: a notice, the grace, and a renewal within it', () =>
  world.guard(async () => {
    const expiresAt = Date.now() + 2_000;
    const terms = { noticesBeforeExpiry: [500], graceMs: LATER };
    const ids = await active({ type: 'bytime', requestsLimit: null, expiresAt, ...terms });
    await isPast(expiresAt);
    await world.send([addRow(ids, 1, { created: expiresAt + 1 })]);
    const renewal = command('RenewLicense', { ...ids, ...KEPT, expiresAt: expiresAt + LATER });
    await world.send([renewal]);
    const life = await lifeAfter(ids, 'LicenseActivated', 'LicenseRenewed');
    const [notice, grace, row, renewed] = life;
    expect(life.map(({ type }) => type)).toEqual([
      ...['LicenseExpiringSoon', 'LicenseGraceStarted', 'StatisticRowAdded', 'LicenseRenewed'],
    ]);
    expect(notice?.data).toMatchObject({ noticeMs: 500, effectiveAt: expiresAt - 500, phase: 'current' });
    expect(grace?.data).toMatchObject({ effectiveAt: expiresAt, phase: 'grace', status: 'active' });
    expect(row?.data).toMatchObject({ counted: true, usedRequests: 1 });
    expect(renewed?.data).toMatchObject({ expiresAt: expiresAt + LATER, phase: 'current', effectiveAt: null });
  }));

test('plan change: what is booked takes over at the instant in which the other ends', () =>
  world.guard(async () => {
    const at = Date.now() + 2_000;
    const ids = await active({ type: 'bytime', requestsLimit: null, expiresAt: at });
    const larger = { ...ids, licenseId: randomUUID() };
    const terms = { ...TERMS, name: 'Large', requestsLimit: 1_000, startsAt: at };
    const creation = command('CreateLicense', { ...larger, ...terms });
    const booking = command('ActivateSubdivisionLicense', larger);
    const twice = command('ActivateSubdivisionLicense', larger);
    // Together, so that all are sent before that time, and decided by when they were sent.
    await world.send([creation, booking, twice]);
    const [booked] = await answersTo(world, booking, 1);
    expect(booked?.type).toBe('LicenseScheduled');
    expect(booked?.data).toMatchObject({ status: 'inactive', phase: 'scheduled', activeLicenseId: ids.licenseId });
    const [refusal] = await answersTo(world, twice, 1);
    expect(refusal?.data['code']).toBe('LicenseAlreadyScheduled');

    await isPast(at);
    await world.send([addRow(ids, 5, { created: at + 1 })]);
    const life = await lifeAfter(ids, 'LicenseScheduled', 'StatisticRowAdded');
    expect(life.map(({ type }) => type)).toEqual([
      ...['LicenseDeactivated', 'SubdivisionLicenseExpired', 'LicenseActivated', 'StatisticRowAdded'],
    ]);
    expect(life[0]?.data).toMatchObject({ licenseId: ids.licenseId, reason: 'expired', effectiveAt: at });
    expect(life[2]?.data).toMatchObject({ licenseId: larger.licenseId, activatedAt: at, effectiveAt: at });
    expect(life[3]?.data).toMatchObject({ licenseId: larger.licenseId, counted: true, usedRequests: 5 });
  }));

test('plan change: other terms at once, unless they have changed meanwhile or usage is beyond them', () =>
  world.guard(async () => {
    const ids = await active({ requestsLimit: 100, usageThresholds: [50] });
    await told(world, addRow(ids, 60), 'StatisticRowAdded', 'LicenseThresholdReached');
    const change = { ...ids, whenBelowUsage: 'reject', expectedTermsVersion: 1 };
    const more = command('ChangeLicenseTerms', { ...change, requestsLimit: 1_000, usageThresholds: [50] });
    const [changed, cleared] = await told(world, more, 'LicenseTermsChanged', 'LicenseThresholdCleared');
    expect(changed?.data).toMatchObject({ requestsLimit: 1_000, termsVersion: 2, usedRequests: 60 });
    expect(cleared?.data['thresholds']).toEqual([50]);

    const late = command('ChangeLicenseTerms', { ...change, requestsLimit: 500 });
    expect((await refused(world, late))['code']).toBe('LicenseChanged');
    const less = { ...change, expectedTermsVersion: 2, requestsLimit: 60 };
    expect((await refused(world, command('ChangeLicenseTerms', less)))['code']).toBe('LimitBelowUsage');
    const exhausting = command('ChangeLicenseTerms', { ...less, whenBelowUsage: 'exhaust' });
    const ended = ['LicenseDeactivated', 'SubdivisionLicenseExpired'];
    const [, end] = await told(world, exhausting, 'LicenseTermsChanged', ...ended);
    expect(end?.data).toMatchObject({ reason: 'exhausted', usageThresholds: null, requestsLimit: 60 });
  }));

test('soft limit: beyond the limit the license goes on, up to the hard one', () =>
  world.guard(async () => {
    const soft = { overage: 'percent', overagePercent: 20, usageThresholds: [100, 110] };
    const ids = await active({ requestsLimit: 1_000, ...soft });
    const over = ['LicenseThresholdReached', 'LicenseOverageStarted'];
    const [, reached, overage] = await told(world, addRow(ids, 1_000), 'StatisticRowAdded', ...over);
    expect(reached?.data['thresholds']).toEqual([100]);
    expect(overage?.data).toMatchObject({ status: 'active', phase: 'overage', usedRequests: 1_000 });
    const [, more] = await told(world, addRow(ids, 100), 'StatisticRowAdded', 'LicenseThresholdReached');
    expect(more?.data).toMatchObject({ thresholds: [110], phase: 'overage' });
    const ended = ['LicenseDeactivated', 'SubdivisionLicenseExpired'];
    await told(world, addRow(ids, 100), 'StatisticRowAdded', ...ended);
  }));

test('corrections: a row that used up the license by mistake is put right', () =>
  world.guard(async () => {
    const ids = await active({ requestsLimit: 100, usageThresholds: [80] });
    const statisticRowId = randomUUID();
    const wrong = addRow(ids, 500, { statisticRowId });
    const ended = ['LicenseThresholdReached', 'LicenseDeactivated', 'SubdivisionLicenseExpired'];
    await told(world, wrong, 'StatisticRowAdded', ...ended);
    const { tenantId, subdivisionId } = ids;
    const row = { tenantId, subdivisionId, statisticRowId, reason: 'a zero too many', reactivate: true };
    const correction = command('CorrectStatisticRow', { ...row, countRequests: 50 });
    const follows = ['LicenseThresholdCleared', 'LicenseActivated'];
    const [corrected, , back] = await told(world, correction, 'StatisticRowCorrected', ...follows);
    expect(corrected?.data).toMatchObject({ countRequestsBefore: 500, countRequests: 50, usedRequests: 50 });
    expect(corrected?.data).toMatchObject({ counted: true, reason: 'a zero too many', licenseId: ids.licenseId });
    expect(back?.data).toMatchObject({ status: 'active', phase: 'current', usedRequests: 50 });
    const other = { ...row, statisticRowId: randomUUID(), countRequests: 1 };
    expect((await refused(world, command('CorrectStatisticRow', other)))['code']).toBe('StatisticRowNotFound');
  }));

/** An active license under these terms. */
async function active(terms: Partial<typeof TERMS>): Promise<LicenseIds> {
  return givenLicense(world, { active: true, terms: { ...TERMS, ...terms } });
}

async function isPast(time: number): Promise<void> {
  await until(`it is past ${new Date(time).toISOString()}`, () => Date.now() > time + 10);
}

/** All events of a subdivision behind the first of one type, as soon as there is one of the other. */
async function lifeAfter({ subdivisionId }: LicenseIds, from: string, to = from): Promise<readonly Answer[]> {
  return until(`a ${to} of ${subdivisionId}`, async () => {
    await world.collector.decode();
    const life = lifeOf(subdivisionId);
    const begin = life.findIndex(({ type }) => type === from);
    return life.some(({ type }, index) => type === to && index >= begin) && life.slice(begin + 1);
  });
}

/** By version, and within it in the order of the message that brought them. */
function lifeOf(subdivisionId: string): readonly Answer[] {
  const records = world.collector.records(world.topics.events);
  const own = new Map(
    records
      .filter((record) => header(record, 'ce_subject') === subdivisionId)
      .map((record) => [header(record, 'ce_id'), record]),
  );
  return [...own.values()]
    .flatMap((record) => {
      if (record.decoded === undefined) return [];
      const { type, data } = record.decoded;
      return [{ type: type.replace(/^licensing\.events\./, ''), data, record }];
    })
    .toSorted((a, b) => placeOf(a) - placeOf(b));
}

function placeOf({ data, record }: Answer): number {
  return Number(data['version']) * 100 + Number(header(record, 'ce_answerindex'));
}
