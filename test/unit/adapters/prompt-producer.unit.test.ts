import type { Kafka, ProducerBatch, ProducerConfig } from 'kafkajs';
import { KafkaPromptProducer } from '../../../src/adapters/prompt-producer.ts';
import { GivenCluster, NOT_ENOUGH_REPLICAS } from './given-cluster.ts';

const MESSAGES = ['a', 'b'].map((text) => ({
  ...{ topic: 'n', key: Buffer.from(text), value: Buffer.from(text), headers: Buffer.from([0]) },
}));

test('what is ready in time is sent', async () => {
  const { producer, cluster } = given();
  await producer.publish(MESSAGES, 1_000);
  expect(cluster.taken).toEqual(['1: n/0 a b']);
});

test.each([1_000, 1_001])('nothing is sent that is ready at %i, when 1000 is too late', async (ready) => {
  const { producer, cluster, clock } = given();
  clock.connects = () => (clock.now = ready);
  await expect(producer.publish(MESSAGES, 1_000)).rejects.toThrow('it took too long to get to the broker');
  expect(cluster.taken).toEqual([]);
});

test('a send that fails is not tried again, since it could come late', async () => {
  const { producer, cluster } = given();
  cluster.refusals.set('n/0', [NOT_ENOUGH_REPLICAS]);
  await expect(producer.publish(MESSAGES, 1_000)).rejects.toThrow(/fewer in-sync replicas/);
  await producer.publish(MESSAGES, 1_000);
  expect(cluster.taken).toEqual(['1: n/0 a b']);
});

/** A producer over a client that connects, chooses partitions and sends, in this order, as kafkajs does. */
function given() {
  const cluster = new GivenCluster();
  const clock = { now: 0, connects: (): unknown => undefined };
  const kafka = {
    producer: ({ retry, createPartitioner }: ProducerConfig) => {
      const place = createPartitioner?.();
      const send = cluster.sender({ retries: retry?.retries ?? 5 });
      return {
        connect: () => Promise.resolve(),
        sendBatch: async ({ topicMessages = [] }: ProducerBatch) => {
          clock.connects();
          for (const { topic, messages } of topicMessages) {
            for (const message of messages) place?.({ topic, partitionMetadata: [PARTITION], message });
          }
          return send({ acks: -1, topicMessages });
        },
      };
    },
  } as unknown as Kafka;
  return { producer: new KafkaPromptProducer(kafka, () => clock.now), cluster, clock };
}

const PARTITION = { partitionErrorCode: 0, partitionId: 0, leader: 1, replicas: [], isr: [] };
