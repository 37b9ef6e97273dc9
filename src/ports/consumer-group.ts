import type { TopicPartition } from './consumer.ts';

/** As the coordinator has it. `stable`: partitions are dealt out. `rebalancing`: they are not. `empty`: nobody is in it. `dead`: there is none. */
export type GroupState = 'stable' | 'rebalancing' | 'empty' | 'dead';

export interface GroupMember {
  readonly memberId: string;
  readonly clientId: string;
  readonly host: string;
  /** Empty while the group rebalances, and where there are more members than partitions. */
  readonly partitions: readonly TopicPartition[];
}

export interface GroupDescription {
  readonly state: GroupState;
  readonly members: readonly GroupMember[];
}

/** How far the group has come in a partition. */
export interface GroupProgress extends TopicPartition {
  /** The offset of the first record that is kept. */
  readonly begin: number;
  /** The offset of the next record to come. */
  readonly end: number;
  /** The offset of the next message to be handled; undefined: none was committed yet, or it has become invalid. */
  readonly committed: number | undefined;
}

export interface GroupProgresses {
  /** By topic, then by partition. A committed offset is never younger than the end beside it. */
  readonly partitions: readonly GroupProgress[];
  /** Partitions that nobody leads: where they end is not known. */
  readonly leaderless: readonly TopicPartition[];
}

/** What the brokers tell of a consumer group, whoever asks. */
export interface ConsumerGroup {
  describe(): Promise<GroupDescription>;
  progress(topics: readonly string[]): Promise<GroupProgresses>;
  stop(): Promise<void>;
}

/** How many messages that are kept wait to be handled. */
export function lagOf(progress: Omit<GroupProgress, keyof TopicPartition>): number {
  return Math.max(0, progress.end - handledUpTo(progress));
}

/** Up to where everything that is kept was handled. Without a committed offset the group begins at the first record. */
export function handledUpTo({ begin, committed }: Pick<GroupProgress, 'begin' | 'committed'>): number {
  return Math.max(begin, committed ?? begin);
}
