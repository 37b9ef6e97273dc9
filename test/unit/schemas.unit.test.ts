import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import avsc from 'avsc';
import { outOfDate } from '../../schemas/generate.ts';
import { checkedRecord, isList, isOptional, SchemaRuleError, VALUE_TYPES } from '../../schemas/rules.ts';
import { eventsOf } from '../../schemas/states.ts';
import { REJECTIONS } from '../../src/domain/rejection.ts';
import {
  COMMAND_NAMES,
  ENTITLEMENT_NAMES,
  EVENT_NAMES,
  INTERNAL_COMMAND_NAMES,
  LOOK_UP_MESSAGE_NAMES,
  OUTSIDE_EVENT_NAMES,
  REJECTION_NAMES,
  SCHEMAS,
} from '../../src/generated/schemas.ts';
import type { FieldSchema, ListSchema, RecordSchema, ValueSchema } from '../../src/generated/schemas.ts';

const DIRECTORY = join(import.meta.dirname, '../../schemas');
const NAMESPACES = new Map([
  ['commands', 'licensing.commands'],
  ['events', 'licensing.events'],
  ['rejections', 'licensing.rejections'],
  ['entitlements', 'licensing.entitlements'],
  ['internal', 'licensing.internal'],
  ['users', 'users.events'],
]);
const FILES = readdirSync(DIRECTORY, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.avsc') && !file.startsWith('released/'),
);
const RECORDS: readonly (readonly [string, RecordSchema])[] = Object.entries(SCHEMAS);

test('the generated files are current', async () => {
  expect(await outOfDate()).toEqual([]);
});

test('every schema file is a message, and every message has a schema file', () => {
  const named = FILES.map((file) => {
    const [folder = '', name = ''] = file.replace(/\.avsc$/, '').split('/');
    return `${NAMESPACES.get(folder)}.${name}`;
  });
  expect(named.toSorted()).toEqual(Object.keys(SCHEMAS).toSorted());
});

test('the lists of names hold each message once', () => {
  const lists = [
    COMMAND_NAMES,
    EVENT_NAMES,
    REJECTION_NAMES,
    ENTITLEMENT_NAMES,
    OUTSIDE_EVENT_NAMES,
    INTERNAL_COMMAND_NAMES,
    LOOK_UP_MESSAGE_NAMES,
  ];
  expect(lists.flat()).toEqual(Object.keys(SCHEMAS));
});

describe.each(FILES)('%s', (file) => {
  const text = readFileSync(join(DIRECTORY, file), 'utf8');

  test('is named and namespaced as its file and folder, and parses', () => {
    const [folder = '', name = ''] = file.replace(/\.avsc$/, '').split('/');
    expect(JSON.parse(text)).toMatchObject({ name, namespace: NAMESPACES.get(folder) });
    expect(avroType(text).name).toBe(`${NAMESPACES.get(folder)}.${name}`);
  });
});

describe.each(RECORDS)('%s', (name, schema) => {
  test('is documented throughout', () => {
    expect(schema.doc).toMatch(/\S.*\.$/);
    for (const field of schema.fields)
      expect([field.name, field.doc]).toEqual([field.name, expect.stringMatching(/\S.*\.$/)]);
  });

  test('uses only the types of the contract', () => {
    for (const field of schema.fields) {
      expect(field.name).toMatch(/^[a-z][a-zA-Z]*$/);
      const type = typeOf(field);
      expect(VALUE_TYPES).toContainEqual(isList(type) ? type.items : type);
      if (isOptional(field)) expect([field.type[0], field.default]).toEqual(['null', null]);
    }
  });

  test('gives every id of the domain as a UUID', () => {
    // A rejected command may hold malformed ids, and the Telegram id is none of ours.
    if (name === 'licensing.rejections.CommandRejected') return;
    const ids = schema.fields.filter((field) => /Id$|^createdBy$/.test(field.name) && field.name !== 'tgId');
    for (const field of ids) expect(typeOf(field)).toEqual({ type: 'string', logicalType: 'uuid' });
  });

  test('comes back from Avro as it went in, with and without its optional fields', () => {
    const type = avroType(JSON.stringify(schema));
    for (const filled of [true, false]) {
      const message = Object.fromEntries(schema.fields.map((field) => [field.name, sample(field, filled)]));
      expect(type.isValid(message)).toBe(true);
      expect({ ...type.fromBuffer(type.toBuffer(message)) }).toEqual(message);
    }
  });
});

test('CommandRejected names every code, and no other', () => {
  const { doc } = SCHEMAS['licensing.rejections.CommandRejected'].fields[3];
  expect(doc.match(/\b[A-Z]\w+[a-z][A-Z]\w+/g)?.toSorted()).toEqual(Object.keys(REJECTIONS).toSorted());
});

// A refusal that a command's doc does not name is one that its sender does not expect.
test.each(COMMAND_NAMES)('%s names only codes that there are', (name) => {
  const [, named = ''] = /Rejected with (.*)\.$/.exec(SCHEMAS[name].doc) ?? [];
  const codes = named.match(/\b[A-Z]\w+/g)?.filter((word) => word !== 'ActivateSubdivisionLicense') ?? [];
  expect(Object.keys(REJECTIONS)).toEqual(expect.arrayContaining(codes));
  expect(named).toMatch(/^InvalidCommand/);
});

test.each(EVENT_NAMES)('%s ends with its version and time', (name) => {
  expect(SCHEMAS[name].fields.slice(-2).map((field) => field.name)).toEqual(['version', 'occurredAt']);
});

test.each(COMMAND_NAMES)('%s begins with its key', (name) => {
  expect(SCHEMAS[name].fields[0].name).toBe(name === 'licensing.commands.CreateUser' ? 'userId' : 'tenantId');
});

