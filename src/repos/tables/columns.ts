import { booleans, longs, times, uuids } from './arrays.ts';
import { fromTime, plain, texts, toTime, words } from './sql.ts';
import type { RowChange } from './store.ts';

/**
 * The columns of a table, told once, by the fields of the row's type: a field without its column does not compile. The SQL of the table stays
 * SQL; what is made here are the lists in it.
 */
export type Columns<Row> = { readonly [Field in keyof Row]: Column<Row[Field]> };

/** What an aggregate's columns hold: the values of its fields, or nothing but nulls once it is deleted. */
export type OrNulls<Row> = { readonly [Field in keyof Row]: Row[Field] | null };

export interface Column<V> {
  readonly name: string;
  /** Of the array's elements, as a parameter. */
  readonly type: string;
  readonly array: (values: readonly V[]) => string | Buffer;
  /** SQL: from the parameter's element to what is stored. */
  readonly stored: (element: string) => string;
  /** SQL: from what is stored to what the driver makes a value of. */
  readonly read: (stored: string) => string;
}

export const uuid = (name: string) => plainColumn<string | null>(name, 'uuid', uuids);
export const text = (name: string) => plainColumn<string | null>(name, 'text', texts);
/** Text without quotes, commas, braces or backslashes. */
export const word = (name: string) => plainColumn<string | null>(name, 'text', words);
export const integer = (name: string) => plainColumn<number | null>(name, 'bigint', plain);
export const flag = (name: string) => plainColumn<boolean | null>(name, 'boolean', plain);
/** Milliseconds since the epoch. */
export const time = (name: string): Column<number | null> => ({
  ...{ name, type: 'bigint', array: plain },
  stored: toTime,
  read: fromTime,
});

/** A short list of whole numbers. */
export const integers = (name: string): Column<readonly number[] | null> => ({
  ...{ name, type: 'text', array: (lists) => texts(lists.map((list) => list && `{${list.join(',')}}`)) },
  stored: (element) => `${element}::bigint[]`,
  read: (stored) => `to_jsonb(${stored})`,
});
/** What has a structure of its own. */
export const json = <V>(name: string): Column<V | null> => ({
  ...{ name, type: 'text', array: (values) => texts(values.map((value) => value && JSON.stringify(value))) },
  stored: (element) => `${element}::jsonb`,
  read: asIs,
});

/** The same in binary, for rows that come by the thousand. */
export const binary = {
  integer: (name: string) => plainColumn<number | null>(name, 'bigint', longs),
  flag: (name: string) => plainColumn<boolean>(name, 'boolean', booleans),
  time: (name: string): Column<number> => ({
    ...{ name, type: 'timestamptz', array: times },
    stored: asIs,
    read: fromTime,
  }),
};

function plainColumn<V>(name: string, type: string, array: Column<V>['array']): Column<V> {
  return { name, type, array, stored: asIs, read: asIs };
}

function asIs(reference: string): string {
  return reference;
}

/** `name, created_at` */
export function namesIn<Row>(columns: Columns<Row>): string {
  return listed(columns, ({ name }) => name);
}

/** For SELECT: `l.name AS "name", (date_part('epoch', l.created_at) * 1000)::bigint AS "createdAt"` */
export function selected<Row>(columns: Columns<Row>, table: string): string {
  return listed(columns, ({ name, read }, field) => `${read(`${table}.${name}`)} AS "${field}"`);
}

/** For `unnest`: `?::text[], ?::bigint[]` */
export function parameters<Row>(columns: Columns<Row>): string {
  return listed(columns, ({ type }) => `?::${type}[]`);
}

/** For a SELECT without FROM, which is cheaper than one from `unnest`, see `rowsOf`: `unnest(?::text[]), unnest(?::bigint[])` */
export function unnested<Row>(columns: Columns<Row>): string {
  return listed(columns, ({ type }) => `unnest(?::${type}[])`);
}

/** For UPDATE SET: `name = c.name, created_at = timestamptz 'epoch' + c.created_at * interval '1 millisecond'` */
export function assignments<Row>(columns: Columns<Row>, from: string): string {
  return listed(columns, ({ name, stored }) => `${name} = ${stored(`${from}.${name}`)}`);
}

/** For INSERT … SELECT: `c.name, timestamptz 'epoch' + c.created_at * interval '1 millisecond'` */
export function storedFrom<Row>(columns: Columns<Row>, from: string): string {
  return listed(columns, ({ name, stored }) => stored(`${from}.${name}`));
}

/** For ON CONFLICT DO UPDATE SET: `name = excluded.name` */
export function excluded<Row>(columns: Columns<Row>): string {
  return listed(columns, ({ name }) => `${name} = excluded.${name}`);
}

/** The bindings for `parameters`. */
export function arraysOf<Row>(columns: Columns<Row>, rows: readonly Row[]): (string | Buffer)[] {
  const arrays: (string | Buffer)[] = [];
  for (const field in columns) arrays.push(columns[field].array(rows.map((row) => row[field])));
  return arrays;
}

/** The bindings for `parameters`, with nulls for what is no more. */
export function arraysOrNulls<Row>(
  columns: Columns<OrNulls<Row>>,
  rows: readonly (Row | undefined)[],
): (string | Buffer)[] {
  const arrays: (string | Buffer)[] = [];
  for (const field in columns) arrays.push(columns[field].array(rows.map((row) => row?.[field] ?? null)));
  return arrays;
}

/** The bindings for an aggregate's version, for whether it is deleted, and for `parameters`. */
export function arraysOfChanges<Row>(
  columns: Columns<OrNulls<Row>>,
  changes: readonly RowChange<Row & { readonly version: number }>[],
): (string | Buffer)[] {
  return [
    plain(changes.map(({ after, tombstone }) => after?.version ?? tombstone?.version ?? null)),
    plain(changes.map(({ after }) => after === undefined)),
    ...arraysOrNulls(
      columns,
      changes.map(({ after }) => after),
    ),
  ];
}

/** Whether two rows hold the same in all columns, or in all but the one of `except`. */
export function isSame<Row>(columns: Columns<OrNulls<Row>>, a: Row, b: Row, except?: keyof Row): boolean {
  for (const field in columns) if (field !== except && a[field] !== b[field]) return false;
  return true;
}

function listed<Row>(columns: Columns<Row>, one: (column: Column<never>, field: string) => string): string {
  const list: string[] = [];
  for (const field in columns) list.push(one(columns[field], field));
  return list.join(', ');
}
