import { HEADERS } from '../../schemas/asyncapi/headers.ts';
import { renderYaml } from '../../schemas/asyncapi/yaml.ts';
import { KafkaCloudEvents } from '../../src/adapters/cloud-events.ts';
import { COMMAND, preparedCodec, TOPIC } from '../support/given-codec.ts';

// That the document is valid is told by `npm run test:asyncapi`; here, that its headers are those of messages.

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
