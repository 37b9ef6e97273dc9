import { TimeoutStrategy, timeout, type TimeoutPolicy } from 'cockatiel';
import { ConfigurationError } from '../../ports/errors.ts';
import { causeOf, codeOf } from '../error-code.ts';
import { OPEN, type HttpAccess } from '../http-access.ts';
import { Outage, reasonOf } from '../retry.ts';
import { tlsFault } from '../tls-files.ts';

/** The registry did not answer, or its answer was none of a registry. */
export class SchemaRegistryUnavailable extends Outage {
  override readonly name = 'SchemaRegistryUnavailable';
}

/** Of one try, unless it is given otherwise. */
export const TRY_TIMEOUT_MS = 5_000;

/** Error codes of the Confluent API with status 404. Other 404s come from a wrong path or a proxy, and say nothing about schemas. */
export const NO_SUBJECT = 40401;
export const NO_VERSION = 40402;
export const NO_SCHEMA = 40403;
export const NO_SUBJECT_CONFIG = 40408;

export type Answer = Readonly<Record<string, unknown>>;
export type Method = 'GET' | 'POST' | 'PUT';

/** Where a registry is, and who the worker is there by the URL. */
interface Place {
  readonly url: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
}

interface Request {
  readonly body?: object;
  readonly signal?: AbortSignal;
}

interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

export interface RegistryRequestsOptions {
  /** Of one registry; the next one is asked when one does not answer. */
  readonly urls: readonly string[];
  /** Of one request, in milliseconds; default 5,000. */
  readonly timeout?: number | undefined;
  readonly access?: HttpAccess | undefined;
  /** Told of each change to another URL. */
  readonly moved?: ((from: string, to: string, reason: Error) => void) | undefined;
}

const SERVER_ERROR = 500;

/**
 * Requests to the Confluent API of a registry, each tried once at each of its URLs. A refused token or password that may have been
 * changed meanwhile is tried once more. All throw ConfigurationError when the credentials are refused.
 */
export class RegistryRequests {
  readonly timeout: TimeoutPolicy;

  readonly #places: readonly Place[];
  readonly #access: HttpAccess;
  readonly #moved: RegistryRequestsOptions['moved'];
  #at = 0;

  constructor({ urls, timeout: tryTimeout = TRY_TIMEOUT_MS, access = OPEN, moved }: RegistryRequestsOptions) {
    this.#access = access;
    this.#moved = moved;
    this.#places = urls.map(placeOf);
    this.timeout = timeout(tryTimeout, TimeoutStrategy.Aggressive);
  }

  /** Of the registry that is asked at present. */
  get url(): string {
    return this.#place.url;
  }

  get credentials(): Place['credentials'] {
    return this.#place.credentials;
  }

