import { encodeHeaders, NO_HEADERS } from '../../../src/adapters/record-headers.ts';
import { formatOf } from '../../../src/adapters/avro/foreign-formats.ts';
import { SCHEMAS } from '../../../src/generated/schemas.ts';
import { ADD, COMMAND, frame, givenCodec, written } from '../../support/given-codec.ts';

const AVRO = written(SCHEMAS[ADD], COMMAND).subarray(5);
const EIGHT_BYTES = Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 7]), AVRO]);
const LONG_JSON = JSON.stringify({ tenants: Array.from({ length: 10_000 }, () => 'a tenant') });

test.each([
  ['Apicurio with the id in a header', AVRO, ['apicurio.value.globalId'], /headers\.enabled=false/],
  ['Apicurio with the id of the content', AVRO, ['apicurio.value.contentId'], /as-confluent=true/],
  ['Apicurio with an id of eight bytes', EIGHT_BYTES, [], /8 bytes: set apicurio\.registry\.as-confluent=true/],
  ['Confluent with the id in a header', AVRO, ['__value_schema_id'], /PrefixSchemaIdSerializer/],
  ['JSON', Buffer.from(' {"tenantId": "t"}'), [], /it is JSON/],
  ['a list in JSON', Buffer.from('[]'), [], /it is JSON/],
  ['long JSON', Buffer.from(LONG_JSON), [], /it is JSON/],
  ['JSON behind a frame', frame(7, Buffer.from('{"a": 1}')), [], /behind the schema id it is JSON/],
  ["Avro's single objects", Buffer.concat([Buffer.from([0xc3, 1]), Buffer.alloc(8), AVRO]), [], /single-object/],
  ['an Avro file', Buffer.concat([Buffer.from('Obj'), Buffer.from([1]), AVRO]), [], /Avro file/],
])('%s is known by its looks, and what mends it is told', (_, value, headers: readonly string[], said) => {
  expect(formatOf(value, headers)).toMatch(said);
});

test.each([
  ['nothing', null],
  ['an empty value', Buffer.alloc(0)],
  ['what begins like JSON', Buffer.from('{tenant}')],
  ['long text that begins like JSON', Buffer.from(`{${'x'.repeat(100_000)}`)],
  ['a frame', frame(7, AVRO)],
  ['text', Buffer.from('hello')],
])('%s is not mistaken for anything', (_, value) => {
  expect(formatOf(value, [])).toBeUndefined();
});

test('an id that the registry does not know is one of another registry; so may be one that says another type than the header', async () => {
  const { codec, decode } = givenCodec([SCHEMAS[ADD], { ...SCHEMAS[ADD], name: 'Other' }]);
  const headers = encodeHeaders([['ce_type', 'licensing.commands.CreateUser']]);
  for (const id of [1, 2, 99]) await decode(frame(id, Buffer.of(1))).catch(() => undefined);
  expect(codec.mistakeIn({ value: frame(99, AVRO), headers: NO_HEADERS })).toMatch(/another registry/);
  expect(codec.mistakeIn({ value: frame(1, Buffer.of(1)), headers })).toMatch(
    /ce_type says licensing.commands.CreateUser, its schema id licensing.commands.AddStatisticRow/,
  );
  expect(codec.mistakeIn({ value: frame(2, AVRO), headers })).toMatch(/its schema id licensing.commands.Other/);
  expect(
    codec.mistakeIn({ value: frame(1, Buffer.of(1)), headers: encodeHeaders([['ce_type', ADD]]) }),
  ).toBeUndefined();
  expect(codec.mistakeIn({ value: frame(1, Buffer.of(1)), headers: NO_HEADERS })).toBeUndefined();
});
