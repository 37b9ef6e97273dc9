import { encodeHeaders, headerList, sizeOfVarint, writeVarint } from '../record-headers.ts';
import type { MessageHeaders } from '../../ports/messages.ts';

/** A message as kafkajs hands it to its record encoder. The headers of our messages are encoded already. */
export interface EncodableRecord {
  readonly offsetDelta?: number;
  readonly timestampDelta?: number;
  readonly key?: Buffer | string | null;
  readonly value?: Buffer | string | null;
  readonly headers?: MessageHeaders | Buffer;
}

/** Looks like one of kafkajs' encoders, which copy the whole `buffer` into the batch. */
export interface EncodedRecord {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

const SLAB_BYTES = 1 << 18;
let slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
let used = 0;

const NO_HEADERS = encodeHeaders([]);

/**
 * One record of a record batch (magic 2): length, attributes, deltas, key, value, headers; numbers are zig-zag varints.
 * Records are cut from a slab, no byte of which is written twice. Source: Kafka's protocol guide, "Record".
 */
export function encodeRecord({
  offsetDelta = 0,
  timestampDelta = 0,
  key,
  value,
  headers,
}: EncodableRecord): EncodedRecord {
  const keyBytes = bytesOf(key);
  const valueBytes = bytesOf(value);
  const headerBytes = headersOf(headers);
  const body =
    1 +
    sizeOfVarlong(timestampDelta) +
    sizeOfVarint(offsetDelta) +
    sizeOfBytes(keyBytes) +
    sizeOfBytes(valueBytes) +
    headerBytes.length;
  const buffer = room(sizeOfVarint(body) + body);
  let at = writeVarint(buffer, body, 0);
  buffer[at++] = 0;
  at = writeVarlong(buffer, timestampDelta, at);
  at = writeVarint(buffer, offsetDelta, at);
  at = writeBytes(buffer, keyBytes, at);
  at = writeBytes(buffer, valueBytes, at);
  buffer.set(headerBytes, at);
  return { buf: buffer, buffer };
}

function headersOf(headers: EncodableRecord['headers']): Buffer {
  if (headers === undefined) return NO_HEADERS;
  return Buffer.isBuffer(headers) ? headers : encodeHeaders(headerList(headers));
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

function writeBytes(buffer: Buffer, bytes: Buffer | null, at: number): number {
  if (bytes === null) return writeVarint(buffer, -1, at);
  const start = writeVarint(buffer, bytes.length, at);
  buffer.set(bytes, start);
  return start + bytes.length;
}

/** Nearly all deltas of timestamps are 0. Only those that need more than 31 bits take the slow way. */
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
