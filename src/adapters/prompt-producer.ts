import type { ICustomPartitioner, Kafka } from 'kafkajs';
import type { OutgoingMessage } from '../ports/messages.ts';
import type { PromptProducer } from '../ports/producer.ts';
import type { Measures } from '../ports/telemetry.ts';
import { REQUEST_TIMEOUT_MS } from './kafka-client.ts';
import { KafkaProducer } from './kafka-producer.ts';
import { murmur2Partitioner } from './partitioner.ts';

/** How long kafkajs waits for a broker to let a user in. Source: `authenticationTimeout` in src/cluster/index.js of kafkajs. */
const AUTHENTICATION_TIMEOUT_MS = 10_000;

/**
 * The longest time from the last look at the clock until a send has reached the broker, or never will: to connect, to be let in, to ask which
 * versions the broker has, and to send. kafkajs would try again by itself, for minutes; here it does not. Milliseconds.
 */
export function longestSend(connectTimeout: number): number {
  return connectTimeout + AUTHENTICATION_TIMEOUT_MS + 2 * REQUEST_TIMEOUT_MS;
}

/** Publishes in one try, and only before a time. One send at a time: a time is that of all that is under way. */
export class KafkaPromptProducer implements PromptProducer {
  private readonly producer: KafkaProducer;
  private before = 0;

  /** @param now a clock that only goes forward, in milliseconds */
  constructor(kafka: Kafka, now: () => number, sent?: Measures['sent']) {
    // Partitions are chosen when it is known where each is, right before the request is written.
    const createPartitioner: ICustomPartitioner = () => {
      const place = murmur2Partitioner();
      return (choice) => {
        if (now() >= this.before) throw new TooLateToSend('it took too long to get to the broker');
        return place(choice);
      };
    };
    this.producer = new KafkaProducer(kafka, { retry: { retries: 0 }, createPartitioner }, sent);
  }

  async publish(messages: readonly OutgoingMessage[], before: number): Promise<void> {
    this.before = before;
    await this.producer.publish(messages);
  }

  async stop(): Promise<void> {
    await this.producer.stop();
  }
}

class TooLateToSend extends Error {
  override readonly name = 'TooLateToSend';
}
