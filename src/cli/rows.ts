import { hash } from 'node:crypto';
import { SCHEMAS } from '../generated/schemas.ts';
import { idFault } from './ids.ts';
import { LineFault, type Line } from './lines.ts';
import { sendableType, shortName, type SendableName } from './message-types.ts';
import { nearest } from './nearest.ts';
import { DataFault } from './record.ts';
import { UsageError } from './verb.ts';

/** How the lines of a file are to be read. */
export interface RowForm {
  /** Each line is the data of a message of this type; undefined: each tells its type. */
  readonly type: SendableName | undefined;
  /** The field of the data that is the id. */
  readonly idField: string | undefined;
}

/** A message as a line has it. */
export interface Row {
  readonly line: number;
  readonly type: SendableName;
  readonly data: Readonly<Record<string, unknown>>;
  readonly id: string;
  readonly source?: string;
  readonly correlationId?: string;
  readonly key?: string;
}

const TEXTS = ['id', 'source', 'correlationId', 'key'] as const;
const MEMBERS = ['type', 'data', ...TEXTS];

/** @throws LineFault */
export function rowOf(line: Line, form: RowForm): Row {
  const given = objectIn(line);
  if (form.type !== undefined) return withId(line, form, { type: form.type, data: given });
  const odd = Object.keys(given).find((name) => !MEMBERS.includes(name));
  if (odd !== undefined) {
    const near = nearest(odd, MEMBERS);
    const hint = near === undefined ? `a line has ${MEMBERS.join(', ')}` : `did you mean ${near}?`;
    throw new LineFault(line.number, `a line has no '${odd}'; ${hint}`);
  }
  const { type, data } = given;
  if (typeof type !== 'string') throw new LineFault(line.number, 'type is missing: the name of a command, as text');
  if (!isObject(data)) throw new LineFault(line.number, 'data is missing: an object with the fields of the type');
  const texts = Object.fromEntries(TEXTS.flatMap((name) => textIn(line, given, name)));
  return withId(line, form, { ...texts, type: typeNamed(line, type), data });
}

/** @throws LineFault for data that the type does not have */
export function withLine<T>({ number }: Line, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof DataFault) throw new LineFault(number, error.message, { cause: error });
    throw error;
  }
}

function objectIn({ number, text }: Line): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LineFault(number, `it is not JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  if (!isObject(value)) throw new LineFault(number, 'it is not a JSON object');
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeNamed({ number }: Line, word: string): SendableName {
  try {
    return sendableType(word);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new LineFault(number, error.message, { cause: error });
  }
}

function textIn(
  { number }: Line,
  given: Readonly<Record<string, unknown>>,
  name: (typeof TEXTS)[number],
): readonly (readonly [string, string])[] {
  const value = given[name];
  if (value === undefined) return [];
  if (typeof value !== 'string' || value === '') throw new LineFault(number, `${name} must be text in quotes`);
  return [[name, value]];
}

type Unnamed = Omit<Row, 'line' | 'id'> & { readonly id?: string };

/** What the id was taken from is not sent, unless the type has such a field. */
function withId(line: Line, { idField }: RowForm, row: Unnamed): Row {
  const { number } = line;
  if (idField === undefined || row.id !== undefined) {
    return { ...row, line: number, id: checkedId(number, row.id ?? idOf(line, row.type)) };
  }
  const { [idField]: value, ...rest } = row.data;
  if (typeof value !== 'string' && !Number.isSafeInteger(value)) {
    throw new LineFault(number, `${idField} is missing, or neither text nor a whole number (--id-field)`);
  }
  const isField = SCHEMAS[row.type].fields.some(({ name }) => name === idField);
  const data = isField ? row.data : rest;
  return { ...row, line: number, data, id: checkedId(number, String(value)) };
}

function checkedId(number: number, id: string): string {
  const fault = idFault(id);
  if (fault === undefined) return id;
  throw new LineFault(number, fault);
}

/**
 * The same whenever this line is sent from this place of the file. The number keeps two equal lines apart, which may well be meant: a license that
 * is deactivated, activated, and deactivated again.
 */
function idOf({ number, text }: Line, type: SendableName): string {
  return `${number}-${hash('sha256', `${shortName(type)}\0${text}`, 'hex').slice(0, 32)}`;
}
