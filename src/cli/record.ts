import { SCHEMAS, type FieldSchema } from '../generated/schemas.ts';
import { isId } from './ids.ts';
import { describe, isList, isOptional, kindOf, shortName, type FieldKind, type SendableName } from './message-types.ts';
import { nearest } from './nearest.ts';
import { UsageError } from './verb.ts';

type Value = string | number | boolean;
type Content = Value | readonly Value[] | null;
export type RecordData = Readonly<Record<string, Content>>;

export interface FillIns {
  readonly newId: () => string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

type Creating = Extract<SendableName, `licensing.commands.Create${string}`>;

/** Ids that name what the command creates. What refers to something that exists is never made up. */
const NEW_IDS: { readonly [Name in SendableName]?: readonly string[] } & Readonly<Record<Creating, readonly string[]>> =
  {
    'licensing.commands.CreateTenant': ['tenantId', 'userId'],
    'licensing.commands.CreateSubdivision': ['subdivisionId'],
    'licensing.commands.CreateLicense': ['licenseId'],
    'licensing.commands.AddStatisticRow': ['statisticRowId'],
    'licensing.commands.CreateUser': ['userId'],
  };

/** Text that a new thing may do without. An update that leaves it out would erase it, so there it has to be told. */
const MAY_BE_EMPTY = ['address', 'email', 'phone', 'description', 'location'];

/** The data is none of its type. */
export class DataFault extends UsageError {
  constructor(type: SendableName, message: string) {
    super(message, describe(type));
  }
}

/**
 * What is sent for what was typed: the same fields, times as milliseconds, what was left out filled in. Values are not judged
 * beyond their kind; that is the worker's part, and its answer is a CommandRejected.
 * @param fillIns undefined: ids and times are not made up. The same id again has to come with the same bytes
 * @throws DataFault
 */
export function completeRecord(type: SendableName, given: unknown, fillIns: FillIns | undefined): RecordData {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw fault(type, 'the data must be a JSON object');
  }
  const typed: Readonly<Record<string, unknown>> = { ...given };
  const { fields } = SCHEMAS[type];
  const names: readonly string[] = fields.map(({ name }) => name);
  for (const word of Object.keys(typed)) {
    if (names.includes(word)) continue;
    const near = nearest(word, names);
    throw fault(
      type,
      `${shortName(type)} has no field '${word}'${near === undefined ? '' : `; did you mean ${near}?`}`,
    );
  }
  const record: Record<string, Content> = {};
  const missing: string[] = [];
  for (const field of fields) {
    const value = typed[field.name];
    const filled = value === undefined ? fillIn(type, field, fillIns) : read(type, field, value);
    if (filled === undefined) missing.push(field.name);
    else record[field.name] = filled;
  }
  if (missing.length > 0) {
    const why =
      fillIns === undefined
        ? '; with --id or in a file, what is sent can be sent again: no id and no time is made up'
        : '';
    throw fault(type, `${shortName(type)} lacks ${missing.join(', ')}${why}`);
  }
  return record;
}

function fillIn(type: SendableName, field: FieldSchema, made: FillIns | undefined): string | number | null | undefined {
  if (isOptional(field)) return null;
  if (NEW_IDS[type]?.includes(field.name) === true) return made?.newId();
  if (type === 'licensing.commands.AddStatisticRow' && field.name === 'created') return made?.now();
  const creates = type.startsWith('licensing.commands.Create');
  return creates && MAY_BE_EMPTY.includes(field.name) ? '' : undefined;
}

function read(type: SendableName, field: FieldSchema, value: unknown): Content {
  if (value === null && isOptional(field)) return null;
  const { name } = field;
  if (!isList(field)) return readValue(type, kindOf(field), name, value);
  if (Array.isArray(value)) return value.map((item) => readValue(type, kindOf(field), `each of ${name}`, item));
  throw fault(type, `${name} must be a list in brackets`);
}

function readValue(type: SendableName, kind: FieldKind, name: string, value: unknown): Value {
  switch (kind) {
    case 'uuid':
      if (typeof value === 'string' && isId(value)) return value;
      throw fault(type, `${name} must be a UUID in quotes`);
    case 'text':
      if (typeof value === 'string') return value;
      throw fault(type, `${name} must be text in quotes`);
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw fault(type, `${name} must be true or false`);
    case 'whole number':
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
      throw fault(type, `${name} must be a whole number`);
    case 'time': {
      const time = typeof value === 'string' && isDate(value) ? Date.parse(value) : value;
      if (typeof time === 'number' && Number.isSafeInteger(time)) return time;
      throw fault(type, `${name} must be a time: "2026-01-31T12:00:00Z", or milliseconds since the epoch`);
    }
  }
}

/** With a zone: a time without one would mean another moment on another machine. */
const ISO_8601 = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** Date.parse takes the 30th of February for the 2nd of March. */
function isDate(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number);
  return ISO_8601.test(text) && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function fault(type: SendableName, sentence: string): DataFault {
  return new DataFault(type, sentence);
}
