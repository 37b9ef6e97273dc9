import avsc from 'avsc';
import type { Type } from 'avsc';
import { UndecodableMessage } from '../../ports/codec.ts';

/** A schema of the registry with which no frame is read. The message says why. */
export class UnacceptableSchema extends Error {
  override readonly name = 'UnacceptableSchema';
}

export interface WriterType {
  readonly type: Type;
  /** The type holds arrays or maps: `checkCounts` must pass before avsc may read a frame. */
  readonly counted: boolean;
}

const FULL_NAME = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;
const MAX_NAME = 500;
const MAX_TEXT = 256 * 1024;
const MAX_DEPTH = 32;
/** Of fields and branches, each counted wherever its type occurs. avsc visits as many for a frame without arrays. */
const MAX_NODES = 2_000;

/** @returns the JSON of a record schema, and the record's full name. @throws UnacceptableSchema */
export function parseRecord(text: string): { readonly schema: object; readonly fullName: string } {
  if (text.length > MAX_TEXT) throw new UnacceptableSchema(`it is longer than ${MAX_TEXT} characters`);
  const schema = parsed(text);
  if (typeof schema !== 'object' || schema === null || !('type' in schema) || schema.type !== 'record') {
    throw new UnacceptableSchema('it is not a record');
  }
  const name = 'name' in schema && typeof schema.name === 'string' ? schema.name : '';
  const namespace = 'namespace' in schema && typeof schema.namespace === 'string' ? schema.namespace : '';
  const fullName = name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
  if (fullName.length > MAX_NAME || !FULL_NAME.test(fullName)) throw new UnacceptableSchema('it has no valid name');
  return { schema, fullName };
}

/**
 * Builds the type of a writer, unless a small frame could make it read much. So recursion is refused, as are too deep or too large schemas, and
 * arrays whose items take no bytes.
 * @param references the texts of the schemas that it refers to by name; each stands behind those that it needs
 * @throws UnacceptableSchema
 */
export function writerTypeOf(schema: object, references: readonly string[] = []): WriterType {
  let type: Type;
  const registry: Record<string, Type> = {};
  try {
    if (references.reduce((sum, text) => sum + text.length, 0) > MAX_TEXT) {
      throw new UnacceptableSchema(`what it refers to is longer than ${MAX_TEXT} characters`);
    }
    // Later schemas find earlier ones by name.
    for (const text of references) typeOf(parsed(text), registry);
    type = typeOf(schema, registry);
  } catch (error) {
    throw new UnacceptableSchema(error instanceof Error ? error.message : String(error));
  }
  const { nodes, height, counted } = new Survey().of(type);
  if (height > MAX_DEPTH) throw new UnacceptableSchema(`it nests deeper than ${MAX_DEPTH} levels`);
  if (nodes > MAX_NODES) throw new UnacceptableSchema(`it has more than ${MAX_NODES} fields`);
  return { type, counted };
}

/** avsc wraps unions whose branches are ambiguous. That does no harm here: they occur in foreign types alone, whose values are skipped. */
function typeOf(schema: unknown, registry: Record<string, Type>): Type {
  return avsc.Type.forSchema(withoutDefaults(schema) as Parameters<typeof avsc.Type.forSchema>[0], { registry });
}

/** Only the reader's defaults are ever used. avsc checks defaults more strictly than registries do, so those of the writer are left out. */
function withoutDefaults(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutDefaults);
  if (typeof schema !== 'object' || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]) => (key === 'default' ? [] : [[key, withoutDefaults(value)]])),
  );
}

interface Extent {
  readonly nodes: number;
  readonly height: number;
  /** The fewest bytes that a value takes. */
  readonly bytes: number;
  readonly counted: boolean;
}

class Survey {
  readonly #known = new Map<Type, Extent>();
  readonly #open = new Set<Type>();

