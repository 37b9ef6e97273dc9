import type { Cradle } from '../src/container.ts';
import { SCHEMAS } from '../src/generated/schemas.ts';

/** How many subjects are registered at once: each takes a few requests, one after the other. */
const AT_ONCE = 8;

/** Does what `licensing migrate up`, `schemas register` and `topics create` do, at the same time. */
export async function setUp(cradle: Cradle): Promise<void> {
  const { migrations, database } = cradle;
  const migrate = async (): Promise<void> => {
    await migrations.up();
    await database.destroy();
  };
  await Promise.all([migrate(), registerSchemas(cradle), createTopics(cradle)]);
}

export async function createTopics({ kafkaAdmin, config }: Cradle): Promise<void> {
  await kafkaAdmin.create(config.topics, {
    maxMessageBytes: config.maxMessageBytes,
    partitions: config.topicPartitions,
    replicationFactor: config.topicReplicationFactor,
    retention: config.topicRetention,
  });
}

export async function registerSchemas({ schemaRegistration, subjects }: Cradle): Promise<void> {
  const rest = subjects.values();
  const one = async (): Promise<void> => {
    for (const { subject, type } of rest) {
      await schemaRegistration.register(subject, SCHEMAS[type], 'FULL_TRANSITIVE');
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}
