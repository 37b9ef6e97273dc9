import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type { RecordSchema } from '../../generated/schemas.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { isSameSchema } from './same-schema.ts';
import { RegistryRequests, codeOf, optionalText, parsed, parsedObject, type Answer } from './registry-requests.ts';
import { Retry, reasonOf } from '../retry.ts';
import type { Delays } from '../retry.ts';

/** The registry refused to register a schema: incompatible with an earlier version, or not a schema to it. */
export class SchemaRefused extends Error {
  override readonly name = 'SchemaRefused';
}

/** A schema as the registry keeps it: `schema` is the text that was registered, `schemaType` AVRO, JSON or PROTOBUF. */
export interface StoredSchema {
  readonly schemaType: string;
  readonly schema: string;
  /** The texts of the schemas that it refers to by name, and of those that these refer to; each stands behind those that it needs. */
  readonly references: readonly string[];
}

/** When not to believe that a registry does not know an id. */
export interface Doubt {
  /** An id that it must know: while it does not, it is as good as out of reach. */
  readonly ours?: number;
  /** Whether it is asked again for some seconds: a replica may lag behind the one that has registered the schema. */
  readonly insists?: boolean;
}

export interface Compatibility {
  readonly compatible: boolean;
  readonly reasons: readonly string[];
}

/** Refused: more than this is no message of ours. */
const MAX_REFERENCES = 32;

export interface SchemaRegistryOptions {
  /** Where the Confluent API is, with its path, and user:password if it asks for them. */
  readonly url: string;
  readonly telemetry: Telemetry;
  /** Of one try, in milliseconds; default 5,000. */
  readonly timeout?: number;
  /** Between tries; default 100 ms to 5 s. */
  readonly backoff?: Delays;
  /** For how long an id is asked for that the registry says it does not know, in milliseconds; default 3,000. */
  readonly insistence?: number;
}

/** Error codes of the Confluent API with status 404. Other 404s (a wrong path, a proxy) say nothing about schemas. */
const NO_SUBJECT = 40401;
const NO_VERSION = 40402;
const NO_SCHEMA = 40403;
const NO_SUBJECT_CONFIG = 40408;

/**
 * The registry, by its Confluent API. `fetchSchema` and `idOf` wait until it answers; the rest, for the command line, fails
 * with SchemaRegistryUnavailable after one try. All throw ConfigurationError when it refuses the credentials.
 * Schemas are registered by the kafkajs client, and read without it: that one has no timeout and no AbortSignal, reports a
 * refused connection as status 400, and does not tell the error code that sets an unknown schema apart from a wrong path.
 */
export class SchemaRegistryClient {
  readonly #http: RegistryRequests;
  readonly #retry: Retry;
  readonly #insistence: number;

  constructor({ url, telemetry, timeout: tryTimeout = 5_000, backoff, insistence = 3_000 }: SchemaRegistryOptions) {
    this.#http = new RegistryRequests(url, tryTimeout);
    const waits = backoff ?? { initialDelay: 100, maxDelay: 5_000 };
    this.#retry = new Retry({ what: 'schema registry', backoff: waits, telemetry });
    this.#insistence = insistence;
  }

