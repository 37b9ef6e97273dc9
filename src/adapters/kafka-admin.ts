import type { Admin, Kafka } from 'kafkajs';
import { dlqOf, type Topics } from '../ports/topics.ts';
import { ConfigResourceTypes } from './kafkajs.ts';

export interface TopicSettings {
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Milliseconds. */
  readonly retention: number;
}

export interface TopicState {
  readonly topic: string;
  /** 0: the topic is not there. */
  readonly partitions: number;
  /** Milliseconds; Infinity: kept for ever. */
  readonly retention: number;
  readonly maxMessageBytes: number;
}

/** A DLQ topic takes what its source takes, and the headers that say why. */
const DLQ_EXTRA_BYTES = 64 * 1_024;
const KAFKA_DEFAULT_MAX_MESSAGE_BYTES = 1_048_588;

/** The topics of the contract: three that are read, with their dead letters, and two that are only written. */
export function contractTopics(topics: Topics): readonly string[] {
  const sources = [topics.commands, topics.users, topics.userLookUps];
  return [...sources, topics.events, topics.rejections, ...sources.map(dlqOf)];
}

export class KafkaAdmin {
  private readonly kafka: Kafka;

  constructor(kafka: Kafka) {
    this.kafka = kafka;
  }

  /** Creates what is missing; returns which. What is there stays as it is. */
  async create(
    topics: Topics,
    { partitions, replicationFactor, retention }: TopicSettings,
  ): Promise<readonly string[]> {
    return this.connected(async (admin) => {
      const there = new Set(await admin.listTopics());
      const missing = contractTopics(topics).filter((topic) => !there.has(topic));
      if (missing.length === 0) return [];
      const dlqs = new Set([topics.commands, topics.users, topics.userLookUps].map(dlqOf));
      await admin.createTopics({
        waitForLeaders: true,
        topics: missing.map((topic) => ({
          topic,
          numPartitions: partitions,
          replicationFactor,
          configEntries: [
            { name: 'retention.ms', value: String(dlqs.has(topic) ? retention * 4 : retention) },
            ...(dlqs.has(topic)
              ? [{ name: 'max.message.bytes', value: String(KAFKA_DEFAULT_MAX_MESSAGE_BYTES + DLQ_EXTRA_BYTES) }]
              : []),
          ],
        })),
      });
      return missing;
    });
  }

  async describe(topics: Topics): Promise<readonly TopicState[]> {
    return this.connected(async (admin) => {
      const there = new Set(await admin.listTopics());
      const names = contractTopics(topics);
      const existing = names.filter((topic) => there.has(topic));
      const metadata = existing.length > 0 ? await admin.fetchTopicMetadata({ topics: existing }) : { topics: [] };
      const configs = await admin.describeConfigs({
        includeSynonyms: false,
        resources: existing.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
      });
      return names.map((topic) => {
        const entries = configs.resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
        const number = (name: string): number =>
          Number(entries.find(({ configName }) => configName === name)?.configValue ?? 0);
        const retention = number('retention.ms');
        return {
          topic,
          partitions: metadata.topics.find(({ name }) => name === topic)?.partitions.length ?? 0,
          retention: retention < 0 ? Number.POSITIVE_INFINITY : retention,
          maxMessageBytes: number('max.message.bytes'),
        };
      });
    });
  }

  private async connected<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }
}
