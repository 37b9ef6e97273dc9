import fc from 'fast-check';
import { SCHEMAS } from '../../../src/generated/schemas.ts';
import type { FieldSchema, ListSchema } from '../../../src/generated/schemas.ts';
import { UndecodableMessage } from '../../../src/ports/codec.ts';
import { ConfigurationError } from '../../../src/ports/errors.ts';
import { anyText } from '../../support/any-text.ts';
import { fuzzDecode } from '../../support/decode-fuzz.ts';
import {
  ADD,
  COMMAND,
  NAMES,
  NEVER,
  TOPIC,
  WITH_LISTS,
  frame,
  givenCodec,
  preparedCodec,
  written,
} from '../../support/given-codec.ts';

function contentOf(type: FieldSchema['type'] | ListSchema): fc.Arbitrary<unknown> {
  if (typeof type === 'object' && 'at' in type) return fc.option(contentOf(type[1]));
  if (typeof type === 'object' && type.type === 'array') return fc.array(contentOf(type.items), { maxLength: 12 });
  const name = typeof type === 'string' ? type : type.type;
  if (name === 'boolean') return fc.boolean();
  if (name === 'long') return fc.integer({ min: -(2 ** 52) + 1, max: 2 ** 52 - 1 });
  return fc.oneof(anyText({ maxLength: 300 }), fc.uuid(), fc.constant('\uFFFD'));
}

const anyMessage = fc.constantFrom(...NAMES).chain((type) => {
  const fields = WITH_LISTS[type].fields.map((field) => [field.name, contentOf(field.type)] as const);
  return fc.record(Object.fromEntries(fields), { noNullPrototype: true }).map((data) => ({ type, data }));
});