  /** @returns undefined when the registry says that it does not know the id, and there is no more reason to doubt it */
  async fetchSchema(
    id: number,
    signal: AbortSignal,
    { ours, insists = false }: Doubt = {},
  ): Promise<StoredSchema | undefined> {
    let firstNo = Number.POSITIVE_INFINITY;
    const find = async (one: number) => this.#http.ask('GET', `/schemas/ids/${one}`, { absent: [NO_SCHEMA], signal });
    return this.#retry.untilAnswered(signal, async () => {
      const answer = await find(id);
      if (answer === undefined) {
        if (ours !== undefined && (await find(ours)) === undefined) {
          throw this.#http.unavailable(
            `it knows neither schema ${id} nor ${ours}, which it knew when this process started`,
          );
        }
        const now = performance.now();
        firstNo = Math.min(firstNo, now);
        if (insists && now - firstNo < this.#insistence)
          throw this.#http.unavailable(`it does not know schema ${id}, or not yet`);
        return undefined;
      }
      const referred = new Map<string, string>();
      await this.#refer(answer, referred, signal);
      return {
        schemaType: optionalText(answer, 'schemaType') ?? 'AVRO',
        schema: this.#http.text(answer, 'schema'),
        references: [...referred.values()],
      };
    });
  }

  /** Adds what a schema refers to, by subject and version, behind what that one refers to itself. */
  async #refer(answer: Answer, referred: Map<string, string>, signal: AbortSignal, depth = 0): Promise<void> {
    const references: unknown = answer['references'];
    for (const one of Array.isArray(references) ? (references as unknown[]) : []) {
      const { subject, version }: { subject?: unknown; version?: unknown } = { ...(one as object) };
      if (typeof subject !== 'string' || typeof version !== 'number')
        throw this.#http.unavailable('a reference to nothing');
      const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`;
      if (referred.has(path)) continue;
      // A circle, or a tree of them; what is left out makes the schema one that is not acceptable.
      if (referred.size >= MAX_REFERENCES || depth >= MAX_REFERENCES) return;
      // What is referred to may have been deleted since, which leaves it readable.
      const found = await this.#http.ask('GET', `${path}?deleted=true`, { absent: [NO_SUBJECT, NO_VERSION], signal });
      if (found === undefined) continue;
      await this.#refer(found, referred, signal, depth + 1);
      referred.set(path, this.#http.text(found, 'schema'));
    }
  }

  /** @returns the id under which exactly this schema is registered for the subject; undefined when it is not */
  async idOf(subject: string, schema: RecordSchema, signal: AbortSignal): Promise<number | undefined> {
    return this.#retry.untilAnswered(signal, async () => {
      const answer = await this.#http.ask('POST', `/subjects/${encodeURIComponent(subject)}`, {
        body: { schema: JSON.stringify(schema) },
        absent: [NO_SUBJECT, NO_SCHEMA],
        signal,
      });
      return answer ? this.#http.number(answer, 'id') : this.#idOfSame(subject, schema, signal);
    });
  }

  /** Some registries find a schema by its text alone: the same one in another spelling is found by looking at each version, the newest first. */
  async #idOfSame(subject: string, schema: RecordSchema, signal: AbortSignal): Promise<number | undefined> {
    for (const version of (await this.#versions(subject, signal)).toReversed()) {
      const stored = await this.#version(subject, version, signal);
      if (stored !== undefined && isSameSchema(stored.schema, JSON.stringify(schema))) return stored.id;
    }
    return undefined;
  }

  /** @returns the newest schema of a subject, as it was registered; undefined when it has none */
  async latest(subject: string): Promise<{ readonly id: number; readonly schema: string } | undefined> {
    return this.#version(subject, 'latest');
  }

  async #version(
    subject: string,
    version: number | 'latest',
    signal?: AbortSignal,
  ): Promise<{ readonly id: number; readonly schema: string } | undefined> {
    const answer = await this.#http.ask('GET', `/subjects/${encodeURIComponent(subject)}/versions/${version}`, {
      absent: [NO_SUBJECT, NO_VERSION],
      ...(signal && { signal }),
    });
    return answer && { id: this.#http.number(answer, 'id'), schema: this.#http.text(answer, 'schema') };
  }

  /** Ascending. */
  async #versions(subject: string, signal?: AbortSignal): Promise<readonly number[]> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    const { status, text } = await this.#http.request('GET', path, { ...(signal && { signal }) });
    const found = parsed(text);
    if (status === 200 && Array.isArray(found)) return found.map(Number).sort((a, b) => a - b);
    if (status === 404 && [NO_SUBJECT, NO_VERSION].includes(codeOf(found))) return [];
    throw this.#http.unusable('GET', path, status, text);
  }

  /** Whether the subject's own compatibility rule would take the schema as its next version; a first version always. */
  async isCompatible(subject: string, schema: RecordSchema): Promise<Compatibility> {
    const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions`;
    const whole = await this.#compatibility(`${path}?verbose=true`, schema);
    if (whole !== undefined) return whole;
    // Not every registry (Karapace) compares with all that the rule asks for at once. Version by version it is at least as strict.
    const versions = await this.#versions(subject);
    const each: Compatibility[] = [];
    for (const version of versions) {
      const one = await this.#compatibility(`${path}/${version}?verbose=true`, schema);
      if (one === undefined) throw this.#http.unavailable(`${path}/${version} is not there`);
      each.push(one);
    }
    const refused = each.findLast(({ compatible }) => !compatible);
    return refused ?? { compatible: true, reasons: [] };
  }

  /** @returns undefined when the registry has no such endpoint */
  async #compatibility(path: string, schema: RecordSchema): Promise<Compatibility | undefined> {
    const { status, text } = await this.#http.request('POST', path, { body: { schema: JSON.stringify(schema) } });
    const answer = parsedObject(text);
    if (status === 404 && [NO_SUBJECT, NO_VERSION].includes(codeOf(answer))) return { compatible: true, reasons: [] };
    if (status === 404 || status === 405) return undefined;
    if (status !== 200 || answer === undefined) throw this.#http.unusable('POST', path, status, text);
    const compatible = answer['is_compatible'];
    if (typeof compatible !== 'boolean') throw this.#http.unavailable('an answer without is_compatible');
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
    const rule = await this.#http.ask('GET', config, { absent: [NO_SUBJECT, NO_SUBJECT_CONFIG] });
    if (rule?.['compatibilityLevel'] !== compatibility)
      await this.#http.ask('PUT', config, { body: { compatibility } });

    const agent = this.#http.url.startsWith('https:') ? new HttpsAgent() : new HttpAgent();
    try {
      const client = new SchemaRegistry({
        host: this.#http.url,
        agent,
        retry: { retries: 0 },
        ...(this.#http.credentials && { auth: this.#http.credentials }),
      });
      const { id } = await this.#http.timeout.execute(() =>
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

  #registrationError(subject: string, error: unknown): Error {
    const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
    if (status === 401 || status === 403) return this.#http.forbidden(status);
    if (status === 409 || status === 422) return new SchemaRefused(`${subject}: ${reasonOf(error)}`, { cause: error });
    return this.#http.unavailable(reasonOf(error));
  }
}
