import fc from 'fast-check';
import { isSameSchema } from '../../../src/adapters/avro/same-schema.ts';
import { SCHEMAS } from '../../../src/generated/schemas.ts';
import { ADD, NAMES } from '../../support/given-codec.ts';

test('a schema is the same however it is spelled: spaces, order of attributes, names in full', () => {
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), fc.nat({ max: 4 }), fc.boolean(), (type, spaces, full) => {
      const { namespace, name, ...rest } = SCHEMAS[type];
      const spelled = full ? { ...rest, name: `${namespace}.${name}` } : { ...rest, name, namespace };
      expect(isSameSchema(JSON.stringify(spelled, null, spaces), JSON.stringify(SCHEMAS[type]))).toBe(true);
    }),
  );
});

test.each([
  ['a wrapped primitive', { type: { type: 'string' } }, { type: 'string' }, true],
  ['a name of the namespace around', { type: 'n.B' }, { type: 'B' }, true],
  ['a default', { type: 'long', default: 1 }, { type: 'long', default: 2 }, false],
  ['a doc', { type: 'long', doc: 'a' }, { type: 'long', doc: 'b' }, false],
  ['a type', { type: 'long' }, { type: 'int' }, false],
  ['the order of branches', { type: ['null', 'long'] }, { type: ['long', 'null'] }, false],
  [
    'a wrapped item',
    { type: { items: { type: 'long' }, type: 'array' } },
    { type: { type: 'array', items: 'long' } },
    true,
  ],
  ['an item', { type: { type: 'array', items: 'long' } }, { type: { type: 'array', items: 'int' } }, false],
  ['a logical type', { type: { type: 'string', logicalType: 'uuid' } }, { type: 'string' }, false],
])('%s', (_, one, other, same) => {
  const within = (field: object): string =>
    JSON.stringify({ type: 'record', name: 'A', namespace: 'n', fields: [{ name: 'f', ...field }] });
  expect(isSameSchema(within(one), within(other))).toBe(same);
});

test('types are told from each other, and from what is no JSON', () => {
  const ours = JSON.stringify(SCHEMAS[ADD]);
  for (const type of NAMES) expect(isSameSchema(ours, JSON.stringify(SCHEMAS[type]))).toBe(type === ADD);
  expect(isSameSchema(ours, 'syntax = "proto3";')).toBe(false);
});
