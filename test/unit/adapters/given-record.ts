import fc from 'fast-check';
import type { DecodedRecord } from '../../../src/adapters/kafkajs/record-decoder.ts';
import {
  mostBytesOf,
  recordBytes,
  writeRecord,
  type EncodableRecord,
} from '../../../src/adapters/kafkajs/record-encoder.ts';

export const BYTES = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const CONTENT = fc.oneof(BYTES, fc.string({ unit: 'grapheme' }));

/** What any producer may give to a record. */
export const RECORD_CONTENT = {
  key: fc.option(CONTENT, { nil: null }),
  value: fc.option(CONTENT, { nil: null }),
  headers: fc.dictionary(
    fc.string({ unit: 'grapheme', minLength: 1 }),
    fc.oneof(CONTENT, fc.array(CONTENT, { maxLength: 3 })),
  ),
};

/** A record with its headers by name, as the decoder of kafkajs makes it. */
export function asKafkaJs(record: DecodedRecord): object {
  const { magicByte, attributes, timestamp, offset, key, value, headers, isControlRecord, batchContext } = record;
  return { magicByte, attributes, timestamp, offset, key, value, headers, isControlRecord, batchContext };
}

/** The bytes of one record. */
export function encodeRecord({
  offsetDelta = 0,
  timestampDelta = 0,
  ...record
}: EncodableRecord & { readonly offsetDelta?: number; readonly timestampDelta?: number }): Buffer {
  const content = recordBytes(record);
  const bytes = Buffer.alloc(mostBytesOf(content));
  return bytes.subarray(0, writeRecord(bytes, 0, content, offsetDelta, timestampDelta));
}
