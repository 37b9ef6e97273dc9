import avsc from 'avsc';
import { InvalidCommandData, RegistryRefused, UnreadableRecord } from './errors.ts';
import type { MessageName, Messages } from './messages.ts';
import type { Registry } from './registry.ts';
import { SCHEMAS } from './schemas.ts';

/** A zero byte, and the schema's id in four. */
const FRAME = 5;
/** How long the latest schema of a subject is taken for the latest. */
const LATEST_FOR_MS = 300_000;
/** A registry may not yet know what was registered a moment ago: so long it is asked again. */
const DOUBTED_FOR_MS = 10_000;

type Data = Readonly<Record<string, unknown>>;

interface Reader {
  /** Full name. */
  readonly name: string;
  readonly read: (data: Buffer) => unknown;
}

export interface Decoded {
  /** Full name. */
  readonly type: string;
  readonly data: Data;
}

interface Latest {
  readonly id: number;
  readonly type: avsc.Type;
  readonly asked: number;
}

const schemas: Readonly<Record<string, unknown>> = SCHEMAS;

/** Reads and writes Avro in the Confluent frame. */
export class Frames {
  readonly #registry: Registry;
  /** By id; a string says why its frames can't be read. */
  readonly #readers = new Map<number, Reader | string>();
  readonly #firstRefused = new Map<number, number>();
  readonly #latest = new Map<string, Latest>();
  /** The request under way, by subject: all who need its answer share it. A failed one is not kept. */
  readonly #asking = new Map<string, Promise<Latest>>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** @returns whether `decode` can tell at once; if not, `prepare` comes first */
  isPrepared(value: Buffer): boolean {
    return !isFrame(value) || this.#readers.has(value.readUInt32BE(1));
  }

  /** Asks the registry for the value's schema. @throws RegistryRefused, RegistryUnavailable: both may pass */
  async prepare(value: Buffer): Promise<void> {
    const id = value.readUInt32BE(1);
    try {
      this.#readers.set(id, readerOf(await this.#registry.byId(id)));
    } catch (error) {
      if (!(error instanceof RegistryRefused)) throw error;
      const first = this.#firstRefused.get(id) ?? performance.now();
      this.#firstRefused.set(id, first);
      if (performance.now() - first < DOUBTED_FOR_MS) throw error;
      this.#readers.set(id, error.message);
    }
  }

  /** @throws UnreadableRecord */
  decode(value: Buffer): Decoded {
    const reader = isFrame(value) ? this.#readers.get(value.readUInt32BE(1)) : 'it is no Avro behind a schema id';
    if (typeof reader !== 'object') throw new UnreadableRecord(reader ?? 'its schema was not asked for');
    try {
      const data = reader.read(value.subarray(FRAME));
      if (typeof data === 'object' && data !== null) return { type: reader.name, data: { ...data } };
    } catch (error) {
      throw new UnreadableRecord(`it is no ${reader.name}`, { cause: error });
    }
    throw new UnreadableRecord(`${reader.name} is no record`);
  }

  /** @throws UnreadableRecord, also for a message of another type */
  read<Name extends MessageName>(value: Buffer, name: Name): Messages[Name] {
    const { type, data } = this.decode(value);
    if (type !== name) throw new UnreadableRecord(`it is a ${type}`);
    // It was read with the schema that the type is made from.
    return data as unknown as Messages[Name];
  }

  /**
   * With the latest schema of the subject. What is left out of the data and may be null is null.
   * @throws InvalidCommandData, RegistryRefused, RegistryUnavailable
   */
  async encode(subject: string, data: object): Promise<Buffer> {
    const { id, type } = await this.#latestOf(subject);
    const faults: string[] = [];
    // avsc drops a field that it does not know in silence.
    type.isValid(data, { noUndeclaredFields: true, errorHook: (path) => faults.push(path.join('.')) });
    if (faults.length > 0) {
      const unknown = Object.keys(data).filter((name) => !hasField(type, name));
      const what =
        unknown.length > 0 ? `has no field ${unknown.join(', ')}` : `does not take this ${faults.join(', ')}`;
      throw new InvalidCommandData(`${type.name ?? subject} ${what}`);
    }
    const body = type.toBuffer(data);
    const frame = Buffer.alloc(FRAME);
    frame.writeUInt32BE(id, 1);
    return Buffer.concat([frame, body]);
  }

  async #latestOf(subject: string): Promise<Latest> {
    const known = this.#latest.get(subject);
    if (known !== undefined && performance.now() - known.asked < LATEST_FOR_MS) return known;
    const asking = this.#asking.get(subject) ?? this.#askLatest(subject);
    this.#asking.set(subject, asking);
    try {
      return await asking;
    } catch (error) {
      // The former one is still good for sending.
      if (known !== undefined) return known;
      throw error;
    }
  }

  async #askLatest(subject: string): Promise<Latest> {
    try {
      const { id, schema } = await this.#registry.latest(subject);
      const latest = { id, type: avsc.Type.forSchema(parsed(schema)), asked: performance.now() };
      this.#latest.set(subject, latest);
      return latest;
    } finally {
      this.#asking.delete(subject);
    }
  }
}

function isFrame(value: Buffer): boolean {
  return value.length >= FRAME && value[0] === 0;
}

/** A type that this client knows is read as it knows it: fields that its writer does not have are null. */
function readerOf(text: string): Reader | string {
  try {
    const writer = avsc.Type.forSchema(parsed(text));
    const name = writer.name ?? writer.typeName;
    const ours = schemas[name];
    if (ours === undefined) return { name, read: (data): unknown => writer.fromBuffer(data) };
    const reader = avsc.Type.forSchema(ours as avsc.Schema);
    const resolver = reader.createResolver(writer);
    return { name, read: (data): unknown => reader.fromBuffer(data, resolver) };
  } catch (error) {
    return `its schema is not understood: ${String(error)}`;
  }
}

function hasField(type: avsc.Type, name: string): boolean {
  return type instanceof avsc.types.RecordType && type.fields.some((field) => field.name === name);
}

/** The text of a registry: what avsc does not understand it says itself. */
function parsed(text: string): avsc.Schema {
  return JSON.parse(text) as avsc.Schema;
}
