import { randomUUID } from 'node:crypto';
import { check } from '../oracle/check.ts';
import { checkTables } from '../oracle/check-tables.ts';
import { header } from '../support/collect.ts';
import { createTestDatabase } from '../support/database.ts';
import { command, type Sending } from '../support/load.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { addRow, answersTo, createTenant, PLACE, strange, TERMS, type LicenseIds } from './given.ts';

const TENANTS = 3;
const ROWS = 100;

const world = theWorld({ workers: 0 });
const tenants = Array.from({ length: TENANTS }, strange);

test('usage counts from the time of the activation command, though no worker ran at that time', () =>
  world.guard(async () => {
    const activations = tenants.map((ids) => command('ActivateSubdivisionLicense', ids));
    await world.send([...tenants.flatMap(founding), ...activations]);
    await world.collector.caughtUp([world.topics.commands]);
    const rows = tenants.flatMap((ids, i) => rowsAfter(timeOf(activations[i]), ids));
    await world.send(rows);
    await world.startWorker();
    for (const [i, activation] of activations.entries()) {
      const [activated] = await answersTo(world, activation, 1);
      expect(activated?.data['activatedAt']).toBe(timeOf(activation));
      const [last] = await answersTo(world, rows[(i + 1) * ROWS - 1] ?? activation, 1);
      expect(last?.data).toMatchObject({ counted: true, usedRequests: ROWS });
    }
  }));

test('reading all topics again into an empty database gives the same rows, and answers with the same bytes', () =>
  world.guard(async () => {
    // These are refused because of their own time.
    await world.send(
      tenants.flatMap((ids) => [
        addRow(ids, 1, { created: Date.now() + 6 * 60_000 }),
        command('CreateLicense', { ...ids, ...TERMS, type: 'bytime', requestsLimit: null, expiresAt: Date.now() - 1 }),
      ]),
    );
    await world.settled();
    await world.worker().stop();
    const empty = await createTestDatabase();
    try {
      await world.startWorker({ DATABASE_URL: empty.url, KAFKA_GROUP_ID: `${world.group}-restored` });
      // The oracle fails when an answer comes again with other bytes.
      const { model, repetitions } = await check(world);
      expect(model.rejections).toHaveLength(2 * TENANTS);
      expect(repetitions).toBe(model.events.length + model.rejections.length);
      const differences: string[] = [];
      await checkTables(model, { db: empty.db }, (what) => differences.push(what));
      expect(differences).toEqual([]);
    } finally {
      await world.worker(1).stop();
      await empty.drop();
    }
  }));

function founding(ids: LicenseIds): readonly Sending[] {
  const { tenantId, subdivisionId } = ids;
  return [
    createTenant({ tenantId }),
    command('CreateSubdivision', { tenantId, subdivisionId, ...PLACE }),
    command('CreateLicense', { ...ids, ...TERMS, requestsLimit: 2 * ROWS }),
  ];
}

/** Rows of the milliseconds that follow. */
function rowsAfter(time: number, ids: LicenseIds): readonly Sending[] {
  return Array.from({ length: ROWS }, (_, i) =>
    addRow(ids, 1, { statisticRowId: randomUUID(), created: time + 1 + i }),
  );
}

/** The timestamp of a command's record. */
function timeOf(message: Sending | undefined): number {
  const records = world.collector.records(world.topics.commands);
  const record = records.find((one) => header(one, 'ce_id') === message?.envelope.id);
  if (record === undefined) throw new Error('a command that was sent stands in its topic');
  return record.timestamp;
}
