import { createRequire } from 'node:module';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { withoutAbortedRecords } from '../../../src/adapters/kafkajs/aborted-records.ts';
import { crc32c } from '../../../src/adapters/kafkajs/crc32c.ts';
import type { AnswerDecoder } from '../../../src/adapters/kafkajs/record-batches.ts';
import type { DecodedRecord } from '../../../src/adapters/kafkajs/record-decoder.ts';
import { mendedModule, originalModule } from './given-kafkajs.ts';
import { asKafkaJs, encodeRecord } from './given-record.ts';

type Decode = (answer: AnswerDecoder) => Promise<unknown[]>;
type Read = Partial<Record<'unreadable', string>> & DecodedRecord;

const require = createRequire(import.meta.url);
const DECODE = 'src/protocol/requests/fetch/v4/decodeMessages.js';
const Decoder = originalModule<new (bytes: Buffer) => AnswerDecoder>('src/protocol/decoder.js');
const original = originalModule<Decode>(DECODE);
const decodeMessages = mendedModule<Decode>(DECODE);

const load = (client: string) => require(`../../support/batches/${client}.json`) as Record<string, string>;
const CLIENTS = [
  ['librdkafka', load('librdkafka')],
  ["Kafka's Java client", load('java')],
] as const;
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const COUNT = 24;
const BOMB = 33_000_000;

describe.each(CLIENTS)('a batch of %s', (_, batches) => {
  test.each(CODECS)('is read: %s', async (codec) => {
    const records = await read(batchOf(batches, codec));
    expect(records.map(({ key }) => Number(key))).toEqual(Array.from({ length: COUNT }, (__, i) => i));
    for (const [i, { value, headers, timestamp, offset }] of records.entries()) {
      expect(String(value)).toBe(`Müller & Söhne ${i % 7} `.repeat(1 + (i % 5)));
      expect(String(headers['ce_id'])).toBe(`id-${i}`);
      expect([offset, timestamp]).toEqual([String(i), String(1_700_000_000_000 + i)]);
    }
  });

  test.each(['none', 'gzip'])('is read as kafkajs reads it: %s', async (codec) => {
    const bytes = batchOf(batches, codec);
    const records = await read(bytes);
    const expected = await original(answerOf(bytes));
    expect(records.map(asKafkaJs)).toEqual(expected);
  });

  test.each(CODECS)('that is damaged is read or named, and never anything else: %s', async (codec) => {
    const whole = batchOf(batches, codec);
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(255), async (place, byte) => {
        const bytes = Buffer.from(whole);
        const at = RECORDS + (place % (bytes.length - RECORDS));
        fc.pre(bytes[at] !== byte);
        bytes[at] = byte;
        const records = await read(bytes);
        if (records.length === COUNT) return;
        expect(records.map(({ unreadable, offset }) => [unreadable, offset])).toEqual([
          [expect.stringMatching(/^the batch of offsets 0 to 23 .*its checksum is wrong/), String(COUNT - 1)],
        ]);
      }),
      { numRuns: 100 },
    );
  });
});

test('the answer may end within a batch, which then comes again', async () => {
  const batch = batchOf(CLIENTS[0][1], 'zstd');
  const twice = Buffer.concat([batch, batch]);
  for (const cut of [1, batch.length - RECORDS + 1, batch.length - 13]) {
    expect(await read(twice.subarray(0, twice.length - cut))).toHaveLength(COUNT);
  }
});

describe('a batch that unpacks to too much', () => {
  const bomb = (firstOffset: number, attributes = 0): Buffer =>
    pack({ firstOffset, count: 3, codec: 4, attributes, packed: zstdCompressSync(Buffer.alloc(BOMB)) });

  test('is one record at its last offset, which tells its offsets and keeps its bytes', async () => {
    const bytes = bomb(40);
    const records = await read(bytes);
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({
      offset: '42',
      key: null,
      isControlRecord: false,
      value: bytes.subarray(RECORDS),
      unreadable: expect.stringMatching(/^the batch of offsets 40 to 42 \(zstd, \d+ bytes\).*more than 3\d{7} bytes$/),
    });
  });

  test('leaves what is behind it to the next answer, and other partitions alone', async () => {
    const good = (firstOffset: number): Buffer => pack({ firstOffset, ...plainRecords(2) });
    const answer = answerOf(Buffer.concat([bomb(0), good(3)]), Buffer.concat([good(7), good(9)]));
    expect(offsetsOf(await decodeMessages(answer))).toEqual(['2']);
    expect(offsetsOf(await decodeMessages(answer))).toEqual(['7', '8']);
    expect(offsetsOf(await read(Buffer.concat([good(3), good(5)])))).toEqual(['3', '4', '5', '6']);
  });

  test('belongs to its transaction: an aborted one takes it along', async () => {
    const abortedTransactions = [{ producerId: '7', firstOffset: '40' }];
    const messages = await read(bomb(40, IN_TRANSACTION));
    expect(messages).toHaveLength(1);
    expect(withoutAbortedRecords({ messages, abortedTransactions })).toEqual([]);
  });

  test('may be as large as many times its packed size, where its topic takes such sizes', async () => {
    const record = encodeRecord({ value: noise(1_000_000), headers: {} });
    const count = Math.ceil(BOMB / record.length);
    const bytes = Buffer.alloc(count * record.length, record);
    const packed = gzipSync(bytes, { level: 1 });
    expect(packed.length).toBeGreaterThan(BOMB / 8);
    expect(await read(pack({ firstOffset: 0, count, codec: 1, packed }))).toHaveLength(count);
  });
});

