import type { KafkaConfig } from 'kafkajs';
import { Kafka, logLevel } from 'kafkajs';
import type { RegistryOptions } from './registry.ts';

export interface ConnectionOptions {
  /** As kafkajs takes it: brokers, ssl, sasl, ... Without a logLevel it logs warnings and errors. */
  readonly kafka: KafkaConfig;
  readonly registry: RegistryOptions;
  /** As the worker's TOPIC_PREFIX: goes before the default names of the topics. */
  readonly topicPrefix?: string;
  /** Of the consumer groups that are made for reading, one each time. They commit nothing. The user needs the right to read them. */
  readonly groupPrefix?: string;
  /** Told of what went wrong and is tried again. Default: nobody is. */
  readonly onProblem?: (problem: unknown) => void;
}

export function kafkaOf({ kafka }: ConnectionOptions): Kafka {
  return new Kafka({ logLevel: logLevel.WARN, ...kafka });
}
