import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { KafkaCloudEvents } from '../../../src/adapters/cloud-events.ts';
import { decodeRecord } from '../../../src/adapters/kafkajs/record-decoder.ts';
import {
  encodeHeaders,
  firstHeader,
  headerList,
  NO_HEADERS,
  type HeaderList,
  type HeadersByName,
} from '../../../src/adapters/record-headers.ts';
import { traceSampler } from '../../../src/adapters/trace-sampler.ts';
import type { ReceivedMessage } from '../../../src/ports/messages.ts';
import { anyText } from '../../support/any-text.ts';
import { COMMAND, givenCodec, preparedCodec, TOPIC } from '../../support/given-codec.ts';
import { encodeRecord } from './given-record.ts';

const cloudEvents = new KafkaCloudEvents(givenCodec().codec, { source: 'licensing', maxMessageBytes: 1_000_000 });
const AT = { topic: 't', partition: 3, offset: 14, timestamp: 15, key: null, value: null };

describe('identity', () => {
  test('is made of source and id as texts, as it has always been', () => {
    const text = anyText({ minLength: 1, maxLength: 60 }).filter((one) => !one.includes('\0'));
    fc.assert(
      fc.property(fc.option(text, { nil: '' }), text, (source, id) => {
        const headers = { ce_id: Buffer.from(id), ...(source !== '' && { ce_source: Buffer.from(source) }) };
        expect(identityOf(headers)).toEqual({ source, id, hash: sha256(`${source}\0${id}`) });
      }),
      {
        examples: [
          ['\uFFFD', 'a\uFFFD'],
          ['', '\uFFFD'],
          ['', '\uFEFFa'],
        ],
      },
    );
  });

  test.each([
    ['ids', (bytes: Buffer) => ({ ce_id: bytes })],
    ['sources', (bytes: Buffer) => ({ ce_id: Buffer.from('1'), ce_source: bytes })],
  ])('two %s in Latin-1 are two, though both read the same as UTF-8', (_, headers) => {
    const [one, other] = [Buffer.from('caf\xe9', 'latin1'), Buffer.from('caf\xe8', 'latin1')];
    expect(one.toString()).toBe(other.toString());
    expect(identityOf(headers(one)).hash).not.toBe(identityOf(headers(other)).hash);
    expect(identityOf(headers(one))).toEqual(identityOf(headers(Buffer.from(one))));
  });

  test('by position has the source of the message, which tells no positions apart', () => {
    const id = 't/3/14/15';
    expect(identityOf({})).toEqual({ source: '', id, hash: sha256(`\0${id}`) });
    expect(identityOf({ ce_source: 'billing' })).toEqual({ source: 'billing', id, hash: sha256(`\0${id}`) });
  });
});