  get #place(): Place {
    const place = this.#places[this.#at];
    if (place === undefined) throw new ConfigurationError('SCHEMA_REGISTRY_URL is not set');
    return place;
  }

  /** One request. @returns the JSON object of the answer, or undefined for a 404 with one of the codes in `absent` */
  async ask(
    method: Method,
    path: string,
    { absent = [], ...rest }: Request & { readonly absent?: readonly number[] },
  ): Promise<Answer | undefined> {
    const { status, text } = await this.request(method, path, rest);
    const answer = parsedObject(text);
    if (status >= 200 && status < 300 && answer) return answer;
    if (status === 404 && absent.includes(errorCodeOf(answer))) return undefined;
    throw this.unusable(method, path, status, text);
  }

  async request(method: Method, path: string, request: Request): Promise<RawAnswer> {
    for (let left = this.#places.length - 1; ; left -= 1) {
      const place = this.#place;
      try {
        const answer = await this.#authorized(place, method, path, request);
        if (answer.status < SERVER_ERROR || left === 0) return answer;
        this.#goOn(place, this.unusable(method, path, answer.status, answer.text));
      } catch (error) {
        if (!(error instanceof SchemaRegistryUnavailable) || request.signal?.aborted === true) throw error;
        this.#goOn(place, error);
        if (left === 0) throw error;
      }
    }
  }

  /** From now on asks the next URL, unless another request has gone on already. */
  #goOn(place: Place, reason: Error): void {
    if (this.#places.length === 1 || this.#place !== place) return;
    this.#at = (this.#at + 1) % this.#places.length;
    this.#moved?.(place.url, this.url, reason);
  }

  async #authorized(place: Place, method: Method, path: string, request: Request): Promise<RawAnswer> {
    const authorization = await this.#authorization(place);
    const answer = await this.#send(place, authorization, method, path, request);
    if (!isRefusal(answer)) return answer;
    if (answer.status === FORBIDDEN || authorization === undefined) throw this.forbidden(answer.status);
    this.#access.refused(authorization);
    const another = await this.#authorization(place);
    if (another === authorization) throw this.forbidden(answer.status);
    const second = await this.#send(place, another, method, path, request);
    if (isRefusal(second)) throw this.forbidden(second.status);
    return second;
  }

  async #authorization({ credentials }: Place): Promise<string | undefined> {
    const authorization = await this.#access.authorization();
    if (authorization !== undefined || credentials === undefined) return authorization;
    return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  }

  async #send(
    { url }: Place,
    authorization: string | undefined,
    method: Method,
    path: string,
    { body, signal }: Request,
  ): Promise<RawAnswer> {
    const headers: Record<string, string> = { accept: 'application/vnd.schemaregistry.v1+json, application/json' };
    if (body !== undefined) headers['content-type'] = 'application/vnd.schemaregistry.v1+json';
    if (authorization !== undefined) headers['authorization'] = authorization;
    return this.timeout
      .execute(async (context) => {
        const request = { method, headers, signal: context.signal, ...(body && { body: JSON.stringify(body) }) };
        const response = await this.#access.fetch(url + path, request);
        return { status: response.status, text: await response.text() };
      }, signal)
      .catch((error: unknown) => {
        throw this.untrusted(error) ?? this.unavailable(reasonOf(error));
      });
  }

  /** What no waiting mends: the wrong authority, or no certificate where the registry asks for one. */
  private untrusted(error: unknown): ConfigurationError | undefined {
    const fault = tlsFault(codeOf(error) ?? codeOf(causeOf(error)) ?? '', reasonOf(error), 'SCHEMA_REGISTRY_SSL_');
    return fault === undefined ? undefined : new ConfigurationError(`${fault}; SCHEMA_REGISTRY_URL ${this.url}`);
  }

  forbidden(status: number): ConfigurationError {
    const place = `SCHEMA_REGISTRY_URL ${this.url}`;
    const refused = `the registry refuses the credentials (status ${status})`;
    const { setting } = this.#access;
    if (setting !== undefined) return new ConfigurationError(`${setting}: ${refused}; ${place}`);
    const asks = `the registry asks for credentials, and none are set (status ${status})`;
    return new ConfigurationError(`${place}: ${this.credentials === undefined ? asks : refused}`);
  }

  unusable(method: Method, path: string, status: number, text: string): SchemaRegistryUnavailable {
    return this.unavailable(`${method} ${path} was answered with status ${status}: ${text.slice(0, 300)}`);
  }

  unavailable(reason: string): SchemaRegistryUnavailable {
    return new SchemaRegistryUnavailable(`SCHEMA_REGISTRY_URL ${this.url}: ${reason}`);
  }

  text(answer: Answer, field: string): string {
    const value = answer[field];
    if (typeof value !== 'string') throw this.unavailable(`an answer without ${field}`);
    return value;
  }

  number(answer: Answer, field: string): number {
    const value = answer[field];
    if (typeof value !== 'number') throw this.unavailable(`an answer without ${field}`);
    return value;
  }
}

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;

function isRefusal({ status }: RawAnswer): boolean {
  return status === UNAUTHORIZED || status === FORBIDDEN;
}

function placeOf(url: string): Place {
  const parsedUrl = URL.parse(url);
  if (parsedUrl === null || !/^https?:$/.test(parsedUrl.protocol)) {
    throw new ConfigurationError('SCHEMA_REGISTRY_URL is not an http(s) URL');
  }
  const { origin, pathname, username, password } = parsedUrl;
  return {
    url: `${origin}${pathname.replace(/\/+$/, '')}`,
    credentials:
      username === '' ? undefined : { username: decodeURIComponent(username), password: decodeURIComponent(password) },
  };
}

export function optionalText(answer: Answer, field: string): string | undefined {
  const value = answer[field];
  return typeof value === 'string' ? value : undefined;
}

export function parsedObject(text: string): Answer | undefined {
  const value = parsed(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

/** @returns undefined when the text is no JSON, such as the error page of a proxy */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @returns the error code of the Confluent API, or 0 when there is none */
export function errorCodeOf(answer: unknown): number {
  const code: unknown = typeof answer === 'object' && answer !== null && 'error_code' in answer ? answer.error_code : 0;
  return typeof code === 'number' ? code : 0;
}
