import type { Message, RecordMetadata, TopicMessages } from 'kafkajs';
import { answerOf, keepAcknowledged, type Acknowledged, type ProduceAnswer, type Share } from './acknowledgements.ts';
import { BatchLimits } from './batch-limits.ts';
import { groupMessagesPerPartition } from './group-messages.ts';
import { LEADER_NOT_AVAILABLE, NOBODY } from './leaderless.ts';

interface SendRequest {
  readonly acks: number;
  readonly timeout?: number;
  readonly compression?: number;
  readonly topicMessages: readonly TopicMessages[];
}

interface Broker {
  produce(request: object): Promise<ProduceAnswer>;
}

export interface Cluster {
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly unknown[];
  findLeaderForPartitions(topic: string, partitions: readonly string[]): Readonly<Record<string, readonly number[]>>;
  findBroker(node: { readonly nodeId: string }): Promise<Broker>;
  removeBroker(address: { readonly host: string; readonly port: number }): void;
}

type Attempt<T> = (bail: (error: Error) => void, retryCount: number, retryTime: number) => Promise<T>;

/** What kafkajs makes a sender of. */
export interface SenderParts {
  readonly cluster: Cluster;
  readonly partitioner: (choice: { topic: string; partitionMetadata: readonly unknown[]; message: Message }) => number;
  readonly logger: { error(message: string, details: object): void; warn(message: string, details: object): void };
  readonly retrier: <T>(attempt: Attempt<T>) => Promise<T>;
  readonly eosManager: { isInitialized(): boolean };
}

export type SendMessages = (request: SendRequest) => Promise<readonly RecordMetadata[]>;

/** What the sender needs of the kafkajs that it is to be a part of. */
export interface KafkaJsInsides {
  readonly original: (parts: SenderParts) => SendMessages;
  readonly errorOf: (code: number) => Error;
  readonly MetadataNotLoaded: new (message: string) => Error;
}

/**
 * Takes the place of kafkajs' sender. Here a share is done when its own partition has acknowledged it. The original remembers across its
 * tries which brokers have answered: it never sends a share whose leadership moves to one of them, and resolves all the same. Of a send that
 * fails in part it tells nothing. A try here looks up who leads now, and sends only the shares that are not acknowledged. A share that
 * its topic refuses as too large goes in several batches, one after another. Within a partition no message overtakes another, since a batch is
 * acknowledged before the next one is sent, and a send is over before the next one begins.
 */
export function createSenders(insides: KafkaJsInsides): (parts: SenderParts) => SendMessages {
  return (parts) => {
    const exactlyOnce = insides.original(parts);
    const plain = new Sender(parts, insides);
    // Idempotent and transactional producers count sequences, which only the original does. The worker has no such producer.
    return (request) => (parts.eosManager.isInitialized() ? exactlyOnce(request) : plain.send(request));
  };
}

/** MESSAGE_TOO_LARGE, and RECORD_LIST_TOO_LARGE, of a topic whose segments are smaller than the batch. Source: Kafka's protocol guide, "Error Codes". */
const TOO_LARGE: readonly number[] = [10, 18];

class Sender {
  private readonly limits = new BatchLimits();
  private readonly parts: SenderParts;
  private readonly insides: KafkaJsInsides;

  constructor(parts: SenderParts, insides: KafkaJsInsides) {
    this.parts = parts;
    this.insides = insides;
  }

  async send(request: SendRequest): Promise<readonly RecordMetadata[]> {
    const done: Acknowledged[] = [];
    try {
      await this.parts.retrier(async (bail, retryCount, retryTime) => {
        try {
          await this.attempt(request, done);
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          this.parts.logger.error(`Failed to send messages: ${error.message}`, { retryCount, retryTime });
          if (isRetriable(error)) {
            await this.lookAgain(error);
            throw error;
          }
          bail(error);
        }
      });
    } catch (error) {
      if (error instanceof Error) keepAcknowledged(error, done);
      throw error;
    }
    const told = done.map(({ metadata }) => metadata);
    keepAcknowledged(told, done);
    return told;
  }

  /** Sends to each leader its shares that are not done, and adds to `done` what it acknowledges. @throws unless all are done then */
  private async attempt({ topicMessages, ...how }: SendRequest, done: Acknowledged[]): Promise<void> {
    const { cluster } = this.parts;
    await cluster.addMultipleTargetTopics(topicMessages.map(({ topic }) => topic));
    await cluster.refreshMetadataIfNecessary();
    let isMore = true;
    while (isMore) isMore = await this.round(topicMessages, how, done);
  }

