import { asFunction } from 'awilix/browser';
import type { Kafka } from 'kafkajs';
import { KafkaCloudEvents } from '../adapters/cloud-events.ts';
import { httpAccess, type HttpAccess } from '../adapters/http-access.ts';
import { KafkaAdmin } from '../adapters/kafka-admin.ts';
import { createKafka, REQUEST_TIMEOUT_MS } from '../adapters/kafka-client.ts';
import { KafkaConsumer } from '../adapters/kafka-consumer.ts';
import { KafkaFaults } from '../adapters/kafka-faults.ts';
import { KafkaGroup } from '../adapters/kafka-group.ts';
import { KafkaProducer } from '../adapters/kafka-producer.ts';
import { KafkaRecordReader } from '../adapters/kafka-record-reader.ts';
import { KafkaPromptProducer } from '../adapters/prompt-producer.ts';
import { KeyPlacement } from '../adapters/key-placement.ts';
import { MessageCodec } from '../adapters/avro/message-codec.ts';
import { SchemaRegistration } from '../adapters/avro/schema-registration.ts';
import { SchemaRegistryClient } from '../adapters/avro/schema-registry.ts';
import { subjectsOf, writtenSubjects, type Subject } from '../adapters/subjects.ts';
import { cannotWrite, topicReport, writtenUnasked } from '../adapters/topic-policy.ts';
import { HttpUserDomainClient } from '../adapters/user-domain-client.ts';
import type { Config } from '../config.ts';
import { SCHEMAS } from '../generated/schemas.ts';
import type { CloudEvents } from '../ports/cloud-events.ts';
import type { Codec } from '../ports/codec.ts';
import type { ConsumerGroup } from '../ports/consumer-group.ts';
import type { Consumer } from '../ports/consumer.ts';
import type { Placement } from '../ports/placement.ts';
import type { Producer, PromptProducer } from '../ports/producer.ts';
import type { RecordReader } from '../ports/record-reader.ts';
import type { TopicCheck } from '../ports/topics.ts';
import { aboutOf } from '../ports/telemetry.ts';
import type { UserDomainClient } from '../ports/user-domain-client.ts';
import type { ProcessParts } from './process.ts';
import type { Registrations } from './registrations.ts';

/** Everything that talks to Kafka, the schema registry and the user domain. */
export interface MessagingParts {
  readonly kafka: Kafka;
  readonly kafkaFaults: KafkaFaults;
  readonly kafkaAdmin: KafkaAdmin;
  readonly topicCheck: TopicCheck;
  readonly consumer: Consumer;
  /** The worker's, as the brokers see it. */
  readonly consumerGroup: ConsumerGroup;
  readonly placement: Placement;
  readonly producer: Producer & { stop(): Promise<void> };
  readonly promptProducer: PromptProducer & { stop(): Promise<void> };
  readonly schemaRegistry: SchemaRegistryClient;
  readonly registryAccess: HttpAccess;
  readonly schemaRegistration: SchemaRegistration;
  /** What is registered. */
  readonly subjects: readonly Subject[];
  /** Those of them that the worker itself writes with. */
  readonly writtenSubjects: readonly Subject[];
  readonly codec: Codec & Pick<MessageCodec, 'prepareWriters'>;
  readonly cloudEvents: CloudEvents;
  readonly userDomainClient: UserDomainClient | undefined;
  /** For people who look things up. Whoever asks for it closes it. */
  readonly recordReader: RecordReader;
}

/** Members learn by heartbeats alone that one has joined or left: until all have, nobody of the group reads. Milliseconds. */
export function heartbeatInterval(sessionTimeout: number): number {
  return Math.min(500, sessionTimeout / 6);
}

type Needs = MessagingParts & Pick<ProcessParts, 'topics' | 'logger' | 'telemetry' | 'tracing' | 'steadyClock'>;

