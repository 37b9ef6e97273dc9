import { ConfigurationError, DatabaseUnavailable } from '../../ports/errors.ts';

/**
 * What the server answers to a connection that it will never let in as it is asked for: a feature (0A) or a value (22) that it does not have,
 * credentials (28), the database (3D), a setting that it does not know or that this role may not change (42, 55P02).
 */
const REFUSED = /^(0A|22|28|3D|42|55P02)/;
/** Node's names of what OpenSSL finds about a certificate, and of what TLS itself fails for. Source: Node.js, "X509 certificate error codes". */
const CERTIFICATE = /CERT|CRL|^UNABLE_TO_|^INVALID_(CA|PURPOSE)$|^PATH_LENGTH_EXCEEDED$|^HOSTNAME_MISMATCH$/;
const TLS = /^ERR_(TLS|SSL|OSSL)_/;
/** An error that came instead of a connection: of the server, of the driver, of TLS, of the file system or of the network. */
interface Refusal {
  readonly name?: unknown;
  readonly message: string;
  readonly code?: unknown;
  readonly syscall?: unknown;
  /** Of the server. */
  readonly severity?: unknown;
}

/** SQLSTATE of a statement whose name is taken. */
export const PREPARED_ALREADY = '42P05';

/**
 * What it means that a connection could not be opened: either the configuration is wrong, or the database is away. Everything that is not
 * known to be the former is waited for: no answer, a name that does not resolve, a server that starts, stops or is full.
 * @param passwordFrom the setting that the password comes from
 */
export function connectionError(error: unknown, passwordFrom: string): ConfigurationError | DatabaseUnavailable {
  if (error instanceof ConfigurationError || error instanceof DatabaseUnavailable) return error;
  const refusal = asRefusal(error);
  const fault = passwordFault(refusal, passwordFrom) ?? configurationFault(refusal);
  if (fault !== undefined) return new ConfigurationError(fault, { cause: error });
  const code = stateOf(refusal);
  return new DatabaseUnavailable(`${refusal.message}${code === undefined ? '' : ` (${code})`}`, { cause: error });
}

/** Whether a server that has refused this way of talking, with TLS or without, may take the other. */
export function mayGoOtherwise(error: unknown): boolean {
  const refusal = asRefusal(error);
  const { code } = refusal;
  if (stateOf(refusal) !== undefined) return code === NOT_SO;
  return typeof code === 'string' && (code === 'ECONNRESET' || CERTIFICATE.test(code) || TLS.test(code));
}

/** Whether it is the startup parameter `options` that is refused, as poolers do. */
export function refusesOptions(error: unknown): boolean {
  const refusal = asRefusal(error);
  return (
    /^(08P01|0A000)$/.test(stateOf(refusal) ?? '') && /startup parameter|command-line options/i.test(refusal.message)
  );
}

/** SQLSTATE for everybody whom pg_hba.conf does not let in this way. */
const NOT_SO = '28000';

function passwordFault(refusal: Refusal, passwordFrom: string): string | undefined {
  const { message } = refusal;
  // Its text is node-postgres'; it has no code.
  if (message.startsWith('SASL: ')) return `${passwordFrom}: the password does not do: ${message}`;
  const state = stateOf(refusal);
  // PgBouncer says the latter of a password that does not fit.
  const refused = state === '28P01' || (state === '08P01' && /authentication failed/.test(message));
  return refused ? `${passwordFrom}: PostgreSQL says: ${message} (${state})` : undefined;
}

/** @returns a sentence that names what is to be mended; undefined for what passes by itself */
function configurationFault(refusal: Refusal): string | undefined {
  const { name, message, code, syscall } = refusal;
  // The driver can't work with what it was given: a port that is none, say.
  if (name === 'TypeError' || name === 'RangeError') return `DATABASE_URL: ${message}`;
  const state = stateOf(refusal);
  if (state !== undefined) return serverFault(message, state);
  if (typeof code !== 'string' || typeof syscall === 'string') return undefined;
  if (code === OTHER_HOST)
    return `DATABASE_URL: the server's certificate is another host's (sslmode=verify-full): ${message}`;
  if (CERTIFICATE.test(code)) return `DATABASE_URL: the server's certificate does not verify (sslrootcert): ${message}`;
  if (CLIENT_CERTIFICATE.test(code))
    return `DATABASE_URL: the server refuses our certificate, or its absence (sslcert): ${code}`;
  if (TLS.test(code)) return `DATABASE_URL: TLS fails (sslmode, sslcert, sslkey): ${code}`;
  return undefined;
}

const OTHER_HOST = 'ERR_TLS_CERT_ALTNAME_INVALID';
const CLIENT_CERTIFICATE = /_ALERT_(CERTIFICATE_REQUIRED|UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+)$/;

function serverFault(message: string, state: string): string | undefined {
  const says = `DATABASE_URL: PostgreSQL says: ${message} (${state})`;
  // The state alone says nothing: PgBouncer answers 08P01 to whatever it can't do at the moment.
  if (state === '08P01') return LASTING.test(message) ? says + (asksForTls(message) ? ': see sslmode' : '') : undefined;
  if (!REFUSED.test(state)) return undefined;
  if (state === NOT_SO && message.includes('client certificate')) return `${says}: set sslcert and sslkey`;
  if (state === NOT_SO) return `${says}: see sslmode and the user of the URL, and pg_hba.conf of the server`;
  return state === '42704' ? `${says}; either \`options\` are wrong, or it is older than version 15` : says;
}

/** Of what PgBouncer says with 08P01. */
const LASTING = /no such (user|database)|unsupported startup parameter|SSL required/;

function asksForTls(message: string): boolean {
  return message.includes('SSL required');
}

function stateOf({ code, severity }: Refusal): string | undefined {
  return typeof code === 'string' && isState(code) && severity !== undefined ? code : undefined;
}

function isState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]+$/.test(code);
}

/** Not by `instanceof`: errors of Node come from another realm under jest. */
function asRefusal(error: unknown): Refusal {
  if (typeof error !== 'object' || error === null || !('message' in error)) return { message: String(error) };
  return { ...error, ...('name' in error && { name: error.name }), message: String(error.message) };
}
