import { readValue, readVarint, type Reader } from '../record-headers.ts';

/** What a record is told of the batch around it. */
export interface BatchContext {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly maxTimestamp: string;
  readonly timestampType: number;
  readonly magicByte: number;
  readonly isControlBatch?: boolean;
  readonly inTransaction?: boolean;
  readonly producerId?: string;
  readonly lastOffsetDelta?: number;
  readonly partitionLeaderEpoch?: number;
  readonly producerEpoch?: number;
  readonly firstSequence?: number;
}

type HeaderValue = Buffer | null | (Buffer | null)[];

/** A record as kafkajs hands it on. */
export interface DecodedRecord {
  readonly magicByte: number;
  readonly attributes: number;
  readonly timestamp: string;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, HeaderValue>;
  /** The headers as the record has them, if `headers` can't tell their order, their number or their names. */
  readonly rawHeaders: Buffer | undefined;
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;
}

const LOG_APPEND_TIME = 1;

/**
 * One record of a record batch (magic 2), as `encodeRecord` writes it, behind its length. Offsets and timestamps are exact up to 2^53.
 * Source: Kafka's protocol guide, "Record".
 * @throws RangeError when its parts do not fill it
 */
export function decodeRecord({ buffer }: { readonly buffer: Buffer }, batch: BatchContext): DecodedRecord {
  const reader: HeaderReader = { bytes: buffer, at: 1, isLossy: false };
  const timestampDelta = readVarlong(reader);
  const offsetDelta = readVarint(reader);
  const { firstOffset, firstTimestamp } = startOf(batch);
  const appended = batch.timestampType === LOG_APPEND_TIME && batch.maxTimestamp !== '';
  const key = readValue(reader);
  const value = readValue(reader);
  const headersAt = reader.at;
  const headers = readHeaders(reader);
  if (reader.at !== buffer.length) throw new RangeError(`a record of ${buffer.length} bytes ends at ${reader.at}`);
  return {
    magicByte: batch.magicByte,
    attributes: buffer.readInt8(0),
    timestamp: appended ? batch.maxTimestamp : String(firstTimestamp + timestampDelta),
    offset: String(firstOffset + offsetDelta),
    key,
    value,
    headers,
    rawHeaders: reader.isLossy ? buffer.subarray(headersAt, reader.at) : undefined,
    isControlRecord: batch.isControlBatch ?? false,
    batchContext: batch,
  };
}

/** The numbers of the batch whose record was decoded last. The records of a batch are decoded one after the other. */
let start = { batch: {}, firstOffset: 0, firstTimestamp: 0 };

function startOf(batch: BatchContext): typeof start {
  if (start.batch !== batch) {
    start = { batch, firstOffset: Number(batch.firstOffset), firstTimestamp: Number(batch.firstTimestamp) };
  }
  return start;
}

interface HeaderReader extends Reader {
  /** Whether an object by name can't tell all that was read so far. */
  isLossy: boolean;
}

function readHeaders(reader: HeaderReader): Record<string, HeaderValue> {
  const headers: Record<string, HeaderValue> = {};
  const count = readVarint(reader);
  if (count > reader.bytes.length)
    throw new RangeError(`a record of ${reader.bytes.length} bytes has ${count} headers`);
  for (let i = 0; i < count; i += 1) {
    const name = readName(reader, i);
    const value = readValue(reader);
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
    if (before !== undefined) reader.isLossy = true;
    if (Array.isArray(before)) {
      before.push(value);
      continue;
    }
    const all = before === undefined ? value : [before, value];
    // An assignment to __proto__ would set the prototype, and no header.
    if (name === '__proto__') Object.defineProperty(headers, name, { value: all, ...OWN });
    else headers[name] = all;
  }
  return headers;
}

const OWN = { configurable: true, enumerable: true, writable: true };

/** The names of the last record, in the order of its headers. The next record nearly always has the same ones. */
const names: { readonly bytes: Buffer; readonly text: string }[] = [];
const MAX_NAMES = 16;

/** Names that an object would move to the front, as it does with numbers, and names that may have been no UTF-8. */
const LOSSY_NAME = /^\d|\uFFFD/;

function readName(reader: HeaderReader, place: number): string {
  const length = readVarint(reader);
  if (length < 0) {
    reader.isLossy = true;
    return 'null'; // as in kafkajs; Kafka allows no name to be null
  }
  const from = reader.at;
  reader.at += length;
  const known = names[place];
  if (known?.bytes.length === length && isAt(known.bytes, reader.bytes, from)) return known.text;
  const text = reader.bytes.toString('utf8', from, reader.at);
  if (LOSSY_NAME.test(text)) reader.isLossy = true;
  else if (place < MAX_NAMES) names[place] = { bytes: Buffer.from(reader.bytes.subarray(from, reader.at)), text };
  return text;
}

function isAt(bytes: Buffer, buffer: Buffer, from: number): boolean {
  for (let i = 0; i < bytes.length; i += 1) if (bytes[i] !== buffer[from + i]) return false;
  return true;
}

/** The delta of a timestamp. Sensible times never lead beyond 2^53. */
function readVarlong(reader: Reader): number {
  let factor = 1;
  let value = 0;
  for (;;) {
    const byte = reader.bytes[reader.at++] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    factor *= 128;
  }
}
