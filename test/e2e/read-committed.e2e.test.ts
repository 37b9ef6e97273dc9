import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Kafka as KafkaClient, Producer, Transaction } from 'kafkajs';
import { Kafka, logLevel } from '../../src/adapters/kafkajs.ts';
import { fromEnvironment } from '../support/database.ts';
import { JavaConsumer } from '../support/java-consumer.ts';
import { until } from '../support/world-until.ts';

type Offsets = ReadonlyMap<number, readonly number[]>;

const PRODUCERS = 3;
/** Each partition takes one interleaving. */
const PARTITIONS = 12;

const step = fc.oneof(
  {
    weight: 3,
    // The key of an abort marker is a key like any other.
    arbitrary: fc.record({
      what: fc.constant('send' as const),
      by: fc.nat(PRODUCERS),
      keys: fc.array(fc.constantFrom(null, 'key', '\0\0\0\0'), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constantFrom('abort' as const, 'commit' as const), by: fc.nat(PRODUCERS - 1) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const interleaving = fc.array(step, { minLength: 4, maxLength: 16 });

test('of interleaved transactions the worker reads the records that the Java client reads', async () => {
  const brokers = fromEnvironment('TEST_KAFKA_BROKERS');
  const topic = `read-committed-${randomUUID()}`;
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50 } });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: true });
  const steps = fc.sample(interleaving, PARTITIONS);
  const count = await write(kafka, topic, steps);
  // Small fetches end inside transactions.
  const [java, whole, small] = await Promise.all([
    JavaConsumer.installed().then((consumer) => consumer.readCommitted(brokers, topic, count)),
    read(kafka, topic, 1_000_000),
    read(kafka, topic, 200),
  ]);
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
  for (const [partition, its] of steps.entries()) {
    const expected = { its, read: java.get(partition) };
    expect({ its, read: whole.get(partition) }).toEqual(expected);
    expect({ its, read: small.get(partition) }).toEqual(expected);
  }
});

/** Produces the interleavings, each in a partition of its own. @returns how many records can be read of them */
async function write(kafka: KafkaClient, topic: string, interleavings: readonly (readonly Step[])[]): Promise<number> {
  const plain = kafka.producer({ allowAutoTopicCreation: false });
  const transactional = Array.from({ length: PRODUCERS }, () =>
    kafka.producer({ transactionalId: randomUUID(), idempotent: true, maxInFlightRequests: 1 }),
  );
  const all: readonly Producer[] = [...transactional, plain];
  await Promise.all(all.map((producer) => producer.connect()));
  let readable = 0;
  for (const [partition, steps] of interleavings.entries()) {
    const open = new Map<number, { readonly transaction: Transaction; sent: number }>();
    const end = async (by: number, how: 'abort' | 'commit'): Promise<void> => {
      const one = open.get(by);
      open.delete(by);
      await one?.transaction[how]();
      if (how === 'commit') readable += one?.sent ?? 0;
    };
    for (const one of steps) {
      if (one.what !== 'send') {
        await end(one.by, one.what);
        continue;
      }
      const messages = one.keys.map((key) => ({ key, value: 'v', partition }));
      const producer = transactional[one.by];
      if (producer === undefined) {
        await plain.send({ topic, messages });
        readable += messages.length;
        continue;
      }
      const its = open.get(one.by) ?? { transaction: await producer.transaction(), sent: 0 };
      open.set(one.by, its);
      await its.transaction.send({ topic, messages });
      its.sent += messages.length;
    }
    for (const by of [...open.keys()]) await end(by, 'abort');
    await plain.send({ topic, messages: [{ key: LAST, value: 'v', partition }] });
    readable += 1;
  }
  await Promise.all(all.map((producer) => producer.disconnect()));
  return readable;
}

/** The key of the last record of each partition: nothing comes after it. */
const LAST = 'last';

/** Reads all partitions to their last records, in fetches of this size. @returns by partition, the offsets in the order in which they came */
async function read(kafka: KafkaClient, topic: string, maxBytesPerPartition: number): Promise<Offsets> {
  const consumer = kafka.consumer({ groupId: randomUUID(), maxBytesPerPartition, maxWaitTimeInMs: 100 });
  const offsets = new Map<number, number[]>();
  const ended = new Set<number>();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { partition, messages } }) => {
      const known = offsets.get(partition) ?? [];
      known.push(...messages.map(({ offset }) => Number(offset)));
      offsets.set(partition, known);
      if (messages.some(({ key }) => String(key) === LAST)) ended.add(partition);
    },
  });
  try {
    await until('all partitions are read to their ends', () => ended.size === PARTITIONS);
  } finally {
    await consumer.disconnect();
  }
  return offsets;
}
