import { randomUUID } from 'node:crypto';
import { addRow, createTenant, PLACE, TERMS, type LicenseIds } from '../e2e/given.ts';
import { partitionOf } from '../oracle/identity.ts';
import { orderOf } from '../oracle/order.ts';
import { header, type WireRecord } from '../support/collect.ts';
import { command, type Sending } from '../support/load.ts';
import { unlessNotYet } from '../support/world-offsets.ts';
import { licensing } from '../support/world-process.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';
import { counted } from './counters.ts';
import { idElsewhere } from './elsewhere.ts';
import { faultCase, theStack, type Around } from './fault-case.ts';

const stack = theStack();
const TENANTS = 4;
const ROWS = 1_200;
/** It holds fewer rows than `ROWS`: a worker that has accepted more rows than the load has, has accepted some of those. */
const LOAD = { messages: 1_000, firstShare: 0.5 };
const AT_ONCE = 20;

let order: ReadonlyMap<string, number> = new Map();
/** Ids of messages whose order is not that of their partition. */
const misplaced = new Set<string>();

const twoWorkers = async ({ world }: Pick<Around, 'world'>): Promise<void> => {
  misplaced.clear();
  await Promise.all([world.startWorker(), world.startWorker()]);
};

/** Messages that came out of order took effect by the versions in their answers, all others by partition. */
function rank(record: WireRecord): number {
  const id = header(record, 'ce_id') ?? '';
  return misplaced.has(id) ? 1 + (order.get(id) ?? 0) : 0;
}

faultCase(stack, {
  fault: 'misplaced',
  what: "rows of a tenant come under two keys, on two workers' partitions at once",
  shows: 'Nothing, but `waiting for the database` (40P01, 55P03) now and then.',
  todo: 'Have the producer key by tenant: effects are exact without it, only their order is not.',
  load: LOAD,
  begin: twoWorkers,
  check: { rank },
  inject: ({ world }) =>
    sendMisplaced(world, (sending, tenantId, i) => ({
      ...sending,
      envelope: { ...sending.envelope, key: i % 2 === 0 ? tenantId : idElsewhere(world, tenantId) },
    })),
  fired: bothHandledThem,
});

faultCase(stack, {
  fault: 'misplaced',
  what: 'two producers with different partitioners send for the same tenants',
  shows: 'Nothing, but `waiting for the database` (40P01, 55P03) now and then.',
  todo: 'Have every producer partition by murmur2 (docs/clients.md): effects are exact without it, only their order is not.',
  load: LOAD,
  begin: twoWorkers,
  check: { rank },
  inject: ({ world }) =>
    sendMisplaced(world, (sending, tenantId, i) => {
      const usual = partitionOf(tenantId, world.partitions);
      return { ...sending, envelope: { ...sending.envelope, partition: (usual + (i % 2)) % world.partitions } };
    }),
  fired: bothHandledThem,
});

faultCase(stack, {
  fault: 'misplaced',
  what: 'the commands topic is deleted at lag 0 and made again',
  shows:
    '`waiting for the offset commit`, and kafkajs complains of a topic that it does not know; then the lag begins anew.',
  todo: 'Delete topics only at lag 0: what nobody has read is gone. Workers find the new one by themselves.',
  sendsRest: true,
  async inject({ world, load }) {
    await world.settled();
    const { commands } = world.topics;
    await world.admin.deleteTopics({ topics: [commands] });
    await world.worker().logs('This server does not host this topic-partition');
    await until(
      'the topic can be made again',
      async () => (await licensing(['topics', 'create'], world.env)).code === 0,
    );
    // The readers must notice that this is another topic, before it grows beyond where they were.
    const { data } = createTenant();
    const first = command('CreateTenant', data);
    await until('the new topic takes messages', () => unlessNotYet(world.send([first]).then(() => true)));
    await world.settled();
    await load.sendRest();
  },
  fired({ world }) {
    const lives = world.collector.records(world.topics.commands).filter(({ index, offset }) => index !== offset);
    expect(lives.length).toBeGreaterThan(500);
  },
});

/** Makes tenants with an active license, and then rows of them, each in a partition of its own. */
async function sendMisplaced(world: World, put: (row: Sending, tenantId: string, i: number) => Sending): Promise<void> {
  const licenses = Array.from({ length: TENANTS }, (): LicenseIds => {
    return { tenantId: randomUUID(), subdivisionId: randomUUID(), licenseId: randomUUID() };
  });
  await world.send(
    licenses.flatMap((ids) => [
      createTenant({ tenantId: ids.tenantId }),
      command('CreateSubdivision', { tenantId: ids.tenantId, subdivisionId: ids.subdivisionId, ...PLACE }),
      command('CreateLicense', { ...ids, ...TERMS, requestsLimit: 1e9 }),
      command('ActivateSubdivisionLicense', ids),
    ]),
  );
  await world.settled();
  const rows = Array.from({ length: ROWS }, (_, i) => {
    const ids = licenses[i % TENANTS]!;
    return put(addRow(ids, 1), ids.tenantId, Math.floor(i / TENANTS));
  });
  for (const { envelope } of rows) misplaced.add(String(envelope.id));
  for (let i = 0; i < rows.length; i += AT_ONCE) await world.send(rows.slice(i, i + AT_ONCE));
  await world.settled();
  const { collector, topics } = world;
  order = orderOf(collector.records(topics.events), collector.records(topics.rejections));
}

async function bothHandledThem({ world }: Around): Promise<void> {
  const all = world.collector
    .records(world.topics.commands)
    .filter(({ decoded }) => decoded?.type === 'licensing.commands.AddStatisticRow');
  const rows = all.filter((record) => rank(record) > 0);
  const partitions = Map.groupBy(rows, ({ decoded }) => decoded?.data['tenantId']);
  expect(rows).toHaveLength(ROWS);
  // Partitions are dealt out in turn, so each of two workers has every other one.
  for (const some of partitions.values()) expect(new Set(some.map(({ partition }) => partition % 2)).size).toBe(2);
  for (const worker of world.workers) {
    await worker.stop();
    expect(counted(worker, 'accepted', 'AddStatisticRow')).toBeGreaterThan(all.length - rows.length);
  }
}
