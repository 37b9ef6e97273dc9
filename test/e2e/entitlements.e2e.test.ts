import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Producer } from 'kafkajs';
import { entitlementOf } from '../../src/domain/entitlement.ts';
import { storedId, type SubdivisionId, type TenantId } from '../../src/domain/ids.ts';
import { ConfigResourceTypes } from '../../src/adapters/kafkajs.ts';
import { subdivisionsOf } from '../../src/repos/tables/subdivision.ts';
import { FAULT_PROVEN_AFTER, FAULT_REPEAT, PROGRAM } from '../faults/points.ts';
import { header, type Data, type WireRecord } from '../support/collect.ts';
import { command } from '../support/load.ts';
import { until } from '../support/world-until.ts';
import { licensing } from '../support/world-process.ts';
import { createWorld, type World } from '../support/world.ts';
import { addRow, givenLicense, lastingUntil, PLACE, TERMS, told, type LicenseIds } from './given.ts';

const REPEAT_MS = 2_000;

let world: World;
beforeAll(async () => {
  world = await createWorld({
    workers: 2,
    program: PROGRAM,
    env: { [FAULT_PROVEN_AFTER]: '200', [FAULT_REPEAT]: String(REPEAT_MS), TIMER_SWEEP_INTERVAL_MS: '100' },
  });
});
afterAll(() => world.close());

test('each change of the decision is the last record then, from the activation to the deletion', () =>
  world.guard(async () => {
    const ids = await givenLicense(world);
    const { tenantId, subdivisionId, licenseId } = ids;
    await last(ids, { ...{ tenantId, subdivisionId }, allowed: false, reason: 'none', licenseId: null, version: 2 });
    await told(world, command('ActivateSubdivisionLicense', ids), 'LicenseActivated');
    const active = await last(ids, { allowed: true, reason: 'active', phase: 'current', usedRequests: 0, version: 3 });
    expect(active).toMatchObject({ licenseId, requestsLimit: 100, hardLimit: 100, validUntil: null });
    expect(active['validFrom']).toBeLessThanOrEqual(Number(active['issuedAt']));
    await told(world, command('UpdateSubdivision', { ...ids, ...PLACE, workStatus: 'inactive' }), 'SubdivisionUpdated');
    await last(ids, { allowed: false, reason: 'suspended', phase: 'current', version: 4 });
    await told(world, command('UpdateSubdivision', { ...ids, ...PLACE, workStatus: 'active' }), 'SubdivisionUpdated');
    await last(ids, { allowed: true, reason: 'active', version: 5 });
    await told(world, addRow(ids, 60), 'StatisticRowAdded');
    await told(world, addRow(ids, 40), 'StatisticRowAdded', 'LicenseDeactivated', 'SubdivisionLicenseExpired');
    await last(ids, { allowed: false, reason: 'exhausted', phase: 'exhausted', usedRequests: 100, version: 7 });
    await told(world, command('DeleteSubdivision', ids), 'LicenseDeleted', 'SubdivisionDeleted');
    await lastIs(ids, 'a tombstone', ({ value }) => value === null);
  }));

test('a license that ends by time, though no message comes, is told so', () =>
  world.guard(async () => {
    const expiresAt = Date.now() + 2_000;
    const ids = await givenLicense(world, { active: true, terms: lastingUntil(expiresAt) });
    await last(ids, { allowed: false, reason: 'expired', validUntil: null });
    const [before] = (await recordsOf(ids)).filter(({ decoded }) => decoded?.data['allowed'] === true);
    expect(before?.decoded?.data).toMatchObject({ reason: 'active', validUntil: expiresAt });
  }));

test('each is published once more, and usage brings none', () =>
  world.guard(async () => {
    const ids = await givenLicense(world, { active: true });
    await last(ids, { reason: 'active' });
    await told(world, addRow(ids, 60), 'StatisticRowAdded');
    await last(ids, { reason: 'active', usedRequests: 60 });
    const actives = (await recordsOf(ids)).filter(({ decoded }) => decoded?.data['reason'] === 'active');
    expect(actives.map(({ decoded }) => decoded?.data['usedRequests'])).toEqual([0, 60]);
    const [first, again] = actives;
    if (first === undefined || again === undefined) throw new Error('there are two');
    expect(header(again, 'ce_id')).not.toBe(header(first, 'ce_id'));
    expect(Number(again.decoded?.data['issuedAt']) - Number(first.decoded?.data['issuedAt'])).toBeGreaterThanOrEqual(
      REPEAT_MS,
    );
  }));

test('a late record of a worker that was frozen is overwritten', () =>
  world.guard(async () => {
    const ids = await givenLicense(world, { active: true });
    const old = await lastIs(ids, 'active', ({ decoded }) => decoded?.data['reason'] === 'active');
    await told(world, command('DeactivateSubdivisionLicense', ids), 'LicenseDeactivated');
    await last(ids, { reason: 'deactivated' });
    const { entitlements: topic } = world.topics;
    const messages = [{ partition: old.partition, key: old.key, value: old.value }];
    const [late] = await producing((producer) => producer.send({ topic, messages }));
    const overwrites = ({ offset, decoded }: WireRecord): boolean =>
      offset > Number(late?.baseOffset) && decoded?.data['reason'] === 'deactivated';
    await lastIs(ids, `deactivated, behind ${late?.baseOffset}`, overwrites);
  }));

