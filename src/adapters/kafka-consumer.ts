import type { Consumer as KafkaJsConsumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import type {
  Beginning,
  Commit,
  CommittedOffset,
  Consumer,
  ConsumerListener,
  TopicPartition,
} from '../ports/consumer.ts';
import { ConfigurationError } from '../ports/errors.ts';
import type { ReceivedMessage } from '../ports/messages.ts';
import { withAdmin } from './kafka-admin.ts';
import { clusterOf } from './kafkajs.ts';
import { isRefusal, KafkaRefuses, type KafkaFaults } from './kafka-faults.ts';
import type { FetchCluster } from './kafkajs/fetches.ts';
import { NOBODY } from './kafkajs/leaderless.ts';
import { onOutOfRange, positionOf } from './kafkajs/positions.ts';
import { UnreadableRecord } from './kafkajs/record-batches.ts';
import { DecodedRecord } from './kafkajs/record-decoder.ts';
import { NO_HEADERS } from './record-headers.ts';
import { Outage } from './retry.ts';

export interface ConsumerSettings {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Milliseconds. */
  readonly sessionTimeout: number;
  readonly rebalanceTimeout: number;
  readonly heartbeatInterval: number;
  readonly maxWaitTime: number;
  readonly maxBytesPerPartition: number;
  /** Where the consumer is, so that a broker may send it to a replica nearby. */
  readonly rack: string | undefined;
}

/** More partitions than one worker is ever assigned, so that no batch of a fetch waits until another one was handed over. */
const PARTITIONS_AT_ONCE = 1_024;

/** Hands batches over and resolves those that were taken. Offsets are committed by the intake, when the work is done, and never from here. */
export class KafkaConsumer implements Consumer {
  private readonly kafka: Kafka;
  private readonly consumer: KafkaJsConsumer;
  private readonly settings: ConsumerSettings;
  private readonly paused = new Map<string, TopicPartition>();
  private listening = false;
  private readonly faults: Pick<KafkaFaults, 'explained'>;
  private assignment: Readonly<Record<string, readonly number[]>> = {};
  /** Whether it has read as a member of the group. A right that is missing later may be given back without a restart. */
  private hasRead = false;

  constructor(kafka: Kafka, faults: Pick<KafkaFaults, 'explained'>, settings: ConsumerSettings) {
    this.settings = settings;
    this.faults = faults;
    this.kafka = kafka;
    this.consumer = kafka.consumer({
      groupId: settings.groupId,
      sessionTimeout: settings.sessionTimeout,
      rebalanceTimeout: settings.rebalanceTimeout,
      heartbeatInterval: settings.heartbeatInterval,
      maxWaitTimeInMs: settings.maxWaitTime,
      ...(settings.rack !== undefined && { rackId: settings.rack }),
      maxBytesPerPartition: settings.maxBytesPerPartition,
      minBytes: 1,
      allowAutoTopicCreation: false,
    });
  }

  async start(listener: ConsumerListener): Promise<void> {
    if (!this.listening) this.listen(listener);
    this.listening = true;
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: [...this.settings.topics], fromBeginning: true });
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: (payload) => this.handOver(payload, listener),
    });
  }

  pause({ topic, partition }: TopicPartition): void {
    this.paused.set(`${topic}/${partition}`, { topic, partition });
    try {
      this.consumer.pause([{ topic, partitions: [partition] }]);
    } catch {
      // There is no group, so nothing is fetched. The next group begins with nothing paused.
    }
  }

  resume({ topic, partition }: TopicPartition): void {
    if (!this.paused.delete(`${topic}/${partition}`)) return;
    try {
      this.consumer.resume([{ topic, partitions: [partition] }]);
    } catch {
      // Between a crash and its restart there is no group. The next one begins with nothing paused.
    }
  }

  seek({ topic, partition }: TopicPartition, offset: number): void {
    try {
      this.consumer.seek({ topic, partition, offset: String(offset) });
    } catch {
      // There is no group. Whoever joins the next one is told where each partition goes on.
    }
  }

  async commit(commits: readonly Commit[]): Promise<void> {
    // kafkajs sends any commit under the present generation, so offsets of other partitions must be left out here.
    const ours = commits.filter(({ topic, partition }) => this.assignment[topic]?.includes(partition));
    if (ours.length === 0) return;
    await this.consumer.commitOffsets(ours.map((commit) => ({ ...commit, offset: String(commit.offset) })));
  }

  async committed(topics: readonly string[]): Promise<readonly CommittedOffset[]> {
    const { groupId } = this.settings;
    const found = await withAdmin(this.kafka, (admin) => admin.fetchOffsets({ groupId, topics: [...topics] }));
    return found.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset, metadata }) => ({
        ...{ topic, partition, metadata },
        offset: Number(offset) < 0 ? undefined : Number(offset),
      })),
    );
  }

  async beginnings(partitions: readonly TopicPartition[]): Promise<readonly Beginning[]> {
    return withAdmin(this.kafka, async (admin) => {
      const cluster = clusterOf(admin);
      for (const topic of new Set(partitions.map((place) => place.topic))) await cluster.addTargetTopic(topic);
      return Promise.all(partitions.map((place) => beginningOf(place, cluster)));
    });
  }

  async stop(): Promise<void> {
    await this.consumer.disconnect();
  }

  private listen(listener: ConsumerListener): void {
    const { GROUP_JOIN, HEARTBEAT, CRASH } = this.consumer.events;
    this.consumer.on(GROUP_JOIN, ({ payload }) => {
      // kafkajs keeps a partition paused that was lost and came back, and lets running eachBatch calls go on. Both end here.
      for (const { topic, partition } of this.paused.values())
        this.consumer.resume([{ topic, partitions: [partition] }]);
      this.paused.clear();
      this.assignment = payload.memberAssignment;
      listener.assigned(
        Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) =>
          [...partitions].sort((a, b) => a - b).map((partition) => ({ topic, partition })),
        ),
      );
    });
    this.consumer.on(HEARTBEAT, () => listener.reached());
    onOutOfRange(this.consumer, (place) => listener.reset(place));
    this.consumer.on(CRASH, ({ payload }) => {
      // With `restart` kafkajs joins again by itself. Without, its loop has ended, and the process would stay idle for ever: that happens in
      // some outages, too, such as when a coordinator can't be found in time.
      const error = this.explained(payload.error);
      if (payload.restart) listener.interrupted(error);
      else listener.crashed(error, isFinal(error));
    });
  }

  /** Replaces a refusal that a setting has caused, or rights, by an error that names the setting. */
  private explained(error: Error): Error {
    const { groupId, sessionTimeout, topics } = this.settings;
    const types = typesOf(error);
    if (types.includes('INCONSISTENT_GROUP_PROTOCOL')) {
      return new ConfigurationError(`KAFKA_GROUP_ID ${groupId} is a group of consumers of another kind`, {
        cause: error,
      });
    }
    if (types.includes('INVALID_SESSION_TIMEOUT')) {
      return new ConfigurationError(
        `KAFKA_SESSION_TIMEOUT_MS is ${sessionTimeout}; the broker takes it from group.min.session.timeout.ms to group.max.session.timeout.ms`,
        { cause: error },
      );
    }
    const missing = types.includes('GROUP_AUTHORIZATION_FAILED')
      ? `KAFKA_GROUP_ID ${groupId}: the brokers do not let this user read as that group`
      : types.includes('TOPIC_AUTHORIZATION_FAILED')
        ? `TOPIC_...: the brokers do not let this user read one of ${topics.join(', ')}`
        : undefined;
    if (missing !== undefined) {
      return this.hasRead
        ? new KafkaRefuses(missing, { cause: error })
        : new ConfigurationError(missing, { cause: error });
    }
    const explained = this.faults.explained(error);
    return explained instanceof Error ? explained : error;
  }

  private async handOver(
    { batch, resolveOffset, heartbeat, isStale }: EachBatchPayload,
    listener: ConsumerListener,
  ): Promise<void> {
    this.hasRead = true;
    if (isStale()) return; // fetched before a seek
    const { topic, partition, messages } = batch;
    const { nextOffset, stableOffset } = positionOf(batch);
    await listener.batch(
      {
        topic,
        partition,
        messages: messages.map((message) => receivedFrom(topic, partition, message)),
        nextOffset,
        stableOffset,
        endOffset: Number(batch.highWatermark),
      },
      { heartbeat, taken: () => resolveOffset(String(nextOffset - 1)) },
    );
  }
}

