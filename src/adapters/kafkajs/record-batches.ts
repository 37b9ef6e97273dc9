import { codecName, unpack } from '../compression/unpack.ts';
import { NO_HEADERS, readVarint, type Reader } from '../record-headers.ts';
import { crc32c } from './crc32c.ts';
import { AT, BEFORE_LENGTH_ENDS, RECORD_BATCH } from './record-batch-layout.ts';
import { DecodedRecord, decodeRecord, type BatchContext } from './record-decoder.ts';

/** Stands for all the records of a batch that can't be read: `value` is their bytes as they came, packed. */
export class UnreadableRecord extends DecodedRecord {
  /** Why, with the offsets of the batch and its codec. */
  readonly unreadable: string;

  constructor(packed: Buffer, context: BatchContext, unreadable: string) {
    super(contentAtEnd(packed, context));
    this.unreadable = unreadable;
  }
}

/** The decoder of kafkajs: one for the whole answer to a fetch. */
export interface AnswerDecoder {
  readInt32(): number;
  canReadBytes(length: number): boolean;
  readBytes(length: number): Buffer | null;
}

const CODEC = 0x07;
const APPEND_TIME = 0x08;
const IN_TRANSACTION = 0x10;
const CONTROL = 0x20;

/** What a batch may unpack to: as many bytes as this, or as many times its packed size, whichever is more. */
const MAX_UNPACKED = 32_000_000;
const MAX_TIMES = 8;
/** What the batches of one answer unpack to together. Beyond it, whole partitions are left to the next answer. */
const MAX_IN_ALL = 128_000_000;
/** What a decoded record takes in memory beside its bytes, about. Tiny records are a bomb, too. */
const RECORD_BYTES = 300;

/** What was unpacked for each answer to a fetch that is being decoded. */
const unpackedFor = new WeakMap<AnswerDecoder, { bytes: number }>();

/**
 * The records of one partition in the answer to a fetch, up to its last whole batch.
 *
 * A batch that can't be read becomes one record at the batch's last offset, so that the partition goes on behind it, and whoever reads
 * records decides. What is packed is unpacked within bounds: each partition's first batch, and then as many more as the answer has room
 * for. The rest is left to the next fetch, as if the answer had ended there. So is the first batch of a partition when the ones before it
 * are too much together: their partitions are full then, and are left out of the next fetch.
 * @param decodeMessageSet reads the format before record batches
 */
export function createDecodeMessages(decodeMessageSet: (bytes: Buffer) => Promise<unknown[]>) {
  return async function decodeMessages(answer: AnswerDecoder): Promise<unknown[]> {
    const size = answer.readInt32();
    if (size <= 0 || !answer.canReadBytes(size)) return [];
    const bytes = answer.readBytes(size);
    if (bytes === null || bytes.length <= AT.magic) return [];
    if (bytes[AT.magic] !== RECORD_BATCH) return decodeMessageSet(bytes);
    const records: DecodedRecord[] = [];
    for (let at = 0; at + AT.records <= bytes.length;) {
      const length = bytes.readInt32BE(at + AT.length);
      const end = at + BEFORE_LENGTH_ENDS + length;
      if (end > bytes.length) break;
      if (end < at + AT.records) throw new RangeError(`a record batch of ${length} bytes is too short to be one`);
      if (!decodeBatch(bytes.subarray(at, end), records, answer)) break;
      at = end;
    }
    return records;
  };
}

/** @returns false: the answer has unpacked enough, and this batch is left to the next one */
function decodeBatch(batch: Buffer, records: DecodedRecord[], answer: AnswerDecoder): boolean {
  const attributes = batch.readInt16BE(AT.attributes);
  const count = batch.readInt32BE(AT.count);
  const packed = batch.subarray(AT.records);
  const context = contextOf(batch, attributes);
  const codec = attributes & CODEC;
  if (count === 0 && packed.length === 0) {
    // The cleaner of a compacted topic keeps the last batch of a producer without its records: the position moves on behind it.
    records.push(new DecodedRecord(contentAtEnd(packed, { ...context, isControlBatch: true })));
    return true;
  }
  if (count <= 0) {
    const error = new RangeError(`it says that it holds ${count} records in ${packed.length} bytes`);
    records.push(unreadable(packed, { batch, codec, context }, error));
    return true;
  }
  if (codec === 0) {
    readRecords(packed, { batch, count, codec, context, records });
    return true;
  }
  const spent = spentOn(answer);
  const limit = Math.max(MAX_UNPACKED, MAX_TIMES * packed.length);
  if (spent.bytes > 0 && spent.bytes + limit > MAX_IN_ALL) return false;
  if (records.length > 0 && spent.bytes >= MAX_UNPACKED) return false;
  let unpacked: Buffer;
  try {
    const room = limit - RECORD_BYTES * count;
    if (room <= 0) throw new RangeError(`it holds ${count} records, more than its size allows`);
    unpacked = unpack(codec, packed, room);
  } catch (error) {
    spent.bytes += limit;
    records.push(unreadable(packed, { batch, codec, context }, error));
    return true;
  }
  spent.bytes += unpacked.length + RECORD_BYTES * count;
  readRecords(unpacked, { batch, count, codec, context, records });
  return true;
}

