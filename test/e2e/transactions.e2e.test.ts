import { randomUUID } from 'node:crypto';
import type { Producer, Transaction } from 'kafkajs';
import type { Envelope, Sending } from '../support/load.ts';
import { theWorld } from '../support/world-of-tests.ts';
import { until } from '../support/world-until.ts';
import { answersTo, createTenant } from './given.ts';

const world = theWorld();

/** The key of a command that looks like the key of an abort marker. */
const LIKE_A_MARKER = '\0\0\0\0';

const producers: Producer[] = [];
afterAll(() => Promise.all(producers.map((producer) => producer.disconnect())));

describe('transactions of producers', () => {
  it('take effect when they are committed, and not when aborted, however they overlap', () =>
    world.guard(async () => {
      const [one, other] = [await begun(), await begun()];
      const of = { aborted: [0, 1, 2, 3].map(() => tenant(0)), committed: [0, 1].map(() => tenant(0)) };
      const likeAMarker = tenant(0, { key: LIKE_A_MARKER });
      await send(one, of.aborted[0]);
      await send(other, of.aborted[1], likeAMarker, of.aborted[2]);
      await other.abort();
      await send(one, of.aborted[3]);
      await one.abort();
      const [third, fourth] = [await begun(), await begun()];
      await send(third, of.committed[0]);
      await send(fourth, tenant(0));
      await send(third, of.committed[1]);
      await third.commit();
      await fourth.abort();
      const after = tenant(0);
      await world.send([after]);
      for (const sent of [...of.committed, after]) await answersTo(world, sent, 2);
      await readToTheEnd();
      expect(await tenants()).toEqual([...of.committed, after].map(({ data }) => data.tenantId).sort());
    }));

  it('leave no lag: behind a commit, behind what was aborted, with and without messages before it', () =>
    world.guard(async () => {
      const committed = await begun();
      await send(committed, ...[1, 1, 1].map((partition) => tenant(partition)));
      await committed.commit();
      await world.send([tenant(2)]);
      const aborted = await begun();
      await send(aborted, tenant(2), tenant(3), tenant(3));
      await aborted.abort();
      await readToTheEnd();
    }));

  it('hold their partition while they are open, which is told once that has lasted', () =>
    world.guard(async () => {
      const { commands } = world.topics;
      const begins = Number((await endsOf(commands)).get('1'));
      const open = await begun();
      const [inside, behind] = [tenant(1), tenant(1)];
      await send(open, inside);
      await world.send([behind]);
      await world.worker().logs('an open transaction holds the partition');
      const told = lines('an open transaction holds the partition');
      expect(told).toMatchObject([{ level: 40, topic: commands, partition: 1, offset: begins, records: 2 }]);
      expect(Date.parse(String(told[0]?.['since']))).toBeLessThan(Date.now());
      expect(await tenants()).not.toContain(behind.data.tenantId);
      await open.commit();
      for (const sent of [inside, behind]) await answersTo(world, sent, 2);
      await world.worker().logs('no open transaction holds the partition any longer');
      await readToTheEnd();
    }));
});

test('a worker that retention has overtaken logs what was lost, and goes on with what is there', () =>
  world.guard(async () => {
    const { commands } = world.topics;
    await readToTheEnd();
    await world.worker().stop();
    const before = await committed();
    const lost = [0, 0, 0, 3].map((partition) => tenant(partition));
    const kept = tenant(0);
    await world.send([...lost, kept]);
    const ends = await endsOf(commands);
    // Partition 0 keeps its last message, partition 3 none.
    const begins = [
      { partition: 0, offset: String(Number(ends.get('0')) - 1) },
      { partition: 3, offset: String(ends.get('3')) },
    ];
    await world.admin.deleteTopicRecords({ topic: commands, partitions: begins });
    await world.worker().restart();
    await answersTo(world, kept, 2);
    await readToTheEnd();
    const told = lines('messages were lost: they were deleted before they were read');
    expect(told).toHaveLength(2);
    for (const [partition, count] of [
      [0, 3],
      [3, 1],
    ] as const) {
      const from = Number(before.get(`${commands}/${partition}`));
      expect(told).toContainEqual(
        expect.objectContaining({ level: 50, topic: commands, partition, from, to: from + count, lost: count }),
      );
    }
    const living = await tenants();
    for (const { data } of lost) expect(living).not.toContain(data.tenantId);
  }));

function tenant(partition: number, envelope: Envelope = {}): ReturnType<typeof createTenant> {
  return createTenant({}, { ...envelope, partition });
}

async function begun(): Promise<Transaction> {
  const producer = world.kafka.producer({
    transactionalId: randomUUID(),
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
  });
  producers.push(producer);
  await producer.connect();
  return producer.transaction();
}

async function send(transaction: Transaction, ...messages: readonly (Sending | undefined)[]): Promise<void> {
  const outgoing = world.outgoing(messages.filter((message) => message !== undefined));
  for (const { topic, ...message } of outgoing) await transaction.send({ topic, messages: [message] });
}

/** Checks that the committed offset of every source partition is its end, so that every tool shows lag 0. */
async function readToTheEnd(): Promise<void> {
  let ends: ReadonlyMap<string, string> = new Map();
  let reached: ReadonlyMap<string, string> = new Map();
  await until(
    'the group has committed the end of every partition',
    async () => {
      ends = new Map(
        (await Promise.all(world.sources.map(async (topic) => ({ topic, ends: await endsOf(topic) })))).flatMap(
          ({ topic, ends: some }) => [...some].map(([partition, end]) => [`${topic}/${partition}`, end] as const),
        ),
      );
      reached = await committed();
      return [...ends].every(([name, end]) => reached.get(name) === end);
    },
    20_000,
    () => `(ends ${JSON.stringify([...ends])}, committed ${JSON.stringify([...reached])})`,
  );
}

async function endsOf(topic: string): Promise<ReadonlyMap<string, string>> {
  const offsets = await world.admin.fetchTopicOffsets(topic);
  return new Map(offsets.map(({ partition, high }) => [String(partition), high]));
}

async function committed(): Promise<ReadonlyMap<string, string>> {
  const found = await world.admin.fetchOffsets({ groupId: world.group, topics: [...world.sources] });
  return new Map(
    found.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => [`${topic}/${partition}`, offset] as const),
    ),
  );
}

async function tenants(): Promise<readonly string[]> {
  const { rows } = await world.db.raw<{ rows: readonly { readonly id: string }[] }>(
    'SELECT tenant_id AS id FROM tenants ORDER BY 1',
  );
  return rows.map(({ id }) => id);
}

/** The lines with this message that the worker has logged since it was started last. */
function lines(msg: string): readonly Readonly<Record<string, unknown>>[] {
  return world
    .worker()
    .log.split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    .filter((line) => line['msg'] === msg);
}
