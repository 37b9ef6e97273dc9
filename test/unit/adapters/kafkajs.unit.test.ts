import fc from 'fast-check';
import type { ICustomPartitioner } from 'kafkajs';
import { crc32c } from '../../../src/adapters/kafkajs/crc32c.ts';
import { groupMessagesPerPartition } from '../../../src/adapters/kafkajs/group-messages.ts';
import { HeaderTemplate, HeaderWriter } from '../../../src/adapters/header-writer.ts';
import { murmur2Partitioner } from '../../../src/adapters/partitioner.ts';
import { decodeRecord } from '../../../src/adapters/kafkajs/record-decoder.ts';
import { decodeHeaders, encodeHeaders, headerList } from '../../../src/adapters/record-headers.ts';
import { mendedModule, originalModule } from './given-kafkajs.ts';
import { asKafkaJs, BYTES, encodeRecord, RECORD_CONTENT } from './given-record.ts';

const originalRecord = originalModule<(record: object) => { readonly buffer: Buffer }>(
  'src/protocol/recordBatch/record/v0/index.js',
);
const originalDecoder = originalModule<new (bytes: Buffer) => object>('src/protocol/decoder.js');
const originalDecode = originalModule<(decoder: object, batch: object) => object>(
  'src/protocol/recordBatch/record/v0/decoder.js',
);
const originalChecksum = originalModule<typeof crc32c>('src/protocol/recordBatch/crc32C/crc32C.js');
const originalGroup = originalModule<typeof groupMessagesPerPartition>('src/producer/groupMessagesPerPartition.js');

const record = fc.record({
  offsetDelta: fc.integer({ min: 0, max: 100_000 }),
  timestampDelta: fc.oneof(fc.constant(0), fc.integer({ min: -(2 ** 45), max: 2 ** 45 })),
  ...RECORD_CONTENT,
});

test('a record has the same bytes as from the encoder of kafkajs', () => {
  fc.assert(
    fc.property(record, (input) => {
      expect(encodeRecord(input).toString('hex')).toBe(originalRecord(input).buffer.toString('hex'));
    }),
    { numRuns: 500 },
  );
});

const batch = fc.record({
  firstOffset: fc.maxSafeNat().map((offset) => String(Math.floor(offset / 2))),
  firstTimestamp: fc.integer({ min: 0, max: 2 ** 44 }).map(String),
  maxTimestamp: fc.integer({ min: 0, max: 2 ** 44 }).map(String),
  timestampType: fc.constantFrom(0, 1),
  magicByte: fc.constant(2),
  isControlBatch: fc.boolean(),
});

/** Of a header called `toString` kafkajs takes the function of that name for the first of two. */
const isOrdinary = (name: string): boolean => !(name in {});

const NO_BATCH = { firstOffset: '0', firstTimestamp: '0', maxTimestamp: '0', timestampType: 0, magicByte: 2 };

test('a record is read as by the decoder of kafkajs', () => {
  fc.assert(
    fc.property(record, batch, ({ headers, ...rest }, around) => {
      const input = {
        ...rest,
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => isOrdinary(name))),
      };
      const buffer = encodeRecord(input);
      const start = buffer.findIndex((byte) => byte < 0x80) + 1;
      const body = buffer.subarray(start);
      const decoded = decodeRecord(buffer, start, buffer.length, around);
      expect(plain(asKafkaJs(decoded))).toEqual(plain(originalDecode(new originalDecoder(body), around)));
    }),
    { numRuns: 500 },
  );
});

