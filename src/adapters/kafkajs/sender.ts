import type { Message, RecordMetadata, TopicMessages } from 'kafkajs';
import { answerOf, keepAcknowledged, type Acknowledged, type ProduceAnswer, type Share } from './acknowledgements.ts';
import { groupMessagesPerPartition } from './group-messages.ts';

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
  readonly logger: { error(message: string, details: object): void };
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
 * fails in part it tells nothing. A try here looks up who leads now, and sends only the shares that are not acknowledged. Within a partition
 * no message overtakes another, since a share is one batch, and a send is over before the next one begins.
 */
export function createSenders(insides: KafkaJsInsides): (parts: SenderParts) => SendMessages {
  return (parts) => {
    const exactlyOnce = insides.original(parts);
    const plain = new Sender(parts, insides);
    // Idempotent and transactional producers count sequences, which only the original does. The worker has no such producer.
    return (request) => (parts.eosManager.isInitialized() ? exactlyOnce(request) : plain.send(request));
  };
}

class Sender {
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
    const isDone = new Set(done.flatMap(({ messages }) => messages));
    const left = isDone.size === 0 ? topicMessages : topicMessages.map((one) => without(one, isDone));
    const ends = await Promise.allSettled(
      [...this.byLeader(left)].map(async ([nodeId, shares]) => {
        const broker = await cluster.findBroker({ nodeId });
        const answer = await answerOf(broker.produce({ ...how, topicData: asTopicData(shares) }));
        const judged = shares.map((share) => ({ share, end: this.judge(share, answer) }));
        for (const { share, end } of judged) if (!(end instanceof Error)) done.push({ ...share, metadata: end });
        return judged.flatMap(({ end }) => (end instanceof Error ? [end] : []));
      }),
    );
    const failures: unknown[] = ends.flatMap((end): unknown[] =>
      end.status === 'fulfilled' ? [...end.value] : [end.reason],
    );
    for (const failure of failures) this.forgetBrokerOf(failure);
    if (failures.length > 0) throw failures.find(isRetriable) ?? failures[0];
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

  private judge({ topic, partition }: Share, answer: ProduceAnswer): RecordMetadata | Error {
    const found = answer.topics
      .find(({ topicName }) => topicName === topic)
      ?.partitions.find((one) => one.partition === partition);
    if (found === undefined)
      return new NotAnswered(`the broker's answer leaves out partition ${partition} of ${topic}`);
    return found.errorCode === 0 ? { ...found, topicName: topic } : this.insides.errorOf(found.errorCode);
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