describe('our own messages', () => {
  test('come back as they were written, as plain values', async () => {
    const { codec, decode, texts } = await preparedCodec(WITH_LISTS);
    await fc.assert(
      fc.asyncProperty(anyMessage, async ({ type, data }) => {
        const value = codec.encode(TOPIC, type, data as never);
        expect(value.readUInt32BE(1)).toBe(texts.indexOf(JSON.stringify(WITH_LISTS[type])) + 1);
        const decoded = await decode(value);
        expect(decoded).toEqual({ known: true, type, data });
        expect(Object.keys((decoded as { data: object }).data)).toEqual(
          WITH_LISTS[type].fields.map(({ name }) => name),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  test('frames keep their bytes while others are written, across slabs and beyond their size', async () => {
    const { codec, decode } = await preparedCodec();
    const messages = Array.from({ length: 3_000 }, (_, index) => ({
      tenantId: `${index}-é-${'y'.repeat(index % 90)}`,
    }));
    messages.splice(1_500, 0, { tenantId: 'z'.repeat(200_000) });
    const values = messages.map((data) => codec.encode(TOPIC, 'licensing.commands.DeleteTenant', data));
    for (const [index, value] of values.entries()) expect(await decode(value)).toMatchObject({ data: messages[index] });
  });

  test('20,000 frames with bytes changed give a message or UndecodableMessage, nothing else', async () => {
    const { refused } = await fuzzDecode({ frames: 20_000, seed: Date.now() });
    expect(refused).toBeGreaterThan(4_000);
  });

  test('data that does not fit is not written', async () => {
    const { codec } = await preparedCodec();
    for (const countRequests of ['5', 1.5, NaN, Infinity, 2 ** 60, null]) {
      expect(() => codec.encode(TOPIC, ADD, { ...COMMAND, countRequests } as never)).toThrow(/AddStatisticRow/);
    }
    expect(() => codec.encode('elsewhere', ADD, COMMAND)).toThrow(`elsewhere-${ADD}`);
  });

  test('a schema that is not registered stops the start, and all of them are named', async () => {
    const { codec } = givenCodec([SCHEMAS[ADD]]);
    const subjects = [ADD, 'licensing.commands.CreateUser', 'licensing.commands.DeleteTenant'] as const;
    const prepared = codec.prepareWriters(
      subjects.map((type) => ({ topic: TOPIC, type })),
      NEVER,
    );
    await expect(prepared).rejects.toThrow(ConfigurationError);
    await expect(prepared).rejects.toThrow(
      /topic\.v1-licensing\.commands\.CreateUser, .*DeleteTenant: run `licensing schemas register`/,
    );
  });
});

describe('lists', () => {
  const OURS = WITH_LISTS[ADD];
  const codecFor = (writer: unknown) => givenCodec([writer], [], WITH_LISTS);
  const lists = { numbers: [80, 100], names: ['a', ''], answers: null };

  test('of a writer that has none, smaller numbers, or no null are read as ours', async () => {
    const without = codecFor(SCHEMAS[ADD]);
    expect(await without.decode(written(SCHEMAS[ADD], COMMAND))).toMatchObject({
      data: { ...COMMAND, numbers: null, names: null, answers: null },
    });
    const numbers = { name: 'numbers', type: { type: 'array', items: 'int' } };
    const foreign = { ...OURS, fields: [...SCHEMAS[ADD].fields, numbers] };
    const { decode } = codecFor(foreign);
    expect(await decode(written(foreign, { ...COMMAND, numbers: [80, 100] }))).toMatchObject({
      data: { numbers: [80, 100], names: null },
    });
  });

  test('in several blocks, with their sizes told, are one list', async () => {
    const whole = written(OURS, { ...COMMAND, ...lists, numbers: null, names: null });
    const start = whole.subarray(0, -3);
    // A block of two items, whose size of four bytes is told, one of a single item, and the end.
    const blocks = Buffer.concat([start, Buffer.from('02' + '0308a001c801' + '0206' + '00' + '0000', 'hex')]);
    expect(await codecFor(OURS).decode(blocks)).toMatchObject({ data: { numbers: [80, 100, 3], names: null } });
  });

  test('that can not be read without loss are refused by their field', async () => {
    const empty = written(OURS, { ...COMMAND, ...lists, numbers: null, names: null });
    const start = empty.subarray(0, -3);
    const decoded = (hex: string) => codecFor(OURS).decode(Buffer.concat([start, Buffer.from(hex, 'hex')]));
    await expect(decoded('0202' + '81808080808080' + '10' + '00' + '0000')).rejects.toThrow('numbers is beyond 2^52');
    await expect(decoded('00' + '0202' + '0461ff' + '00' + '00')).rejects.toThrow('names is not UTF-8');
  });

  test('whose parts lie about their size or length end at once', async () => {
    const start = written(OURS, { ...COMMAND, ...lists, numbers: null, names: null }).subarray(0, -3);
    const decoded = (hex: string) => codecFor(OURS).decode(Buffer.concat([start, Buffer.from(hex, 'hex')]));
    await expect(decoded('02' + 'feffffffff7f' + '0000')).rejects.toThrow('a list is longer than the frame');
    await expect(decoded('02' + 'fdffffffff7f' + '00' + '0000')).rejects.toThrow('a list is longer than the frame');
    await expect(decoded('02' + '0306a001c801' + '000000')).rejects.toThrow('another size than it says');
    await expect(decoded('02' + '030aa001c801' + '000000')).rejects.toThrow('another size than it says');
  });

  test('with an item that does not fit are not written', async () => {
    const { codec } = await preparedCodec(WITH_LISTS);
    for (const numbers of [[80, 1.5], ['80'], [null], [[80]], 80, { 0: 80 }]) {
      expect(() => codec.encode(TOPIC, ADD, { ...COMMAND, ...lists, numbers } as never)).toThrow(/AddStatisticRow/);
    }
  });
});

describe('what is no message', () => {
  const long = (bytes: readonly number[]) => Buffer.concat([start(), Buffer.from(bytes)]);
  const start = () => written({ ...SCHEMAS[ADD], fields: SCHEMAS[ADD].fields.slice(0, -1) }, COMMAND).subarray(5);
  test.each([
    ['a tombstone', null, 'tombstone'],
    ['an empty value', Buffer.alloc(0), 'too short'],
    ['four bytes', Buffer.alloc(4), 'too short'],
    ['another magic byte', Buffer.from('{"tenantId":1}'), 'magic byte'],
    ['an unknown id', frame(99, Buffer.alloc(10)), 'unknown schema id 99'],
    ['an id that no registry gives', frame(2 ** 32 - 1, Buffer.alloc(10)), 'unknown schema id 4294967295'],
    ['a frame that is too large', frame(1, Buffer.alloc(2 ** 21)), 'allowed'],
    ['a frame without a record', frame(1, Buffer.alloc(0)), 'truncated'],
    [
      'a number above 2^53',
      frame(1, long([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])),
      'precision loss',
    ],
    ['a number below -2^52', frame(1, long([0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10])), 'beyond 2^52'],
    ['a number of 40 bytes', frame(1, long([...Array.from({ length: 39 }, () => 0xff), 0x01])), 'precision loss'],
  ])('%s', async (_case, value, reason) => {
    const { decode } = givenCodec([SCHEMAS[ADD]]);
    await expect(decode(value)).rejects.toThrow(UndecodableMessage);
    await expect(decode(value)).rejects.toThrow(reason);
  });

  test('text that is no UTF-8 is refused, a replacement character that was sent is not', async () => {
    const { decode } = givenCodec([SCHEMAS['licensing.commands.DeleteTenant']]);
    expect(await decode(frame(1, Buffer.from('\x06\uFFFD')))).toMatchObject({ data: { tenantId: '\uFFFD' } });
    await expect(decode(frame(1, Buffer.of(4, 0x61, 0xff)))).rejects.toThrow('tenantId is not UTF-8');
    await expect(decode(frame(1, Buffer.of(6, 0xed, 0xa0, 0x80)))).rejects.toThrow('tenantId is not UTF-8');
  });

  test('an unknown id is asked for again after ten seconds, and a known one never', async () => {
    const { codec, decode, requests, clock, texts } = givenCodec([]);
    const value = written(SCHEMAS[ADD], COMMAND);
    await expect(decode(value)).rejects.toThrow('unknown schema id 1');
    clock.time += 9_999;
    expect(codec.missingSchema(value)).toBeUndefined();
    clock.time += 1;
    expect(codec.missingSchema(value)).toBe(1);
    expect(() => codec.decode(value)).toThrow('unknown schema id 1');
    texts.push(JSON.stringify(SCHEMAS[ADD]));
    expect(await decode(value)).toMatchObject({ data: COMMAND });
    clock.time += 1e9;
    expect(await decode(value)).toMatchObject({ data: COMMAND });
    expect(requests).toEqual([1, 1]);
  });

  test('a "no" is doubted with the help of an id that was prepared: insistently the first time, and not again', async () => {
    const { codec, decode, clock, doubts, texts } = await preparedCodec();
    const id = texts.length + 1;
    for (let i = 0; i < 2; i += 1) {
      await expect(decode(frame(id, Buffer.alloc(10)))).rejects.toThrow(`unknown schema id ${id}`);
      clock.time += 10_000;
    }
    const ours = codec.encode(TOPIC, ADD, COMMAND).readUInt32BE(1);
    expect(texts[ours - 1]).toBeDefined();
    expect(doubts).toEqual([
      { ours: 1, insists: true },
      { ours: 1, insists: false },
    ]);
  });

  test('who has prepared nothing, and so decides nothing, believes at once', async () => {
    const { decode, doubts } = givenCodec();
    await expect(decode(frame(99, Buffer.alloc(10)))).rejects.toThrow('unknown schema id 99');
    expect(doubts).toEqual([{}]);
  });

  test('a schema that nobody fetched is a mistake of the program, not of the message', () => {
    const { codec } = givenCodec();
    expect(() => codec.decode(frame(1, Buffer.alloc(1)))).toThrow(
      expect.objectContaining({ name: 'SchemaNotFetched' }),
    );
  });
});