test('when the topic is compacted, what is left is what the tables say', () =>
  world.guard(async () => {
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, i) => givenLicense(world, { active: i % 2 === 0, terms: TERMS })),
    );
    const [deleted, ended] = [all[0], all[2]];
    if (deleted === undefined || ended === undefined) throw new Error('there are twelve');
    await told(world, command('DeactivateSubdivisionLicense', ended), 'LicenseDeactivated');
    await told(
      world,
      command('DeleteSubdivision', deleted),
      'LicenseDeactivated',
      'LicenseDeleted',
      'SubdivisionDeleted',
    );
    const keys = all.map((ids) => ({
      tenantId: storedId<TenantId>(ids.tenantId),
      subdivisionId: storedId<SubdivisionId>(ids.subdivisionId),
    }));
    const stored = await subdivisionsOf(world.db, keys);
    const saysTable = (ids: LicenseIds, { decoded }: WireRecord): Data | null => {
      const subdivision = stored.get(ids.tenantId + ids.subdivisionId);
      if (subdivision === undefined) return null;
      return { ...entitlementOf(subdivision, Number(decoded?.data['issuedAt'])), epoch: decoded?.data['epoch'] };
    };
    await Promise.all(
      all.map((ids) =>
        lastIs(ids, 'what the tables say', (record) =>
          isDeepStrictEqual(record.decoded?.data ?? null, saysTable(ids, record)),
        ),
      ),
    );
    await compactEagerly();
    const left = await until(
      'the broker has compacted the topic',
      async () => {
        await closeSegments();
        const records = await readAnew();
        const older = all.flatMap((ids) => records.filter((record) => keyOf(record) === keyText(ids)).slice(0, -1));
        return older.length === 0 ? records : undefined;
      },
      120_000,
    );
    for (const ids of all) {
      const record = left.findLast((one) => keyOf(one) === keyText(ids));
      if (record === undefined) expect(stored.has(ids.tenantId + ids.subdivisionId)).toBe(false);
      else expect(record.decoded?.data ?? null).toEqual(saysTable(ids, record));
    }
  }));

test('a worker does not start on a topic that has got more partitions', async () => {
  const { entitlements: topic } = world.topics;
  const count = await partitions();
  await world.admin.createPartitions({ topicPartitions: [{ topic, count: count + 1 }] });
  await until('the broker has them', async () => (await partitions()) > count);
  const { code, stderr } = await licensing(['worker'], world.env);
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining(
      `topic ${topic} has ${count + 1} partitions, and had ${count} when it was first published to`,
    ),
  ]);
});

/** Waits until the last record of a subdivision says so. */
async function last(ids: LicenseIds, data: Data): Promise<Data> {
  const matches = (one: WireRecord): boolean =>
    Object.entries(data).every(([name, value]) => one.decoded?.data[name] === value);
  return (await lastIs(ids, JSON.stringify(data), matches)).decoded?.data ?? {};
}

async function lastIs(ids: LicenseIds, what: string, is: (record: WireRecord) => boolean): Promise<WireRecord> {
  let seen: WireRecord | undefined;
  return until(
    `the last record of ${keyText(ids)} is ${what}`,
    async () => {
      seen = (await recordsOf(ids)).at(-1);
      return seen !== undefined && is(seen) ? seen : undefined;
    },
    30_000,
    () => JSON.stringify(seen?.decoded?.data),
  );
}

async function recordsOf(ids: LicenseIds): Promise<readonly WireRecord[]> {
  await world.collector.decode();
  return world.collector.records(world.topics.entitlements).filter((record) => keyOf(record) === keyText(ids));
}

function keyText({ tenantId, subdivisionId }: LicenseIds): string {
  return `${tenantId}/${subdivisionId}`;
}

function keyOf({ key }: WireRecord): string {
  return key?.toString() ?? '';
}

async function compactEagerly(): Promise<void> {
  const settings = {
    'cleanup.policy': 'compact',
    'segment.ms': '100',
    'min.cleanable.dirty.ratio': '0',
    'min.compaction.lag.ms': '0',
    'max.compaction.lag.ms': '100',
  };
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: world.topics.entitlements, configEntries }];
  await world.admin.alterConfigs({ validateOnly: false, resources });
}

/** A segment that is written to is not compacted. One that is old enough is closed by the next record. */
async function closeSegments(): Promise<void> {
  await producing(async (producer) => {
    const { entitlements: topic } = world.topics;
    const messages = Array.from({ length: await partitions() }, (_, partition) => ({
      partition,
      key: 'none',
      value: null,
    }));
    await producer.send({ topic, messages });
  });
}

/** What a reader finds who begins now, by what the one has read that has read all. */
async function readAnew(): Promise<readonly WireRecord[]> {
  const { entitlements: topic } = world.topics;
  const found = new Set<string>();
  const ends = await world.admin.fetchTopicOffsets(topic);
  const consumer = world.kafka.consumer({ groupId: `reader-${randomUUID()}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message: { offset } }) => void found.add(`${partition}/${offset}`),
  });
  await until('all is read', () => ends.every(({ partition, high }) => found.has(`${partition}/${Number(high) - 1}`)));
  await consumer.disconnect();
  await world.collector.decode();
  return world.collector.records(topic).filter(({ partition, offset }) => found.has(`${partition}/${offset}`));
}

async function partitions(): Promise<number> {
  const { topics } = await world.admin.fetchTopicMetadata({ topics: [world.topics.entitlements] });
  return topics.flatMap((topic) => topic.partitions).length;
}

async function producing<T>(work: (producer: Producer) => Promise<T>): Promise<T> {
  const producer = world.kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    return await work(producer);
  } finally {
    await producer.disconnect();
  }
}
