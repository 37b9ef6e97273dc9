import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from '../oracle/check.ts';
import { header } from '../support/collect.ts';
import { command } from '../support/load.ts';
import { setTopic } from '../support/topic-settings.ts';
import { licensing } from '../support/world-process.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { answersTo, createTenant } from './given.ts';

const TAKES = 65_536;
/** Their commands, and the events of their end, are more than twice that. */
const SUBDIVISIONS = 300;

const world = theWorld({ workers: 0, env: { MAX_MESSAGE_BYTES: String(TAKES) } });
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'licensing-sizes-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('what is more than a topic takes in one batch arrives in several, in order, once', () =>
  world.guard(async () => {
    const { commands, events, rejections } = world.topics;
    for (const topic of [commands, events, rejections]) {
      await setTopic(world, topic, { 'max.message.bytes': String(TAKES) });
    }
    const worker = await world.startWorker();
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
    expect(answers.map((record) => Number(header(record, 'ce_answerindex')))).toEqual(
      Array.from({ length: SUBDIVISIONS + 2 }, (_, i) => i),
    );
    await check(world);
  }));