  /** Sends one batch of each share. @returns whether more of them is to be sent @throws when a batch was not acknowledged */
  private async round(
    topicMessages: readonly TopicMessages[],
    how: Omit<SendRequest, 'topicMessages'>,
    done: Acknowledged[],
  ): Promise<boolean> {
    const { cluster } = this.parts;
    const isDone = new Set(done.flatMap(({ messages }) => messages));
    const left = isDone.size === 0 ? topicMessages : topicMessages.map((one) => without(one, isDone));
    let isMore = false;
    const ends = await Promise.allSettled(
      [...this.byLeader(left)].map(async ([nodeId, shares]) => {
        if (nodeId === NOBODY) return [this.insides.errorOf(LEADER_NOT_AVAILABLE)];
        const broker = await cluster.findBroker({ nodeId });
        const batches = shares.map((share) => this.limits.firstBatchOf(share));
        const answer = await answerOf(broker.produce({ ...how, topicData: asTopicData(batches) }));
        return shares.flatMap((share, i) => {
          const batch = batches[i] ?? share;
          const end = this.judge(batch, answer);
          if (end instanceof Error) return [end];
          if (end !== 'divided') done.push({ ...batch, metadata: end });
          isMore ||= end === 'divided' || batch.messages.length < share.messages.length;
          return [];
        });
      }),
    );
    const failures: unknown[] = ends.flatMap((end): unknown[] =>
      end.status === 'fulfilled' ? [...end.value] : [end.reason],
    );
    for (const failure of failures) this.forgetBrokerOf(failure);
    if (failures.length > 0) throw failures.find(isRetriable) ?? failures[0];
    return isMore;
  }

  private byLeader(topicMessages: readonly TopicMessages[]): ReadonlyMap<string, readonly Share[]> {
    const { cluster, partitioner } = this.parts;
    const leaders = new Map<string, Share[]>();
    for (const { topic, messages } of topicMessages) {
      const partitionMetadata = cluster.findTopicPartitionMetadata(topic);
      if (partitionMetadata.length === 0) {
        throw new this.insides.MetadataNotLoaded(`nothing is known of the topic ${topic} yet`);
      }
      const groups = groupMessagesPerPartition({ topic, partitionMetadata, messages, partitioner });
      const led = cluster.findLeaderForPartitions(topic, Object.keys(groups));
      for (const [nodeId, partitions] of Object.entries(led)) {
        const shares = leaders.get(nodeId) ?? [];
        leaders.set(nodeId, shares);
        for (const partition of partitions) shares.push({ topic, partition, messages: groups[partition] ?? [] });
      }
    }
    return leaders;
  }

  /** @returns `divided`: it was too large, and the next round sends less of it */
  private judge(batch: Share, answer: ProduceAnswer): RecordMetadata | Error | 'divided' {
    const { topic, partition, messages } = batch;
    const found = answer.topics
      .find(({ topicName }) => topicName === topic)
      ?.partitions.find((one) => one.partition === partition);
    if (found === undefined)
      return new NotAnswered(`the broker's answer leaves out partition ${partition} of ${topic}`);
    if (found.errorCode === 0) return { ...found, topicName: topic };
    const limit = TOO_LARGE.includes(found.errorCode) ? this.limits.lowerBelow(batch) : undefined;
    if (limit === undefined) return this.insides.errorOf(found.errorCode);
    const refused = `topic ${topic} refuses ${messages.length} messages in one batch as too large (max.message.bytes)`;
    this.parts.logger.warn(`${refused}: at most ${limit} bytes from now on`, { partition });
    return 'divided';
  }

  private forgetBrokerOf(failure: unknown): void {
    if (!(failure instanceof Error) || failure.name !== 'KafkaJSConnectionClosedError') return;
    const { host, port } = failure as Error & { readonly host: string; readonly port: number };
    this.parts.cluster.removeBroker({ host, port });
  }

  /** Looks up who leads now. If no broker answers, the next try fails for that reason. */
  private async lookAgain(failure: Error): Promise<void> {
    await this.parts.cluster.refreshMetadata().catch((error: unknown) => {
      this.parts.logger.error('Failed to refresh metadata', { after: failure.message, error: String(error) });
    });
  }
}

class NotAnswered extends Error {
  override readonly name = 'KafkaJSNotAnswered';
}

function without({ topic, messages }: TopicMessages, done: ReadonlySet<Message>): TopicMessages {
  return { topic, messages: messages.filter((message) => !done.has(message)) };
}

function asTopicData(shares: readonly Share[]): readonly object[] {
  return [...Map.groupBy(shares, ({ topic }) => topic)].map(([topic, some]) => ({
    topic,
    partitions: some.map(({ partition, messages }) => ({ partition, messages, firstSequence: 0 })),
  }));
}

/** As kafkajs has it: every error but those that say that they are not. */
function isRetriable(error: unknown): boolean {
  return !(error instanceof Error && 'retriable' in error && error.retriable === false);
}
