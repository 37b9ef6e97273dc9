import { randomUUID } from 'node:crypto';
import avsc from 'avsc';
import type { RawSending } from './load.ts';
import type { World } from './world.ts';

/** What a schema refers to by its name. */
export interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/** A record schema, as other teams write them. */
export interface ForeignSchema {
  readonly type: 'record';
  readonly name: string;
  readonly namespace: string;
  readonly fields: readonly { readonly name: string; readonly type: unknown; readonly default?: unknown }[];
}

/** The registry would not have it. */
export class NotRegistered extends Error {
  override readonly name = 'NotRegistered';
}

/**
 * Registers a schema as any team may. @param topic whose subject it goes under, by TopicRecordNameStrategy
 * @returns its id. @throws NotRegistered with the registry's status
 */
export async function registerSchema(
  world: World,
  topic: string,
  schema: ForeignSchema,
  references: readonly SchemaReference[] = [],
): Promise<number> {
  const subject = encodeURIComponent(`${topic}-${schema.namespace}.${schema.name}`);
  const answer = await fetch(`${world.env['SCHEMA_REGISTRY_URL']}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify(schema), ...(references.length > 0 && { references }) }),
  });
  if (!answer.ok) throw new NotRegistered(`${subject}: status ${answer.status}`);
  return ((await answer.json()) as { readonly id: number }).id;
}

/** The Confluent frame of a value, written with this schema. */
export function frameOf(id: number, schema: ForeignSchema, value: object): Buffer {
  return framed(id, avsc.Type.forSchema(schema as Parameters<typeof avsc.Type.forSchema>[0]).toBuffer(value));
}

/** Bytes behind a schema id, whatever they are. */
export function framed(id: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, bytes]);
}

/** A frame on its way to the commands, under a new id. */
export function rawCommand(value: Buffer | null, key: string = randomUUID()): RawSending {
  return { topic: 'commands', key, value, headers: { ce_id: randomUUID() } };
}
