import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, ITopicConfig, Kafka } from 'kafkajs';
import { ConfigurationError } from '../ports/errors.ts';
import { dlqOf, sourcesOf, type Topics } from '../ports/topics.ts';
import { ConfigResourceTypes, mayWrite } from './kafkajs.ts';
import { shortReason } from './short-reason.ts';
import {
  dlqLimit,
  newTopicSettings,
  type Entry,
  type TopicSettings as Settings,
  type TopicState,
} from './topic-policy.ts';

export interface TopicSettings {
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Milliseconds. */
  readonly retention: number;
  /** The largest record that the worker writes; its dead letter has to fit as well. */
  readonly maxMessageBytes: number;
}

/** The topics of the contract: three that are read, with their dead letters, and three that are only written. */
export function contractTopics(topics: Topics): readonly string[] {
  const sources = sourcesOf(topics);
  return [...sources, topics.events, topics.rejections, topics.entitlements, ...sources.map(dlqOf)];
}

export interface CreatedTopics {
  readonly created: readonly string[];
  /** Those of them that the brokers did not give their settings, and what these are. */
  readonly bare: readonly { readonly topic: string; readonly settings: readonly string[] }[];
}

export class KafkaAdmin {
  private readonly kafka: Kafka;

  constructor(kafka: Kafka) {
    this.kafka = kafka;
  }

  /**
   * Creates the topics that are missing, and changes no other. A platform may refuse settings by this way: then a topic is created without.
   * @throws ConfigurationError that names the topics which can't be created
   */
  async create(
    topics: Topics,
    { partitions, replicationFactor, retention, maxMessageBytes }: TopicSettings,
  ): Promise<CreatedTopics> {
    return withAdmin(this.kafka, async (admin) => {
      const there = new Set(await admin.listTopics());
      const missing = contractTopics(topics).filter((topic) => !there.has(topic));
      const bare: ITopicConfig[] = [];
      if (missing.length === 0) return { created: [], bare: [] };
      const sources = sourcesOf(topics);
      const make = async (names: readonly string[], entries: (topic: string) => readonly Entry[]): Promise<void> => {
        const wanted = names.map((topic) => ({
          topic,
          numPartitions: partitions,
          replicationFactor,
          configEntries: entries(topic).map(([name, value]) => ({ name, value: String(value) })),
        }));
        bare.push(...(await createEach(admin, wanted)));
      };
      const dlqs = new Map(sources.map((source) => [dlqOf(source), source]));
      await make(
        missing.filter((topic) => !dlqs.has(topic)),
        (topic) => newTopicSettings(topic, topics, retention),
      );
      // How much a source takes may be the broker's default, which can be asked for once the source is there.
      const configs = await onceThere(() => configsOf(admin, sources));
      const takes = (source = ''): number => {
        const config = configs.get(source);
        return typeof config === 'object' ? Number(config.get('max.message.bytes')) : DEFAULT_MAX_BYTES;
      };
      await make(
        missing.filter((topic) => dlqs.has(topic)),
        (topic) => [
          ...newTopicSettings(topic, topics, retention),
          ['max.message.bytes', dlqLimit(takes(dlqs.get(topic)), maxMessageBytes)],
        ],
      );
      await onceThere(() => allHaveLeaders(admin, missing));
      return {
        created: missing,
        bare: bare.map(({ topic, configEntries = [] }) => ({
          topic,
          settings: configEntries.map(({ name, value }) => `${name}=${value}`),
        })),
      };
    });
  }

  async describe(topics: Topics): Promise<readonly TopicState[]> {
    return withAdmin(this.kafka, async (admin) => {
      const there = new Set(await admin.listTopics());
      const names = contractTopics(topics);
      const existing = names.filter((topic) => there.has(topic));
      const metadata = existing.length > 0 ? await admin.fetchTopicMetadata({ topics: existing }) : { topics: [] };
      const configs = await configsOf(admin, existing);
      return names.map((topic) => {
        const partitions = metadata.topics.find(({ name }) => name === topic)?.partitions ?? [];
        return {
          topic,
          partitions: partitions.length,
          replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
          // Of a partition that nobody leads, brokers may name the replica that was in sync last.
          inSyncReplicas: Math.min(...partitions.map(({ leader, isr }) => (leader < 0 ? 0 : isr.length))),
          settings: settingsOf(configs.get(topic)),
        };
      });
    });
  }

  /** @returns whether this user may write the topic; undefined when the broker does not tell */
  async mayWrite(topic: string): Promise<boolean | undefined> {
    return withAdmin(this.kafka, (admin) => mayWrite(admin, topic));
  }

  async partitionsOf(topic: string): Promise<number> {
    return withAdmin(this.kafka, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics[0]?.partitions.length ?? 0;
    });
  }
}

