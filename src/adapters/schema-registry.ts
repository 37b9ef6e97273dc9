import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { TimeoutStrategy, timeout } from 'cockatiel';
import type { TimeoutPolicy } from 'cockatiel';
import type { RecordSchema } from '../generated/schemas.ts';
import { ConfigurationError } from '../ports/errors.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { Outage, Retry, reasonOf } from './retry.ts';
import type { Backoff } from './retry.ts';

/** The registry did not answer, or with what is no answer of a registry. */
export class SchemaRegistryUnavailable extends Outage {
  override readonly name = 'SchemaRegistryUnavailable';
}

/** The registry refused to register a schema: incompatible with an earlier version, or not a schema to it. */
export class SchemaRefused extends Error {
  override readonly name = 'SchemaRefused';
}

/** A schema as the registry keeps it: `schema` is the text that was registered, `schemaType` AVRO, JSON or PROTOBUF. */
export interface StoredSchema {
  readonly schemaType: string;
  readonly schema: string;
}

export interface SchemaRegistryOptions {
  /** Where the Confluent API is, with its path, and user:password if it asks for them. */
  readonly url: string;
  readonly telemetry: Telemetry;
  /** Of one try, in milliseconds; default 5,000. */
  readonly timeout?: number;
  /** Between tries; default 100 ms to 5 s. */
  readonly backoff?: Backoff;
}

/** Error codes of the Confluent API with status 404. Other 404s (a wrong path, a proxy) say nothing about schemas. */
const NO_SUBJECT = 40401;
const NO_VERSION = 40402;
const NO_SCHEMA = 40403;
const NO_SUBJECT_CONFIG = 40408;

/** The subject of a type on a topic (TopicRecordNameStrategy). */
export function subjectOf(topic: string, type: string): string {
  return `${topic}-${type}`;
}

/**
 * The registry, by its Confluent API. `fetchSchema` and `idOf` wait until it answers; the rest, for the command line, fails
 * with SchemaRegistryUnavailable after one try. All throw ConfigurationError when it refuses the credentials.
 * Schemas are registered by the kafkajs client, and read without it: that one has no timeout and no AbortSignal, reports a
 * refused connection as status 400, and does not tell the error code that sets an unknown schema apart from a wrong path.
 */
export class SchemaRegistryClient {
  readonly #url: string;
  readonly #credentials: { readonly username: string; readonly password: string } | undefined;
  readonly #retry: Retry;
  readonly #timeout: TimeoutPolicy;

