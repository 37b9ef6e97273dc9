import type { Admin } from 'kafkajs';

/** By `topic/partition`, an offset. */
export type Offsets = ReadonlyMap<string, number>;

/** How far a group has come in topics. */
export class GroupOffsets {
  private readonly admin: Admin;
  private readonly groupId: string;
  private readonly topics: readonly string[];

  constructor(admin: Admin, groupId: string, topics: readonly string[]) {
    this.admin = admin;
    this.groupId = groupId;
    this.topics = topics;
  }

  /** Where the topics end now. */
  async ends(): Promise<Offsets> {
    const ends = await Promise.all(
      this.topics.map(async (topic) =>
        (await this.admin.fetchTopicOffsets(topic)).map(
          ({ partition, high }) => [`${topic}/${partition}`, Number(high)] as const,
        ),
      ),
    );
    return new Map(ends.flat());
  }

  /** How many messages before these ends the group has not finished. */
  async lagBehind(ends: Offsets): Promise<number> {
    const committed = await this.committed();
    return [...ends].reduce((sum, [name, end]) => sum + end - Math.min(end, committed.get(name) ?? 0), 0);
  }

  private async committed(): Promise<Offsets> {
    const groups = await this.admin.fetchOffsets({ groupId: this.groupId, topics: [...this.topics] });
    return new Map(
      groups.flatMap(({ topic, partitions }) =>
        // -1: nothing was committed yet.
        partitions.map(({ partition, offset }) => [`${topic}/${partition}`, Math.max(0, Number(offset))] as const),
      ),
    );
  }
}

/** How many members a consumer group has, by the broker's own account. */
export async function membersOf(admin: Admin, group: string): Promise<number> {
  const { groups } = await admin.describeGroups([group]);
  return groups[0]?.members.length ?? 0;
}

/** A broker that has just come back does not know for a while what it leads: ask again. */
export async function unlessNotYet<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && error.name.startsWith('KafkaJS')) return undefined;
    throw error;
  }
}
