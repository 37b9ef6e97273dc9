import type { RecordSchema } from '../../generated/schemas.ts';
import { ConfigurationError } from '../../ports/errors.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { Retry, type Delays } from '../retry.ts';
import {
  NO_SCHEMA,
  NO_SUBJECT,
  NO_VERSION,
  optionalText,
  RegistryRequests,
  SchemaRegistryUnavailable,
  type Answer,
  type RegistryRequestsOptions,
} from './registry-requests.ts';
import { isSameSchema } from './same-schema.ts';
import { SubjectVersions } from './subject-versions.ts';

/** A schema as the registry keeps it: `schema` is the text that was registered, `schemaType` AVRO, JSON or PROTOBUF. */
export interface StoredSchema {
  readonly schemaType: string;
  readonly schema: string;
  /** The texts of all schemas that it refers to by name, directly or not; each stands behind those that it needs. */
  readonly references: readonly string[];
}

/** Reasons to doubt a registry that says that it does not know an id. */
export interface Doubt {
  /** An id that the registry must know. While it does not know even that one, it counts as out of reach. */
  readonly ours?: number;
  /** Whether to ask again for some seconds: the replica that answers may lag behind the one that registered the schema. */
  readonly insists?: boolean;
}

/** A schema with more references than this is refused. */
const MAX_REFERENCES = 32;

export interface SchemaRegistryOptions extends RegistryRequestsOptions {
  readonly telemetry: Telemetry;
  /** Between tries; default 100 ms to 5 s. */
  readonly backoff?: Delays;
  /** For how long an id is asked for again after the registry said that it does not know it. Milliseconds; default 3,000. */
  readonly insistence?: number;
}

/**
 * Reads schemas of the registry, by its Confluent API. `fetchSchema` and `idOf` wait until it answers; `latest`, for the command line, fails
 * with SchemaRegistryUnavailable after one try. All throw ConfigurationError when it refuses the credentials; `fetchSchema` waits, if it
 * has taken them before. The client of
 * @kafkajs/confluent-schema-registry is no use here: it has no timeout and no AbortSignal, reports a refused connection as status 400, and
 * does not tell the error code that sets an unknown schema apart from a wrong path.
 */
export class SchemaRegistryClient {
  readonly #http: RegistryRequests;
  readonly #versions: SubjectVersions;
  readonly #retry: Retry;
  readonly #insistence: number;

  /** Whether the registry has answered once. A refusal after that has to do with its side, or with a secret that is being changed. */
  #wasLetIn = false;

  constructor({ telemetry, backoff, insistence = 3_000, ...requests }: SchemaRegistryOptions) {
    this.#http = new RegistryRequests(requests);
    this.#versions = new SubjectVersions(this.#http);
    const waits = backoff ?? { initialDelay: 100, maxDelay: 5_000 };
    this.#retry = new Retry({ what: 'schema registry', backoff: waits, telemetry });
    this.#insistence = insistence;
  }

  /** @returns undefined when the registry says that it does not know the id, and there is no reason to doubt that any more */
  async fetchSchema(
    id: number,
    signal: AbortSignal,
    { ours, insists = false }: Doubt = {},
  ): Promise<StoredSchema | undefined> {
    let firstNo = Number.POSITIVE_INFINITY;
    const find = async (one: number) => this.#http.ask('GET', `/schemas/ids/${one}`, { absent: [NO_SCHEMA], signal });
    const attempt = async (): Promise<StoredSchema | undefined> => {
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
    };
    return this.#retry.untilAnswered(signal, () => this.#onceLetIn(attempt));
  }

  /** Makes an outage of a refusal, once the registry has let this process in: a worker that has begun waits. */
  async #onceLetIn<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      const answer = await attempt();
      this.#wasLetIn = true;
      return answer;
    } catch (error) {
      if (!this.#wasLetIn || !(error instanceof ConfigurationError)) throw error;
      throw new SchemaRegistryUnavailable(error.message, { cause: error });
    }
  }

  /** Adds the schemas that an answer refers to by subject and version, each behind those that it refers to itself. */
  async #refer(answer: Answer, referred: Map<string, string>, signal: AbortSignal, depth = 0): Promise<void> {
    const references: unknown = answer['references'];
    for (const one of Array.isArray(references) ? (references as unknown[]) : []) {
      const { subject, version }: { subject?: unknown; version?: unknown } = { ...(one as object) };
      if (typeof subject !== 'string' || typeof version !== 'number')
        throw this.#http.unavailable('a reference to nothing');
      const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`;
      if (referred.has(path)) continue;
      // References in a circle, or too many of them. Without the ones that are left out here, the schema is refused as unacceptable.
      if (referred.size >= MAX_REFERENCES || depth >= MAX_REFERENCES) return;
      // A schema that was deleted since can still be read with `deleted=true`.
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
      this.#wasLetIn = true;
      return answer ? this.#http.number(answer, 'id') : this.#idOfSame(subject, schema, signal);
    });
  }

  /** Some registries find a schema only by the very text. So this looks for the same schema in other words, version by version, from the newest. */
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
