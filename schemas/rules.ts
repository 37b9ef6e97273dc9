// What the contract's "On the wire" allows in a schema. The generator refuses everything else.
import type { FieldSchema, ListSchema, RecordSchema } from '../src/generated/schemas.ts';

/** Every type a field may have; an optional one is `["null", T]`. Only an optional one may be a list, `{"type": "array", "items": T}`. */
export const VALUE_TYPES = [
  'string',
  'long',
  'boolean',
  { type: 'string', logicalType: 'uuid' },
  { type: 'long', logicalType: 'timestamp-millis' },
] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/** A schema breaks the contract's "On the wire"; the message names file and field. */
export class SchemaRuleError extends Error {
  override readonly name = 'SchemaRuleError';
}

type Expected = { readonly path: string; readonly name: string; readonly namespace: string };

/** @throws {SchemaRuleError} when the record uses anything the contract does not allow on the wire */
export function checkedRecord(value: unknown, { path, name, namespace }: Expected): RecordSchema {
  if (!isObject(value) || value['type'] !== 'record') throw new SchemaRuleError(`${path}: not a record`);
  if (value['name'] !== name) throw new SchemaRuleError(`${path}: the record is not named ${name}, as its file is`);
  if (value['namespace'] !== namespace) throw new SchemaRuleError(`${path}: the namespace is not ${namespace}`);
  const fields = value['fields'];
  if (!Array.isArray(fields) || fields.length === 0) throw new SchemaRuleError(`${path}: no fields`);
  onlyKeys(value, ['type', 'name', 'namespace', 'doc', 'fields'], path);
  const checked = fields.map((field: unknown) => checkedField(field, path));
  const twice = checked.find((field, index) => checked.findIndex((other) => other.name === field.name) !== index);
  if (twice !== undefined) throw new SchemaRuleError(`${path}: ${twice.name} stands there twice`);
  return { type: 'record', name, namespace, doc: checkedDoc(value['doc'], path), fields: checked };
}

function checkedField(value: unknown, path: string): FieldSchema {
  if (!isObject(value) || typeof value['name'] !== 'string') throw new SchemaRuleError(`${path}: a field has no name`);
  const name = value['name'];
  const at = `${path}: ${name}`;
  if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) throw new SchemaRuleError(`${at}: not camelCase`);
  const doc = checkedDoc(value['doc'], at);
  const type = value['type'];
  if (!Array.isArray(type)) {
    onlyKeys(value, ['name', 'type', 'doc'], at);
    return { name, type: checkedType(type, at), doc };
  }
  onlyKeys(value, ['name', 'type', 'default', 'doc'], at);
  if (type.length !== 2 || type[0] !== 'null' || value['default'] !== null) {
    throw new SchemaRuleError(`${at}: an optional field is ["null", T] with default null`);
  }
  return { name, type: ['null', checkedOptionalType(type[1], at)], default: null, doc };
}

function checkedOptionalType(type: unknown, at: string): ValueType | ListSchema {
  if (!isObject(type) || type['type'] !== 'array') return checkedType(type, at);
  onlyKeys(type, ['type', 'items'], at);
  return { type: 'array', items: checkedType(type['items'], at) };
}

function checkedType(type: unknown, at: string): ValueType {
  const found = VALUE_TYPES.find((allowed) => JSON.stringify(allowed) === JSON.stringify(type));
  if (found === undefined) throw new SchemaRuleError(`${at}: ${JSON.stringify(type)} is not used on the wire`);
  return found;
}

function checkedDoc(doc: unknown, at: string): string {
  if (typeof doc !== 'string' || doc.trim() === '') throw new SchemaRuleError(`${at}: no doc`);
  // It goes into block comments and table cells as it stands.
  if (/\*\/|[|\n]/.test(doc)) throw new SchemaRuleError(`${at}: doc holds a line break, "|" or "*/"`);
  return doc;
}

export function onlyKeys(value: Readonly<Record<string, unknown>>, allowed: readonly string[], at: string): void {
  const other = Object.keys(value).find((key) => !allowed.includes(key));
  if (other !== undefined) throw new SchemaRuleError(`${at}: "${other}" is not used on the wire`);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(type: FieldSchema['type'] | ListSchema): type is ListSchema {
  return isObject(type) && type['type'] === 'array';
}

export function isOptional(field: FieldSchema): field is Extract<FieldSchema, { readonly default: null }> {
  return 'default' in field;
}
