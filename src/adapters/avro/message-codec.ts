import type { Logger } from 'pino';
import type { MessageName, Messages } from '../../generated/messages.ts';
import type { RecordSchema } from '../../generated/schemas.ts';
import type { Clock } from '../../ports/clock.ts';
import { UndecodableMessage } from '../../ports/codec.ts';
import type { Codec, Decoded } from '../../ports/codec.ts';
import { ConfigurationError } from '../../ports/errors.ts';
import type { ReceivedMessage } from '../../ports/messages.ts';
import { decodeHeaders, firstHeader } from '../record-headers.ts';
import { subjectOf } from '../subjects.ts';
import { formatOf } from './foreign-formats.ts';
import { FrameWriter, HEADER } from './frame-writer.ts';
import { KnownSchemas } from './known-schemas.ts';
import { readRecord } from './read-record.ts';
import { readersOf, type Reader } from './readers.ts';
import type { SchemaRegistryClient } from './schema-registry.ts';

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
  /** Only goes forward; tells for how long an id has been believed unknown. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What Kafka takes by default, and some room for topics with a larger limit. */
const MAX_FRAME = 1024 * 1024 + 64 * 1024;
/** Ids are positive 32-bit integers. A larger one is never asked for: registries answer such a request like a wrong path, and those are retried for ever. */
const MAX_ID = 0x7fffffff;

/** The Confluent frame: a zero byte, the schema id in four bytes, big-endian, and the record in Avro's binary encoding. */
export class MessageCodec implements Codec {
  readonly #registry: MessageCodecOptions['registry'];
  readonly #schemas: MessageCodecOptions['schemas'];
  readonly #readers: ReadonlyMap<string, Reader>;
  readonly #known: KnownSchemas;
  readonly #idsByTopic = new Map<string, Map<MessageName, number>>();
  readonly #frames = new FrameWriter();

  constructor({ registry, schemas, clock, logger }: MessageCodecOptions) {
    this.#registry = registry;
    this.#schemas = schemas;
    this.#readers = readersOf(schemas);
    this.#known = new KnownSchemas({ registry, readers: this.#readers, clock, logger });
  }

  missingSchema(value: Buffer | null): number | undefined {
    if (value === null || value.length < HEADER || value[0] !== 0) return undefined;
    const id = value.readUInt32BE(1);
    return id > MAX_ID || !this.#known.isToBeFetched(id) ? undefined : id;
  }

  async fetchSchema(id: number, signal: AbortSignal): Promise<void> {
    await this.#known.fetch(id, signal, this.#anyOfOurs());
  }

  /** Any id that `prepareWriters` has got. A registry that does not know it has only just started, or is another registry. */
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
    const writer = this.#known.get(id);
    if (writer?.is === 'ours') return readRecord(writer, id, value);
    if (writer?.is === 'foreign') return writer.decoded;
    if (writer?.is === 'refused') throw new UndecodableMessage(`schema ${id} is not acceptable: ${writer.reason}`);
    if (id > MAX_ID || this.#known.isUnknown(id)) throw new UndecodableMessage(`unknown schema id ${id}`);
    throw new SchemaNotFetched(`schema ${id}`);
  }

  mistakeIn({ value, headers }: Pick<ReceivedMessage, 'value' | 'headers'>): string | undefined {
    const format = formatOf(
      value,
      decodeHeaders(headers).map(([name]) => name),
    );
    if (format !== undefined || value === null || value.length < HEADER || value[0] !== 0) return format;
    const id = value.readUInt32BE(1);
    const writer = this.#known.get(id);
    if (writer === undefined)
      return 'the registry of this worker does not know it: it is an id of another registry, or of a schema that was deleted there';
    if (writer.is === 'refused') return undefined;
    const [type, said] = [
      writer.is === 'ours' ? writer.reader.name : writer.decoded.type,
      firstHeader(headers, 'ce_type'),
    ];
    if (said === undefined || said === type) return undefined;
    return `its header ce_type says ${said}, its schema id ${type}: it may be an id of another registry`;
  }

  /**
   * Looks up the ids of the schemas with which `encode` will write. Waits for the registry.
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

  /** @returns a frame, whose bytes never change. @throws UnencodableMessage WriterNotPrepared */
  encode<N extends MessageName>(topic: string, type: N, data: Messages[N]): Buffer {
    const id = this.#idsByTopic.get(topic)?.get(type);
    const writer = this.#readers.get(type);
    if (id === undefined || writer === undefined) throw new WriterNotPrepared(subjectOf(topic, type));
    return this.#frames.write(writer, id, data);
  }

  #idsOf(topic: string): Map<MessageName, number> {
    const ids = this.#idsByTopic.get(topic) ?? new Map<MessageName, number>();
    this.#idsByTopic.set(topic, ids);
    return ids;
  }
}