/** Buffers as text: a difference then shows in full. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).map(([name, one]) => [name, plain(one)]);
}

test('a header may be called as what every object has', () => {
  const headers = encodeHeaders([
    ['toString', 'one'],
    ['__proto__', 'two'],
    ['__proto__', null],
  ]);
  const buffer = encodeRecord({ headers });
  const read = decodeRecord(buffer, 1, buffer.length, { ...NO_BATCH });
  expect(plain(read.headers)).toEqual(
    plain(
      Object.fromEntries([
        ['toString', Buffer.from('one')],
        ['__proto__', [Buffer.from('two'), null]],
      ]),
    ),
  );
});

test('a batch has the same checksum', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5_000 }), (array) => {
      expect(crc32c(Buffer.from(array))).toBe(originalChecksum(Buffer.from(array)));
    }),
    { numRuns: 300 },
  );
});

test('a heartbeat is due when its interval is over, and when the clock has been put back', async () => {
  const ConsumerGroup = mendedModule<new (options: object) => Beating>('src/consumer/consumerGroup.js');
  const group = new ConsumerGroup({
    logger: { namespace: () => undefined },
    instrumentationEmitter: { emit: () => undefined },
  });
  let beats = 0;
  Object.assign(group, { memberId: 'member', coordinator: { heartbeat: async () => (beats += 1) } });
  const lastOf = async (last: number): Promise<number> => {
    const before = beats;
    group.lastRequest = last;
    await group.heartbeat({ interval: 3_000 });
    return beats - before;
  };
  expect(await lastOf(Date.now())).toBe(0);
  expect(await lastOf(Date.now() - 4_000)).toBe(1);
  expect(await lastOf(Date.now() + 3_600_000)).toBe(1);
});

interface Beating {
  lastRequest: number;
  heartbeat(options: { readonly interval: number }): Promise<void>;
}

test('headers that are encoded already give the same record as headers by name', () => {
  fc.assert(
    fc.property(record, (input) => {
      const encoded = { ...input, headers: encodeHeaders(headerList(input.headers)) };
      expect(encodeRecord(encoded).equals(encodeRecord(input))).toBe(true);
    }),
  );
});

const texts = fc.array(
  fc.tuple(fc.string({ unit: 'grapheme-ascii' }), fc.string({ unit: 'grapheme', maxLength: 9_000 })),
);

test('headers can be read back', () => {
  fc.assert(
    fc.property(texts, (headers) => {
      expect(decodeHeaders(encodeHeaders(headers)).map(([name, value]) => [name, String(value)])).toEqual(headers);
    }),
  );
});

test('headers of a template are written as any headers are, and keep their bytes', () => {
  const writer = new HeaderWriter();
  const kept: [Buffer, string][] = [];
  fc.assert(
    fc.property(texts, texts, (fixed, own) => {
      const template = new HeaderTemplate(
        fixed,
        own.map(([name]) => name),
      );
      const written = writer.write(
        template,
        own.map(([, value]) => value),
      );
      const hex = written.toString('hex');
      expect(hex).toBe(encodeHeaders([...fixed, ...own]).toString('hex'));
      kept.push([written, hex]);
    }),
  );
  for (const [written, hex] of kept) expect(written.toString('hex')).toBe(hex);
});

test('headers may be larger than what is set aside for many', () => {
  const own = [
    ['a', 'x'.repeat(70_000)],
    ['b', 'ü'.repeat(70_000)],
  ] as const;
  const writer = new HeaderWriter();
  const template = new HeaderTemplate([], ['a', 'b']);
  const write = (): Buffer =>
    writer.write(
      template,
      own.map(([, value]) => value),
    );
  expect(write().equals(encodeHeaders(own))).toBe(true);
  expect(write().equals(encodeHeaders(own))).toBe(true);
});

test('messages are grouped by partition as kafkajs groups them, in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ to: fc.nat(5), value: fc.nat() })), (messages) => {
      const input = {
        ...{ topic: 't', partitionMetadata: [1], messages },
        partitioner: ({ message }: { readonly message: { readonly to: number } }) => message.to,
      };
      expect(groupMessagesPerPartition(input)).toEqual(originalGroup(input));
    }),
  );
});

test('keys go to the partition that the default partitioner of kafkajs chooses', () => {
  const defaultPartitioner = originalModule<ICustomPartitioner>('src/producer/partitioners/default/index.js');
  const [ours, theirs] = [murmur2Partitioner(), defaultPartitioner()];
  fc.assert(
    fc.property(BYTES, fc.integer({ min: 1, max: 50 }), (key, count) => {
      const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 0,
        replicas: [],
        isr: [],
      }));
      const choice = { topic: 't', partitionMetadata, message: { key, value: null } };
      expect(ours(choice)).toBe(theirs(choice));
    }),
    { numRuns: 1_000 },
  );
});
