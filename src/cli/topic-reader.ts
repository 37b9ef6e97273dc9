import { setTimeout as sleep } from 'node:timers/promises';
import type { Cradle } from '../container.ts';
import { ConfigurationError } from '../ports/errors.ts';
import { decodeValue } from './decode.ts';

/** A message as it stands in a topic, headers and key as text. */
export interface TopicRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Buffer | null;
}

/** A message as a person wants it: the value decoded if it can be. */
export interface ReadMessage extends TopicRecord {
  /** Full name; undefined when the value can't be decoded. */
  readonly type: string | undefined;
  /** Undefined when the value can't be decoded, or is of a type that this build does not know. */
  readonly data: Readonly<Record<string, unknown>> | undefined;
}

/** The offset to be read next, by `topic/partition`. */
export type Positions = ReadonlyMap<string, bigint>;

export interface Reading {
  readonly topics: readonly string[];
  /** Positions come from `positions`, of the same topics. */
  readonly from: 'beginning' | 'end' | Positions;
  readonly signal: AbortSignal;
  /** Called for one record after the other; within a partition in its order. What it throws ends the reading. */
  readonly onRecord: (record: TopicRecord) => void | Promise<void>;
  /** Called each time that a partition has been read up to there, records of no interest (such as ends of transactions) included. */
  readonly onPosition?: (place: string, next: bigint) => void;
}

interface RawMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | readonly (Buffer | string)[] | undefined>>;
}

type Admin = ReturnType<Cradle['kafka']['admin']>;

const GOODBYE_MS = 3_000;

/**
 * Reads topics without leaving a trace: kafkajs can't read outside a group, so the group is a throw-away one that commits
 * nothing and is deleted in the end. It begins where it is told to by seeking, at every (re)join.
 */
export class TopicReader {
  private readonly cradle: Pick<Cradle, 'kafka' | 'kafkaFaults' | 'codec' | 'newId' | 'config'>;

  constructor(cradle: Pick<Cradle, 'kafka' | 'kafkaFaults' | 'codec' | 'newId' | 'config'>) {
    this.cradle = cradle;
  }

  /** Resolves once the signal aborts. @throws ConfigurationError when a topic is not there, Unreachable */
  async follow({ topics, from, signal, onRecord, onPosition }: Reading): Promise<void> {
    const { kafka, newId } = this.cradle;
    const next = new Map(typeof from === 'string' ? await this.positions(topics, from) : from);
    const groupId = `licensing-tail-${newId()}`;
    const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 500 });
    const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<undefined>();
    ended.catch(() => undefined); // it may fail before it is awaited
    signal.addEventListener('abort', () => end(undefined));
    if (signal.aborted) end(undefined);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      for (const [topic, partitions] of Object.entries(payload.memberAssignment)) {
        for (const partition of partitions) {
          const offset = next.get(`${topic}/${partition}`);
          if (offset !== undefined) consumer.seek({ topic, partition, offset: String(offset) });
        }
      }
    });
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
      if (!signal.aborted) onPosition?.(`${topic}/${partition}`, BigInt(lastOffset) + 1n);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) fail(this.cradle.kafkaFaults.explained(payload.error));
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatch: async ({ batch: { topic, partition, messages }, resolveOffset, heartbeat }) => {
          const place = `${topic}/${partition}`;
          for (const message of messages) {
            if (signal.aborted) return;
            const offset = BigInt(message.offset);
            if (offset >= (next.get(place) ?? 0n)) {
              try {
                await onRecord(recordOf(topic, partition, message));
              } catch (error) {
                fail(error);
                return;
              }
              next.set(place, offset + 1n);
            }
            resolveOffset(message.offset);
            await heartbeat();
          }
        },
      });
      await ended;
    } finally {
      await atMost(
        GOODBYE_MS,
        this.leave(groupId, () => consumer.disconnect()),
      );
    }
  }

  /** Where the topics begin or end now. What is sent after that is not missed. @throws ConfigurationError when a topic is not there */
  async positions(topics: readonly string[], from: 'beginning' | 'end'): Promise<Positions> {
    const admin = this.cradle.kafka.admin();
    await admin.connect();
    try {
      await areThere(admin, topics);
      const positions = new Map<string, bigint>();
      for (const topic of topics) {
        for (const { partition, low, high } of await offsetsOf(admin, topic)) {
          positions.set(`${topic}/${partition}`, BigInt(from === 'beginning' ? low : high));
        }
      }
      return positions;
    } finally {
      await admin.disconnect();
    }
  }

  /** @throws ConfigurationError that names the topics which are not there */
  async mustBeThere(topics: readonly string[]): Promise<void> {
    const admin = this.cradle.kafka.admin();
    await admin.connect();
    await areThere(admin, topics).finally(() => admin.disconnect());
  }

  /** @throws Unreachable when the registry does not tell the schema */
  async read(record: TopicRecord): Promise<ReadMessage> {
    return { ...record, ...(await decodeValue(this.cradle, record.value)) };
  }

  /** The broker would forget the empty group by itself after a while; a refusal to delete it is no fault of anybody. */
  private async leave(groupId: string, disconnect: () => Promise<void>): Promise<void> {
    await disconnect();
    const admin = this.cradle.kafka.admin();
    await admin.connect();
    await admin.deleteGroups([groupId]);
    await admin.disconnect();
  }
}

async function areThere(admin: Admin, topics: readonly string[]): Promise<void> {
  const there = new Set(await admin.listTopics());
  const missing = topics.filter((topic) => !there.has(topic));
  if (missing.length === 0) return;
  throw new ConfigurationError(
    `topic ${missing.join(', ')} does not exist, or the brokers do not let this user see it; run \`licensing topics create\``,
  );
}

function recordOf(topic: string, partition: number, message: RawMessage): TopicRecord {
  const { offset, timestamp, key, value, headers = {} } = message;
  return {
    topic,
    partition,
    offset,
    timestamp: Number(timestamp),
    key: key === null ? null : key.toString(),
    headers: Object.fromEntries(Object.entries(headers).map(([name, content]) => [name, String(content ?? '')])),
    value,
  };
}

const LEADER_TRIES = 40;
const LEADER_PAUSE_MS = 100;

/** A topic that was created just now may have no leader for a moment; kafkajs gives up on that at the first try. */
async function offsetsOf(admin: Admin, topic: string): ReturnType<Admin['fetchTopicOffsets']> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await admin.fetchTopicOffsets(topic);
    } catch (error) {
      const mayPass = error instanceof Error && 'retriable' in error && error.retriable === true;
      if (!mayPass || tries === LEADER_TRIES) throw error;
      await sleep(LEADER_PAUSE_MS);
    }
  }
}

async function atMost(limit: number, work: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), limit);
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
