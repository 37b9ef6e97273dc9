import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { TooMuchAtOnce } from '../../ports/errors.ts';
import type { SubdivisionKey } from '../../ports/repositories.ts';
import { uuids } from './arrays.ts';
import { databaseError, TransactionAborted } from './errors.ts';

/** Bulk statements take one array a column. These make the arrays as text; those of `arrays.ts`, for the many, in binary. */

/** Text without quotes, commas, braces or backslashes. */
export function words(values: readonly (string | null)[]): string {
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

/**
 * Rows out of arrays, one array a column, for FROM: `rowsOf('k', { tenant_id: 'uuid' })` is `(SELECT unnest(?::uuid[]) AS tenant_id) AS k`.
 * Unlike `FROM unnest(…, …)` it is not written to a tuple store column by column first, which costs a fifth of a bulk insert.
 */
export function rowsOf(alias: string, columns: Readonly<Record<string, string>>): string {
  const unnested = Object.entries(columns).map(([name, type]) => `unnest(?::${type}[]) AS ${name}`);
  return `(SELECT ${unnested.join(', ')}) AS ${alias}`;
}

/** The same of a subdivision each, in the order in which whoever takes several locks takes them. */
export function sortedRowsOf(alias: string, columns: Readonly<Record<string, string>>): string {
  return `(SELECT * FROM ${rowsOf('unsorted', columns)} ORDER BY ${SUBDIVISION_KEY.join(', ')}) AS ${alias}`;
}

/**
 * The condition that looks up, for each of the rows `k`, those of table `t` that have the same in the leading columns of an index:
 * `keyed('t', 'k', ['a', 'b'])` is `t.a = ANY (ARRAY[k.a]) AND t.b = k.b`. With a plain `=` the planner knows that the order of the index may
 * serve it, and as long as its statistics call the table small it goes the other way round: through the whole table, and for each row of
 * it through all of `k`. The plan is kept, the table grows, and a chunk takes minutes. An ORDER BY of the index's columns has the same
 * effect: what is to come in order is sorted in `k`.
 */
export function keyed(table: string, rows: string, [first, ...others]: readonly [string, ...string[]]): string {
  const same = others.map((column) => ` AND ${table}.${column} = ${rows}.${column}`);
  return `${table}.${first} = ANY (ARRAY[${rows}.${first}])${same.join('')}`;
}

/** The key of whatever there is one of a subdivision. */
export const SUBDIVISION_KEY = ['tenant_id', 'subdivision_id'] as const;

/** Keys as bindings: one array a column. */
export function subdivisionKeys(keys: readonly SubdivisionKey[]): [Buffer, Buffer] {
  return [uuids(keys.map(({ tenantId }) => tenantId)), uuids(keys.map(({ subdivisionId }) => subdivisionId))];
}

/** Milliseconds since the epoch to timestamptz, exact to the year 9999. */
export function toTime(column: string): string {
  return `timestamptz 'epoch' + ${column} * interval '1 millisecond'`;
}

/** The years 1 to 9999, in milliseconds since the epoch. */
const FIRST_TIME = Date.parse('0001-01-01T00:00:00.000Z');
const LAST_TIME = Date.parse('9999-12-31T23:59:59.999Z');

/** The nearest time that a timestamptz tells exactly: a producer may date its records as it likes, also far beyond what PostgreSQL takes. */
export function storableTime(time: number): number {
  return Math.min(Math.max(time, FIRST_TIME), LAST_TIME);
}

/** PostgreSQL's text takes no U+0000. For texts that are for reading, and whose original bytes are kept beside them. */
export function storable(text: string): string {
  return text.replaceAll('\u0000', '\ufffd');
}

/** timestamptz to milliseconds since the epoch, exact to the year 9999: a double holds its microseconds to a few of them. */
export function fromTime(column: string): string {
  return `(date_part('epoch', ${column}) * 1000)::bigint`;
}

/**
 * When the transaction began, by the database's clock: milliseconds since the epoch, rounded down. Truncated first: a double's microseconds,
 * multiplied, may come out just below a whole millisecond.
 */
export const STARTED_AT = fromTime("date_trunc('milliseconds', transaction_timestamp())");

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

/** Runs one statement whose last binding is its LIMIT, for `most` rows. Throws as `query` does, and TooMuchAtOnce when there are more. */
export async function queryMost<Row>(
  db: Knex,
  sql: string,
  bindings: readonly Knex.RawBinding[],
  most: number,
): Promise<Row[]> {
  const rows = await query<Row>(db, sql, [...bindings, most === Infinity ? null : most + 1]);
  if (rows.length > most) throw new TooMuchAtOnce(`a chunk would load more than ${most} rows of a table`);
  return rows;
}

/** Runs one statement for its effect; returns how many rows it touched. Throws as `query` does. */
export async function execute(db: Knex, sql: string, bindings: readonly Knex.RawBinding[]): Promise<number> {
  return (await run(db, sql, bindings)).rowCount ?? 0;
}

async function run<Row>(db: Knex, sql: string, bindings: readonly Knex.RawBinding[]): Promise<Answer<Row>> {
  try {
    return await db.raw<Answer<Row>>(sql, bindings).options({ name: nameOf(sql) });
  } catch (failure) {
    const error = withoutStatement(failure, sql);
    // Answers come in the order of the statements: what fails after the first failure of a transaction fails for it.
    if (db.isTransaction && failed.has(db)) {
      throw new TransactionAborted('a statement before it has failed', { cause: error });
    }
    failed.add(db);
    throw databaseError(error);
  }
}

/**
 * knex puts the statement before what the server says of it, which may be a page long: its answer is what somebody has to read. When the
 * connection ends, the error is one for all statements that are under way, and has those behind this one before it.
 */
function withoutStatement(error: unknown, sql: string): unknown {
  if (!Error.isError(error)) return error;
  let bindings = 0;
  const statement = `${sql.replace(/\?/g, () => `$${(bindings += 1)}`)} - `;
  const at = error.message.lastIndexOf(statement);
  if (at >= 0) error.message = error.message.slice(at + statement.length);
  return error;
}

/**
 * A named statement is parsed and planned once a connection. There are as many as this program has, so none is ever dropped. Its name is made
 * of its text: behind a connection pooler that mixes up its clients, another client's statement of that name is the same one.
 */
const names = new Map<string, string>();

function nameOf(sql: string): string {
  const known = names.get(sql);
  if (known !== undefined) return known;
  const name = `licensing_${createHash('sha256').update(sql).digest('hex').slice(0, 32)}`;
  names.set(sql, name);
  return name;
}

/**
 * The results of statements that were asked without waiting in between. They reach the server, and take effect, in the order in which they
 * were asked. Waits for all of them, so that nothing is under way any more when a failure is told: the one that others failed for.
 */
export async function together<T extends readonly unknown[]>(statements: T): Promise<Results<T>> {
  const failures: unknown[] = [];
  for (const settled of await Promise.allSettled(statements)) {
    if (settled.status === 'rejected') failures.push(settled.reason);
  }
  if (failures.length > 0) throw failures.find((failure) => !(failure instanceof TransactionAborted)) ?? failures[0];
  return Promise.all(statements);
}

type Results<T extends readonly unknown[]> = { -readonly [I in keyof T]: Awaited<T[I]> };

/** Resolves when what was asked so far is on its way to the server. */
export async function sent(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

const failed = new WeakSet<Knex>();

/** Whether a statement of this transaction has failed: PostgreSQL would answer its COMMIT with a silent ROLLBACK. */
export function hasFailed(db: Knex): boolean {
  return failed.has(db);
}
