import type { Clock } from '../ports/clock.ts';
import { AccessToken } from './access-token.ts';
import { fetchWith, type Fetch } from './fetch-with.ts';
import { readTlsFiles, type TlsContents, type TlsFiles } from './tls-files.ts';

/** How a service of somebody else's is asked over HTTP: who the worker is there, and whom it trusts. */
export interface HttpAccess {
  readonly fetch: Fetch;
  /** The header of that name, for each request; undefined: none. @throws ConfigurationError, Outage */
  readonly authorization: () => Promise<string | undefined>;
  /** Which setting says who the worker is; undefined: none does. */
  readonly setting: string | undefined;
  /** For a client that makes its own connections. @throws ConfigurationError */
  readonly tls: () => TlsContents;
  /** This header was refused: the next one may be another. */
  readonly refused: (authorization: string) => void;
}

export interface HttpSecurity extends TlsFiles {
  /** user:password, as they are. */
  readonly userInfo?: (() => string) | undefined;
  readonly bearerToken: (() => string) | undefined;
  readonly token?: {
    readonly endpoint: string | undefined;
    readonly clientId: string | undefined;
    readonly clientSecret: (() => string) | undefined;
    readonly scope: string | undefined;
    readonly caLocation: string | undefined;
  };
}

export const OPEN: HttpAccess = {
  fetch: (url, request) => fetch(url, request),
  authorization: () => Promise.resolve(undefined),
  setting: undefined,
  tls: () => ({}),
  refused: () => undefined,
};

const BEARER = 'Bearer ';

/**
 * Secrets and files are read once here, to be refused at the start, and then for each request or connection.
 * @param prefix of the settings, such as `SCHEMA_REGISTRY_`
 * @throws ConfigurationError
 */
export function httpAccess(security: HttpSecurity, prefix: string, clock: Clock): HttpAccess {
  const { userInfo, bearerToken, token, caLocation, certificateLocation } = security;
  const basic = userInfo && (() => `Basic ${Buffer.from(userInfo()).toString('base64')}`);
  const bearer = bearerToken && (() => BEARER + bearerToken());
  const fixed = basic ?? bearer;
  fixed?.();
  const tokens = token && tokensOf(token, prefix, clock);
  return {
    fetch: caLocation || certificateLocation ? fetchWith(security, `${prefix}SSL_`) : OPEN.fetch,
    authorization: async () => (fixed ? fixed() : tokens && BEARER + (await tokens.get())),
    setting: settingOf(security, prefix),
    tls: () => readTlsFiles(security, `${prefix}SSL_`),
    refused: (authorization) => tokens?.refused(authorization.slice(BEARER.length)),
  };
}

function settingOf({ userInfo, bearerToken, token }: HttpSecurity, prefix: string): string | undefined {
  if (userInfo) return `${prefix}BASIC_AUTH_USER_INFO`;
  if (bearerToken) return `${prefix}BEARER_TOKEN`;
  return token?.endpoint && `${prefix}BEARER_TOKEN_CLIENT_ID`;
}

function tokensOf(
  { endpoint, clientId = '', clientSecret = () => '', scope, caLocation }: NonNullable<HttpSecurity['token']>,
  prefix: string,
  clock: Clock,
): AccessToken | undefined {
  if (endpoint === undefined) return undefined;
  const names = {
    prefix: `${prefix}BEARER_TOKEN_`,
    endpointName: 'ENDPOINT_URL',
    tlsPrefix: `${prefix}BEARER_TOKEN_SSL_`,
  };
  return new AccessToken({ endpoint, clientId, clientSecret, scope, caLocation, ...names, now: () => clock.now() });
}
