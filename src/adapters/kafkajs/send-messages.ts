import type { Message, RecordMetadata, TopicMessages } from 'kafkajs';

/** A partition's share of a send: what goes into one batch, and is taken as a whole or not at all. */
export interface Share {
  readonly topic: string;
  readonly partition: number;
  /** The very objects that were to be sent. */
  readonly messages: readonly Message[];
}

/** A share whose acknowledgement was seen, in the form in which kafkajs tells of it. */
export interface Acknowledged extends Share {
  readonly metadata: RecordMetadata;
}

interface ProduceAnswer {
  readonly topics: readonly { readonly topicName: string; readonly partitions: readonly PartitionAnswer[] }[];
}

type PartitionAnswer = Omit<RecordMetadata, 'topicName'>;

interface SendRequest {
  readonly acks: number;
  readonly timeout?: number;
  readonly compression?: number;
  readonly topicMessages: readonly TopicMessages[];
}

interface Broker {
  produce(request: object): Promise<ProduceAnswer>;
}

interface Cluster {
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

/** What of kafkajs the sender needs; it can't be imported before it is mended. */
export interface KafkaJsInsides {
  readonly original: (parts: SenderParts) => SendMessages;
  readonly group: (grouping: {
    readonly topic: string;
    readonly partitionMetadata: readonly unknown[];
    readonly messages: readonly Message[];
    readonly partitioner: SenderParts['partitioner'];
  }) => Readonly<Record<number, readonly Message[]>>;
  readonly errorOf: (code: number) => Error;
  readonly MetadataNotLoaded: new (message: string) => Error;
}

const acknowledgements = new WeakMap<object, readonly Acknowledged[]>();

/** Of a send, as it resolved or as the error that it failed with: which shares were acknowledged nevertheless. */
export function acknowledgedOf(end: unknown): readonly Acknowledged[] {
  return (typeof end === 'object' && end !== null && acknowledgements.get(end)) || [];
}

/**
 * kafkajs' sender, but one that believes what it has seen: a share is done when its own partition has acknowledged it. The original
 * remembers across its tries which brokers have answered, so that it never sends a share whose leadership moves to one of them, and
 * resolves; and of a send that fails in part it tells nothing. A try here sends only what is not acknowledged, after a look at who leads
 * now. Within a partition nothing overtakes: a share is one batch, and it is over before the next send begins.
 */
export function createSenders(insides: KafkaJsInsides): (parts: SenderParts) => SendMessages {
  return (parts) => {
    const exactlyOnce = insides.original(parts);
    const plain = new Sender(parts, insides);
    // Idempotent and transactional producers count sequences, which the original does. The worker has none.
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
      if (error instanceof Error) acknowledgements.set(error, done);
      throw error;
    }
    const told = done.map(({ metadata }) => metadata);
    acknowledgements.set(told, done);
    return told;
  }

  /** Sends what is not done, to each leader its part, and adds what they acknowledge. @throws unless that is everything */
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
      const groups = this.insides.group({ topic, partitionMetadata, messages, partitioner });
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

  /** Who leads now? If nobody can be asked, the next try finds out, and fails with what it then meets. */
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

/** An answer in which one partition has failed comes as an error; what the others say is kept with it. */
async function answerOf(produced: Promise<ProduceAnswer>): Promise<ProduceAnswer> {
  try {
    return await produced;
  } catch (error) {
    const answer = error instanceof Error ? partialAnswers.get(error) : undefined;
    if (answer === undefined) throw error;
    return answer;
  }
}

const partialAnswers = new WeakMap<Error, ProduceAnswer>();

/** kafkajs reduces an answer to the first error in it: this keeps the answer beside the error. */
export function keepPartialAnswers(response: { parse: (data: ProduceAnswer) => Promise<ProduceAnswer> }): void {
  const { parse } = response;
  response.parse = async (data) => {
    try {
      return await parse(data);
    } catch (error) {
      if (error instanceof Error) partialAnswers.set(error, data);
      throw error;
    }
  };
}

/** As kafkajs sees it: whatever does not say otherwise. */
function isRetriable(error: unknown): boolean {
  return !(error instanceof Error && 'retriable' in error && error.retriable === false);
}
