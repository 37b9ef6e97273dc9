import type { Admin } from 'kafkajs';
import { KafkaRecordReader } from '../../../src/adapters/kafka-record-reader.ts';
import type { FetchAnswer, FetchOrder } from '../../../src/adapters/kafkajs/fetches.ts';
import { FETCHES } from '../../../src/adapters/kafkajs/mends.ts';
import { DecodedRecord } from '../../../src/adapters/kafkajs/record-decoder.ts';

const TOPIC = 'events';

// What a real broker does when 16 MB wait for one answer.
describe('a reader of records', () => {
  it('asks again, alone, for a place that the answer had no room for', async () => {
    const { reader, orders } = given({ ends: [3, 3, 0], room: 1 });
    const fetched = await reader.fetch([at(0), at(1), at(2)], 1_000);
    expect(fetched.map(({ partition, records, next }) => [partition, records.length, next])).toEqual([
      [0, 3, 3],
      [1, 3, 3],
      [2, 0, 0],
    ]);
    expect(orders).toEqual([[0, 1, 2], [1]]);
  });

  it('does not ask again for a place of which nothing is left', async () => {
    const { reader, orders } = given({ ends: [0], room: 0 });
    expect(await reader.fetch([at(0)], 1_000)).toEqual([{ topic: TOPIC, partition: 0, records: [], next: 0 }]);
    expect(orders).toEqual([[0]]);
  });
});

function at(partition: number) {
  return { topic: TOPIC, partition, offset: 0 };
}

/** A broker that leads all partitions, which have records up to `ends`. `room`: of how many partitions records fit into an answer. */
function given({ ends, room }: { readonly ends: readonly number[]; readonly room: number }) {
  const orders: (readonly number[])[] = [];
  const fetch = async ({ topics }: FetchOrder): Promise<FetchAnswer> => {
    const asked = topics.flatMap(({ partitions }) => partitions.map(({ partition }) => partition));
    orders.push(asked);
    const partitions = asked.map((partition, i) => {
      const end = ends[partition] ?? 0;
      const messages = Array.from({ length: i < room ? end : 0 }, (_, offset) => recordAt(offset));
      return { partition, lastStableOffset: String(end), messages };
    });
    return { responses: [{ topicName: TOPIC, partitions }] };
  };
  const cluster = {
    addTargetTopic: async () => undefined,
    refreshMetadata: async () => undefined,
    findLeaderForPartitions: (_: string, partitions: readonly number[]) => ({ '1': partitions }),
    findBroker: async () => ({ fetch }),
  };
  const admin = FETCHES.createAdmins(() => ({ connect: async () => undefined }) as Admin)({ cluster });
  return { orders, reader: new KafkaRecordReader({ admin: () => admin }) };
}

function recordAt(offset: number): DecodedRecord {
  const batchContext = { firstOffset: '0', firstTimestamp: '0', maxTimestamp: '0', timestampType: 0, magicByte: 2 };
  const empty = { key: null, value: null, headerBytes: Buffer.alloc(0) };
  return new DecodedRecord({ attributes: 0, timestamp: '0', offset: String(offset), ...empty, batchContext });
}
