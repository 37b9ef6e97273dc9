import avsc from 'avsc';
import { exampleOf } from '../../schemas/asyncapi/examples.ts';
import { HEADERS } from '../../schemas/asyncapi/headers.ts';
import { renderYaml } from '../../schemas/asyncapi/yaml.ts';
import { KafkaCloudEvents } from '../../src/adapters/cloud-events.ts';
import * as commands from '../../src/domain/commands.ts';
import { COMMAND_NAMES, SCHEMAS, type RecordSchema } from '../../src/generated/schemas.ts';
import { COMMAND, preparedCodec, TOPIC } from '../support/given-codec.ts';

// That the document is valid is told by `npm run test:asyncapi`; here, that its headers and examples are those of messages.

const WRITTEN = { id: 'i', time: 0, subject: 's', causationId: 'c', correlationId: 'c' };
const ANSWER = { causationSource: 'shop', index: 0, count: 1 };

test.each([
  ['written', {}],
  ['answer', { answer: ANSWER }],
] as const)('the headers called %s are those that are written', async (name, about) => {
  const { codec } = await preparedCodec();
  const cloudEvents = new KafkaCloudEvents(codec, { source: 'licensing', maxMessageBytes: 1_000_000 });
  const namesOf = (traceparent: string | null): readonly string[] => {
    const type = 'licensing.internal.LookUpUser';
    const data = { userId: COMMAND.tenantId };
    const { headers } = cloudEvents.write({ topic: TOPIC, key: null, type, data, traceparent, ...WRITTEN, ...about });
    return cloudEvents.decodeHeaders(headers).map(([header]) => header);
  };
  const { required, properties } = HEADERS[name];
  expect(namesOf(null).toSorted()).toEqual(required?.toSorted());
  expect(namesOf('00-1-2-01').toSorted()).toEqual(Object.keys(properties).toSorted());
});

const RECORDS: readonly (readonly [string, RecordSchema])[] = Object.entries(SCHEMAS);

test.each(RECORDS)('the example of %s is what its schema says, and all of it', (_, schema) => {
  const example = exampleOf(schema);
  const type = avsc.Type.forSchema(schema as avsc.Schema);
  expect(type.isValid(example, { noUndeclaredFields: true })).toBe(true);
  expect({ ...(type.fromBuffer(type.toBuffer(example)) as object) }).toEqual(example);
});

test.each(COMMAND_NAMES)('the example of %s is one that the domain takes', (name) => {
  const parse = Object.entries(commands).find(
    ([parser]) => `licensing.commands.${parser}` === name.replace(/(\w+)$/, 'parse$1'),
  );
  const [, parsed] = parse ?? [];
  expect(typeof parsed).toBe('function');
  const example = exampleOf(SCHEMAS[name]);
  expect((parsed as (raw: object) => object)(example)).toMatchObject(example);
});

test('an example that is not of its schema is refused by its name', () => {
  const { fields, ...schema } = SCHEMAS['licensing.commands.UpdateTenant'];
  const more = { name: 'colour', type: 'string', doc: 'Red, say.' } as const;
  expect(() => exampleOf({ ...schema, fields: [...fields, more] })).toThrow('UpdateTenant has a field colour');
  expect(() => exampleOf({ ...schema, fields: [] })).toThrow('UpdateTenant has no field name');
});

test('YAML has strings quoted, and lists and mappings by their indentation', () => {
  const value = { a: { b: ['x: y', { c: 1, d: ['null', true] }] }, '2': [], e: {}, f: undefined, g: null };
  expect(renderYaml(value)).toBe(
    [
      '"2": []',
      'a:',
      '  b:',
      '    - "x: y"',
      '    - c: 1',
      '      d:',
      '        - "null"',
      '        - true',
      'e: {}',
      'g: null',
      '',
    ].join('\n'),
  );
});
