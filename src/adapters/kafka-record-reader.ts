import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import { ConfigurationError } from '../ports/errors.ts';
import type { FetchedRecords, PartitionRange, Place, RecordReader } from '../ports/record-reader.ts';
import { receivedFrom } from './kafka-consumer.ts';
import { clusterOf } from './kafkajs.ts';
import { withoutAbortedRecords } from './kafkajs/aborted-records.ts';
import type { FetchAnswer, FetchedPartition, FetchOrder } from './kafkajs/fetches.ts';
import { hashOfKey } from './partitioner.ts';
import { offsetsOfAll } from './topic-offsets.ts';

const READ_COMMITTED = 1;
/** What stands there is wanted, nothing that is still to come. */
const MAX_WAIT_MS = 0;
const MAX_ANSWER_BYTES = 16 << 20;
/** Rides out the election of a leader. */
const TRIES = 5;
const PAUSE_MS = 200;

/** Reads through an admin client, over one connection to each broker. */
export class KafkaRecordReader implements RecordReader {
  private readonly kafka: Pick<Kafka, 'admin'>;
  private connecting: Promise<Admin> | undefined;

  constructor(kafka: Pick<Kafka, 'admin'>) {
    this.kafka = kafka;
  }

  async ranges(topic: string): Promise<readonly PartitionRange[]> {
    const admin = await this.admin();
    const there = await admin.listTopics();
    if (!there.includes(topic)) {
      throw new ConfigurationError(
        `topic ${topic} does not exist, or the brokers do not let this user see it; run \`licensing topics create\``,
      );
    }
    const found = await offsetsOfAll(admin, topic);
    return found
      .map(({ partition, low, high }) => ({ partition, first: Number(low), end: Number(high) }))
      .sort((a, b) => a.partition - b.partition);
  }

  async offsetsAt(topic: string, time: number): Promise<ReadonlyMap<number, number>> {
    const admin = await this.admin();
    const found = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, Math.floor(time)));
    return new Map(found.map(({ partition, offset }) => [partition, Number(offset)]));
  }

  partitionOf(key: Buffer, partitions: number): number {
    return hashOfKey(key) % partitions;
  }

  async fetch(places: readonly Place[], maxBytes: number): Promise<readonly FetchedRecords[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.fetchOnce(places, maxBytes);
      } catch (error) {
        if (!mayPass(error) || tries === TRIES) throw error;
      }
      await sleep(PAUSE_MS);
      await clusterOf(await this.admin()).refreshMetadata();
    }
  }

  async close(): Promise<void> {
    const admin = await this.connecting;
    await admin?.disconnect();
  }

  private async fetchOnce(places: readonly Place[], maxBytes: number): Promise<readonly FetchedRecords[]> {
    const cluster = clusterOf(await this.admin());
    const byLeader = new Map<string, Place[]>();
    for (const place of places) {
      await cluster.addTargetTopic(place.topic);
      const [leader = ''] = Object.keys(cluster.findLeaderForPartitions(place.topic, [place.partition]));
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), place]);
    }
    const answers = await Promise.all(
      [...byLeader].map(async ([nodeId, some]) => {
        const broker = await cluster.findBroker({ nodeId });
        const answer = await broker.fetch(orderOf(some, maxBytes));
        return Promise.all(
          some.map(async (place) => {
            // A place gets nothing when those before it have filled the answer, or left too little for its batch. Alone it gets the batch.
            const isLeftOut = some.length > 1 && isLeftOutOf(answer, place);
            return recordsAt(place, isLeftOut ? await broker.fetch(orderOf([place], maxBytes)) : answer);
          }),
        );
      }),
    );
    return answers.flat();
  }

  /** Connects once. */
  private async admin(): Promise<Admin> {
    this.connecting ??= (async () => {
      const admin = this.kafka.admin();
      await admin.connect();
      return admin;
    })();
    return this.connecting;
  }
}

function orderOf(places: readonly Place[], maxBytes: number): FetchOrder {
  return {
    ...{ maxWaitTime: MAX_WAIT_MS, minBytes: 1, maxBytes: MAX_ANSWER_BYTES, isolationLevel: READ_COMMITTED },
    topics: [...Map.groupBy(places, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
      topic,
      partitions: ofTopic.map(({ partition, offset }) => ({ partition, fetchOffset: String(offset), maxBytes })),
    })),
  };
}

function isLeftOutOf(answer: FetchAnswer, place: Place): boolean {
  const found = partitionIn(answer, place);
  return found?.messages.length === 0 && Number(found.lastStableOffset) > place.offset;
}

function partitionIn({ responses }: FetchAnswer, { topic, partition }: Place): FetchedPartition | undefined {
  return responses.find(({ topicName }) => topicName === topic)?.partitions.find((one) => one.partition === partition);
}

function recordsAt(place: Place, answer: FetchAnswer): FetchedRecords {
  const { topic, partition, offset } = place;
  const found = partitionIn(answer, place);
  if (found === undefined) return { topic, partition, records: [], next: offset };
  const { messages, abortedTransactions = null } = found;
  const last = messages.at(-1);
  const committed = withoutAbortedRecords({ messages: [...messages], abortedTransactions });
  return {
    ...{ topic, partition },
    records: committed
      .filter((record) => !record.isControlRecord && Number(record.offset) >= offset)
      .map((record) => receivedFrom(topic, partition, record)),
    next: last === undefined ? offset : Math.max(offset, Number(last.offset) + 1),
  };
}

function mayPass(error: unknown): boolean {
  return error instanceof Error && 'retriable' in error && error.retriable === true;
}
