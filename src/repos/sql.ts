import type { Knex } from 'knex';
import { databaseError } from './errors.ts';

/** Bulk statements take one array a column. These make the arrays; `undefined` is not a value, null is. */

/** UUIDs and other text without quotes, commas, braces or backslashes. */
export function uuids(values: readonly (string | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

/** Integers, booleans, milliseconds. */
export function plain(values: readonly (number | boolean | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

const TO_ESCAPE = /["\\]/g;

export function texts(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"${value.replace(TO_ESCAPE, '\\$&')}"`)).join(',')}}`;
}

const BYTEA_OID = 17;

/**
 * A `bytea[]` in PostgreSQL's binary array format: the driver sends a Buffer as it is, which spares the server the hex text.
 * Source: `array_recv` in src/backend/utils/adt/arrayfuncs.c.
 */
export function byteas(values: readonly (Buffer | null)[]): Buffer {
  let size = 20;
  for (const value of values) size += 4 + (value?.length ?? 0);
  const array = Buffer.allocUnsafe(size);
  array.writeInt32BE(values.length === 0 ? 0 : 1, 0);
  array.writeInt32BE(1, 4);
  array.writeInt32BE(BYTEA_OID, 8);
  array.writeInt32BE(values.length, 12);
  array.writeInt32BE(1, 16);
  let at = 20;
  for (const value of values) {
    array.writeInt32BE(value?.length ?? -1, at);
    at += 4;
    if (value) at += value.copy(array, at);
  }
  return values.length === 0 ? array.subarray(0, 12) : array;
}

/** Milliseconds since the epoch to timestamptz, exact to the year 9999. */
export function toTime(column: string): string {
  return `timestamptz 'epoch' + ${column} * interval '1 millisecond'`;
}

/** timestamptz to milliseconds since the epoch. */
export function fromTime(column: string): string {
  return `(extract(epoch FROM ${column}) * 1000)::bigint`;
}

interface Answer<Row> {
  readonly rows: Row[];
  readonly rowCount: number | null;
}

/**
 * Runs one statement; `?` are its bindings. Rows come with int8 as number (see uow/database.ts).
 * @throws DatabaseUnavailable StaleRead ConfigurationError
 */
export async function query<Row>(db: Knex, sql: string, bindings: readonly Knex.RawBinding[]): Promise<Row[]> {
  return (await run<Row>(db, sql, bindings)).rows;
}

/** Runs one statement for its effect; returns how many rows it touched. Throws as `query` does. */
export async function execute(db: Knex, sql: string, bindings: readonly Knex.RawBinding[]): Promise<number> {
  return (await run(db, sql, bindings)).rowCount ?? 0;
}

async function run<Row>(db: Knex, sql: string, bindings: readonly Knex.RawBinding[]): Promise<Answer<Row>> {
  try {
    return await db.raw<Answer<Row>>(sql, bindings);
  } catch (error) {
    failed.add(db);
    throw databaseError(error);
  }
}

const failed = new WeakSet<Knex>();

/** Whether a statement of this transaction has failed: PostgreSQL would answer its COMMIT with a silent ROLLBACK. */
export function hasFailed(db: Knex): boolean {
  return failed.has(db);
}
