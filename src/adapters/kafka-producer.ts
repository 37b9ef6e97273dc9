import type { Kafka, Message, Producer as KafkaJsProducer, ProducerConfig, TopicMessages } from 'kafkajs';
import { ConfigurationError, PublicationFailed } from '../ports/errors.ts';
import { recordSize, type OutgoingMessage } from '../ports/messages.ts';
import type { Producer } from '../ports/producer.ts';
import type { Measures } from '../ports/telemetry.ts';
import { CompressionTypes } from './kafkajs.ts';
import { murmur2Partitioner } from './partitioner.ts';
import type { EncodableRecord } from './kafkajs/record-encoder.ts';
import { acknowledgedOf, type Share } from './kafkajs/acknowledgements.ts';

/** A partition's share of a send goes into one batch, which a topic takes by default (1 MB). It goes in several where a topic takes less. */
const MAX_SEND_BYTES = 900_000;
/** As many as in a chunk by default. What is sent at once is also sent again when it fails. */
const MAX_SEND_MESSAGES = 2_000;
const ALL_IN_SYNC_REPLICAS = -1;
/** How long a leader may wait for its replicas. Shorter than a request may take, so that the leader answers and the connection is kept. */
const REPLICATED_WITHIN_MS = 8_000;

/** acks = all, and not idempotent: kafkajs' idempotent producer loses messages after a failed send, while the outbox makes repetition safe. */
export class KafkaProducer implements Producer {
  private readonly producer: KafkaJsProducer;
  private readonly sent: Measures['sent'];
  private connected: Promise<void> | undefined;

  constructor(
    kafka: Kafka,
    options: Pick<ProducerConfig, 'retry' | 'createPartitioner'> = {},
    sent: Measures['sent'] = () => undefined,
  ) {
    this.sent = sent;
    this.producer = kafka.producer({
      idempotent: false,
      allowAutoTopicCreation: false,
      createPartitioner: murmur2Partitioner,
      ...options,
    });
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    await this.connect();
    const acknowledged: OutgoingMessage[] = [];
    for (const part of parts(messages)) {
      const failure = await this.send(part, acknowledged);
      if (failure !== undefined) throw new PublicationFailed(acknowledged, failure);
    }
  }

  /**
   * Sends a part, and adds to `acknowledged` the messages whose acknowledgement was seen, whatever the send itself says of its success.
   * @returns the error to report, unless the whole part was acknowledged
   */
  private async send(part: readonly OutgoingMessage[], acknowledged: OutgoingMessage[]): Promise<Error | undefined> {
    const began = performance.now();
    const topicMessages = byTopic(part);
    const end: unknown = await this.producer
      .sendBatch({
        acks: ALL_IN_SYNC_REPLICAS,
        timeout: REPLICATED_WITHIN_MS,
        compression: CompressionTypes.None,
        topicMessages,
      })
      .catch((error: unknown) => error);
    const seen = acknowledgedOf(end);
    const counts = new Map<string, number>();
    for (const { topic, messages } of seen) counts.set(topic, (counts.get(topic) ?? 0) + messages.length);
    const failure = this.failureOf(end, seen, part, acknowledged);
    const topics = topicMessages.map(({ topic }) => topic);
    this.sent({ topics, messages: counts, ms: performance.now() - began, error: failure });
    return failure;
  }

  private failureOf(
    end: unknown,
    seen: readonly Share[],
    part: readonly OutgoingMessage[],
    acknowledged: OutgoingMessage[],
  ): Error | undefined {
    if (seen.reduce((sum, { messages }) => sum + messages.length, 0) === part.length) {
      acknowledged.push(...part);
      return undefined;
    }
    const done = new Set(seen.flatMap((share) => share.messages));
    acknowledged.push(...part.filter((message) => done.has(asMessage(message))));
    if (end instanceof ConfigurationError) return end;
    const reason = end instanceof Error ? end.message : `${part.length - done.size} messages were not acknowledged`;
    const topics = new Set(part.map(({ topic }) => topic));
    return new Error(`sending to ${[...topics].join(', ')}: ${reason}`, { cause: end });
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
    const size = recordSize(message);
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

function byTopic(messages: readonly OutgoingMessage[]): TopicMessages[] {
  return [...Map.groupBy(messages, ({ topic }) => topic)].map(([topic, some]) => ({
    topic,
    messages: some.map(asMessage),
  }));
}

/** kafkajs only hands messages on, to what writes them here: that takes headers which are encoded already. */
function asMessage(message: OutgoingMessage & EncodableRecord): Message {
  return message as unknown as Message;
}
