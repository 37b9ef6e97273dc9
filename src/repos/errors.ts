import { ConfigurationError, DatabaseUnavailable, StaleRead } from '../ports/errors.ts';

/**
 * SQLSTATE classes that pass by themselves: connection (08), read-only (25006) and timed-out transactions (25P03, 25P04), rollback for
 * deadlock or serialization (40), resources (53), lock timeout (55P03), operator and statement timeout (57), I/O (58).
 * Source: PostgreSQL, appendix A.
 */
const TRANSIENT = /^(08|25006|25P0[34]|40|53|55P03|57|58)/;
/** Integrity (23) and data (22): the rows that were sent do not go in. */
const REFUSED = /^(22|23)/;
/** Credentials (28), a database (3D) or schema object (42, 3F) that is not there: waiting won't mend it. */
const MISCONFIGURED = /^(28|3D|3F|42)/;

/** What an error of the driver means for the one who waits for the answer. Anything that is not a server's answer is a lost connection. */
export function databaseError(error: unknown): Error {
  const cause = error instanceof Error ? error : new Error(String(error));
  const state = sqlState(cause);
  if (state === undefined) return isOurMistake(cause) ? cause : new DatabaseUnavailable(cause.message, { cause });
  if (REFUSED.test(state)) return new StaleRead(`${cause.message} (${state})`, { cause });
  if (TRANSIENT.test(state)) return new DatabaseUnavailable(`${cause.message} (${state})`, { cause });
  if (MISCONFIGURED.test(state)) {
    const hint = state.startsWith('42') || state.startsWith('3F') ? '; has `licensing migrate up` been run?' : '';
    return new ConfigurationError(`DATABASE_URL: PostgreSQL says: ${cause.message} (${state})${hint}`, { cause });
  }
  return cause;
}

/** Whether the server has answered that the transaction is undone, as opposed to a silence in which it may have been committed. */
export function isDefiniteRollback(error: unknown): boolean {
  const state = error instanceof Error ? sqlState(error) : undefined;
  return state !== undefined && /^(22|23|40)/.test(state);
}

/** Bindings that can't be built, say: trying again would never end. */
function isOurMistake(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}

function sqlState(error: Error): string | undefined {
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && 'severity' in error ? code : undefined;
}
