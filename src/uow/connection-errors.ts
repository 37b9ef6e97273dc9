import { ConfigurationError, DatabaseUnavailable } from '../ports/errors.ts';

/**
 * What the server answers to a connection that it will never let in as it is asked for: a feature (0A) or a value (22) that it does not have,
 * credentials (28), the database (3D), a setting that it does not know or that this role may not change (42, 55P02).
 */
const REFUSED = /^(0A|22|28|3D|42|55P02)/;
/** Node's names of what OpenSSL finds about a certificate, and of what TLS itself fails for. Source: Node.js, "X509 certificate error codes". */
const CERTIFICATE = /CERT|CRL|^UNABLE_TO_|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$|^HOSTNAME_MISMATCH$/;
const TLS = /^ERR_(TLS|SSL|OSSL)_/;
/** A file that the URL names can't be read. The same codes come of sockets too. */
const FILE_CALLS = ['open', 'read'];

/** An error that came instead of a connection: of the server, of the driver, of TLS, of the file system or of the network. */
interface Refusal {
  readonly name?: unknown;
  readonly message: string;
  readonly code?: unknown;
  readonly syscall?: unknown;
}

/**
 * What it means that a connection could not be opened: either the configuration is wrong, or the database is away. Everything that is not
 * known to be the former is waited for: no answer, a name that does not resolve, a server that starts, stops or is full.
 */
export function connectionError(error: unknown): ConfigurationError | DatabaseUnavailable {
  if (error instanceof ConfigurationError || error instanceof DatabaseUnavailable) return error;
  const refusal = asRefusal(error);
  const fault = configurationFault(refusal);
  if (fault !== undefined) return new ConfigurationError(`DATABASE_URL: ${fault}`, { cause: error });
  const code = typeof refusal.code === 'string' && isState(refusal.code) ? ` (${refusal.code})` : '';
  return new DatabaseUnavailable(`${refusal.message}${code}`, { cause: error });
}

/** @returns a sentence that names what is to be mended; undefined for what passes by itself */
function configurationFault({ name, message, code, syscall }: Refusal): string | undefined {
  // These two have no code; their texts are node-postgres'.
  if (message.startsWith('SASL: ')) return `the password does not do: ${message}`;
  if (message.includes('does not support SSL')) return `${message} (sslmode)`;
  // The driver can't work with what it was given: a port that is none, say.
  if (name === 'TypeError' || name === 'RangeError') return message;
  if (typeof code !== 'string') return undefined;
  if (isState(code)) return serverFault(message, code);
  if (typeof syscall === 'string') return FILE_CALLS.includes(syscall) ? message : undefined;
  if (CERTIFICATE.test(code)) return `the server's certificate does not verify (sslrootcert): ${message}`;
  if (TLS.test(code)) return `TLS fails (sslmode, sslcert, sslkey): ${message}`;
  return undefined;
}

function serverFault(message: string, state: string): string | undefined {
  const says = `PostgreSQL says: ${message} (${state})`;
  // The state alone says nothing: poolers answer 08P01 to whatever they can't do at the moment.
  if (state === '08P01' && message.includes('unsupported startup parameter')) {
    return `${says}. A connection pooler in between does this: connect to PostgreSQL itself`;
  }
  if (!REFUSED.test(state)) return undefined;
  return state === '42704' ? `${says}; either \`options\` are wrong, or it is older than version 15` : says;
}

function isState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]+$/.test(code);
}

/** Not by `instanceof`: errors of Node come from another realm under jest. */
function asRefusal(error: unknown): Refusal {
  if (typeof error !== 'object' || error === null || !('message' in error)) return { message: String(error) };
  return { ...error, ...('name' in error && { name: error.name }), message: String(error.message) };
}