/** Asks over a connection of its own, which ends with the work. */
export async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** What a topic takes when nobody has said otherwise (`message.max.bytes`). */
const DEFAULT_MAX_BYTES = 1_048_588;

function settingsOf(config: TopicConfig = new Map()): TopicState['settings'] {
  if (typeof config === 'string') return config;
  const retention = Number(config.get('retention.ms') ?? 0);
  const settings: Settings = {
    retention: retention < 0 ? Number.POSITIVE_INFINITY : retention,
    segmentTime: Number(config.get('segment.ms') ?? 0),
    maxMessageBytes: Number(config.get('max.message.bytes') ?? 0),
    compression: config.get('compression.type') ?? '',
    timestampType: config.get('message.timestamp.type') ?? '',
    cleanup: listIn(config.get('cleanup.policy')),
    minInSyncReplicas: Number(config.get('min.insync.replicas') ?? 1),
  };
  return settings;
}

function listIn(value: string | undefined): readonly string[] {
  return (value ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** @returns those that were created without their settings. @throws ConfigurationError when one can't be created */
async function createEach(admin: Admin, topics: readonly ITopicConfig[]): Promise<readonly ITopicConfig[]> {
  if (topics.length === 0) return [];
  try {
    await admin.createTopics({ waitForLeaders: false, topics: [...topics] });
    return [];
  } catch (error) {
    const failures = topicFailures(error);
    if (failures.length === 0) throw error;
    const refused = topics.filter(({ topic, configEntries = [] }) => {
      return configEntries.length > 0 && REFUSED_SETTING.test(failures.find((one) => one.topic === topic)?.type ?? '');
    });
    const others = failures.filter(({ topic }) => !refused.some((one) => one.topic === topic));
    if (others.length > 0) {
      const sentences = others.map(({ topic, message }) => `topic ${topic} can't be created: ${message}`);
      throw new ConfigurationError(sentences, { cause: error });
    }
    await createEach(
      admin,
      refused.map(({ configEntries: _, ...rest }) => rest),
    );
    return refused;
  }
}

/** How a broker says that it takes none of these settings. Source: Kafka's protocol guide, "Error Codes". */
const REFUSED_SETTING = /^(INVALID_CONFIG|POLICY_VIOLATION)$/;

interface TopicFailure {
  readonly topic: string;
  readonly type: string;
  readonly message: string;
}

/** kafkajs puts the errors of topics, which its own message leaves out, into a list. One that is there by now is no failure. */
function topicFailures(error: unknown): readonly TopicFailure[] {
  if (!(error instanceof Error) || !('errors' in error) || !Array.isArray(error.errors)) return [];
  return (error.errors as readonly TopicFailure[]).filter(({ type }) => type !== 'TOPIC_ALREADY_EXISTS');
}

const THERE_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 100;

/** Not every part of a broker knows a new topic at once. kafkajs fails on the first one that does not, so this asks again for a while. */
async function onceThere<T>(look: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + THERE_WITHIN_MS;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

async function allHaveLeaders(admin: Admin, topics: readonly string[]): Promise<void> {
  const metadata = await admin.fetchTopicMetadata({ topics: [...topics] });
  const without = metadata.topics.find(
    ({ partitions }) => partitions.length === 0 || partitions.some(({ leader }) => leader < 0),
  );
  if (without !== undefined) throw new TopicWithoutLeader(`${without.name} has no leader yet`);
}

class TopicWithoutLeader extends Error {
  override readonly name = 'TopicWithoutLeader';
}

/** The values of a topic's settings by name, or why they can't be read. */
type TopicConfig = ReadonlyMap<string, string> | string;

/** The settings of topics. Those that the broker does not tell are asked for topic by topic: kafkajs fails on the first one in an answer. */
async function configsOf(admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, TopicConfig>> {
  const ask = async (names: readonly string[]): Promise<ReadonlyMap<string, TopicConfig>> => {
    if (names.length === 0) return new Map(); // kafkajs refuses an empty list
    try {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
      });
      return new Map(
        resources.map(({ resourceName, configEntries }) => [
          resourceName,
          new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
        ]),
      );
    } catch (error) {
      if (!isUntold(error)) throw error;
      if (names.length === 1) return new Map(names.map((name) => [name, shortReason(error)]));
      const each = await Promise.all(names.map((name) => ask([name])));
      return new Map(each.flatMap((one) => [...one]));
    }
  };
  return ask(topics);
}

/** Whether the broker does not tell settings to this user, or to nobody. Source: Kafka's protocol guide, "Error Codes". */
function isUntold(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'KafkaJSServerDoesNotSupportApiKey') return true;
  const type = 'type' in error ? String(error.type) : '';
  return /^(TOPIC_AUTHORIZATION_FAILED|CLUSTER_AUTHORIZATION_FAILED|UNSUPPORTED_VERSION|INVALID_REQUEST)$/.test(type);
}
