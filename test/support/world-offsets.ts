import type { Admin } from 'kafkajs';

/** By `topic/partition`, an offset. */
export type Offsets = ReadonlyMap<string, number>;

/** How far groups have come in topics, each of which reads all of them. */
export class GroupOffsets {
  private readonly admin: Admin;
  private readonly groups: ReadonlySet<string>;
  private readonly topics: readonly string[];

  constructor(admin: Admin, groups: ReadonlySet<string>, topics: readonly string[]) {
    this.admin = admin;
    this.groups = groups;
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

  /** How many messages before these ends the groups have not finished, in all. */
  async lagBehind(ends: Offsets): Promise<number> {
    let lag = 0;
    for (const group of this.groups) {
      const committed = await this.committed(group);
      for (const [name, end] of ends) lag += end - Math.min(end, committed.get(name) ?? 0);
    }
    return lag;
  }

  private async committed(groupId: string): Promise<Offsets> {
    const found = await this.admin.fetchOffsets({ groupId, topics: [...this.topics] });
    return new Map(
      found.flatMap(({ topic, partitions }) =>
        // -1: nothing was committed yet.
        partitions.map(({ partition, offset }) => [`${topic}/${partition}`, Math.max(0, Number(offset))] as const),
      ),
    );
  }
}

/** How many members a consumer group has, by the broker's own account. */
export async function membersOf(admin: Admin, group: string): Promise<number> {
  return (await memberIdsOf(admin, group)).length;
}

export async function memberIdsOf(admin: Admin, group: string): Promise<readonly string[]> {
  const { groups } = await admin.describeGroups([group]);
  return groups[0]?.members.map(({ memberId }) => memberId) ?? [];
}

/** A broker that has just come back does not know for a while what it leads: ask again. */
export async function unlessNotYet<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && (error.name.startsWith('KafkaJS') || isAnswerWithoutLeader(error))) return undefined;
    throw error;
  }
}

/** What becomes of it in kafkajs' `fetchTopicOffsets` when its metadata names a leader of none of the partitions. */
function isAnswerWithoutLeader({ name, message }: Error): boolean {
  return name === 'TypeError' && message.includes("property 'partitions' of");
}
