import type { RecordSchema } from '../../generated/schemas.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { Retry, type Delays } from '../retry.ts';
import {
  NO_SCHEMA,
  NO_SUBJECT,
  NO_VERSION,
  optionalText,
  RegistryRequests,
  TRY_TIMEOUT_MS,
  type Answer,
} from './registry-requests.ts';
import { isSameSchema } from './same-schema.ts';
import { SubjectVersions } from './subject-versions.ts';

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

/**
 * Reads schemas of the registry, by its Confluent API. `fetchSchema` and `idOf` wait until it answers; `latest`, for the command line, fails
 * with SchemaRegistryUnavailable after one try. All throw ConfigurationError when it refuses the credentials. The client of
 * @kafkajs/confluent-schema-registry is no use here: it has no timeout and no AbortSignal, reports a refused connection as status 400, and
 * does not tell the error code that sets an unknown schema apart from a wrong path.
 */
export class SchemaRegistryClient {
  readonly #http: RegistryRequests;
  readonly #versions: SubjectVersions;
  readonly #retry: Retry;
  readonly #insistence: number;

  constructor({
    url,
    telemetry,
    timeout: tryTimeout = TRY_TIMEOUT_MS,
    backoff,
    insistence = 3_000,
  }: SchemaRegistryOptions) {
    this.#http = new RegistryRequests(url, tryTimeout);
    this.#versions = new SubjectVersions(this.#http);
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
    for (const version of (await this.#versions.all(subject, signal)).toReversed()) {
      const stored = await this.#versions.one(subject, version, signal);
      if (stored !== undefined && isSameSchema(stored.schema, JSON.stringify(schema))) return stored.id;
    }
    return undefined;
  }

  /** @returns the newest schema of a subject, as it was registered; undefined when it has none */
  async latest(subject: string): Promise<{ readonly id: number; readonly schema: string } | undefined> {
    return this.#versions.one(subject, 'latest');
  }
}
