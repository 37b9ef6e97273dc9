/** A message as kafkajs hands it to its record encoder. */
export interface RecordInput {
  readonly offsetDelta?: number;
  readonly timestampDelta?: number;
  readonly key?: Buffer | string | null;
  readonly value?: Buffer | string | null;
  readonly headers?: Readonly<Record<string, HeaderValue>>;
}

type HeaderValue = Buffer | string | readonly (Buffer | string)[];

/** What kafkajs' encoders take for one of theirs: the whole of `buffer` is copied into the batch. */
export interface EncodedRecord {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

const SLAB_BYTES = 1 << 18;
let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let used = 0;

/**
 * One record of a record batch (magic 2): length, attributes, deltas, key, value, headers; numbers are zig-zag varints.
 * Records are cut from a slab that is filled once and never written again. Source: Kafka's protocol guide, "Record".
 */
export function encodeRecord({
  offsetDelta = 0,
  timestampDelta = 0,
  key,
  value,
  headers = {},
}: RecordInput): EncodedRecord {
  const keyBytes = bytesOf(key);
  const valueBytes = bytesOf(value);
  let headerCount = 0;
  let body =
    1 + sizeOfVarlong(timestampDelta) + sizeOfVarint(offsetDelta) + sizeOfBytes(keyBytes) + sizeOfBytes(valueBytes);
  for (const name in headers) {
    const header = headers[name];
    const nameSize = sizeOfText(name);
    for (const one of valuesOf(header)) {
      headerCount += 1;
      body += nameSize + sizeOfBytes(bytesOf(one));
    }
  }
  body += sizeOfVarint(headerCount);
  const buffer = room(sizeOfVarint(body) + body);
  let at = writeVarint(buffer, body, 0);
  buffer[at++] = 0;
  at = writeVarlong(buffer, timestampDelta, at);
  at = writeVarint(buffer, offsetDelta, at);
  at = writeBytes(buffer, keyBytes, at);
  at = writeBytes(buffer, valueBytes, at);
  at = writeVarint(buffer, headerCount, at);
  for (const name in headers) {
    const header = headers[name];
    for (const one of valuesOf(header)) {
      at = writeVarint(buffer, Buffer.byteLength(name), at);
      at += buffer.write(name, at);
      at = writeBytes(buffer, bytesOf(one), at);
    }
  }
  return { buf: buffer, buffer };
}

function valuesOf(header: HeaderValue | undefined): readonly (Buffer | string | undefined)[] {
  return typeof header === 'object' && !Buffer.isBuffer(header) ? header : [header];
}

function room(size: number): Buffer {
  if (size > SLAB_BYTES) return Buffer.allocUnsafeSlow(size);
  if (used + size > SLAB_BYTES) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    used = 0;
  }
  used += size;
  return slab.subarray(used - size, used);
}

function bytesOf(value: Buffer | string | null | undefined): Buffer | null {
  if (value === null || value === undefined) return null;
  return Buffer.isBuffer(value) ? value : Buffer.from(value);
}

function sizeOfBytes(bytes: Buffer | null): number {
  return bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length;
}

function sizeOfText(text: string): number {
  const length = Buffer.byteLength(text);
  return sizeOfVarint(length) + length;
}

function writeBytes(buffer: Buffer, bytes: Buffer | null, at: number): number {
  if (bytes === null) return writeVarint(buffer, -1, at);
  const start = writeVarint(buffer, bytes.length, at);
  buffer.set(bytes, start);
  return start + bytes.length;
}

function zigZag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

function sizeOfVarint(value: number): number {
  const bits = 32 - Math.clz32(zigZag(value) | 1);
  return Math.ceil(bits / 7);
}

function writeVarint(buffer: Buffer, value: number, start: number): number {
  let at = start;
  let rest = zigZag(value);
  while (rest > 0x7f) {
    buffer[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}

/** Deltas of timestamps are nearly always 0; the others take the slow way. */
function sizeOfVarlong(value: number): number {
  return isInt31(value) ? sizeOfVarint(value) : varlong(value).length;
}

function writeVarlong(buffer: Buffer, value: number, at: number): number {
  if (isInt31(value)) return writeVarint(buffer, value, at);
  const bytes = varlong(value);
  buffer.set(bytes, at);
  return at + bytes.length;
}

function isInt31(value: number): boolean {
  return value >= -0x40000000 && value < 0x40000000;
}

function varlong(value: number): number[] {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}
