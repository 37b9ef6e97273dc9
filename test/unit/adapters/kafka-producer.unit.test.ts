import type { Kafka, ProducerBatch } from 'kafkajs';
import { KafkaProducer } from '../../../src/adapters/kafka-producer.ts';
import { PublicationFailed } from '../../../src/ports/errors.ts';
import type { OutgoingMessage } from '../../../src/ports/messages.ts';

const HALF_A_SEND = 450_000;

test('what does not fit into one send goes out in several, in order', async () => {
  const { producer, sent } = given();
  await producer.publish([message('e', 'a'), message('e', 'b'), message('r', 'c'), message('e', 'd', 10)]);
  expect(sent).toEqual([['e:a'], ['e:b'], ['r:c', 'e:d']]);
});

test('a send that fails ends the publication, and what was acknowledged before it is told', async () => {
  const { producer, sent, fail } = given();
  const messages = ['a', 'b', 'c'].map((text) => message('e', text));
  fail(1, new Error('no leader'));
  const failure: unknown = await producer.publish(messages).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PublicationFailed);
  expect(failure).toMatchObject({ message: 'no leader', acknowledged: messages.slice(0, 1) });
  expect(sent).toEqual([['e:a']]);
});

/** A producer over a client that notes the texts of each send. */
function given(): {
  readonly producer: KafkaProducer;
  readonly sent: (readonly string[])[];
  /** The send of this number fails, counted from 0. */
  readonly fail: (number: number, error: Error) => void;
} {
  const sent: (readonly string[])[] = [];
  const failures = new Map<number, Error>();
  const client = {
    connect: () => Promise.resolve(),
    sendBatch: async ({ topicMessages = [] }: ProducerBatch) => {
      const failure = failures.get(sent.length);
      if (failure !== undefined) throw failure;
      sent.push(
        topicMessages.flatMap(({ topic, messages }) =>
          messages.map(({ value }) => `${topic}:${String(value).slice(0, 1)}`),
        ),
      );
    },
  };
  const kafka = { producer: () => client } as unknown as Kafka;
  return { producer: new KafkaProducer(kafka), sent, fail: (number, error) => failures.set(number, error) };
}

function message(topic: string, text: string, size: number = HALF_A_SEND): OutgoingMessage {
  return { topic, key: null, value: Buffer.from(text.padEnd(size, '.')), headers: Buffer.from([0]) };
}