describe('a schema that leaves the contract is refused, with its file and field', () => {
  const LIST = { type: 'array', items: 'long' };
  const field = { name: 'size', type: 'long', doc: 'Size in bytes.' };
  const optional = (type: object) => ({ ...field, type: ['null', type], default: null });
  const record = { type: 'record', name: 'Thing', namespace: 'licensing.events', doc: 'A thing.', fields: [field] };

  test.each<[string, unknown]>([
    ['x.avsc: the record is not named Thing, as its file is', { ...record, name: 'Other' }],
    ['x.avsc: the namespace is not licensing.events', { ...record, namespace: 'users.events' }],
    ['x.avsc: no doc', { ...record, doc: ' ' }],
    ['x.avsc: no fields', { ...record, fields: [] }],
    ['x.avsc: "aliases" is not used on the wire', { ...record, aliases: ['Other'] }],
    ['x.avsc: size: no doc', { ...record, fields: [{ ...field, doc: undefined }] }],
    ['x.avsc: size: "double" is not used on the wire', { ...record, fields: [{ ...field, type: 'double' }] }],
    ['x.avsc: size: "default" is not used on the wire', { ...record, fields: [{ ...field, default: 0 }] }],
    ['x.avsc: size: an optional field', { ...record, fields: [{ ...field, type: ['null', 'long'] }] }],
    ['x.avsc: size: an optional field', { ...record, fields: [{ ...field, type: ['long', 'null'], default: null }] }],
    ['x.avsc: Size: not camelCase', { ...record, fields: [{ ...field, name: 'Size' }] }],
    ['x.avsc: size stands there twice', { ...record, fields: [field, field] }],
    ['x.avsc: size: {"type":"array","items":"long"} is not used', { ...record, fields: [{ ...field, type: LIST }] }],
    ['x.avsc: size: an optional field', { ...record, fields: [{ ...field, type: ['null', LIST], default: [] }] }],
    ['x.avsc: size: "double" is not used', { ...record, fields: [optional({ ...LIST, items: 'double' })] }],
    ['x.avsc: size: {"type":"array"', { ...record, fields: [optional({ ...LIST, items: LIST })] }],
    ['x.avsc: size: ["null","long"] is not', { ...record, fields: [optional({ ...LIST, items: ['null', 'long'] })] }],
    ['x.avsc: size: "default" is not used', { ...record, fields: [optional({ ...LIST, default: [] })] }],
  ])('%s', (message, value) => {
    const check = () => checkedRecord(value, { path: 'x.avsc', name: 'Thing', namespace: 'licensing.events' });
    expect(check).toThrow(SchemaRuleError);
    expect(check).toThrow(message);
  });
});

test.each(VALUE_TYPES)('an optional field may be a list of %j', (items) => {
  const size = { name: 'size', type: ['null', { type: 'array', items }], default: null, doc: 'Sizes in bytes.' };
  const record = { type: 'record', name: 'Thing', namespace: 'licensing.events', doc: 'A thing.', fields: [size] };
  expect(checkedRecord(record, { path: 'x.avsc', name: 'Thing', namespace: 'licensing.events' })).toEqual(record);
});

describe('a state gives its fields to each of its events', () => {
  const long = (name: string) => ({ name, type: 'long', doc: 'A number.' });
  const state = { fields: [long('size'), long('version'), long('occurredAt')], events: { Grown: { doc: 'It grew.' } } };
  const events = (changed: object) => eventsOf({ ...state, ...changed }, 'x.json', 'licensing.events');

  test('and what an event has beside them stands ahead of version and time', () => {
    const fields = events({ events: { Grown: { doc: 'It grew.', fields: [long('by')] } } })[0]?.fields;
    expect(fields?.map(({ name }) => name)).toEqual(['size', 'by', 'version', 'occurredAt']);
  });

  test.each<[string, object]>([
    ['x.json: expected "fields" and "events"', { fields: undefined }],
    ['x.json: "doc" is not used on the wire', { doc: 'A thing.' }],
    ['x.json: Grown: "name" is not used on the wire', { events: { Grown: { doc: 'It grew.', name: 'Grown' } } }],
    ['x.json: Grown: no doc', { events: { Grown: {} } }],
    ['x.json: Grown: "fields" is no list', { events: { Grown: { doc: 'It grew.', fields: long('by') } } }],
    ['x.json: Grown: size stands there twice', { events: { Grown: { doc: 'It grew.', fields: [long('size')] } } }],
  ])('or is refused: %s', (message, changed) => {
    expect(() => events(changed)).toThrow(SchemaRuleError);
    expect(() => events(changed)).toThrow(message);
  });
});

function avroType(schema: string): avsc.Type {
  return avsc.parse(schema);
}

function typeOf(field: FieldSchema): ValueSchema | ListSchema {
  return isOptional(field) ? field.type[1] : field.type;
}

/** A value of the field's type, at the edge where there is one; null for an optional field that is not filled. */
function sample(field: FieldSchema, filled: boolean): unknown {
  if (isOptional(field) && !filled) return null;
  const type = typeOf(field);
  return isList(type) ? [sampleOf(type.items, true), sampleOf(type.items, false)] : sampleOf(type, filled);
}

function sampleOf(type: ValueSchema, filled: boolean): unknown {
  if (type === 'string') return 'Zoë’s 許可 🔑';
  if (type === 'long') return 1_000_000_000_000;
  if (type === 'boolean') return filled;
  return type.logicalType === 'uuid' ? '0198c0de-0000-7000-8000-00000000beef' : Date.UTC(2025, 0, 31, 12, 0, 0, 123);
}