describe('traceparent', () => {
  const [STALE, OWN] = ['1', '2'].map((digit) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`);
  const read = (...values: readonly (string | null | undefined)[]): string | null => {
    const headers = values.map((value) => ['traceparent', value ?? null] as const);
    const others = [['ce_id', 'first'] as const, ['ce_id', 'second'] as const];
    const context = cloudEvents.read(received([...headers, ...others]));
    expect(context.identity.id).toBe('first');
    return context.traceparent;
  };

  test('is taken as it is', () => {
    expect(read(OWN)).toBe(OWN);
  });

  test('is the last one of several: instrumented producers append to headers that they use again', () => {
    expect(read(STALE, STALE, OWN)).toBe(OWN);
  });

  test.each([
    ['malformed', 'nonsense'],
    ['empty', ''],
    ['null', null],
  ])('is none when the last one is %s', (_, last) => {
    expect(read(last)).toBeNull();
    expect(read(OWN, last)).toBeNull();
  });
});

describe('a message that is traced', () => {
  const [TRACE, PARENT] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  const traced = (sampler: string, group = 'g') =>
    new KafkaCloudEvents(givenCodec().codec, {
      ...{ source: 'licensing', maxMessageBytes: 1_000_000 },
      tracing: { sampler: traceSampler(sampler, 1), group },
    });
  const asProducers = traced('parentbased_always_off');
  const readAs = (events: KafkaCloudEvents, traceparent: string | undefined, place = {}) => {
    const headers = encodeHeaders([
      ['ce_id', 'a'],
      ...(traceparent === undefined ? [] : [['traceparent', traceparent] as const]),
    ]);
    return events.read({ ...AT, ...place, headers });
  };

  test.each(['01', '03'])(
    'has a span below that of its producer, which what follows from it names, with the flags %s',
    (flags) => {
      const { span, traceparent } = readAs(asProducers, `00-${TRACE}-${PARENT}-${flags}`);
      expect(span).toEqual({ traceId: TRACE, spanId: expect.stringMatching(/^[0-9a-f]{16}$/), parentId: PARENT });
      expect(span?.spanId).not.toBe(PARENT);
      expect(traceparent).toBe(`00-${TRACE}-${span?.spanId}-${flags}`);
    },
  );

  test('has the same span wherever it is read again, and another one than the same message elsewhere or in another group', () => {
    const sent = `00-${TRACE}-${PARENT}-01`;
    const once = readAs(asProducers, sent).span;
    expect(readAs(traced('parentbased_always_off'), sent).span).toEqual(once);
    const others = [
      readAs(asProducers, sent, { offset: 99 }),
      readAs(asProducers, sent, { partition: 99 }),
      readAs(asProducers, sent, { timestamp: 99 }),
      readAs(traced('parentbased_always_off', 'other'), sent),
    ];
    expect(new Set([once, ...others.map(({ span }) => span)].map((span) => span?.spanId)).size).toBe(5);
  });

  test.each([
    ['its producer does not trace it', asProducers, `00-${TRACE}-${PARENT}-00`],
    ['it says nothing', asProducers, undefined],
    ['it says nonsense', asProducers, `00-${TRACE}-${PARENT}-zz`],
    ['the sampler is off', traced('always_off'), `00-${TRACE}-${PARENT}-01`],
    ['nothing is traced', cloudEvents, `00-${TRACE}-${PARENT}-01`],
    ['its version is to come and nothing is traced', cloudEvents, `cc-${TRACE}-${PARENT}-01-more`],
  ])('is none when %s: its traceparent is carried on as it came', (_, events, sent) => {
    const { span, traceparent } = readAs(events, sent);
    expect(span).toBeUndefined();
    expect(traceparent).toBe(sent === undefined || sent.endsWith('zz') ? null : sent);
  });

  test('begins a trace, made of its identity, where a sampler takes what comes without one', () => {
    const { span, traceparent, identity } = readAs(traced('parentbased_always_on'), undefined);
    expect(span).toEqual({ traceId: identity.hash, spanId: expect.any(String), parentId: undefined });
    expect(traceparent).toBe(`00-${identity.hash}-${span?.spanId}-01`);
  });
});

describe('the headers of a dead letter', () => {
  const anyName = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom('ce_id', 'a', '7', '07', '1e3', '__proto__', 'toString'),
  );
  const anyHeader = fc.tuple(anyName, fc.option(fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes))));
  const anyHeaders: fc.Arbitrary<HeaderList> = fc.array(anyHeader, { maxLength: 80 });

  test('are those of the message, in their order and number, and then what is said of it', () => {
    fc.assert(
      fc.property(anyHeaders, fc.dictionary(fc.constantFrom('dlq-a', 'dlq-b'), fc.string()), (sent, added) => {
        const letter = cloudEvents.encodeHeaders(added, received(sent).headers);
        const expected = [...sent, ...Object.entries(added).map(([name, text]) => [name, Buffer.from(text)] as const)];
        expect(cloudEvents.decodeHeaders(letter)).toEqual(expected);
        expect(letter.equals(encodeHeaders(expected))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test('keep a name that is no UTF-8, byte for byte', () => {
    const raw = Buffer.from([2, 4, 0x61, 0xff, 2, 0x62]);
    const letter = cloudEvents.encodeHeaders({ 'dlq-a': 'x' }, receivedAs(raw).headers);
    expect(letter.subarray(1, raw.length)).toEqual(raw.subarray(1));
    expect(letter[0]).toBe(4);
  });
});

it('dates an event to the millisecond, in one order of times or another', async () => {
  const { codec } = await preparedCodec();
  const writer = new KafkaCloudEvents(codec, { source: 'licensing', maxMessageBytes: 1_000_000 });
  const anyTime = fc.oneof(fc.nat(3_000), fc.integer({ min: 978_307_200_000, max: 253_402_300_799_999 }));
  fc.assert(
    fc.property(fc.array(anyTime, { minLength: 1 }), (times) => {
      for (const time of times) {
        const about = { id: 'i', subject: 's', causationId: 'c', correlationId: 'c', traceparent: null };
        const { headers } = writer.write({
          ...{ topic: TOPIC, key: null, type: 'licensing.internal.LookUpUser', time, ...about },
          data: { userId: COMMAND.tenantId },
        });
        expect(firstHeader(headers, 'ce_time')).toBe(new Date(time).toISOString());
      }
    }),
  );
});

test('the id of an event is a UUID of version 8 made of the identity of its cause, with its index in the last 32 bits', () => {
  const idOf = (hash: string, index: number): string =>
    cloudEvents.eventId(
      { ...cloudEvents.byPosition({ ...AT, headers: NO_HEADERS }), identity: { source: '', id: '', hash } },
      index,
    );
  expect(idOf('00112233445566778899aabbccddeeff', 0)).toBe('00112233-4455-8677-8899-aabbccddeeff');
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 128n - 1n), fc.nat(0xffffffff), (identity, index) => {
      const bits = identity ^ BigInt(index);
      const versioned = (bits & ~(0xfn << 76n)) | (8n << 76n);
      const expected = (versioned & ~(3n << 62n)) | (2n << 62n);
      const hex = (value: bigint): string => value.toString(16).padStart(32, '0');
      expect(idOf(hex(identity), index).replaceAll('-', '')).toBe(hex(expected));
    }),
  );
});

function identityOf(headers: HeadersByName) {
  return cloudEvents.read({ ...AT, headers: encodeHeaders(headerList(headers)) }).identity;
}

/** As the consumer has it of a record with these headers. */
function received(headers: HeaderList): ReceivedMessage {
  return receivedAs(encodeHeaders(headers));
}

function receivedAs(encoded: Buffer): ReceivedMessage {
  const buffer = encodeRecord({ headers: encoded });
  const start = buffer.findIndex((byte) => byte < 0x80) + 1;
  const batch = { firstOffset: '0', firstTimestamp: '0', maxTimestamp: '0', timestampType: 0, magicByte: 2 };
  return { ...AT, headers: decodeRecord(buffer, start, buffer.length, batch).headerBytes };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
