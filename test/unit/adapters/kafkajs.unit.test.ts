import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import type { ICustomPartitioner } from 'kafkajs';
import { crc32c } from '../../../src/adapters/kafkajs/crc32c.ts';
import { groupMessagesPerPartition } from '../../../src/adapters/kafkajs.ts';
import { murmur2Partitioner } from '../../../src/adapters/partitioner.ts';
import { decodeRecord } from '../../../src/adapters/kafkajs/record-decoder.ts';
import { encodeRecord } from '../../../src/adapters/kafkajs/record-encoder.ts';
import { decodeHeaders, encodeHeaders, encodeTextHeaders, headerList } from '../../../src/adapters/record-headers.ts';

/** kafkajs' own modules, loaded in a thread of their own, where nothing has replaced them. */
const original = new Worker(
  `const { parentPort } = require('node:worker_threads');
   const Record = require('kafkajs/src/protocol/recordBatch/record/v0');
   const decode = require('kafkajs/src/protocol/recordBatch/record/v0/decoder');
   const Decoder = require('kafkajs/src/protocol/decoder');
   const checksum = require('kafkajs/src/protocol/recordBatch/crc32C/crc32C');
   const group = require('kafkajs/src/producer/groupMessagesPerPartition');
   const buffers = (value) => value instanceof Uint8Array ? Buffer.from(value) : Array.isArray(value) ? value.map(buffers) : value;
   parentPort.on('message', ({ what, input }) => {
     if (what === 'checksum') return parentPort.postMessage(checksum(buffers(input)));
     if (what === 'decode') return parentPort.postMessage(decode(new Decoder(buffers(input.body)), input.batch));
     if (what === 'group') return parentPort.postMessage(group({ ...input, partitioner: ({ message }) => message.to }));
     const headers = Object.fromEntries(Object.entries(input.headers).map(([k, v]) => [k, buffers(v)]));
     parentPort.postMessage(Record({ ...input, key: buffers(input.key), value: buffers(input.value), headers }).buffer);
   });`,
  { eval: true },
);

async function byOriginal<T>(what: string, input: unknown): Promise<T> {
  const answer = new Promise<T>((resolve) => original.once('message', resolve));
  original.postMessage({ what, input });
  return answer;
}

afterAll(() => original.terminate());

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const content = fc.oneof(bytes, fc.string({ unit: 'grapheme' }));
const record = fc.record({
  offsetDelta: fc.integer({ min: 0, max: 100_000 }),
  timestampDelta: fc.oneof(fc.constant(0), fc.integer({ min: -(2 ** 45), max: 2 ** 45 })),
  key: fc.option(content, { nil: null }),
  value: fc.option(content, { nil: null }),
  headers: fc.dictionary(
    fc.string({ unit: 'grapheme', minLength: 1 }),
    fc.oneof(content, fc.array(content, { maxLength: 3 })),
  ),
});

test('a record has the same bytes as from the encoder of kafkajs', async () => {
  await fc.assert(
    fc.asyncProperty(record, async (input) => {
      const expected = Buffer.from(await byOriginal<Uint8Array>('record', input));
      expect(encodeRecord(input).buffer.toString('hex')).toBe(expected.toString('hex'));
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

test('a record is read as by the decoder of kafkajs', async () => {
  await fc.assert(
    fc.asyncProperty(record, batch, async ({ headers, ...rest }, around) => {
      const input = {
        ...rest,
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => isOrdinary(name))),
      };
      const { buffer } = encodeRecord(input);
      const body = buffer.subarray(buffer.findIndex((byte) => byte < 0x80) + 1);
      const { rawHeaders: _, ...decoded } = decodeRecord({ buffer: body }, around);
      expect(plain(decoded)).toEqual(plain(await byOriginal('decode', { body, batch: around })));
    }),
    { numRuns: 500 },
  );
});

/** Buffers become plain arrays between threads. */
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
  const { buffer } = encodeRecord({ headers });
  const read = decodeRecord({ buffer: buffer.subarray(1) }, { ...NO_BATCH });
  expect(plain(read.headers)).toEqual(
    plain(
      Object.fromEntries([
        ['toString', Buffer.from('one')],
        ['__proto__', [Buffer.from('two'), null]],
      ]),
    ),
  );
});

test('a record larger than a slab is encoded as well', async () => {
  const input = { key: 'k', value: Buffer.alloc(400_000, 7), headers: {} };
  const expected = Buffer.from(await byOriginal<Uint8Array>('record', input));
  expect(encodeRecord(input).buffer.equals(expected)).toBe(true);
});

test('a batch has the same checksum', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), async (array) => {
      expect(crc32c(Buffer.from(array))).toBe(await byOriginal('checksum', array));
    }),
    { numRuns: 300 },
  );
});

test('a heartbeat is due when its interval is over, and when the clock has been put back', async () => {
  const require = createRequire(import.meta.url);
  const ConsumerGroup = require('kafkajs/src/consumer/consumerGroup.js') as new (options: object) => Beating;
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
      expect(encodeRecord(encoded).buffer.equals(encodeRecord(input).buffer)).toBe(true);
    }),
  );
});

test('headers can be read back, and texts are written as any headers are', () => {
  const texts = fc.array(
    fc.tuple(fc.string({ unit: 'grapheme-ascii' }), fc.string({ unit: 'grapheme', maxLength: 9_000 })),
  );
  fc.assert(
    fc.property(texts, (headers) => {
      const encoded = encodeTextHeaders(headers);
      expect(encoded.equals(encodeHeaders(headers))).toBe(true);
      expect(decodeHeaders(encoded).map(([name, value]) => [name, String(value)])).toEqual(headers);
    }),
  );
});

test('records that were encoded before keep their bytes', () => {
  const first = encodeRecord({ key: 'first', value: 'one' });
  const before = first.buffer.toString('hex');
  for (let i = 0; i < 10_000; i += 1) encodeRecord({ key: `k${i}`, value: 'x'.repeat(100) });
  expect(first.buffer.toString('hex')).toBe(before);
});

test('messages are grouped by partition as kafkajs groups them, in their order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ to: fc.nat(5), value: fc.nat() })), async (messages) => {
      const input = { topic: 't', partitionMetadata: [1], messages };
      const ours = groupMessagesPerPartition({ ...input, partitioner: ({ message }) => message.to });
      expect(ours).toEqual(await byOriginal('group', input));
    }),
  );
});

test('keys go to the partition that the default partitioner of kafkajs chooses', () => {
  const require = createRequire(import.meta.url);
  const defaultPartitioner = require('kafkajs/src/producer/partitioners/default/index.js') as ICustomPartitioner;
  const [ours, theirs] = [murmur2Partitioner(), defaultPartitioner()];
  fc.assert(
    fc.property(bytes, fc.integer({ min: 1, max: 50 }), (key, count) => {
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
