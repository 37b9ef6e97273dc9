import type { CommandName, MessageName, OutsideEventName } from '../generated/messages.ts';
import { COMMAND_NAMES, OUTSIDE_EVENT_NAMES, SCHEMAS, type FieldSchema } from '../generated/schemas.ts';
import { nearest } from './nearest.ts';
import { UsageError } from './verb.ts';

export type SendableName = CommandName | OutsideEventName;

export const SENDABLE: readonly SendableName[] = [...COMMAND_NAMES, ...OUTSIDE_EVENT_NAMES];

/** What a field takes, or each item of a list, as a person types it. */
export type FieldKind = 'uuid' | 'text' | 'whole number' | 'time' | 'boolean';

export function shortName(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1);
}

/** @param word a full name or a short one. @throws UsageError with the nearest name and its fields */
export function sendableType(word: string): SendableName {
  const type = SENDABLE.find((name) => name === word || shortName(name) === word);
  if (type !== undefined) return type;
  const near = nearest(word, word.includes('.') ? SENDABLE : SENDABLE.map(shortName));
  const meant = SENDABLE.find((name) => name === near || shortName(name) === near);
  if (near === undefined || meant === undefined) {
    throw new UsageError(`there is no '${word}' to send; there are ${SENDABLE.map(shortName).join(', ')}`);
  }
  throw new UsageError(`there is no '${word}' to send; did you mean ${near}?`, describe(meant));
}

/** The full names that a short or full name may stand for, events included. @throws UsageError with the nearest name */
export function typesNamed(word: string): readonly string[] {
  const all: readonly string[] = Object.keys(SCHEMAS);
  const types = all.filter((name) => name === word || shortName(name) === word);
  if (types.length > 0) return types;
  const near = nearest(word, word.includes('.') ? all : all.map(shortName));
  throw new UsageError(
    near === undefined
      ? `there is no type '${word}'; docs/messages.md lists them`
      : `there is no type '${word}'; did you mean ${near}?`,
  );
}

/** A type's meaning and its fields, a line each. */
export function describe(type: MessageName): readonly string[] {
  const { doc, fields } = SCHEMAS[type];
  const rows = fields.map((field) => ({ name: field.name, kind: describeKind(field), doc: field.doc }));
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  const kindWidth = Math.max(...rows.map(({ kind }) => kind.length));
  const lines = rows.map((row) => `  ${row.name.padEnd(nameWidth)}  ${row.kind.padEnd(kindWidth)}  ${row.doc}`);
  return [`${type}: ${doc}`, ...lines];
}

export function isOptional({ type }: FieldSchema): boolean {
  return Array.isArray(type);
}

export function isList({ type }: FieldSchema): boolean {
  const value = typeof type === 'object' && 'at' in type ? type[1] : type;
  return typeof value === 'object' && value.type === 'array';
}

export function kindOf({ type }: FieldSchema): FieldKind {
  const some = typeof type === 'object' && 'at' in type ? type[1] : type;
  const value = typeof some === 'object' && some.type === 'array' ? some.items : some;
  if (value === 'string') return 'text';
  if (value === 'long') return 'whole number';
  if (value === 'boolean') return 'boolean';
  return value.type === 'string' ? 'uuid' : 'time';
}

function describeKind(field: FieldSchema): string {
  const kind = isList(field) ? `list of ${kindOf(field)}s` : kindOf(field);
  return isOptional(field) ? `${kind} or null` : kind;
}
