import { ConfigResourceTypes, ConfigSource } from '../../src/adapters/kafkajs.ts';
import { createTenant } from '../e2e/given.ts';
import { unlessNotYet } from './world-offsets.ts';
import { until } from './world-until.ts';
import type { World } from './world.ts';

const HOUR = 60 * 60 * 1_000;

/** Changes these settings of a topic, and leaves the others as they are. */
export async function setTopic(
  { admin }: World,
  topic: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
  const change = async (): Promise<true> => {
    const { resources } = await admin.describeConfigs({ resources: [resource], includeSynonyms: false });
    const own = resources
      .flatMap(({ configEntries }) => configEntries)
      .filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG)
      .map(({ configName, configValue }) => [configName, configValue] as const);
    const configEntries = [...new Map([...own, ...Object.entries(settings)])].map(([name, value]) => ({ name, value }));
    await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
    return true;
  };
  await until('the topic is changed', () => unlessNotYet(change()));
}

/** From now on commands have the time that their producers give them, as in a topic that `topics create` has not made. */
export async function dateByProducers(world: World): Promise<void> {
  const { commands } = world.topics;
  await setTopic(world, commands, { 'message.timestamp.type': 'CreateTime' });
  const timestamp = Date.now() - HOUR;
  await until('the broker takes a record as it is dated', async () => {
    await world.send([createTenant({}, { timestamp: String(timestamp) })]);
    await world.collector.caughtUp([commands]);
    return world.collector.records(commands).some((record) => record.timestamp === timestamp);
  });
}
