import {
  headersByName,
  readValue,
  readVarint,
  skipHeaders,
  type HeadersByName,
  type Reader,
} from '../record-headers.ts';

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

type Content = Pick<
  DecodedRecord,
  'attributes' | 'timestamp' | 'offset' | 'key' | 'value' | 'headerBytes' | 'batchContext'
>;

/** A record as kafkajs hands it on. */
export class DecodedRecord {
  readonly magicByte: number;
  readonly attributes: number;
  readonly timestamp: string;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** The headers as the record has them. The worker reads them from here: an object a record, with a Buffer a header, is mostly garbage. */
  readonly headerBytes: Buffer;
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;

  constructor({ attributes, timestamp, offset, key, value, headerBytes, batchContext }: Content) {
    this.magicByte = batchContext.magicByte;
    this.attributes = attributes;
    this.timestamp = timestamp;
    this.offset = offset;
    this.key = key;
    this.value = value;
    this.headerBytes = headerBytes;
    this.isControlRecord = batchContext.isControlBatch ?? false;
    this.batchContext = batchContext;
  }

  /** By name, which loses the order of different names. */
  get headers(): HeadersByName {
    return headersByName(this.headerBytes);
  }
}

const LOG_APPEND_TIME = 1;

/**
 * One record of a record batch (magic 2), as `encodeRecord` writes it, behind its length: the bytes from `start` to `end`. Offsets and
 * timestamps are exact up to 2^53. Source: Kafka's protocol guide, "Record".
 * @throws RangeError when its parts do not fill it
 */
export function decodeRecord(bytes: Buffer, start: number, end: number, batch: BatchContext): DecodedRecord {
  const reader: Reader = { bytes, at: start + 1 };
  const timestampDelta = readVarlong(reader);
  const offsetDelta = readVarint(reader);
  const { firstOffset, firstTimestamp } = numbersOf(batch);
  const appended = batch.timestampType === LOG_APPEND_TIME && batch.maxTimestamp !== '';
  const key = readValue(reader);
  const value = readValue(reader);
  const headersAt = reader.at;
  skipHeaders(reader);
  if (reader.at !== end) throw new RangeError(`a record of ${end - start} bytes ends at ${reader.at - start}`);
  return new DecodedRecord({
    attributes: bytes.readInt8(start),
    timestamp: appended ? batch.maxTimestamp : String(firstTimestamp + timestampDelta),
    offset: String(firstOffset + offsetDelta),
    key,
    value,
    headerBytes: bytes.subarray(headersAt, end),
    batchContext: batch,
  });
}

/** The numbers of the batch whose record was decoded last. The records of a batch are decoded one after the other. */
let numbers = { batch: {}, firstOffset: 0, firstTimestamp: 0 };

function numbersOf(batch: BatchContext): typeof numbers {
  if (numbers.batch !== batch) {
    numbers = { batch, firstOffset: Number(batch.firstOffset), firstTimestamp: Number(batch.firstTimestamp) };
  }
  return numbers;
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
