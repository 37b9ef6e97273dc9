import { ConfigurationError, DatabaseRefuses, DatabaseUnavailable, StaleRead, TimedOut } from '../../ports/errors.ts';

/** Statement timeout or cancel (57014), idle in transaction (25P03), transaction timeout (25P04). Source: PostgreSQL, appendix A. */
const TIMED_OUT = /^(57014|25P0[34])/;
/** Data (22), integrity (23) and limits (54): the rows that were sent do not go in. */
const REFUSED = /^(22|23|54)/;
/** A right (42501), or a schema, table, column or function that is not there; a schema without USAGE hides its tables (42P01). */
const LACKS = /^(3F000|42501|42P01|42703|42883)$/;
const ROLES = 'docs/operations.md, "Database roles"';
const MIGRATE = '; has `licensing migrate up` been run?';
/** What may be done about it, where it is not a migration that is missing. */
const REMEDIES: Readonly<Record<string, string>> = {
  '42501': ` (${ROLES})`,
  '42P01': `; has \`licensing migrate up\` been run, and has the role USAGE on the schema (${ROLES})?`,
};
/** A statement that is wrong: waiting won't mend it. The name of a statement (42P05) is no such thing. */
const WRONG = /^(3F|42(?!P05))/;
/** knex' words for a statement of a transaction whose connection has ended. */
const CUT_OFF = /^Transaction query already complete/;

/** An earlier statement of the same transaction has failed: its error is the one to report. */
export class TransactionAborted extends DatabaseUnavailable {
  override readonly name = 'TransactionAborted';
}

/**
 * What an error of the driver means for the one who waits for the answer. Whatever else the server says passes sooner or later, without
 * or with an operator; until then it must not turn good messages into dead letters. Anything that is not a server's answer is a lost
 * connection.
 */
export function databaseError(error: unknown): Error {
  // Told already, by whoever could not open the connection, or has ended it.
  if (error instanceof ConfigurationError || error instanceof DatabaseUnavailable) return error;
  const cause = Error.isError(error) ? error : new Error(String(error));
  const state = sqlState(cause);
  if (state === undefined) {
    const message = CUT_OFF.test(cause.message) ? 'the connection ended amid a transaction' : cause.message;
    return isOurMistake(cause) ? cause : new DatabaseUnavailable(message, { cause });
  }
  const message = `${cause.message} (${state})`;
  if (REFUSED.test(state)) return new StaleRead(message, { cause });
  if (TIMED_OUT.test(state)) return new TimedOut(message, { cause });
  const says = `DATABASE_URL: PostgreSQL says: ${message}`;
  if (LACKS.test(state)) return new DatabaseRefuses(`${says}${REMEDIES[state] ?? MIGRATE}`, { cause });
  if (WRONG.test(state)) return new ConfigurationError(says, { cause });
  return new DatabaseUnavailable(message, { cause });
}

/**
 * Whether the server has answered that the transaction is undone, as opposed to a silence in which it may have been committed. One that
 * has ended for its idleness has not heard the COMMIT.
 */
export function isDefiniteRollback(error: unknown): boolean {
  const state = stateOf(error);
  return state !== undefined && /^(22|23|40|25P03)/.test(state);
}

/** What the server has answered, of an error of the driver or of what `databaseError` has made of it. */
export function stateOf(error: unknown): string | undefined {
  return error instanceof Error ? (sqlState(error) ?? sqlState(error.cause)) : undefined;
}

/** Bindings that can't be built, say: trying again would never end. */
function isOurMistake(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}

function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in error ? code : undefined;
}
