import avsc from 'avsc';
import { subjectOf } from '../src/adapters/subjects.ts';
import type { Config } from '../src/config.ts';
import type { MessageName } from '../src/generated/messages.ts';

// Looks up the Avro type and the schema id with which a contender without our codec writes.

export async function typeOf(config: Config, topic: string, name: MessageName): Promise<avsc.Type> {
  return avsc.Type.forSchema(JSON.parse((await latest(config, topic, name)).schema) as avsc.Schema);
}

export async function idOfSchema(config: Config, topic: string, name: MessageName): Promise<number> {
  return (await latest(config, topic, name)).id;
}

async function latest(config: Config, topic: string, name: MessageName): Promise<{ id: number; schema: string }> {
  const answer = await fetch(`${config.schemaRegistryUrls[0]}/subjects/${subjectOf(topic, name)}/versions/latest`);
  return (await answer.json()) as { id: number; schema: string };
}
