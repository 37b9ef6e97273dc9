import type { TopicPartition } from '../ports/consumer.ts';

/** The key of a partition in maps. */
export function idOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