  constructor({ url, telemetry, timeout: tryTimeout = 5_000, backoff }: SchemaRegistryOptions) {
    const parsed = URL.parse(url);
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
      throw new ConfigurationError('SCHEMA_REGISTRY_URL is not an http(s) URL');
    }
    const { username, password } = parsed;
    this.#credentials =
      username === '' ? undefined : { username: decodeURIComponent(username), password: decodeURIComponent(password) };
    this.#url = `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`;
    const waits = backoff ?? { initialDelay: 100, maxDelay: 5_000 };
    this.#retry = new Retry({ what: 'schema registry', backoff: waits, telemetry });
    this.#timeout = timeout(tryTimeout, TimeoutStrategy.Aggressive);
  }

  /** @returns undefined when the registry says that it does not know the id */
  async fetchSchema(id: number, signal: AbortSignal): Promise<StoredSchema | undefined> {
    return this.#retry.untilAnswered(signal, async () => {
      const answer = await this.#ask('GET', `/schemas/ids/${id}`, { absent: [NO_SCHEMA], signal });
      return (
        answer && { schemaType: optionalText(answer, 'schemaType') ?? 'AVRO', schema: this.#text(answer, 'schema') }
      );
    });
  }

  /** @returns the id under which exactly this schema is registered for the subject; undefined when it is not */
  async idOf(subject: string, schema: RecordSchema, signal: AbortSignal): Promise<number | undefined> {
    return this.#retry.untilAnswered(signal, async () => {
      const answer = await this.#ask('POST', `/subjects/${encodeURIComponent(subject)}`, {
        body: { schema: JSON.stringify(schema) },
        absent: [NO_SUBJECT, NO_SCHEMA],
        signal,
      });
      return answer && this.#number(answer, 'id');
    });
  }

  /** @returns the newest schema of a subject, as it was registered; undefined when it has none */
  async latest(subject: string): Promise<{ readonly id: number; readonly schema: string } | undefined> {
    const answer = await this.#ask('GET', `/subjects/${encodeURIComponent(subject)}/versions/latest`, {
      absent: [NO_SUBJECT, NO_VERSION],
    });
    return answer && { id: this.#number(answer, 'id'), schema: this.#text(answer, 'schema') };
  }

  /** Whether the subject's own compatibility rule would take the schema as its next version; a first version always. */
  async isCompatible(
    subject: string,
    schema: RecordSchema,
  ): Promise<{ readonly compatible: boolean; readonly reasons: readonly string[] }> {
    const answer = await this.#ask(
      'POST',
      `/compatibility/subjects/${encodeURIComponent(subject)}/versions?verbose=true`,
      {
        body: { schema: JSON.stringify(schema) },
        absent: [NO_SUBJECT, NO_VERSION],
      },
    );
    if (answer === undefined) return { compatible: true, reasons: [] };
    const compatible = answer['is_compatible'];
    if (typeof compatible !== 'boolean') throw this.#unavailable('an answer without is_compatible');
    const messages = answer['messages'];
    const reason = optionalText(answer, 'reason');
    // Confluent lists messages, Apicurio has one reason.
    return {
      compatible,
      reasons: Array.isArray(messages) ? messages.map(String) : reason === undefined ? [] : [reason],
    };
  }

  /**
   * Registers a schema, the same one any number of times, and gives the subject its compatibility rule beforehand: the
   * kafkajs client would do so after the first version, and refuse a subject that has another rule.
   * @returns its id
   * @throws SchemaRefused SchemaRegistryUnavailable ConfigurationError
   */
  async register(subject: string, schema: RecordSchema, compatibility: 'FULL_TRANSITIVE'): Promise<number> {
    const config = `/config/${encodeURIComponent(subject)}`;
    const rule = await this.#ask('GET', config, { absent: [NO_SUBJECT, NO_SUBJECT_CONFIG] });
    if (rule?.['compatibilityLevel'] !== compatibility) await this.#ask('PUT', config, { body: { compatibility } });

    const agent = this.#url.startsWith('https:') ? new HttpsAgent() : new HttpAgent();
    try {
      const client = new SchemaRegistry({
        host: this.#url,
        agent,
        retry: { retries: 0 },
        ...(this.#credentials && { auth: this.#credentials }),
      });
      const { id } = await this.#timeout.execute(() =>
        client.register(
          { type: SchemaType.AVRO, schema: JSON.stringify(schema) },
          { subject, compatibility: COMPATIBILITY[compatibility] },
        ),
      );
      return id;
    } catch (error) {
      throw this.#registrationError(subject, error);
    } finally {
      agent.destroy();
    }
  }

  /** One request. @returns the JSON object of the answer, or undefined for a 404 with one of the codes in `absent` */
  async #ask(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    { body, absent = [], signal }: { body?: object; absent?: readonly number[]; signal?: AbortSignal },
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    const headers: Record<string, string> = { accept: 'application/vnd.schemaregistry.v1+json, application/json' };
    if (body !== undefined) headers['content-type'] = 'application/vnd.schemaregistry.v1+json';
    if (this.#credentials) {
      const { username, password } = this.#credentials;
      headers['authorization'] = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    }
    const { status, text } = await this.#timeout
      .execute(async (context) => {
        const request = { method, headers, signal: context.signal, ...(body && { body: JSON.stringify(body) }) };
        const response = await fetch(this.#url + path, request);
        return { status: response.status, text: await response.text() };
      }, signal)
      .catch((error: unknown) => {
        throw this.#unavailable(reasonOf(error));
      });
    if (status === 401 || status === 403) throw this.#forbidden(status);
    const answer = parsedObject(text);
    if (status >= 200 && status < 300 && answer) return answer;
    if (status === 404 && absent.some((code) => answer?.['error_code'] === code)) return undefined;
    throw this.#unavailable(`${method} ${path} was answered with status ${status}: ${text.slice(0, 300)}`);
  }

  #registrationError(subject: string, error: unknown): Error {
    const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
    if (status === 401 || status === 403) return this.#forbidden(status);
    if (status === 409 || status === 422) return new SchemaRefused(`${subject}: ${reasonOf(error)}`, { cause: error });
    return this.#unavailable(reasonOf(error));
  }

  #forbidden(status: number): ConfigurationError {
    return new ConfigurationError(
      `SCHEMA_REGISTRY_URL ${this.#url}: the registry refuses the credentials (status ${status})`,
    );
  }

  #unavailable(reason: string): SchemaRegistryUnavailable {
    return new SchemaRegistryUnavailable(`SCHEMA_REGISTRY_URL ${this.#url}: ${reason}`);
  }

  #text(answer: Readonly<Record<string, unknown>>, field: string): string {
    const value = answer[field];
    if (typeof value !== 'string') throw this.#unavailable(`an answer without ${field}`);
    return value;
  }

  #number(answer: Readonly<Record<string, unknown>>, field: string): number {
    const value = answer[field];
    if (typeof value !== 'number') throw this.#unavailable(`an answer without ${field}`);
    return value;
  }
}

function optionalText(answer: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const value = answer[field];
  return typeof value === 'string' ? value : undefined;
}

function parsedObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
