// kafkajs reads within groups only. Joining one takes seconds where brokers wait for further members, needs a right, and leaves a group behind.

import type { AbortedTransaction } from './aborted-records.ts';
import type { DecodedRecord } from './record-decoder.ts';

export interface FetchCluster extends OffsetsCluster {
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  /** By the number of the leader. */
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, readonly number[]>>;
  findBroker(by: { readonly nodeId: string }): Promise<FetchBroker>;
}

/** kafkajs asks the brokers for all that it is asked at once: what one of them refuses fails the rest. */
export interface OffsetsCluster {
  fetchTopicsOffset(
    wanted: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number }[];
      readonly fromBeginning?: boolean;
    }[],
  ): Promise<readonly TopicOffsets[]>;
}

export interface TopicOffsets {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
}

export interface FetchBroker {
  fetch(order: FetchOrder): Promise<FetchAnswer>;
}

export interface FetchOrder {
  readonly maxWaitTime: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly isolationLevel: number;
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly fetchOffset: string;
      readonly maxBytes: number;
    }[];
  }[];
}

export interface FetchAnswer {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly FetchedPartition[];
  }[];
}

export interface FetchedPartition {
  readonly partition: number;
  /** Up to where it can be read. */
  readonly lastStableOffset: string;
  readonly abortedTransactions?: readonly AbortedTransaction[] | null;
  /** Also those before the place that was asked for, if they are of the same batch. */
  readonly messages: readonly DecodedRecord[];
}

/** Knows the clusters of the admin clients that are made, so that topics can be read through them. */
export class Fetches {
  private readonly clusters = new WeakMap<object, FetchCluster>();

  /** Remembers the cluster of each admin client. */
  createAdmins<Parts extends { readonly cluster: object }, Admin extends object>(
    original: (parts: Parts) => Admin,
  ): (parts: Parts) => Admin {
    return (parts) => {
      const admin = original(parts);
      this.clusters.set(admin, parts.cluster as FetchCluster); // that it has all of it is checked at load
      return admin;
    };
  }

  of(admin: object): FetchCluster {
    const cluster = this.clusters.get(admin);
    if (cluster === undefined) throw new Error('this is no admin client of ours');
    return cluster;
  }
}
