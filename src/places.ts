import type { Config } from './config.ts';
import { placeOf, placeOfDatabase } from './urls.ts';

/** Where the servers are, for a sentence: the variable that says so, and what may be told of its value. */

export function kafkaPlace({ kafkaBrokers }: Pick<Config, 'kafkaBrokers'>): string {
  return `KAFKA_BROKERS ${kafkaBrokers.join(',')}`;
}

export function registryPlace({ schemaRegistryUrls }: Pick<Config, 'schemaRegistryUrls'>): string {
  return `SCHEMA_REGISTRY_URL ${schemaRegistryUrls.map(placeOf).join(',')}`;
}

export function databasePlace({ databaseUrl }: Pick<Config, 'databaseUrl'>): string {
  return `DATABASE_URL ${placeOfDatabase(databaseUrl())}`;
}