export function messagingParts(config: Config): Registrations<MessagingParts> {
  const { kafkaBrokers, kafkaSecurity, kafkaGroupId, connectTimeout, sessionTimeout, topics } = config;
  return {
    kafkaFaults: asFunction(() => new KafkaFaults(kafkaSecurity, kafkaBrokers)).singleton(),
    kafka: asFunction(({ logger, steadyClock: clock, kafkaFaults: faults }: Needs) =>
      createKafka(
        {
          brokers: kafkaBrokers,
          clientId: 'licensing',
          connectTimeout,
          requestTimeout: REQUEST_TIMEOUT_MS,
          security: kafkaSecurity,
          faults,
          clock,
        },
        logger,
      ),
    ).singleton(),
    kafkaAdmin: asFunction(({ kafka }: Needs) => new KafkaAdmin(kafka)).singleton(),
    topicCheck: asFunction(({ kafkaAdmin, logger }: Needs): TopicCheck => ({
      check: async () => {
        const report = topicReport(await kafkaAdmin.describe(topics), config);
        for (const sentence of report.assumed) logger.warn(sentence);
        return report;
      },
      lackingRights: async () => {
        const lacking: string[] = [];
        for (const [topic, use] of writtenUnasked(topics)) {
          const may = await kafkaAdmin.mayWrite(topic);
          if (may === undefined)
            logger.warn(
              `whether ${topic} may be written can't be found out: assumed that it may, for the worker ${use}`,
            );
          if (may === false) lacking.push(cannotWrite(topic, use));
        }
        return lacking;
      },
    })).singleton(),
    consumer: asFunction(
      ({ kafka, kafkaFaults }: Needs) =>
        new KafkaConsumer(kafka, kafkaFaults, {
          groupId: kafkaGroupId,
          topics: [topics.commands, topics.users, topics.userLookUps],
          sessionTimeout,
          rebalanceTimeout: sessionTimeout * 2,
          heartbeatInterval: heartbeatInterval(sessionTimeout),
          maxWaitTime: 250,
          maxBytesPerPartition: 262_144,
          rack: config.kafkaClientRack,
        }),
    ).singleton(),
    consumerGroup: asFunction(({ kafka }: Needs) => new KafkaGroup(kafka, kafkaGroupId)).singleton(),
    placement: asFunction(
      ({ kafkaAdmin, cloudEvents, telemetry, steadyClock }: Needs) =>
        new KeyPlacement({
          aboutOf: (message) => aboutOf(cloudEvents.read(message)),
          partitionsOf: (topic) => kafkaAdmin.partitionsOf(topic),
          telemetry,
          now: () => steadyClock.now(),
        }),
    ).singleton(),
    producer: asFunction(
      ({ kafka, telemetry }: Needs) => new KafkaProducer(kafka, {}, (send) => telemetry.sent(send)),
    ).singleton(),
    promptProducer: asFunction(
      ({ kafka, steadyClock, telemetry }: Needs) =>
        new KafkaPromptProducer(
          kafka,
          () => steadyClock.now(),
          (send) => telemetry.sent(send),
        ),
    ).singleton(),
    recordReader: asFunction(({ kafka }: Needs) => new KafkaRecordReader(kafka)).singleton(),
    registryAccess: asFunction(({ steadyClock }: Needs) =>
      httpAccess(config.schemaRegistrySecurity, 'SCHEMA_REGISTRY_', steadyClock),
    ).singleton(),
    schemaRegistration: asFunction(
      ({ registryAccess: access }: Needs) => new SchemaRegistration({ urls: config.schemaRegistryUrls, access }),
    ).singleton(),
    schemaRegistry: asFunction(
      ({ telemetry, registryAccess: access, logger }: Needs) =>
        new SchemaRegistryClient({
          urls: config.schemaRegistryUrls,
          access,
          telemetry,
          moved: (from, to, err) =>
            logger.warn({ from, to, err }, 'a schema registry does not answer; asking the next one'),
        }),
    ).singleton(),
    subjects: asFunction((cradle: Needs) => subjectsOf(cradle.topics)).singleton(),
    writtenSubjects: asFunction((cradle: Needs) => writtenSubjects(cradle.topics)).singleton(),
    codec: asFunction(
      ({ schemaRegistry, steadyClock, logger }: Needs) =>
        new MessageCodec({ registry: schemaRegistry, schemas: SCHEMAS, clock: steadyClock, logger }),
    ).singleton(),
    cloudEvents: asFunction(
      ({ codec, tracing }: Needs) =>
        new KafkaCloudEvents(codec, { source: config.eventSource, maxMessageBytes: config.maxMessageBytes, tracing }),
    ).singleton(),
    userDomainClient: asFunction(({ telemetry, steadyClock }: Needs) => {
      const { userDomainUrl, userDomainTimeout, userDomainSecurity } = config;
      if (userDomainUrl === undefined) return undefined;
      const access = httpAccess(userDomainSecurity, 'USER_DOMAIN_', steadyClock);
      return new HttpUserDomainClient({ baseUrl: userDomainUrl, access, timeout: userDomainTimeout, telemetry });
    }).singleton(),
  };
}
