import { forbiddenChanges } from '../../schemas/changes.ts';
import { checkedRecord, SchemaRuleError } from '../../schemas/rules.ts';
import type { RecordSchema } from '../../src/generated/schemas.ts';

const TIME = { type: 'long', logicalType: 'timestamp-millis' };
const UUID = { type: 'string', logicalType: 'uuid' };
const list = (items: unknown): object => ({ type: 'array', items });
const field = (name: string, type: unknown, rest: object = {}): object => ({ name, type, ...rest, doc: 'A field.' });
const optional = (name: string, type: unknown): object => field(name, ['null', type], { default: null });

const FIELDS = [
  field('text', 'string'),
  field('size', 'long'),
  field('open', 'boolean'),
  field('thingId', UUID),
  field('since', TIME),
  optional('note', 'string'),
  optional('weight', 'long'),
  optional('until', TIME),
  optional('marks', list('long')),
];
const NAME = { path: 'Thing.avsc', name: 'Thing', namespace: 'licensing.events' };
const THING = { type: 'record', name: NAME.name, namespace: NAME.namespace, doc: 'A thing.', fields: FIELDS };

/** A schema with a field of each kind. */
export const BEFORE: RecordSchema = checkedRecord(THING, NAME);

const having = (...fields: readonly unknown[]): object => ({ ...THING, fields });
const without = (name: string): readonly object[] => FIELDS.filter((one) => !('name' in one) || one.name !== name);
const instead = (name: string, other: object): object =>
  having(...FIELDS.map((one) => ('name' in one && one.name === name ? other : one)));

const NULL = { default: null };
const enumeration = (...symbols: readonly string[]): object => ({ type: 'enum', name: 'Kind', symbols });
const renamed = (from: string, type: unknown, rest: object): object =>
  instead(from, field('renamed', type, { ...rest, aliases: [from] }));
const within = (): object => ({ type: 'record', name: 'Within', fields: [{ name: 'size', type: 'long' }] });

/** What may be done to `BEFORE`, who refuses it, and what our check says. */
export interface SchemaChange {
  readonly what: string;
  readonly after: object;
  /** Whether a registry refuses it as a next version, with FULL_TRANSITIVE. */
  readonly registry: 'takes' | 'refuses';
  /** Whether avsc finds no way to read with one what was written with the other. */
  readonly avsc: 'takes' | 'refuses';
  /** What is wrong with it, in part; '' for nothing. */
  readonly ours: string;
}

export const SCHEMA_CHANGES: readonly SchemaChange[] = [
  change('other docs', 'takes', 'takes', '', { ...THING, doc: 'Another word.' }),
  change('fields in another order', 'takes', 'takes', '', having(...FIELDS.toReversed())),
  change('a new optional field', 'takes', 'takes', '', having(...FIELDS, optional('more', 'long'))),
  change('a new optional list', 'takes', 'takes', '', having(...FIELDS, optional('more', list('string')))),
  change('a new field', 'refuses', 'refuses', 'more is new and not optional', having(...FIELDS, field('more', 'long'))),
  change(
    'a field gone',
    'refuses',
    'refuses',
    'size is gone, and is not optional in 1.0.0',
    having(...without('size')),
  ),
  change(
    'an optional field gone',
    'takes',
    'takes',
    'note is gone: who goes on writing it',
    having(...without('note')),
  ),
  change(
    'string to long',
    'refuses',
    'refuses',
    'text is long, and was string',
    instead('text', field('text', 'long')),
  ),
  change('boolean to string', 'refuses', 'refuses', 'open is string', instead('open', field('open', 'string'))),
  change('long to time', 'takes', 'takes', 'size is long (timestamp-millis)', instead('size', field('size', TIME))),
  change('time to long', 'takes', 'takes', 'another kind of value', instead('since', field('since', 'long'))),
  change('uuid to string', 'takes', 'takes', 'thingId is string', instead('thingId', field('thingId', 'string'))),
  change('string to uuid', 'takes', 'takes', 'text is string (uuid)', instead('text', field('text', UUID))),
  change(
    'a field that may be null',
    'refuses',
    'refuses',
    'may be null now',
    instead('size', optional('size', 'long')),
  ),
  change('no null any more', 'refuses', 'refuses', 'may not be null', instead('weight', field('weight', 'long'))),
  change('an optional long to string', 'refuses', 'refuses', 'weight', instead('weight', optional('weight', 'string'))),
  change('an optional long to time', 'takes', 'takes', 'weight', instead('weight', optional('weight', TIME))),
  change('one to a list', 'refuses', 'refuses', 'weight is array', instead('weight', optional('weight', list('long')))),
  change(
    'longs to strings',
    'refuses',
    'refuses',
    'array of string',
    instead('marks', optional('marks', list('string'))),
  ),
  change('longs to times', 'takes', 'takes', 'another kind of value', instead('marks', optional('marks', list(TIME)))),
  // From here on what is not used on the wire, so that nobody has to compare it.
  change('long to double', 'refuses', 'refuses', '"double" is not used', instead('size', field('size', 'double'))),
  change('long to int', 'refuses', 'refuses', '"int" is not used', instead('size', field('size', 'int'))),
  change('string to bytes', 'takes', 'takes', '"bytes" is not used', instead('text', field('text', 'bytes'))),
  change('string to enum', 'refuses', 'refuses', 'not used', instead('text', field('text', enumeration('a', 'b')))),
  change(
    'a new field with a default',
    'takes',
    'takes',
    '"default" is not used',
    having(...FIELDS, field('more', 'long', { default: 0 })),
  ),
  change(
    'a wider union',
    'refuses',
    'refuses',
    'optional field is',
    instead('note', field('note', ['null', 'string', 'long'], NULL)),
  ),
  change('a default gone', 'takes', 'takes', 'optional field is', instead('note', field('note', ['null', 'string']))),
  change(
    'null second',
    'takes',
    'refuses',
    'optional field is',
    instead('note', field('note', ['string', 'null'], NULL)),
  ),
  change(
    'a renamed field with its alias',
    'refuses',
    'refuses',
    '"aliases" is not used',
    renamed('text', 'string', {}),
  ),
  change(
    'a renamed optional one',
    'takes',
    'takes',
    '"aliases" is not used',
    renamed('note', ['null', 'string'], NULL),
  ),
  change('another name', 'refuses', 'refuses', 'not named Thing', { ...THING, name: 'Matter' }),
  change('another name, with its alias', 'refuses', 'refuses', 'not named', {
    ...THING,
    name: 'A',
    aliases: ['Thing'],
  }),
  change('another namespace', 'takes', 'refuses', 'namespace is not', { ...THING, namespace: 'licensing.things' }),
  change('a record within', 'takes', 'takes', 'not used', having(...FIELDS, optional('within', within()))),
];

/** What is wrong with a change, by our rules and by our comparison. */
export function judged(before: RecordSchema, after: object): readonly string[] {
  try {
    return forbiddenChanges(before, checkedRecord(after, NAME), '1.0.0').map(({ sentence }) => sentence);
  } catch (error) {
    if (error instanceof SchemaRuleError) return [error.message];
    throw error;
  }
}

function change(
  what: string,
  registry: SchemaChange['registry'],
  avsc: SchemaChange['avsc'],
  ours: string,
  after: object,
): SchemaChange {
  return { what, registry, avsc, ours, after };
}
