import type { Kafka, Message, ProducerBatch } from 'kafkajs';
import { KafkaProducer } from '../../../src/adapters/kafka-producer.ts';
import { PublicationFailed } from '../../../src/ports/errors.ts';
import type { OutgoingMessage } from '../../../src/ports/messages.ts';
import { GivenCluster, NOT_ENOUGH_REPLICAS } from './given-cluster.ts';

const HALF_A_SEND = 450_000;
const SMALL = 1;
/** More than a send tries. */
const FOR_LONG = Array.from({ length: 9 }, () => NOT_ENOUGH_REPLICAS);

test('what does not fit into one send goes out in several, in order', async () => {
  const { producer, sends } = given();
  await producer.publish([message('e', 'a'), message('e', 'b'), message('r', 'c'), message('e', 'd', 10)]);
  expect(sends).toEqual([['e:a'], ['e:b'], ['r:c', 'e:d']]);
});

test('a send that fails ends the publication, and what was acknowledged before it and in it is told', async () => {
  const { producer, cluster, sends } = given();
  const [a, b, c, d] = [message('e', 'a'), message('f', 'b', SMALL), message('e', 'c'), message('e', 'd')];
  cluster.refusals.set('f/0', FOR_LONG);
  const failure: unknown = await producer.publish([a, b, c, d]).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PublicationFailed);
  expect(failure).toMatchObject({ message: /fewer in-sync replicas/, acknowledged: [a] });
  expect(sends).toEqual([['e:a', 'f:b']]);
});

test('what its topic refuses as too large is published in smaller batches, by one send', async () => {
  const { producer, cluster, sends } = given();
  cluster.takes.set('e', HALF_A_SEND / 2);
  await producer.publish(['a', 'b', 'c', 'd'].map((text) => message('e', text, HALF_A_SEND / 4)));
  expect(sends).toEqual([['e:a', 'e:b', 'e:c', 'e:d']]);
  expect(cluster.taken.map((batch) => batch.replaceAll('.', ''))).toEqual(['1: e/0 a b', '1: e/0 c d']);
});

test('a send that resolves without an acknowledgement for each message has failed', async () => {
  const { producer, sendsNothing } = given();
  sendsNothing();
  await expect(producer.publish([message('e', 'a', SMALL), message('e', 'b', SMALL)])).rejects.toThrow(
    '2 messages were not acknowledged',
  );
});

/** A producer over a client that notes what it is asked to send. */
function given(): {
  readonly producer: KafkaProducer;
  readonly cluster: GivenCluster;
  readonly sends: (readonly string[])[];
  /** From now on the client resolves and has done nothing. */
  readonly sendsNothing: () => void;
} {
  const sends: (readonly string[])[] = [];
  const cluster = new GivenCluster();
  let send = cluster.sender();
  const client = {
    connect: () => Promise.resolve(),
    sendBatch: async ({ topicMessages = [] }: ProducerBatch) => {
      sends.push(topicMessages.flatMap(({ topic, messages }) => messages.map((one) => `${topic}:${letterOf(one)}`)));
      return send({ acks: -1, topicMessages });
    },
  };
  const kafka = { producer: () => client } as unknown as Kafka;
  const sendsNothing = (): void => void (send = () => Promise.resolve([]));
  return { producer: new KafkaProducer(kafka), cluster, sends, sendsNothing };
}

function letterOf({ value }: Message): string {
  return String(value).slice(0, 1);
}

function message(topic: string, text: string, size: number = HALF_A_SEND): OutgoingMessage {
  return { topic, key: null, value: Buffer.from(text.padEnd(size, '.')), headers: Buffer.from([0]) };
}
