import avsc from 'avsc';
import { MessageCodec } from '../../src/adapters/avro/message-codec.ts';
import type { Doubt } from '../../src/adapters/avro/schema-registry.ts';
import type { MessageName } from '../../src/generated/messages.ts';
import { SCHEMAS } from '../../src/generated/schemas.ts';
import type { RecordSchema } from '../../src/generated/schemas.ts';
import { givenClock, givenLogger } from '../unit/adapters/given.ts';

export const NAMES = Object.keys(SCHEMAS) as MessageName[];
export const NEVER = new AbortController().signal;
export const TOPIC = 'topic.v1';
export const ADD = 'licensing.commands.AddStatisticRow';
export const COMMAND = {
  tenantId: '0190b4a5-7f65-7000-8000-000000000001',
  subdivisionId: '0190b4a5-7f65-7000-8000-000000000002',
  statisticRowId: '0190b4a5-7f65-7000-8000-000000000003',
  created: 1_750_000_000_123,
  countRequests: 5_000_000_000,
};

/** The types of this build, one of which has lists of each kind. */
export const WITH_LISTS: Readonly<Record<MessageName, RecordSchema>> = {
  ...SCHEMAS,
  [ADD]: {
    ...SCHEMAS[ADD],
    fields: [
      ...SCHEMAS[ADD].fields,
      { name: 'numbers', type: ['null', { type: 'array', items: 'long' }], default: null, doc: 'Numbers.' },
      { name: 'names', type: ['null', { type: 'array', items: 'string' }], default: null, doc: 'Names.' },
      { name: 'answers', type: ['null', { type: 'array', items: 'boolean' }], default: null, doc: 'Answers.' },
    ],
  },
};

/**
 * A codec whose registry knows `schemas`, the first as id 1, all with the same `references`; it answers at once, and its requests are kept.
 * @param ours the types of its build
 */
export function givenCodec(
  schemas: readonly unknown[] = NAMES.map((name) => SCHEMAS[name]),
  references: readonly string[] = [],
  ours: Readonly<Record<MessageName, RecordSchema>> = SCHEMAS,
) {
  const texts = schemas.map((schema) => (typeof schema === 'string' ? schema : JSON.stringify(schema)));
  const requests: number[] = [];
  const doubts: Doubt[] = [];
  const clock = givenClock();
  const registry = {
    fetchSchema: (id: number, _signal: AbortSignal, doubt: Doubt = {}) => {
      requests.push(id);
      doubts.push(doubt);
      const schema = texts[id - 1];
      return Promise.resolve(schema === undefined ? undefined : { schemaType: 'AVRO', schema, references });
    },
    idOf: (_subject: string, schema: RecordSchema) => {
      const index = texts.indexOf(JSON.stringify(schema));
      return Promise.resolve(index < 0 ? undefined : index + 1);
    },
  };
  const codec = new MessageCodec({ registry, schemas: ours, clock, logger: givenLogger().logger });
  /** As the consumer does it. */
  const decode = async (value: Buffer | null) => {
    const missing = codec.missingSchema(value);
    if (missing !== undefined) await codec.fetchSchema(missing, NEVER);
    return codec.decode(value);
  };
  return { codec, decode, requests, doubts, clock, texts };
}

export function frame(id: number, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  return Buffer.concat([header, body]);
}

export function written(schema: object, data: unknown): Buffer {
  return frame(1, avsc.Type.forSchema(schema as Parameters<typeof avsc.Type.forSchema>[0]).toBuffer(data));
}

/** AddStatisticRow as another build would write it. */
export function withField(...fields: readonly object[]): { readonly fields: readonly object[] } {
  return { ...SCHEMAS[ADD], fields: [...SCHEMAS[ADD].fields, ...fields] };
}

export async function preparedCodec(ours: Readonly<Record<MessageName, RecordSchema>> = SCHEMAS) {
  const given = givenCodec(
    NAMES.map((name) => ours[name]),
    [],
    ours,
  );
  await given.codec.prepareWriters(
    NAMES.map((type) => ({ topic: TOPIC, type })),
    NEVER,
  );
  return given;
}
