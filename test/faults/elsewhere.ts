import { randomUUID } from 'node:crypto';
import { createTenant } from '../e2e/given.ts';
import { partitionOf } from '../oracle/identity.ts';
import { until } from '../support/world-until.ts';
import type { World } from '../support/world.ts';

/** A key whose partition belongs to the other one of two workers, or of two lanes: partitions are dealt out in turn. */
export function idElsewhere({ partitions }: World, id: string): string {
  for (;;) {
    const other = randomUUID();
    if ((partitionOf(id, partitions) - partitionOf(other, partitions)) % 2 !== 0) return other;
  }
}

/**
 * Sees that the lane of a key waits with a command while the other one goes on with what comes. By offsets, which are committed after the
 * publication: who reads the answers may miss one of their topics. Nobody else may send.
 */
export async function onlyOtherLaneGoesOn(world: World, id: string): Promise<void> {
  const other = idElsewhere(world, id);
  await world.send([createTenant({ tenantId: other })]);
  const isDone = async (key: string): Promise<boolean> =>
    (await lagAt(world, partitionOf(key, world.partitions))) === 0;
  await until('the other lane goes on', async () => isDone(other));
  expect(await isDone(id)).toBe(false);
}

/** How many commands of a partition are not done. */
async function lagAt({ admin, group, topics }: World, partition: number): Promise<number> {
  const ends = await admin.fetchTopicOffsets(topics.commands);
  const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topics.commands] });
  const end = ends.find((one) => one.partition === partition)?.offset;
  const done = committed?.partitions.find((one) => one.partition === partition)?.offset;
  return Number(end) - Number(done);
}
