import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type KafkaJs from 'kafkajs';
import type { Admin } from 'kafkajs';
import { mendedKafkaJs } from './kafkajs/mended.ts';
import type { FetchCluster } from './kafkajs/fetches.ts';
import { FETCHES, OPERATIONS } from './kafkajs/mends.ts';

const folder = dirname(createRequire(import.meta.url).resolve('kafkajs/package.json'));

/**
 * kafkajs, mended (see kafkajs/mends.ts). Everything here takes it from this file. The copy is this program's own: a host program that uses
 * kafkajs, too, has its own as it comes, whichever of the two is loaded first.
 */
export const {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  AssignerProtocol,
  CompressionCodecs,
  CompressionTypes,
  ConfigResourceTypes,
  ConfigSource,
  Kafka,
  logLevel,
  PartitionAssigners,
  Partitioners,
  ResourcePatternTypes,
} = mendedKafkaJs(folder).load('index.js') as typeof KafkaJs;

/** @returns whether the user of this client may write the topic; undefined when the broker does not tell */
export async function mayWrite(admin: Admin, topic: string): Promise<boolean | undefined> {
  return OPERATIONS.mayWrite(admin, topic);
}

/** @returns what this client reads topics through, without a group */
export function clusterOf(admin: Admin): FetchCluster {
  return FETCHES.of(admin);
}
