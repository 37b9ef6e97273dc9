import type { Kafka, Message, Producer as KafkaJsProducer, TopicMessages } from 'kafkajs';
import { PublicationFailed } from '../ports/errors.ts';
import type { OutgoingMessage } from '../ports/messages.ts';
import type { Producer } from '../ports/producer.ts';
import { CompressionTypes } from './kafkajs.ts';
import { murmur2Partitioner } from './partitioner.ts';
import type { EncodableRecord } from './record-encoder.ts';

/** kafkajs never splits a send, and a partition's share of it must fit into one batch (`message.max.bytes`, 1 MB by default). */
const MAX_SEND_BYTES = 900_000;
/** A chunk's worth: what is sent at once is also what is sent again when it fails. */
const MAX_SEND_MESSAGES = 2_000;
const ALL_IN_SYNC_REPLICAS = -1;

/** acks = all, not idempotent: kafkajs' idempotent producer loses messages after a failed send; the outbox makes repetition safe. */
export class KafkaProducer implements Producer {
  private readonly producer: KafkaJsProducer;
  private connected: Promise<void> | undefined;

  constructor(kafka: Kafka) {
    this.producer = kafka.producer({
      idempotent: false,
      allowAutoTopicCreation: false,
      createPartitioner: murmur2Partitioner,
    });
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    await this.connect();
    let acknowledged = 0;
    for (const part of parts(messages)) {
      try {
        await this.producer.sendBatch({
          acks: ALL_IN_SYNC_REPLICAS,
          compression: CompressionTypes.None,
          topicMessages: byTopic(part),
        });
      } catch (error) {
        // Of the part itself kafkajs does not tell which topics and partitions took theirs.
        throw new PublicationFailed(messages.slice(0, acknowledged), error);
      }
      acknowledged += part.length;
    }
  }

  async stop(): Promise<void> {
    await this.producer.disconnect();
  }

  private async connect(): Promise<void> {
    this.connected ??= this.producer.connect();
    try {
      await this.connected;
    } catch (error) {
      this.connected = undefined;
      throw error;
    }
  }
}

function* parts(messages: readonly OutgoingMessage[]): Generator<readonly OutgoingMessage[]> {
  let part: OutgoingMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = sizeOf(message);
    if (part.length > 0 && (bytes + size > MAX_SEND_BYTES || part.length === MAX_SEND_MESSAGES)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(message);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

/** What a record costs beside its contents: generous, so that a part never turns out larger than it was counted. */
const RECORD_OVERHEAD_BYTES = 100;

function sizeOf({ key, value, headers }: OutgoingMessage): number {
  return RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + headers.length;
}

function byTopic(messages: readonly OutgoingMessage[]): TopicMessages[] {
  const topics = new Map<string, TopicMessages>();
  for (const { topic, key, value, headers } of messages) {
    let group = topics.get(topic);
    if (group === undefined) {
      group = { topic, messages: [] };
      topics.set(topic, group);
    }
    group.messages.push(encodedAs({ key, value, headers }));
  }
  return [...topics.values()];
}

/** Our record encoder takes headers that are encoded already; kafkajs only hands them through. */
function encodedAs(record: EncodableRecord): Message {
  return record as unknown as Message;
}
