import fc from 'fast-check';
import { CompressionTypes } from '../../../src/adapters/kafkajs.ts';
import type { AddressedRequest } from '../../../src/adapters/kafkajs/produce-request.ts';
import { encodeHeaders, headerList } from '../../../src/adapters/record-headers.ts';
import { mendedModule, originalModule } from './given-kafkajs.ts';
import { RECORD_CONTENT } from './given-record.ts';

type Load = <T>(path: string) => T;
type Version = (order: object) => { readonly request: AddressedRequest['request'] };

const VERSIONS = ['3', '4', '5', '6', '7'];
const HOW = { acks: -1, timeout: 8_000 };
/** Header and body of a request for one partition of a topic whose name has one letter, up to the length of its batch. */
const BEFORE_BATCH = 4 + 2 + 2 + 4 + (2 + 'licensing'.length) + 2 + 2 + 4 + 4 + (2 + 1) + 4 + 4;

const message = fc.record(
  {
    ...RECORD_CONTENT,
    timestamp: fc.integer({ min: 1e12, max: 1e13 - 1 }).map(String),
  },
  { requiredKeys: ['timestamp'] },
);
const topicData = fc.array(
  fc.record({
    topic: fc.string({ unit: 'grapheme-ascii' }),
    partitions: fc.array(
      fc.record({ partition: fc.nat(50), messages: fc.array(message, { minLength: 1 }), firstSequence: fc.nat(9) }),
    ),
  }),
);

test('a request to produce has the same bytes as from kafkajs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...VERSIONS), topicData, async (version, data) => {
      const order = { ...HOW, topicData: data };
      const [ours, theirs] = [
        await written(mendedModule, version, order),
        await written(originalModule, version, order),
      ];
      expect(ours.toString('hex')).toBe(theirs.toString('hex'));
    }),
    { numRuns: 100 },
  );
});

test.each([
  ['packed', { compression: CompressionTypes.GZIP }],
  ['part of a transaction', { transactionalId: 't', producerId: '7', producerEpoch: 1 }],
  ['part of a sequence', { producerId: '7', producerEpoch: 1 }],
])('one that is %s is left to kafkajs', async (_, how) => {
  const messages = [{ key: 'k', value: 'v', headers: { h: 'x' }, timestamp: '1700000000000' }];
  const order = { ...HOW, ...how, topicData: [{ topic: 't', partitions: [{ partition: 3, messages }] }] };
  const [ours, theirs] = [await written(mendedModule, '7', order), await written(originalModule, '7', order)];
  expect(ours.toString('hex')).toBe(theirs.toString('hex'));
});

test('messages without a time have that of the request', async () => {
  const before = Date.now();
  const [record] = await sent([{ key: null, value: 'v' }]);
  expect(Number(record?.timestamp)).toBeGreaterThanOrEqual(before);
  expect(Number(record?.timestamp)).toBeLessThanOrEqual(Date.now());
});

test('headers that are encoded already give the same request as headers by name', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: 1 }), async (messages) => {
      const encoded = messages.map((one) => ({ ...one, headers: encodeHeaders(headerList(one.headers ?? {})) }));
      expect((await produced(encoded)).equals(await produced(messages))).toBe(true);
    }),
  );
});

test('headers that are encoded already come out of a batch by name', async () => {
  const headers = encodeHeaders([['ce_id', 'one']]);
  expect(await sent([{ key: Buffer.from('k'), value: Buffer.from('v'), headers }])).toMatchObject([
    { key: Buffer.from('k'), value: Buffer.from('v'), headers: { ce_id: Buffer.from('one') } },
  ]);
});

test('a request may be larger than its messages are as a rule', async () => {
  const value = Buffer.alloc(3_000_000, 7);
  const [record] = await sent([{ key: 'k', value }]);
  expect(record?.value?.equals(value)).toBe(true);
});

async function produced(messages: readonly object[]): Promise<Buffer> {
  const order = { ...HOW, topicData: [{ topic: 't', partitions: [{ partition: 0, messages }] }] };
  return written(mendedModule, '7', order);
}

/** The whole request, as it goes to the socket. */
async function written(load: Load, version: string, order: object): Promise<Buffer> {
  const versions = load<{ readonly protocol: (options: { readonly version: string }) => Version }>(
    'src/protocol/requests/produce/index.js',
  );
  const create = load<(addressed: AddressedRequest) => Promise<{ readonly buffer: Buffer }>>('src/protocol/request.js');
  const { request } = versions.protocol({ version })(order);
  return (await create({ request, correlationId: 5, clientId: 'licensing' })).buffer;
}

interface Read {
  readonly timestamp: string;
  readonly value: Buffer | null;
}

/** What a consumer reads of these messages. */
async function sent(messages: readonly object[]): Promise<readonly Read[]> {
  const Decoder = mendedModule<new (bytes: Buffer) => object>('src/protocol/decoder.js');
  const decode = mendedModule<(decoder: object) => Promise<readonly Read[]>>(
    'src/protocol/requests/fetch/v4/decodeMessages.js',
  );
  const bytes = await produced(messages);
  return decode(new Decoder(bytes.subarray(BEFORE_BATCH)));
}