test('a batch of more tiny records than memory should hold is named', async () => {
  const tiny = encodeRecord({ headers: {} });
  const count = 200_000;
  const bytes = pack({ firstOffset: 0, count, codec: 1, packed: gzipSync(Buffer.alloc(tiny.length * count, tiny)) });
  expect((await read(bytes)).map(({ unreadable }) => unreadable)).toEqual([
    expect.stringMatching(/^the batch of offsets 0 to 199999 \(gzip.*200000 records/),
  ]);
});

test.each([
  ['holds fewer records than it says', { count: 3 }],
  ['is in a codec that nobody has yet', { codec: 6 }],
])('a batch that %s is named', async (_, changes) => {
  const bytes = pack({ firstOffset: 5, ...plainRecords(2), ...changes });
  expect(await read(bytes)).toEqual([
    expect.objectContaining({ unreadable: expect.stringMatching(/^the batch of offsets 5 to /) }),
  ]);
});

test.each([-1, 0, 1])('a batch of 3 records that says that it holds %d is named', async (count) => {
  for (const codec of [0, 1]) {
    const bytes = withCount(pack({ firstOffset: 5, ...recordsIn(codec, 3) }), count);
    expect(await read(bytes)).toEqual([
      expect.objectContaining({
        offset: '7',
        unreadable: expect.stringMatching(/^the batch of offsets 5 to 7 .*checksum is wrong/),
      }),
    ]);
  }
});

test('a batch whose last offset is damaged, too, does not lead back', async () => {
  const bytes = withCount(pack({ firstOffset: 5, ...recordsIn(0, 3) }), 0);
  bytes.writeInt32BE(-4, 23);
  expect(offsetsOf(await read(bytes))).toEqual(['5']);
});

test('a batch that its topic has emptied is passed over: nobody gets it as a message', async () => {
  const bytes = withCount(pack({ firstOffset: 5, count: 3, codec: 0, packed: Buffer.alloc(0) }), 0);
  const [record, ...more] = await read(bytes);
  expect(more).toEqual([]);
  expect(record).toMatchObject({ offset: '7', isControlRecord: true });
  expect(record?.unreadable).toBeUndefined();
});

test('what all partitions of an answer unpack to is bounded; the rest comes with the next one', async () => {
  const nearly = BOMB - 1_500_000;
  const bytes = pack({
    firstOffset: 0,
    count: 1,
    codec: 1,
    packed: gzipSync(encodeRecord({ value: Buffer.alloc(nearly), headers: {} }), { level: 1 }),
  });
  const partitions = Array.from({ length: 6 }, () => bytes);
  const answer = answerOf(...partitions);
  const counts: number[] = [];
  for (const _ of partitions) counts.push((await decodeMessages(answer)).length);
  expect(counts).toEqual([1, 1, 1, 1, 0, 0]);
});

const RECORDS = 61;
const IN_TRANSACTION = 0x10;

/** Uncompressed, or in gzip. */
function recordsIn(codec: number, count: number): ReturnType<typeof plainRecords> {
  const records = plainRecords(count);
  return codec === 0 ? { ...records, codec, packed: gunzipSync(records.packed) } : records;
}

/** With another number of records than it holds, as damage behind its producer leaves it. */
function withCount(batch: Buffer, count: number): Buffer {
  batch.writeInt32BE(count, 57);
  return batch;
}

function plainRecords(count: number): { readonly count: number; readonly codec: number; readonly packed: Buffer } {
  const records = Array.from({ length: count }, (_, offsetDelta) => encodeRecord({ offsetDelta, headers: {} }));
  return { count, codec: 1, packed: gzipSync(Buffer.concat(records)) };
}

interface Packed {
  readonly firstOffset: number;
  readonly count: number;
  readonly codec: number;
  readonly attributes?: number;
  readonly packed: Buffer;
}

function pack({ firstOffset, count, codec, attributes = 0, packed }: Packed): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(RECORDS), packed]);
  bytes.writeBigInt64BE(BigInt(firstOffset), 0);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt8(2, 16);
  bytes.writeInt16BE(codec | attributes, 21);
  bytes.writeInt32BE(count - 1, 23);
  bytes.writeBigInt64BE(7n, 43);
  bytes.writeInt32BE(count, 57);
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
  return bytes;
}

function batchOf(batches: Readonly<Record<string, string>>, codec: string): Buffer {
  return Buffer.from(batches[codec] ?? '', 'hex');
}

function answerOf(...partitions: readonly Buffer[]): AnswerDecoder {
  return new Decoder(
    Buffer.concat(
      partitions.flatMap((bytes) => {
        const length = Buffer.alloc(4);
        length.writeInt32BE(bytes.length);
        return [length, bytes];
      }),
    ),
  );
}

async function read(bytes: Buffer): Promise<Read[]> {
  return (await decodeMessages(answerOf(bytes))) as Read[];
}

function offsetsOf(records: readonly unknown[]): readonly string[] {
  return (records as Read[]).map(({ offset }) => offset);
}

function noise(length: number): Buffer {
  let state = 1;
  return Buffer.from(Array.from({ length }, () => (state = (state * 48_271) % 2_147_483_647) & 0xff));
}
