/**
 * Headers by name. Encoded as in a Kafka record, they are their count, then for each header the length of its name, the name, the length of
 * its value and the value. All numbers are zig-zag varints; length -1 stands for null. Messages hold their headers in this form from the
 * moment they are written: the outbox keeps the bytes, and the producer copies them into the record. Source: Kafka's protocol guide,
 * "Record Header".
 */
export type HeaderList = readonly (readonly [name: string, value: Buffer | string | null])[];

/** Headers as kafkajs takes and gives them: by name, the values of a repeated name as an array. */
export type HeadersByName = Readonly<
  Record<string, Buffer | string | readonly (Buffer | string | null)[] | null | undefined>
>;

export function encodeHeaders(headers: HeaderList): Buffer {
  let size = sizeOfVarint(headers.length);
  for (const [name, value] of headers) size += sizeOfText(name) + sizeOfValue(value);
  const bytes = Buffer.allocUnsafe(size);
  let at = writeVarint(bytes, headers.length, 0);
  for (const [name, value] of headers) {
    at = writeText(bytes, name, at);
    at = value === null ? writeVarint(bytes, -1, at) : writeValue(bytes, value, at);
  }
  return bytes;
}

export const NO_HEADERS = encodeHeaders([]);

/** Adds headers behind encoded ones, whose bytes stay as they are. */
export function appendHeaders(headers: Buffer, added: HeaderList): Buffer {
  const [before, behind] = [headers, encodeHeaders(added)].map((bytes) => ({ bytes, at: 0 })) as [Reader, Reader];
  const count = Buffer.alloc(5);
  const length = writeVarint(count, readVarint(before) + readVarint(behind), 0);
  return Buffer.concat([count.subarray(0, length), headers.subarray(before.at), behind.bytes.subarray(behind.at)]);
}

export function headerList(headers: HeadersByName): HeaderList {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (value === null || typeof value === 'string' || Buffer.isBuffer(value)) return [[name, value] as const];
    return value.map((one) => [name, one] as const);
  });
}

export function decodeHeaders(bytes: Buffer): readonly (readonly [name: string, value: Buffer | null])[] {
  const reader = { bytes, at: 0 };
  return Array.from({ length: readVarint(reader) }, () => {
    const name = readValue(reader)?.toString() ?? 'null'; // as in kafkajs; Kafka allows no name to be null
    return [name, readValue(reader)] as const;
  });
}

/** @returns the first value under this name; undefined when there is none, or when it is null */
export function firstHeader(headers: Buffer, name: string): string | undefined {
  return decodeHeaders(headers)
    .find(([one]) => one === name)?.[1]
    ?.toString();
}

export function headersByName(bytes: Buffer): HeadersByName {
  const names = Map.groupBy(decodeHeaders(bytes), ([name]) => name);
  // An object made of entries may have one called __proto__.
  return Object.fromEntries(
    [...names].map(([name, all]) => [name, all.length === 1 ? (all[0]?.[1] ?? null) : all.map(([, value]) => value)]),
  );
}

/** Goes behind the headers that begin at the reader's place. @throws RangeError when their number can't be right */
export function skipHeaders(reader: Reader): void {
  const count = readVarint(reader);
  if (count > reader.bytes.length)
    throw new RangeError(`a record of ${reader.bytes.length} bytes has ${count} headers`);
  for (let i = 0; i < 2 * count; i += 1) {
    const length = readVarint(reader);
    reader.at += Math.max(0, length);
  }
}

export function sizeOfVarint(value: number): number {
  const encoded = zigZag(value);
  return encoded < 0x80 ? 1 : encoded < 0x4000 ? 2 : encoded < 0x200000 ? 3 : encoded < 0x10000000 ? 4 : 5;
}

export function writeVarint(bytes: Buffer, value: number, start: number): number {
  let at = start;
  let rest = zigZag(value);
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

function zigZag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

export function sizeOfText(text: string): number {
  const length = Buffer.byteLength(text);
  return sizeOfVarint(length) + length;
}

function sizeOfValue(value: Buffer | string | null): number {
  if (value === null) return 1;
  const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
  return sizeOfVarint(length) + length;
}

function writeValue(bytes: Buffer, value: Buffer | string, at: number): number {
  if (typeof value === 'string') return writeText(bytes, value, at);
  const start = writeVarint(bytes, value.length, at);
  bytes.set(value, start);
  return start + value.length;
}

/** With its length, which is known at once of a text that is ASCII. Nearly all are. */
export function writeText(bytes: Buffer, text: string, start: number): number {
  const at = writeVarint(bytes, text.length, start);
  const written = bytes.write(text, at);
  if (written === text.length) return at + written;
  const behind = writeVarint(bytes, Buffer.byteLength(text), start);
  return behind + bytes.write(text, behind);
}

/** Bytes, and where reading goes on. */
export interface Reader {
  readonly bytes: Buffer;
  at: number;
}

/** Reads a length and the value behind it; length -1 stands for null. */
export function readValue(reader: Reader): Buffer | null {
  const length = readVarint(reader);
  if (length < 0) return null;
  reader.at += length;
  return reader.bytes.subarray(reader.at - length, reader.at);
}

export function readVarint(reader: Reader): number {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = reader.bytes[reader.at++] ?? 0;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
  }
}