  of(type: Type): Extent {
    const known = this.#known.get(type);
    if (known) return known;
    if (this.#open.has(type)) throw new UnacceptableSchema(`it is recursive (${type.name ?? type.typeName})`);
    this.#open.add(type);
    const extent = this.#measure(type);
    this.#open.delete(type);
    this.#known.set(type, extent);
    return extent;
  }

  #measure(type: Type): Extent {
    const { types } = avsc;
    if (type instanceof types.RecordType) {
      const fields = type.fields.map((field) => this.of(field.type));
      return around(
        fields,
        fields.reduce((sum, field) => sum + field.bytes, 0),
        false,
      );
    }
    if (type instanceof types.UnwrappedUnionType || type instanceof types.WrappedUnionType) {
      const branches = type.types.map((branch) => this.of(branch));
      return around(branches, 1 + Math.min(...branches.map((branch) => branch.bytes)), false);
    }
    if (type instanceof types.ArrayType || type instanceof types.MapType) {
      const items = this.of(itemsOf(type));
      if (items.bytes === 0)
        throw new UnacceptableSchema(`it has a list (${type.typeName}) of items that take no bytes`);
      return around([items], 1, true);
    }
    return { nodes: 1, height: 1, bytes: leastBytes(type), counted: false };
  }
}

function around(inner: readonly Extent[], bytes: number, counted: boolean): Extent {
  return {
    nodes: inner.reduce((sum, extent) => sum + extent.nodes, 1),
    height: 1 + inner.reduce((most, extent) => Math.max(most, extent.height), 0),
    bytes,
    counted: counted || inner.some((extent) => extent.counted),
  };
}

/**
 * Walks a frame as avsc would, and refuses counts and block sizes that the frame can't hold. avsc believes them: it would loop as often as a
 * count says, or for ever when a negative block size leads back.
 * @throws UndecodableMessage
 */
export function checkCounts(type: Type, frame: Buffer, start: number): void {
  new Walk(frame, start).over(type);
}

class Walk {
  readonly #frame: Buffer;
  #position: number;
  /** Each item takes at least a byte, so a well-formed frame stays far below this bound. */
  #steps: number;

  constructor(frame: Buffer, start: number) {
    this.#frame = frame;
    this.#position = start;
    this.#steps = MAX_NODES + 4 * frame.length;
  }

  over(type: Type): void {
    if (--this.#steps < 0) throw new UndecodableMessage('its lists take more steps than its size allows');
    const { types } = avsc;
    if (type instanceof types.RecordType) for (const field of type.fields) this.over(field.type);
    else if (type instanceof types.UnwrappedUnionType || type instanceof types.WrappedUnionType) {
      const branch = type.types[this.#long()];
      if (branch === undefined) throw new UndecodableMessage('invalid union index');
      this.over(branch);
    } else if (type instanceof types.ArrayType || type instanceof types.MapType) {
      this.#items(itemsOf(type), type instanceof types.MapType);
    } else if (type instanceof types.StringType || type instanceof types.BytesType) this.#forward(this.#long());
    else if (type instanceof types.LongType || type instanceof types.IntType || type instanceof types.EnumType)
      this.#long();
    else this.#forward(leastBytes(type));
  }

  #items(type: Type, named: boolean): void {
    for (let count = this.#long(); count !== 0; count = this.#long()) {
      // avsc skips a block by its size, where that is told, but reads it by its count. So the two have to agree.
      const size = count < 0 ? this.#long() : undefined;
      const start = this.#position;
      count = Math.abs(count);
      if (count > this.#frame.length) throw new UndecodableMessage('a list is longer than the frame');
      while (count-- > 0) {
        if (named) this.#forward(this.#long());
        this.over(type);
      }
      if (size !== undefined && this.#position - start !== size)
        throw new UndecodableMessage('a part of a list has another size than it says');
    }
  }

  #forward(bytes: number): void {
    if (bytes < 0 || bytes > this.#frame.length - this.#position)
      throw new UndecodableMessage('a length leads out of the frame');
    this.#position += bytes;
  }

  /** Exact up to 2^53. A larger length or count does not fit the frame and is refused anyway. */
  #long(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#frame[this.#position++];
      if (byte === undefined) throw new UndecodableMessage('it is truncated');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
      if (factor > 2 ** 56) throw new UndecodableMessage('a number is longer than 64 bits');
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

function itemsOf(list: avsc.types.ArrayType | avsc.types.MapType): Type {
  if (list instanceof avsc.types.ArrayType) return list.itemsType;
  return list.valuesType as Type;
}

/** The fewest bytes of a type without parts. For all but strings, bytes, numbers and enums it is also the exact number. */
function leastBytes(type: Type): number {
  if (type instanceof avsc.types.NullType) return 0;
  if (type instanceof avsc.types.FloatType) return 4;
  if (type instanceof avsc.types.DoubleType) return 8;
  return type instanceof avsc.types.FixedType ? type.size : 1;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnacceptableSchema('it is not JSON');
  }
}
