import {
  mostBytesOf,
  recordBytes,
  writeRecord,
  type EncodableRecord,
} from '../../../src/adapters/kafkajs/record-encoder.ts';

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
