import type { TopicPartition } from '../../ports/consumer.ts';

/** What a partition is known by in maps. */
export function idOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
