import {
  encodeHeaders,
  headerList,
  NO_HEADERS,
  sizeOfVarint,
  writeVarint,
  type HeadersByName,
} from '../record-headers.ts';

/** A message as kafkajs takes it. The headers of our messages are encoded already, and kafkajs only hands them on. */
export interface EncodableRecord {
  readonly key?: Buffer | string | null;
  readonly value?: Buffer | string | null;
  readonly headers?: HeadersByName | Buffer;
  /** Milliseconds since the epoch; default: now. */
  readonly timestamp?: string | number | null;
}

/** A record without its place in a batch. */
export interface RecordBytes {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Buffer;
}

/** Length, attributes, the two deltas, and the lengths of key and value. */
const MOST_BESIDE_CONTENT = 5 + 1 + 10 + 5 + 5 + 5;

/** Our own messages are taken as they are. */
export function recordBytes(record: EncodableRecord): RecordBytes {
  return isInBytes(record)
    ? record
    : { key: bytesOf(record.key), value: bytesOf(record.value), headers: headersOf(record.headers) };
}

/** @returns a number of bytes that the record does not exceed */
export function mostBytesOf({ key, value, headers }: RecordBytes): number {
  return MOST_BESIDE_CONTENT + (key?.length ?? 0) + (value?.length ?? 0) + headers.length;
}

/**
 * One record of a record batch (magic 2): length, attributes, deltas, key, value, headers; numbers are zig-zag varints.
 * Source: Kafka's protocol guide, "Record".
 * @returns where it ends
 */
export function writeRecord(
  bytes: Buffer,
  start: number,
  { key, value, headers }: RecordBytes,
  offsetDelta: number,
  timestampDelta: number,
): number {
  const body =
    1 +
    sizeOfVarlong(timestampDelta) +
    sizeOfVarint(offsetDelta) +
    sizeOfBytes(key) +
    sizeOfBytes(value) +
    headers.length;
  let at = writeVarint(bytes, body, start);
  bytes[at++] = 0;
  at = writeVarlong(bytes, timestampDelta, at);
  at = writeVarint(bytes, offsetDelta, at);
  at = writeBytes(bytes, key, at);
  at = writeBytes(bytes, value, at);
  bytes.set(headers, at);
  return at + headers.length;
}

function isInBytes(record: EncodableRecord): record is RecordBytes {
  const { key, value, headers } = record;
  return (
    Buffer.isBuffer(headers) && (key === null || Buffer.isBuffer(key)) && (value === null || Buffer.isBuffer(value))
  );
}

function headersOf(headers: EncodableRecord['headers']): Buffer {
  if (headers === undefined) return NO_HEADERS;
  return Buffer.isBuffer(headers) ? headers : encodeHeaders(headerList(headers));
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
