import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import type { Clock } from '../ports/clock.ts';
import { AccessToken } from './access-token.ts';
import { checkTlsFiles, readTlsFiles, type TlsContents, type TlsFiles } from './tls-files.ts';

interface Request {
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly redirect?: 'manual';
  readonly signal: AbortSignal;
}

/** How a service of somebody else's is asked over HTTP: who the worker is there, and whom it trusts. */
export interface HttpAccess {
  readonly fetch: (url: string, request: Request) => Promise<Response>;
  /** The header of that name, for each request; undefined: none. @throws ConfigurationError, Outage */
  readonly authorization: () => Promise<string | undefined>;
  /** For a client that makes its own connections. @throws ConfigurationError */
  readonly tls: () => TlsContents;
  /** The credentials were refused. */
  readonly refused: () => void;
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
  };
}

export const OPEN: HttpAccess = {
  fetch: (url, request) => fetch(url, request),
  authorization: () => Promise.resolve(undefined),
  tls: () => ({}),
  refused: () => undefined,
};

/**
 * Secrets and files are read once here, to be refused at the start, and then for each request or connection.
 * @param prefix of the settings, such as `SCHEMA_REGISTRY_`
 * @throws ConfigurationError
 */
export function httpAccess(security: HttpSecurity, prefix: string, clock: Clock): HttpAccess {
  const { userInfo, bearerToken, token, caLocation, certificateLocation } = security;
  const basic = userInfo && (() => `Basic ${Buffer.from(userInfo()).toString('base64')}`);
  const bearer = bearerToken && (() => `Bearer ${bearerToken()}`);
  const fixed = basic ?? bearer;
  fixed?.();
  const tokens = token && tokensOf(token, prefix, clock);
  return {
    fetch: caLocation || certificateLocation ? fetchWith(security, `${prefix}SSL_`) : OPEN.fetch,
    authorization: async () => (fixed ? fixed() : tokens && `Bearer ${await tokens.get()}`),
    tls: () => readTlsFiles(security, `${prefix}SSL_`),
    refused: () => tokens?.refused(),
  };
}

function tokensOf(
  { endpoint, clientId = '', clientSecret = () => '', scope }: NonNullable<HttpSecurity['token']>,
  prefix: string,
  clock: Clock,
): AccessToken | undefined {
  if (endpoint === undefined) return undefined;
  const names = { prefix: `${prefix}BEARER_TOKEN_`, endpointName: 'ENDPOINT_URL' };
  return new AccessToken({ endpoint, clientId, clientSecret, scope, ...names, now: () => clock.now() });
}

/** Node's fetch takes neither authorities nor certificates. */
function fetchWith(files: TlsFiles, prefix: string): HttpAccess['fetch'] {
  checkTlsFiles(files, prefix);
  const agent = new Agent({ keepAlive: true });
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, done) => connect({ ...options, ...readTlsFiles(files, prefix) }, done);
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const options = { agent, method: method ?? 'GET', headers, signal };
      const request = httpsRequest(url, options, (answer) => resolve(responseOf(answer)));
      request.on('error', reject);
      request.end(body);
    });
}

/** Rejects when the answer has a status that no response may have: thrown in a listener, that error would end the process. */
async function responseOf(answer: IncomingMessage): Promise<Response> {
  const { statusCode: status = 0 } = answer;
  try {
    if (!NO_BODY.has(status)) return new Response(Readable.toWeb(answer) as ReadableStream, { status });
    answer.resume();
    return new Response(null, { status });
  } catch (error) {
    answer.destroy();
    throw error;
  }
}

/** With one of these, a response may have no body. */
const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
