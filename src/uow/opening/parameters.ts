import type { DatabaseHost, DatabaseUrl } from '../../ports/database-url.ts';
import { ConfigurationError } from '../../ports/errors.ts';

/** As strict as libpq's `sslmode`, from the least on. */
export const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

export interface TlsParameters {
  readonly mode: TlsMode;
  /** The file of the authorities, or `system`. */
  readonly rootCert: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly password: string | undefined;
  readonly revoked: string | undefined;
  /** Whether the server is told the name that it is asked by. */
  readonly sendsName: boolean;
  /** Whether TLS begins at once, without asking for it in PostgreSQL's protocol. */
  readonly direct: boolean;
  readonly oldest: TlsVersion | undefined;
  readonly newest: TlsVersion | undefined;
}

const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
type TlsVersion = (typeof TLS_VERSIONS)[number];

const TARGETS = ['any', 'read-write', 'primary'] as const;

/** What a connection URI asks for. Source: PostgreSQL 18, "Parameter Key Words". */
export interface Parameters {
  readonly hosts: readonly DatabaseHost[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  readonly shuffled: boolean;
  /** Which of the servers will do. */
  readonly target: (typeof TARGETS)[number];
  /** For one host, whose addresses share it. Milliseconds; undefined: the program's own setting. */
  readonly timeout: number | undefined;
  readonly tls: TlsParameters;
  /** Whether the password's proof has to be bound to the server's certificate. */
  readonly bound: boolean;
  readonly options: string;
  readonly applicationName: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @param environment libpq's own variables stand in for what the URL does not say. @throws ConfigurationError */
export function parametersOf(url: DatabaseUrl, environment: Environment): Parameters {
  const { hosts, user, password, database, parameters: given } = url;
  for (const [name, harmless] of Object.entries(REFUSED)) {
    const value = given[name];
    if (value !== undefined && !harmless.includes(value)) {
      throw new ConfigurationError(`DATABASE_URL: ${name} is not supported; ${INSTEAD[name] ?? 'leave it out'}`);
    }
  }
  const { PGHOST, PGPORT, PGTARGETSESSIONATTRS, PGCHANNELBINDING } = environment;
  const port = Number(PGPORT ?? DEFAULT_PORT);
  const named =
    hosts.length > 0 ? hosts : (PGHOST ?? 'localhost').split(',').map((host) => ({ host, address: undefined, port }));
  const target = oneOf('target_session_attrs', given['target_session_attrs'] ?? PGTARGETSESSIONATTRS ?? 'any', TARGETS);
  return {
    hosts: named.map((host) => ({ ...host, port: host.port ?? port })),
    user,
    password,
    database,
    shuffled: oneOf('load_balance_hosts', given['load_balance_hosts'] ?? 'disable', ['disable', 'random']) === 'random',
    target,
    timeout: seconds('connect_timeout', given['connect_timeout']),
    tls: tlsParametersOf(given, environment),
    bound: oneOf('channel_binding', given['channel_binding'] ?? PGCHANNELBINDING ?? 'prefer', BINDINGS) === 'require',
    options: given['options'] ?? environment['PGOPTIONS'] ?? '',
    applicationName: given['application_name'] ?? given['fallback_application_name'] ?? 'licensing',
  };
}

const DEFAULT_PORT = 5_432;
const BINDINGS = ['disable', 'prefer', 'require'] as const;

/** What is not done here, and would change whom a connection trusts or where it leads; of each the values that ask for nothing. */
const REFUSED: Readonly<Record<string, readonly string[]>> = {
  gssencmode: ['disable', 'prefer'],
  require_auth: [],
  requirepeer: [],
  passfile: [],
  service: [],
  servicefile: [],
  sslcertmode: ['allow'],
  sslcrldir: [],
  sslkeylogfile: [],
  scram_client_key: [],
  scram_server_key: [],
  oauth_issuer: [],
  oauth_client_id: [],
  oauth_client_secret: [],
  oauth_scope: [],
};

const INSTEAD: Readonly<Record<string, string>> = {
  passfile: 'set DATABASE_PASSWORD_FILE',
  sslcrldir: 'set sslcrl',
  require_auth: 'set channel_binding=require',
};

function tlsParametersOf(given: DatabaseUrl['parameters'], environment: Environment): TlsParameters {
  const rootCert = given['sslrootcert'] ?? environment['PGSSLROOTCERT'];
  const system = rootCert === SYSTEM;
  const mode = tlsModeOf(given, environment) ?? (system ? 'verify-full' : 'prefer');
  // Anybody gets a certificate of one of the public authorities, so it proves nothing but a name.
  if (system && mode !== 'verify-full') {
    throw new ConfigurationError(`DATABASE_URL: sslmode is ${mode}; expected verify-full, since sslrootcert is system`);
  }
  const direct = oneOf('sslnegotiation', given['sslnegotiation'] ?? 'postgres', ['postgres', 'direct']) === 'direct';
  if (direct && TLS_MODES.indexOf(mode) < TLS_MODES.indexOf('require')) {
    throw new ConfigurationError(
      `DATABASE_URL: sslmode is ${mode}; expected require or more, since sslnegotiation is direct`,
    );
  }
  return {
    mode,
    rootCert,
    cert: given['sslcert'] ?? environment['PGSSLCERT'],
    key: given['sslkey'] ?? environment['PGSSLKEY'],
    password: given['sslpassword'],
    revoked: given['sslcrl'] ?? environment['PGSSLCRL'],
    sendsName: oneOf('sslsni', given['sslsni'] ?? '1', ['0', '1']) === '1',
    direct,
    oldest: versionOf('ssl_min_protocol_version', given),
    newest: versionOf('ssl_max_protocol_version', given),
  };
}

/** libpq's word for the authorities of the operating system. */
export const SYSTEM = 'system';

function tlsModeOf(given: DatabaseUrl['parameters'], environment: Environment): TlsMode | undefined {
  const mode = given['sslmode'] ?? environment['PGSSLMODE'];
  if (mode !== undefined) return oneOf('sslmode', mode, TLS_MODES);
  // node-postgres' own word, and libpq's old one.
  const word = given['ssl'] ?? given['requiressl'];
  return word === undefined ? undefined : /^(true|1)$/.test(word) ? 'require' : 'prefer';
}

function versionOf(name: string, given: DatabaseUrl['parameters']): TlsVersion | undefined {
  const value = given[name];
  return value === undefined ? undefined : oneOf(name, value, TLS_VERSIONS);
}

function seconds(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,6}$/.test(value))
    throw new ConfigurationError(`DATABASE_URL: ${name} is expected to be a number of seconds`);
  return Number(value) === 0 ? undefined : Number(value) * 1_000;
}

/** Its value is not told: in a URL whose password is not percent-encoded it may be a part of that. */
function oneOf<const Word extends string>(name: string, value: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === value);
  if (found === undefined)
    throw new ConfigurationError(`DATABASE_URL: ${name} is expected to be one of ${words.join(', ')}`);
  return found;
}
