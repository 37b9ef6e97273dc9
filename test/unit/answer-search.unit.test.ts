import { AnswerSearch } from '../../src/cli/answer-search.ts';
import { KafkaCloudEvents } from '../../src/adapters/cloud-events.ts';
import { UndecodableMessage, type Codec } from '../../src/ports/codec.ts';
import type { MessageContext, ReceivedMessage } from '../../src/ports/messages.ts';
import type { RecordReader } from '../../src/ports/record-reader.ts';
import { readConfig } from '../../src/config.ts';

const AT = Date.UTC(2027, 2, 1);
const TOPIC = 'events';

/** Values are of no interest here. */
const CODEC: Pick<Codec, 'missingSchema' | 'decode'> = {
  missingSchema: () => undefined,
  decode: () => {
    throw new UndecodableMessage('there is no value');
  },
};
const cloudEvents = new KafkaCloudEvents(CODEC as Codec, { source: 'licensing', maxMessageBytes: 1_000_000 });
const NO_ONE = cloudEvents.encodeHeaders({ ce_id: '00000000-0000-4000-8000-000000000000' });

function contextOf(id: string): MessageContext {
  const headers = cloudEvents.encodeHeaders({ ce_id: id, ce_source: 'billing' });
  return cloudEvents.read({ topic: '', partition: 0, offset: 0, timestamp: 0, key: null, value: null, headers });
}

function answerTo(id: string, index: number, count: number): Buffer {
  return cloudEvents.encodeHeaders({
    ...{ ce_id: cloudEvents.eventId(contextOf(id), index) },
    ...{ ce_answerindex: String(index), ce_answercount: String(count) },
  });
}

/** A record a millisecond, from `AT` on; those of others where nothing is given. The first offset that is left is `first`. */
function topicOf(
  lengths: readonly number[],
  given: Readonly<Record<string, Buffer>> = {},
  first = 0,
): RecordReader & { readonly read: string[] } {
  const read: string[] = [];
  return {
    read,
    ranges: async () => lengths.map((end, partition) => ({ partition, first: Math.min(first, end), end })),
    offsetsAt: async (_, time) =>
      new Map(lengths.map((end, partition) => [partition, Math.min(end, Math.max(first, time - AT))])),
    partitionOf: (key, partitions) => Number(key.toString()) % partitions,
    fetch: async (places) =>
      places.map(({ topic, partition, offset }) => {
        read.push(`${partition}@${offset}`);
        const next = Math.min(offset + 1_000, lengths[partition] ?? 0);
        const records = Array.from({ length: next - offset }, (_, i): ReceivedMessage => {
          const headers = given[`${partition}@${offset + i}`] ?? NO_ONE;
          return { topic, partition, offset: offset + i, timestamp: AT + offset + i, key: null, value: null, headers };
        });
        return { topic, partition, records, next };
      }),
    close: async () => undefined,
  };
}

async function find(recordReader: RecordReader, { after = 0, key = '' }: { after?: number; key?: string } = {}) {
  const config = readConfig({
    KAFKA_BROKERS: 'none:0',
    SCHEMA_REGISTRY_URL: 'http://none',
    DATABASE_URL: 'postgres://none',
  });
  const search = new AnswerSearch({
    recordReader,
    cloudEvents,
    codec: CODEC as Codec & { prepareWriters: never },
    config,
  });
  const keys = key === '' ? [] : [Buffer.from(key)];
  const { answers, ...rest } = await search.find({
    context: contextOf('one'),
    topics: [TOPIC],
    keys,
    times: [AT + after],
  });
  return { ...rest, found: answers.map(({ index, partition, offset }) => `${index}: ${partition}@${offset}`) };
}

test('the answers of all partitions, by index, and no further', async () => {
  const given = { '1@5700': answerTo('one', 0, 2), '0@5900': answerTo('one', 1, 2), '0@5600': answerTo('two', 0, 1) };
  const topic = topicOf([90_000, 90_000], given);
  expect(await find(topic, { after: 6_000 })).toEqual({
    found: ['0: 1@5700', '1: 0@5900'],
    count: 2,
    isCutOff: false,
    read: 2_000,
  });
});

test('the partition of the key comes first, and the others only for what it lacks', async () => {
  const topic = topicOf([9_000, 9_000], { '1@1200': answerTo('one', 0, 1) });
  expect(await find(topic, { after: 2_000, key: '1' })).toMatchObject({ found: ['0: 1@1200'] });
  expect(topic.read).toEqual(['1@1000']);
  const elsewhere = topicOf([9_000, 9_000], { '0@1200': answerTo('one', 0, 1) });
  expect(await find(elsewhere, { after: 2_000, key: '1' })).toMatchObject({ found: ['0: 0@1200'] });
});

test('an answer from before that time, whose row was renewed', async () => {
  const topic = topicOf([50_000], { '0@300': answerTo('one', 0, 1) });
  expect(await find(topic, { after: 40_000 })).toMatchObject({ found: ['0: 0@300'] });
});

test('a repetition is told once, by its first place', async () => {
  const topic = topicOf([9_000], {
    '0@10': answerTo('one', 0, 2),
    '0@20': answerTo('one', 0, 2),
    '0@30': answerTo('one', 1, 2),
  });
  expect(await find(topic)).toMatchObject({ found: ['0: 0@10', '1: 0@30'] });
});

test('it reads no more than its bound, however much there is', async () => {
  const { found, read } = await find(topicOf([5_000_000, 5_000_000]), { after: 1_000_000 });
  expect(found).toEqual([]);
  expect(read).toBeLessThan(203_000);
});

test('records that retention has deleted where answers would be', async () => {
  expect(await find(topicOf([9_000], {}, 4_000), { after: 3_000 })).toMatchObject({ found: [], isCutOff: true });
  expect(await find(topicOf([9_000], {}, 4_000), { after: 7_000 })).toMatchObject({ found: [], isCutOff: false });
  expect(await find(topicOf([9_000], {}, 9_000), { after: 7_000 })).toMatchObject({ found: [], isCutOff: true });
});
