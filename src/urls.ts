/** The URLs of settings. Nothing of them is ever told but what `placeOf` takes out, since the rest may be a secret. */

/** What `placeOf` tells of a URL depends on these rules. @returns the URL without slashes at its end; undefined when it is not one */
export function httpUrl(value: string): string | undefined {
  // Paths are appended to it, so a query would be lost.
  if (value.includes('?')) return undefined;
  return parsed(value, ['http:', 'https:'])?.href.replace(/\/+$/, '');
}

/** The same of PostgreSQL's; a parameter that neither libpq nor the driver knows is refused, as libpq does. */
export function postgresUrl(value: string): string | undefined {
  const url = parsed(value, ['postgres:', 'postgresql:']);
  if (url === undefined || ![...url.searchParams.keys()].every((name) => PARAMETERS.has(name))) return undefined;
  const port = url.searchParams.get('port');
  if (port !== null && !isPort(port)) return undefined;
  return url.href.replace(/\/+$/, '');
}

/** Where a URL leads to, without its user, password and parameters: `http://host:port/path`, `host:port/database`. */
export function placeOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  const path = pathname.replace(/\/+$/, '');
  return protocol.startsWith('http') ? `${protocol}//${host}${path}` : `${host}${path}`;
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
