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

/** Requests to the Confluent API of a registry, each tried once. All throw ConfigurationError when it refuses the credentials. */
export class RegistryRequests {
  readonly url: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly timeout: TimeoutPolicy;

  readonly #access: HttpAccess;

  /** @param tryTimeout of one request, in milliseconds */
  constructor(url: string, tryTimeout: number, access: HttpAccess = OPEN) {
    this.#access = access;
    const parsed = URL.parse(url);
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
      throw new ConfigurationError('SCHEMA_REGISTRY_URL is not an http(s) URL');
    }
    const { username, password } = parsed;
    this.credentials =
      username === '' ? undefined : { username: decodeURIComponent(username), password: decodeURIComponent(password) };
    this.url = `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`;
    this.timeout = timeout(tryTimeout, TimeoutStrategy.Aggressive);
  }

  /** One request. @returns the JSON object of the answer, or undefined for a 404 with one of the codes in `absent` */
  async ask(
    method: Method,
    path: string,
    { absent = [], ...rest }: { body?: object; absent?: readonly number[]; signal?: AbortSignal },
  ): Promise<Answer | undefined> {
    const { status, text } = await this.request(method, path, rest);
    const answer = parsedObject(text);
    if (status >= 200 && status < 300 && answer) return answer;
    if (status === 404 && absent.includes(errorCodeOf(answer))) return undefined;
    throw this.unusable(method, path, status, text);
  }

  async request(
    method: Method,
    path: string,
    { body, signal }: { body?: object; signal?: AbortSignal },
  ): Promise<{ readonly status: number; readonly text: string }> {
    const headers: Record<string, string> = { accept: 'application/vnd.schemaregistry.v1+json, application/json' };
    if (body !== undefined) headers['content-type'] = 'application/vnd.schemaregistry.v1+json';
    const authorization = await this.#access.authorization();
    if (authorization !== undefined) headers['authorization'] = authorization;
    else if (this.credentials) {
      const { username, password } = this.credentials;
      headers['authorization'] = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    }
    const answer = await this.timeout
      .execute(async (context) => {
        const request = { method, headers, signal: context.signal, ...(body && { body: JSON.stringify(body) }) };
        const response = await this.#access.fetch(this.url + path, request);
        return { status: response.status, text: await response.text() };
      }, signal)
      .catch((error: unknown) => {
        throw this.untrusted(error) ?? this.unavailable(reasonOf(error));
      });
    if (answer.status === 401 || answer.status === 403) {
      this.#access.refused();
      throw this.forbidden(answer.status);
    }
    return answer;
  }

  /** What no waiting mends: the wrong authority, or no certificate where the registry asks for one. */
  private untrusted(error: unknown): ConfigurationError | undefined {
    const fault = tlsFault(codeOf(error) ?? codeOf(causeOf(error)) ?? '', reasonOf(error), 'SCHEMA_REGISTRY_SSL_');
    return fault === undefined ? undefined : new ConfigurationError(`${fault}; SCHEMA_REGISTRY_URL ${this.url}`);
  }

  forbidden(status: number): ConfigurationError {
    return new ConfigurationError(
      `SCHEMA_REGISTRY_URL ${this.url}: the registry refuses the credentials (status ${status})`,
    );
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
