import * as oauth from 'oauth4webapi';
import { ConfigurationError } from '../ports/errors.ts';
import { causeOf, codeOf } from './error-code.ts';
import { fetchWith, type Fetch } from './fetch-with.ts';
import { Outage, reasonOf } from './retry.ts';
import { tlsFault } from './tls-files.ts';

export interface TokenOptions {
  /** URL of the token endpoint. */
  readonly endpoint: string;
  readonly clientId: string;
  readonly clientSecret: () => string;
  readonly scope: string | undefined;
  /** The PEM file of the authorities that the endpoint's certificate is checked against; undefined: those of Node. */
  readonly caLocation: string | undefined;
  /** How its settings begin, such as `KAFKA_SASL_OAUTHBEARER_`: errors name them. */
  readonly prefix: string;
  /** The rest of the setting that names the endpoint; default `TOKEN_ENDPOINT_URL`. */
  readonly endpointName?: string;
  /** What comes before `CA_LOCATION` in the setting for authorities. */
  readonly tlsPrefix: string;
  /** Milliseconds, going forward only. */
  readonly now: () => number;
}

/** The token endpoint did not answer, or not with a token. */
export class TokenUnavailable extends Outage {
  override readonly name = 'TokenUnavailable';
}

const TIMEOUT_MS = 5_000;
/** A token is renewed when this part of its life is over. Until its end the old one is given out, and nobody waits for the endpoint. */
const RENEWED_AFTER = 0.8;
/** After a renewal that failed, while the old token holds. */
const NEXT_RENEWAL_MS = 1_000;
/** A token that does not say for how long it is valid. */
const DEFAULT_LIFE_S = 300;

interface Token {
  readonly value: string;
  /** Milliseconds. */
  readonly life: number;
  readonly renewAt: number;
  readonly endsAt: number;
}

/** An access token by the grant of client credentials (RFC 6749, section 4.4), kept and renewed ahead of its end. */
export class AccessToken {
  readonly #options: TokenOptions;
  readonly #fetch: Fetch;
  #token: Token | undefined;
  #asking: Promise<Token> | undefined;
  #nextRenewal = -Infinity;
  /** Whether anybody was given the present token. */
  #isUsed = false;

  /** @throws ConfigurationError when the file of authorities can't be used */
  constructor(options: TokenOptions) {
    this.#options = options;
    const { caLocation, tlsPrefix } = options;
    const files = { caLocation, certificateLocation: undefined, keyLocation: undefined };
    this.#fetch = caLocation === undefined ? (url, request) => fetch(url, request) : fetchWith(files, tlsPrefix);
  }

  /** @throws ConfigurationError when the endpoint refuses the client; TokenUnavailable when no valid token can be had now */
  async get(): Promise<string> {
    const now = this.#options.now();
    const token = this.#token;
    const given = token === undefined || now >= token.endsAt ? await this.#renewed() : token;
    this.#isUsed = true;
    if (now >= given.renewAt) this.#renewAhead(now);
    return given.value;
  }

  /** Who was given this token has refused it: the next one is a new one. */
  refused(value: string): void {
    if (this.#token?.value === value) this.#token = undefined;
  }

  #renewAhead(now: number): void {
    if (now < this.#nextRenewal) return;
    this.#nextRenewal = now + NEXT_RENEWAL_MS;
    // Whoever needs a token once the present one has ended is told why there is none.
    this.#renewed().catch(() => undefined);
  }

  /** All who need one meanwhile wait for the same. */
  async #renewed(): Promise<Token> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    const token = await this.#asking;
    if (token === this.#token) return token;
    this.#token = token;
    this.#isUsed = false;
    // Ahead of who asks next, too: a token that is about to end makes a session that ends at once.
    setTimeout(() => {
      if (this.#token === token && this.#isUsed) this.#renewAhead(this.#options.now());
    }, token.life * RENEWED_AFTER).unref();
    return token;
  }

  async #ask(): Promise<Token> {
    const { endpoint, clientId, clientSecret, scope, prefix, endpointName = 'TOKEN_ENDPOINT_URL' } = this.#options;
    const { now, tlsPrefix } = this.#options;
    const server = { issuer: new URL(endpoint).origin, token_endpoint: endpoint };
    const client = { client_id: clientId };
    const asked = now();
    try {
      const response = await oauth.clientCredentialsGrantRequest(
        server,
        client,
        oauth.ClientSecretBasic(clientSecret()),
        scope === undefined ? {} : { scope },
        {
          signal: AbortSignal.timeout(TIMEOUT_MS),
          // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out; an endpoint beside the worker may speak http
          [oauth.allowInsecureRequests]: endpoint.startsWith('http:'),
          [oauth.customFetch]: (url, { method, headers, body, signal = AbortSignal.timeout(TIMEOUT_MS) }) =>
            this.#fetch(url, { method, headers, body: String(body), redirect: 'manual', signal }),
        },
      );
      const { access_token: value, expires_in: seconds = DEFAULT_LIFE_S } =
        await oauth.processClientCredentialsResponse(server, client, response);
      const life = 1_000 * seconds;
      return { value, life, renewAt: asked + RENEWED_AFTER * life, endsAt: asked + life };
    } catch (error) {
      if (error instanceof ConfigurationError) throw error;
      const refusal = refusalOf(error);
      const { origin, pathname } = new URL(endpoint);
      const place = `${prefix}${endpointName} ${origin}${pathname}`;
      const untrusted = tlsFault(codeOf(error) ?? codeOf(causeOf(error)) ?? '', reasonOf(error), tlsPrefix);
      if (untrusted !== undefined) throw new ConfigurationError(`${untrusted}; ${place}`);
      if (refusal === undefined) throw new TokenUnavailable(`${place}: ${reasonOf(error)}`);
      throw new ConfigurationError(
        `${prefix}${refusal === 'invalid_scope' ? 'SCOPE' : 'CLIENT_SECRET'}: the token endpoint refuses it (${refusal}); ${place}`,
      );
    }
  }
}

const TOO_MANY_REQUESTS = 429;

/** The error code of an answer that refuses what was asked (RFC 6749, section 5.2). */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof oauth.ResponseBodyError) {
    return error.status < 500 && error.status !== TOO_MANY_REQUESTS ? error.error : undefined;
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) return `status ${error.status}`;
  return undefined;
}