function spentOn(answer: AnswerDecoder): { bytes: number } {
  let spent = unpackedFor.get(answer);
  if (spent === undefined) unpackedFor.set(answer, (spent = { bytes: 0 }));
  return spent;
}

interface Around {
  readonly batch: Buffer;
  readonly codec: number;
  readonly context: BatchContext;
}

interface Reading extends Around {
  readonly count: number;
  readonly records: DecodedRecord[];
}

/** All of them or none: a batch that breaks off is unreadable as a whole. */
function readRecords(bytes: Buffer, { count, records, ...around }: Reading): void {
  const before = records.length;
  const reader: Reader = { bytes, at: 0 };
  try {
    for (let i = 0; i < count; i += 1) {
      const length = readVarint(reader);
      const end = reader.at + length;
      if (length <= 0 || end > bytes.length) throw new RangeError(`its record ${i} of ${count} ends behind it`);
      records.push(decodeRecord(bytes, reader.at, end, around.context));
      reader.at = end;
    }
    if (reader.at !== bytes.length) throw new RangeError(`behind its ${count} records it has more bytes`);
  } catch (error) {
    records.length = before;
    records.push(unreadable(around.batch.subarray(AT.records), around, error));
  }
}

function unreadable(packed: Buffer, { batch, codec, context }: Around, error: unknown): UnreadableRecord {
  const [first, last] = [Number(context.firstOffset), lastOffsetOf(context)];
  const why = error instanceof Error ? error.message : String(error);
  const isWhole = crc32c(batch.subarray(AT.attributes)) === batch.readUInt32BE(AT.checksum);
  const damage = isWhole ? '' : '; its checksum is wrong, so it was damaged behind its producer';
  const said = `the batch of offsets ${first} to ${last} (${codecName(codec)}, ${packed.length} bytes) can't be read: ${why}${damage}`;
  return new UnreadableRecord(packed, context, said);
}

function lastOffsetOf({ firstOffset, lastOffsetDelta = 0 }: BatchContext): number {
  // A damaged number must not lead back to what was read.
  return Number(firstOffset) + Math.max(0, lastOffsetDelta);
}

/** Of a record at the last offset of a batch. */
function contentAtEnd(value: Buffer, context: BatchContext): ConstructorParameters<typeof DecodedRecord>[0] {
  return {
    attributes: 0,
    timestamp: context.maxTimestamp,
    offset: String(lastOffsetOf(context)),
    key: null,
    value,
    headerBytes: NO_HEADERS,
    batchContext: context,
  };
}

function contextOf(batch: Buffer, attributes: number): BatchContext {
  return {
    firstOffset: batch.readBigInt64BE(0).toString(),
    firstTimestamp: batch.readBigInt64BE(AT.firstTimestamp).toString(),
    partitionLeaderEpoch: batch.readInt32BE(AT.leaderEpoch),
    inTransaction: (attributes & IN_TRANSACTION) > 0,
    isControlBatch: (attributes & CONTROL) > 0,
    lastOffsetDelta: batch.readInt32BE(AT.lastOffsetDelta),
    producerId: batch.readBigInt64BE(AT.producerId).toString(),
    producerEpoch: batch.readInt16BE(AT.producerEpoch),
    firstSequence: batch.readInt32BE(AT.firstSequence),
    maxTimestamp: batch.readBigInt64BE(AT.maxTimestamp).toString(),
    timestampType: (attributes & APPEND_TIME) > 0 ? 1 : 0,
    magicByte: RECORD_BATCH,
  };
}
