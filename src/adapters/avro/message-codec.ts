import avsc from 'avsc';
import type { Resolver, Type } from 'avsc';
import type { Logger } from 'pino';
import type { MessageName, Messages } from '../../generated/messages.ts';
import type { RecordSchema } from '../../generated/schemas.ts';
import type { Clock } from '../../ports/clock.ts';
import { UndecodableMessage } from '../../ports/codec.ts';
import type { Codec, Decoded } from '../../ports/codec.ts';
import { ConfigurationError } from '../../ports/errors.ts';
import type { ReceivedMessage } from '../../ports/messages.ts';
import { formatOf } from './foreign-formats.ts';
import { FrameWriter, HEADER } from './frame-writer.ts';
import { shortReason } from '../short-reason.ts';
import { subjectOf } from '../subjects.ts';
import type { SchemaRegistryClient, StoredSchema } from './schema-registry.ts';
import { UnknownSchemas } from './unknown-schemas.ts';
import { UnacceptableSchema, checkCounts, parseRecord, writerTypeOf } from './writer-schema.ts';

/** A programming mistake: `fetchSchema` was not awaited for the id that `missingSchema` told. */
export class SchemaNotFetched extends Error {
  override readonly name = 'SchemaNotFetched';
}

/** A programming mistake: a (topic, type) that `prepareWriters` was not told of. */
export class WriterNotPrepared extends Error {
  override readonly name = 'WriterNotPrepared';
}

export interface MessageCodecOptions {
  readonly registry: Pick<SchemaRegistryClient, 'fetchSchema' | 'idOf'>;
  readonly schemas: Readonly<Record<MessageName, RecordSchema>>;
  /** Only goes forward: for how long an id is believed unknown. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What Kafka takes by default, and some room for topics with a larger limit. */
const MAX_FRAME = 1024 * 1024 + 64 * 1024;
/** Ids are positive int32. A larger one is never asked for: registries answer it like a wrong path, which is retried for ever. */
const MAX_ID = 0x7fffffff;
/** avsc reads longs as doubles before it undoes the zig-zag: from here on it gets the last bit, the sign, wrong. */
const MAX_LONG = 2 ** 52;

/** A type of this build. Records come as instances of a class that avsc makes for each, without methods. */
interface Reader {
  readonly name: MessageName;
  readonly type: Type;
  readonly fields: readonly string[];
}

/** What a schema id stands for. */
type Writer =
  | {
      readonly is: 'ours';
      readonly reader: Reader;
      readonly type: Type;
      readonly counted: boolean;
      readonly resolver: Resolver | undefined;
    }
  | { readonly is: 'foreign'; readonly decoded: Decoded }
  | { readonly is: 'refused'; readonly reason: string };

/** The Confluent frame: a zero byte, the schema id in four bytes, big-endian, and the record in Avro's binary encoding. */
export class MessageCodec implements Codec {
  readonly #registry: MessageCodecOptions['registry'];
  readonly #schemas: MessageCodecOptions['schemas'];
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #readers = new Map<string, Reader>();
  readonly #writers = new Map<number, Writer>();
  readonly #unknown: UnknownSchemas;
  readonly #idsByTopic = new Map<string, Map<MessageName, number>>();
  readonly #frames = new FrameWriter();

  constructor({ registry, schemas, clock, logger }: MessageCodecOptions) {
    this.#registry = registry;
    this.#schemas = schemas;
    this.#clock = clock;
    this.#unknown = new UnknownSchemas(clock);
    this.#logger = logger;
    for (const name of Object.keys(schemas) as MessageName[]) this.#readers.set(name, readerOf(name, schemas[name]));
  }

