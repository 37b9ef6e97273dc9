import type { Cradle } from '../container.ts';
import { decodeValue } from './decode.ts';

/** An event as it stands in Kafka. */
export interface PublishedEvent {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** Its `ce_id`. */
  readonly id: string;
  /** Full name. Undefined when the value can't be decoded; then there is no data either. */
  readonly type: string | undefined;
  readonly data: Readonly<Record<string, unknown>> | undefined;
}

export interface LastEvents {
  /** Oldest first, each id once. */
  readonly events: readonly PublishedEvent[];
  /** Nothing older was looked at than this; milliseconds since the epoch. Null: the topic's beginning was reached, or there are enough. */
  readonly since: number | null;
}

interface WantedEvents {
  /** The tenant's id, for users the user's. */
  readonly key: string;
  readonly fits: (event: PublishedEvent) => boolean;
  readonly count: number;
  /** Milliseconds since the epoch: older ones are left out. */
  readonly since: number;
}

/** How many records of the partition are read, and how many of them first: the events of a busy tenant are among the last. */
const MOST_RECORDS = 100_000;
const FIRST_RECORDS = 500;
const FURTHER = 4;
const LOOK_BYTES = 4 << 20;

/** Reads the partition of a key backwards, in growing steps. */
export async function lastEvents(
  { recordReader, topics, codec, cloudEvents, config }: Cradle,
  { key, fits, count, since }: WantedEvents,
): Promise<LastEvents> {
  const topic = topics.events;
  const ranges = await recordReader.ranges(topic);
  const bytes = Buffer.from(key);
  const partition = recordReader.partitionOf(bytes, ranges.length);
  const { first = 0, end = 0 } = ranges.find((one) => one.partition === partition) ?? {};
  const starts = await recordReader.offsetsAt(topic, since);
  const begin = Math.max(first, starts.get(partition) ?? first, end - MOST_RECORDS);
  const found = new Map<string, PublishedEvent>();
  for (let [to, size] = [end, FIRST_RECORDS]; to > begin && found.size < count; size *= FURTHER) {
    const from = Math.max(begin, to - size);
    const step: PublishedEvent[] = [];
    for (let at = from; at < to;) {
      const [look] = await recordReader.fetch([{ topic, partition, offset: at }], LOOK_BYTES);
      for (const { offset, timestamp, key: of, value, headers } of look?.records ?? []) {
        if (offset >= to || of === null || !of.equals(bytes)) continue;
        const id =
          cloudEvents
            .decodeHeaders(headers)
            .find(([name]) => name === 'ce_id')?.[1]
            ?.toString() ?? '';
        const event = { topic, partition, offset, timestamp, id, ...(await decodeValue({ codec, config }, value)) };
        if (fits(event)) step.push(event);
      }
      if (look === undefined || look.next === at) break;
      at = look.next;
    }
    // The newest record of an id is left out where an older one has it: a repetition may come late.
    for (const event of step.toReversed()) found.set(event.id, event);
    to = from;
  }
  const events = [...found.values()].toSorted((a, b) => a.offset - b.offset).slice(-count);
  return { events, since: events.length < count && begin > first ? since : null };
}
