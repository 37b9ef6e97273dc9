/** Node of a partition that nobody leads, as brokers say it. */
export const NOBODY = '-1';
/** The codes of a partition that nobody leads, or whose leader has no listener like the one that was asked. */
export const LEADER_NOT_AVAILABLE = 5;
const LISTENER_NOT_FOUND = 72;
/** How soon to look again who leads, while nobody does. Milliseconds. */
const LOOK_AGAIN_MS = 1_000;

interface PartitionMetadata {
  readonly partitionErrorCode: number;
  readonly leader: number;
}

/** What a broker answers about topics, as far as it is read here. */
export interface Metadata {
  readonly topicMetadata: readonly { readonly partitionMetadata: readonly PartitionMetadata[] }[];
}

interface MetadataAnswer {
  readonly parse: (data: Metadata) => Promise<Metadata>;
}

/** The parts of kafkajs' pool of brokers that are used here. */
export interface BrokerPool {
  metadata: Metadata | null;
  /** By the time of day. */
  metadataExpireAt: number | null;
  refreshMetadata(topics: readonly string[]): Promise<void>;
}

/**
 * kafkajs takes a partition that nobody leads for a failure of the whole answer, and so of all topics that a client reads or writes: with one
 * leader away, nothing was fetched or sent any more. Here such a partition is known, without a leader.
 */
export function keepWhatIsLed<T extends MetadataAnswer>(answer: T): T {
  const parse = async (data: Metadata): Promise<Metadata> => {
    const topicMetadata = data.topicMetadata.map((topic) => ({
      ...topic,
      partitionMetadata: topic.partitionMetadata.map((partition) =>
        isLeaderless(partition) ? { ...partition, partitionErrorCode: 0, leader: Number(NOBODY) } : partition,
      ),
    }));
    return answer.parse({ ...data, topicMetadata });
  };
  return { ...answer, parse };
}

function isLeaderless({ partitionErrorCode: code }: PartitionMetadata): boolean {
  return code === LEADER_NOT_AVAILABLE || code === LISTENER_NOT_FOUND;
}

/** The parts of kafkajs' keeper of a member's offsets that are used here. */
export interface OffsetResolver {
  readonly memberAssignment: Readonly<Record<string, readonly number[]>>;
  readonly cluster: {
    findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  };
  resolveOffsets(): Promise<void>;
}

/**
 * Each fetch first finds out where partitions begin for which nothing was committed, and fails when one of them has no leader: with it,
 * nothing of any other one was fetched. Here it is left out until it is led. kafkajs fetches nothing of a partition that was left out.
 */
export function resolveWhatIsLed({ prototype }: { readonly prototype: OffsetResolver }): void {
  const { resolveOffsets } = prototype;
  prototype.resolveOffsets = async function resolve(this: OffsetResolver): Promise<void> {
    const led = Object.entries(this.memberAssignment).map(([topic, partitions]) => {
      const metadata = this.cluster.findTopicPartitionMetadata(topic);
      const leaderless = new Set(metadata.filter(({ leader }) => leader < 0).map(({ partitionId }) => partitionId));
      return [topic, partitions.filter((partition) => !leaderless.has(partition))] as const;
    });
    const memberAssignment: PropertyDescriptor = { value: Object.fromEntries(led) };
    await resolveOffsets.call(Object.create(this, { memberAssignment }) as OffsetResolver);
  };
}

/** What is known is good for minutes. While a partition has no leader it is good for a second, or the partition would wait for the rest. */
export function lookForLeaders({ prototype }: { readonly prototype: BrokerPool }): void {
  const { refreshMetadata } = prototype;
  prototype.refreshMetadata = async function refresh(this: BrokerPool, topics): Promise<void> {
    await refreshMetadata.call(this, topics);
    const partitions = this.metadata?.topicMetadata.flatMap(({ partitionMetadata }) => partitionMetadata) ?? [];
    if (partitions.some(({ leader }) => leader < 0)) this.metadataExpireAt = Date.now() + LOOK_AGAIN_MS;
  };
}
