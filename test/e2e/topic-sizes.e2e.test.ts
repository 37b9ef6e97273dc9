import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAULT_PROVEN_AFTER, PROGRAM } from '../faults/points.ts';
import { check } from '../oracle/check.ts';
import { header } from '../support/collect.ts';
import { command } from '../support/load.ts';
import { setTopic } from '../support/topic-settings.ts';
import { licensing, type WorkerProcess } from '../support/world-process.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { until } from '../support/world-until.ts';
import { answersTo, createTenant, lastingUntil, PLACE, strange } from './given.ts';

const TAKES = 65_536;
/** Their commands, and the events of their end, are more than twice that. */
const SUBDIVISIONS = 300;

/** Their AdvanceSubdivision are more than a batch, too. */
const LICENSES = 150;

const world = theWorld({
  workers: 0,
  program: PROGRAM,
  // Else nobody would sweep in the first ten seconds of an assignment.
  env: { MAX_MESSAGE_BYTES: String(TAKES), [FAULT_PROVEN_AFTER]: '200', TIMER_SWEEP_INTERVAL_MS: '100' },
});
let folder = '';
let worker: WorkerProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'licensing-sizes-'));
  const { commands, events, rejections } = world.topics;
  for (const topic of [commands, events, rejections]) {
    await setTopic(world, topic, { 'max.message.bytes': String(TAKES) });
  }
  worker = await world.startWorker();
});
afterAll(() => rmSync(folder, { recursive: true }));

test('what is more than a topic takes in one batch arrives in several, in order, once', () =>
  world.guard(async () => {
    const { commands, events } = world.topics;
    const tenant = createTenant();
    const { tenantId } = tenant.data;
    await world.send([tenant]);
    await answersTo(world, tenant, 2);
    const ids = Array.from({ length: SUBDIVISIONS }, () => randomUUID());
    const rows = ids.map((subdivisionId) => `${JSON.stringify({ tenantId, subdivisionId, name: subdivisionId })}\n`);
    const file = join(folder, 'subdivisions.ndjson');
    writeFileSync(file, rows.join(''));
    const sent = await licensing(['send', 'CreateSubdivision', '--file', file, '--wait'], world.env);
    expect(sent).toMatchObject({ code: 0 });
    const deletion = command('DeleteTenant', { tenantId });
    await world.send([deletion]);
    await answersTo(world, deletion, SUBDIVISIONS + 2);
    await world.settled();
    await world.collector.decode();
    expect(worker.log).toContain(`topic ${events} refuses`);
    const toldIn = (topic: string, type: string): readonly unknown[] =>
      world.collector
        .records(topic)
        .filter(({ decoded }) => decoded?.type === type)
        .map(({ decoded }) => decoded?.data['subdivisionId']);
    expect(toldIn(commands, 'licensing.commands.CreateSubdivision')).toEqual(ids);
    expect(toldIn(events, 'licensing.events.SubdivisionCreated')).toEqual(ids);
    const answers = world.collector
      .records(events)
      .filter((record) => header(record, 'ce_causationid') === deletion.envelope.id);
    expect(answers).toHaveLength(SUBDIVISIONS + 2);
    // What is told of the user may lie in another partition than what is told of the tenant.
    for (const some of Map.groupBy(answers, ({ partition }) => partition).values()) {
      const indexes = some.map((record) => Number(header(record, 'ce_answerindex')));
      expect(indexes).toEqual([...new Set(indexes)].sort((one, other) => one - other));
    }
    await check(world);
  }));

test('of more licenses of one tenant than a batch has room for, each ends at the time that they share', () =>
  world.guard(async () => {
    const { commands, events } = world.topics;
    const tenant = createTenant();
    const { tenantId } = tenant.data;
    const terms = lastingUntil(Date.now() + 8_000);
    const all = Array.from({ length: LICENSES }, () => ({ ...strange(), tenantId }));
    await world.send([tenant]);
    // By few at a time: what is no worker does not divide what it sends.
    for (let at = 0; at < LICENSES; at += 25) {
      const some = all.slice(at, at + 25);
      await world.send(
        some.flatMap((ids) => [
          command('CreateSubdivision', { tenantId, subdivisionId: ids.subdivisionId, ...PLACE }),
          command('CreateLicense', { ...ids, ...terms }),
          command('ActivateSubdivisionLicense', ids),
        ]),
      );
    }
    const endsOf = async (): Promise<readonly unknown[]> => {
      await world.collector.decode();
      return world.collector
        .records(events)
        .filter(({ decoded }) => decoded?.type === 'licensing.events.SubdivisionLicenseExpired')
        .map(({ decoded }) => decoded?.data['subdivisionId']);
    };
    await until('all have ended', async () => (await endsOf()).length >= LICENSES, 30_000);
    await world.settled();
    expect([...(await endsOf())].sort()).toEqual(all.map(({ subdivisionId }) => subdivisionId).sort());
    expect(worker.log).toContain(`topic ${commands} refuses`);
    await check(world);
  }));
