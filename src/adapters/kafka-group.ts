import type { Admin, Kafka } from 'kafkajs';
import type { ConsumerGroup, GroupDescription, GroupProgresses, GroupState } from '../ports/consumer-group.ts';
import type { TopicPartition } from '../ports/consumer.ts';
import { AssignerProtocol } from './kafkajs.ts';
import { offsetsOf, type TopicOffsets } from './topic-offsets.ts';

/** Asks over one connection, which lasts until `stop`, or until an error: the next question makes a new one. */
export class KafkaGroup implements ConsumerGroup {
  private readonly kafka: Kafka;
  private readonly groupId: string;
  private connection: Connection | undefined;

  constructor(kafka: Kafka, groupId: string) {
    this.kafka = kafka;
    this.groupId = groupId;
  }

  async describe(): Promise<GroupDescription> {
    return this.ask(async (admin) => {
      const { groups } = await admin.describeGroups([this.groupId]);
      const [group] = groups;
      return {
        state: stateOf(group?.state ?? 'Dead'),
        members: (group?.members ?? []).map(({ memberId, clientId, clientHost, memberAssignment }) => ({
          ...{ memberId, clientId, host: clientHost.replace(/^\//, '') },
          partitions: partitionsOf(memberAssignment),
        })),
      };
    });
  }

  async progress(topics: readonly string[]): Promise<GroupProgresses> {
    return this.ask(async (admin) => {
      // In this order: whoever works meanwhile seems to have more left to do, and never less than nothing.
      const found = await admin.fetchOffsets({ groupId: this.groupId, topics: [...topics] });
      const committed = new Map(
        found.flatMap(({ topic, partitions }) =>
          partitions.map(({ partition, offset }) => [`${topic}/${partition}`, Number(offset)] as const),
        ),
      );
      // One after the other: where metadata is renewed often, since nobody leads a partition, kafkajs mixes up those who ask at a time.
      const each: (TopicOffsets & { readonly topic: string })[] = [];
      for (const topic of topics) each.push({ topic, ...(await offsetsOf(admin, topic)) });
      return {
        partitions: each.flatMap(({ topic, led }) =>
          led
            .map(({ partition, low, high }) => ({
              ...{ topic, partition, begin: Number(low), end: Number(high) },
              committed: validOffset(committed.get(`${topic}/${partition}`)),
            }))
            .sort((a, b) => a.partition - b.partition),
        ),
        leaderless: each.flatMap(({ topic, leaderless }) => leaderless.map((partition) => ({ topic, partition }))),
      };
    });
  }

  /** Waits for no connection that is still being made: it is ended once it is there. */
  async stop(): Promise<void> {
    const { connection } = this;
    this.connection = undefined;
    if (connection === undefined) return;
    const ended = connection.connected.then(
      () => connection.admin.disconnect(),
      () => undefined, // who never got one has none to end
    );
    if (connection.isThere) await ended;
    else ended.catch(() => undefined);
  }

  private async ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    this.connection ??= this.connect();
    const { admin, connected } = this.connection;
    try {
      await connected;
      return await question(admin);
    } catch (error) {
      // kafkajs may cling to a connection on which nobody answers.
      await this.stop().catch(() => undefined); // the fault that is told is the one before
      throw error;
    }
  }

  private connect(): Connection {
    const admin = this.kafka.admin();
    const connection: Connection = { admin, isThere: false, connected: admin.connect() };
    connection.connected.then(
      () => (connection.isThere = true),
      () => undefined, // told to who has asked
    );
    return connection;
  }
}

interface Connection {
  readonly admin: Admin;
  readonly connected: Promise<void>;
  isThere: boolean;
}

/** -1: none was committed. kafkajs commits -2 where its position was out of range. */
function validOffset(offset = -1): number | undefined {
  return offset < 0 ? undefined : offset;
}

/** Source: Kafka's `ConsumerGroupState`. */
function stateOf(word: string): GroupState {
  switch (word) {
    case 'Stable':
      return 'stable';
    case 'Empty':
      return 'empty';
    case 'Dead':
      return 'dead';
    default:
      return 'rebalancing'; // PreparingRebalance, CompletingRebalance
  }
}

/** @param assignment as the leader of the group has written it; empty while the group rebalances */
function partitionsOf(assignment: Buffer): readonly TopicPartition[] {
  const decoded = AssignerProtocol.MemberAssignment.decode(assignment);
  return Object.entries(decoded?.assignment ?? {}).flatMap(([topic, partitions]) =>
    [...partitions].sort((a, b) => a - b).map((partition) => ({ topic, partition })),
  );
}