/** Asked by itself: kafkajs fails an answer as a whole, and each broker may be away. */
async function beginningOf({ topic, partition }: TopicPartition, cluster: FetchCluster): Promise<Beginning> {
  try {
    const [leader = NOBODY] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
    if (leader === NOBODY) return { topic, partition, unknown: new Outage('nobody leads it') };
    const [found] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning: true }]);
    const offset = found?.partitions.find((one) => one.partition === partition)?.offset;
    if (offset === undefined) return { topic, partition, unknown: new Outage('its leader does not tell') };
    return { topic, partition, offset: Number(offset) };
  } catch (error) {
    return { topic, partition, unknown: error instanceof Error ? error : new Outage(String(error)) };
  }
}

type FetchedRecord = Pick<KafkaMessage, 'offset' | 'timestamp' | 'key' | 'value'>;

export function receivedFrom(topic: string, partition: number, message: FetchedRecord): ReceivedMessage {
  return {
    topic,
    partition,
    offset: Number(message.offset),
    timestamp: Number(message.timestamp),
    key: message.key,
    value: message.value,
    headers: headersOf(message),
    unreadable: message instanceof UnreadableRecord ? message.unreadable : undefined,
  };
}

/** Our decoder of record batches makes the records. The decoder of the format before them is kafkajs' own; that format has no headers. */
function headersOf(message: FetchedRecord): Buffer {
  return message instanceof DecodedRecord ? message.headerBytes : NO_HEADERS;
}

/** The protocol's names of an error and of its causes. */
function typesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  return ['type' in error ? String(error.type) : '', ...typesOf(error.cause)];
}

/** Whether waiting can't mend it: refused credentials or rights, a codec or a format that kafkajs does not have, a bug. */
export function isFinal(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  if (error instanceof Outage) return false; // kafkajs hands on what the provider of tokens has thrown
  const type = 'type' in error ? String(error.type) : '';
  if (error.name === 'KafkaJSSASLAuthenticationError') return isRefusal(error);
  if (/^KafkaJS(NotImplemented|UnsupportedMagicByte)/.test(error.name)) return true;
  if (/AUTHORIZATION_FAILED|AUTHENTICATION_FAILED|^UNSUPPORTED_|^INVALID_GROUP_ID$/.test(type)) return true;
  if (!error.name.startsWith('KafkaJS')) return !('code' in error); // errors of connections have a code, those of bugs have none
  return error.cause instanceof Error && isFinal(error.cause);
}