  missingSchema(value: Buffer | null): number | undefined {
    if (value === null || value.length < HEADER || value[0] !== 0) return undefined;
    const id = value.readUInt32BE(1);
    if (id > MAX_ID || this.#writers.has(id)) return undefined;
    return this.#unknown.isBelieved(id) ? undefined : id;
  }

  async fetchSchema(id: number, signal: AbortSignal): Promise<void> {
    if (this.#writers.has(id)) return;
    const [since, ours] = [this.#clock.now(), this.#anyOfOurs()];
    // Without an id to put it to the test, nobody acts on what this registry says: it was only asked to show something.
    const doubt = ours === undefined ? {} : { ours, insists: this.#unknown.isWorthWaiting(id) };
    const stored = await this.#registry.fetchSchema(id, signal, doubt);
    if (stored) this.#learn(id, stored);
    else this.#unknown.add(id, since);
  }

  /** An id that `prepareWriters` has seen: a registry that does not know it knows nothing yet, or is another one. */
  #anyOfOurs(): number | undefined {
    for (const ids of this.#idsByTopic.values()) for (const id of ids.values()) return id;
    return undefined;
  }

  decode(value: Buffer | null): Decoded {
    if (value === null) throw new UndecodableMessage('a tombstone: the message has no value');
    if (value.length < HEADER) throw new UndecodableMessage(`${value.length} bytes are too short for a frame`);
    if (value[0] !== 0) throw new UndecodableMessage(`it starts with ${value[0]} instead of the magic byte 0`);
    if (value.length > MAX_FRAME)
      throw new UndecodableMessage(`${value.length} bytes are more than the ${MAX_FRAME} allowed`);
    const id = value.readUInt32BE(1);
    const writer = this.#writers.get(id);
    if (writer?.is === 'ours') return this.#read(writer, id, value);
    if (writer?.is === 'foreign') return writer.decoded;
    if (writer?.is === 'refused') throw new UndecodableMessage(`schema ${id} is not acceptable: ${writer.reason}`);
    if (id > MAX_ID || this.#unknown.has(id)) throw new UndecodableMessage(`unknown schema id ${id}`);
    throw new SchemaNotFetched(`schema ${id}`);
  }

  mistakeIn({ value, headers }: Pick<ReceivedMessage, 'value' | 'headers'>): string | undefined {
    const format = formatOf(value, headers);
    if (format !== undefined || value === null || value.length < HEADER || value[0] !== 0) return format;
    const id = value.readUInt32BE(1);
    const writer = this.#writers.get(id);
    if (writer === undefined)
      return 'the registry of this worker does not know it: it is an id of another registry, or of a schema that was deleted there';
    if (writer.is === 'refused') return undefined;
    const [type, said] = [
      writer.is === 'ours' ? writer.reader.name : writer.decoded.type,
      headers['ce_type']?.toString(),
    ];
    if (said === undefined || said === type) return undefined;
    return `its header ce_type says ${said}, its schema id ${type}: it may be an id of another registry`;
  }

  /**
   * Looks up what `encode` will write with; waits for the registry.
   * @throws ConfigurationError with all subjects that have no such schema
   */
  async prepareWriters(
    subjects: readonly { readonly topic: string; readonly type: MessageName }[],
    signal: AbortSignal,
  ): Promise<void> {
    const missing: string[] = [];
    for (const { topic, type } of subjects) {
      const subject = subjectOf(topic, type);
      const id = await this.#registry.idOf(subject, this.#schemas[type], signal);
      if (id === undefined) missing.push(subject);
      else this.#idsOf(topic).set(type, id);
    }
    if (missing.length > 0) {
      throw new ConfigurationError(
        `the schemas of this build are not registered for ${missing.join(', ')}: run \`licensing schemas register\``,
      );
    }
  }

  /** The frame is a part of a slab that is never written again. @throws UnencodableMessage WriterNotPrepared */
  encode<N extends MessageName>(topic: string, type: N, data: Messages[N]): Buffer {
    const id = this.#idsByTopic.get(topic)?.get(type);
    const writer = this.#readers.get(type);
    if (id === undefined || writer === undefined) throw new WriterNotPrepared(subjectOf(topic, type));
    return this.#frames.write(writer, id, data);
  }

  #read(writer: Extract<Writer, { is: 'ours' }>, id: number, value: Buffer): Decoded {
    const { reader } = writer;
    let decoded: { readonly value: Readonly<Record<string, unknown>>; readonly offset: number };
    try {
      if (writer.counted) checkCounts(writer.type, value, HEADER);
      decoded = reader.type.decode(value, HEADER, writer.resolver);
    } catch (error) {
      throw new UndecodableMessage(`${reader.name} (schema ${id}): ${shortReason(error)}`);
    }
    const { value: data, offset } = decoded;
    if (offset !== value.length) {
      const what = offset < 0 ? 'it is truncated' : `${value.length - offset} bytes follow the record`;
      throw new UndecodableMessage(`${reader.name} (schema ${id}): ${what}`);
    }
    for (const field of reader.fields) {
      const content = data[field];
      if (typeof content === 'string') {
        // U+FFFD may have been sent; if not, it stands for bytes that are no UTF-8, and the text is not in the frame.
        if (content.includes('\uFFFD') && !value.includes(content, HEADER)) {
          throw new UndecodableMessage(`${reader.name} (schema ${id}): ${field} is not UTF-8`);
        }
      } else if (typeof content === 'number' && (content >= MAX_LONG || content <= -MAX_LONG)) {
        throw new UndecodableMessage(`${reader.name} (schema ${id}): ${field} is beyond 2^52`);
      }
    }
    return { known: true, type: reader.name, data };
  }

  #learn(id: number, stored: StoredSchema): void {
    const writer = this.#writerOf(stored);
    this.#writers.set(id, writer);
    this.#unknown.delete(id);
    if (writer.is === 'refused') this.#logger.warn({ schemaId: id, reason: writer.reason }, 'schema is not acceptable');
  }

  #writerOf({ schemaType, schema: text, references }: StoredSchema): Writer {
    if (schemaType !== 'AVRO') return { is: 'refused', reason: `it is ${schemaType}, not Avro` };
    try {
      const { schema, fullName } = parseRecord(text);
      const reader = this.#readers.get(fullName);
      if (reader === undefined) return { is: 'foreign', decoded: { known: false, type: fullName } };
      const { type, counted } = writerTypeOf(schema, references);
      if (reader.type.equals(type)) return { is: 'ours', reader, type, counted, resolver: undefined };
      return { is: 'ours', reader, type, counted, resolver: reader.type.createResolver(type) };
    } catch (error) {
      const what = error instanceof UnacceptableSchema ? '' : 'this build can not read it: ';
      return { is: 'refused', reason: `${what}${shortReason(error)}` };
    }
  }

  #idsOf(topic: string): Map<MessageName, number> {
    const ids = this.#idsByTopic.get(topic) ?? new Map<MessageName, number>();
    this.#idsByTopic.set(topic, ids);
    return ids;
  }
}

/** No logical types: uuid stays a string and timestamp-millis a number; unions of null and one type come unwrapped. */
function readerOf(name: MessageName, schema: RecordSchema): Reader {
  const type = avsc.Type.forSchema(schema as unknown as Parameters<typeof avsc.Type.forSchema>[0], {
    wrapUnions: 'never',
    omitRecordMethods: true,
  });
  return { name, type, fields: schema.fields.map((field) => field.name) };
}
