import type { DatabaseUrl, DatabaseHost } from './ports/database-url.ts';

/** The URLs of settings. Nothing of them is ever told but what `placeOf` takes out, since the rest may be a secret. */

/** What `placeOf` tells of a URL depends on these rules. @returns the URL without slashes at its end; undefined when it is not one */
export function httpUrl(value: string): string | undefined {
  // Paths are appended to it, so a query would be lost.
  if (value.includes('?')) return undefined;
  return parsed(value, ['http:', 'https:'])?.href.replace(/\/+$/, '');
}

/**
 * PostgreSQL's, as libpq writes it: with several hosts, sockets, and parameters. One that libpq does not know is refused, as libpq does.
 * @returns undefined when it is not one
 */
export function postgresUrl(value: string): DatabaseUrl | undefined {
  const [, authority, path = '', search = ''] = POSTGRES.exec(value.trim()) ?? [];
  // The same rules as those of `parsed`.
  if (authority === undefined || path.includes('@') || search.includes('@') || !isWellEscaped(value)) return undefined;
  const parameters = parametersIn(search);
  if (parameters === undefined) return undefined;
  const at = authority.lastIndexOf('@');
  const [, user, password] = /^([^:]*)(?::(.*))?$/s.exec(at === -1 ? '' : authority.slice(0, at)) ?? [];
  const { host, hostaddr, port, user: otherUser, password: otherPassword, dbname, ...others } = parameters;
  const hosts = hostsIn(authority.slice(at + 1), { host, hostaddr, port });
  return (
    hosts && {
      hosts,
      user: otherUser ?? decoded(user),
      password: otherPassword ?? decoded(password),
      database: dbname ?? decoded(path.replace(/\/+$/, '')),
      parameters: others,
    }
  );
}

/** Where a URL leads to, without its user, password and parameters: `http://host:port/path`. */
export function placeOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname.replace(/\/+$/, '')}`;
}

/** The same of PostgreSQL's: `host:port,host:port/database`. */
export function placeOfDatabase({ hosts, database }: DatabaseUrl): string {
  const places = hosts.map(({ host, port }) => {
    return `${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`;
  });
  return `${places.join(',')}/${database ?? ''}`.replace(/\/$/, '');
}

/**
 * A raw `/`, `?` or `#` in a password ends the part of the URL that holds it. The rest of the password, and the `@` behind it, would then be
 * path, query or fragment, and the user's name would be the host: such a URL parses, and is refused here, before anything of it is told.
 */
function parsed(value: string, protocols: readonly string[]): URL | undefined {
  const url = URL.parse(value);
  if (url === null || !protocols.includes(url.protocol) || !url.href.startsWith(`${url.protocol}//`)) return undefined;
  if (value.includes('#') || url.pathname.includes('@') || url.search.includes('@')) return undefined;
  return isWellEscaped(url.href) ? url : undefined;
}

function isWellEscaped(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false; // a `%` that begins no escape, or escapes that are no UTF-8
  }
}

/** Nothing of it holds a `#`. */
const POSTGRES = /^postgres(?:ql)?:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/is;

/** @returns undefined when one of them is unknown, twice there or without a value */
function parametersIn(search: string): Readonly<Record<string, string>> | undefined {
  const parameters: Record<string, string> = {};
  for (const pair of search === '' ? [] : search.split('&')) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (name === undefined || value === undefined || !PARAMETERS.has(name) || name in parameters) return undefined;
    // libpq keeps a plus. In `options`, which programs write as they do forms, it has always been read as a blank here.
    parameters[name] = decodeURIComponent(name === 'options' ? value.replaceAll('+', ' ') : value);
  }
  return parameters;
}

/** What the part behind the `@` says, and the parameters that stand for it. @returns undefined when they do not fit each other */
function hostsIn(
  text: string,
  { host, hostaddr, port }: Partial<Record<'host' | 'hostaddr' | 'port', string | undefined>>,
): readonly DatabaseHost[] | undefined {
  const items = text === '' ? [] : text.split(',').map((item) => HOST.exec(item));
  if (!items.every((item) => item !== null)) return undefined;
  const addresses = hostaddr?.split(',');
  const names = host?.split(',') ?? (items.length > 0 ? items.map(([, name = '']) => nameIn(name)) : (addresses ?? []));
  const ports = port?.split(',') ?? items.map(([, , one]) => one || undefined);
  const fits = (list: readonly unknown[] | undefined): boolean => list === undefined || list.length === names.length;
  if (!fits(addresses) || !(ports.length < 2 || fits(ports)) || !names.every(isHost)) return undefined;
  if (!ports.every((one) => one === undefined || isPort(one)) || addresses?.every(isAddress) === false)
    return undefined;
  return names.map((name, i) => {
    const own = ports.length === 1 ? ports[0] : ports[i];
    return { host: name, address: addresses?.[i], port: own === undefined ? undefined : Number(own) };
  });
}

/** host, host:port, [address of IPv6]:port, or a socket's folder with its slashes percent-encoded. */
const HOST = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d*))?$/;

function nameIn(text: string): string {
  return decodeURIComponent(text).replace(/^\[(.*)\]$/, '$1');
}

function isHost(text: string): boolean {
  return /^(\/.+|[\w.-]+|[0-9a-f:.]*:[0-9a-f:.]*)$/i.test(text);
}

function isAddress(text: string): boolean {
  return /^[0-9a-f:.]+$/i.test(text);
}

/** Empty is the same as absent. */
function decoded(text: string | undefined): string | undefined {
  return text ? decodeURIComponent(text) : undefined;
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536;
}

/**
 * libpq's parameters, without `replication`, which makes a session of another kind; and the two that node-postgres adds to them for TLS.
 * Its others replace fields that this program gives it. Source: PostgreSQL 18, "Parameter Key Words".
 */
const PARAMETERS: ReadonlySet<string> = new Set([
  ...['host', 'hostaddr', 'port', 'dbname', 'user', 'password', 'passfile', 'require_auth', 'channel_binding'],
  ...['connect_timeout', 'client_encoding', 'options', 'application_name', 'fallback_application_name'],
  ...['keepalives', 'keepalives_idle', 'keepalives_interval', 'keepalives_count', 'tcp_user_timeout'],
  ...[
    'gssencmode',
    'gsslib',
    'gssdelegation',
    'krbsrvname',
    'sslmode',
    'requiressl',
    'sslnegotiation',
    'sslcompression',
  ],
  ...[
    'sslcert',
    'sslkey',
    'sslkeylogfile',
    'sslpassword',
    'sslcertmode',
    'sslrootcert',
    'sslcrl',
    'sslcrldir',
    'sslsni',
  ],
  ...['requirepeer', 'ssl_min_protocol_version', 'ssl_max_protocol_version', 'min_protocol_version'],
  ...['max_protocol_version', 'service', 'servicefile', 'target_session_attrs', 'load_balance_hosts'],
  ...['scram_client_key', 'scram_server_key', 'oauth_issuer', 'oauth_client_id', 'oauth_client_secret', 'oauth_scope'],
  ...['ssl', 'uselibpqcompat'],
]);
