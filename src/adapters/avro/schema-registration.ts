import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import type { RecordSchema } from '../../generated/schemas.ts';
import { OPEN, type HttpAccess } from '../http-access.ts';
import { reasonOf } from '../retry.ts';
import {
  errorCodeOf,
  NO_SUBJECT,
  NO_SUBJECT_CONFIG,
  NO_VERSION,
  optionalText,
  parsedObject,
  RegistryRequests,
  type RegistryRequestsOptions,
} from './registry-requests.ts';
import { SubjectVersions } from './subject-versions.ts';

/** The registry refused to register a schema: incompatible with an earlier version, or not a schema to it. */
export class SchemaRefused extends Error {
  override readonly name = 'SchemaRefused';
}

export interface Compatibility {
  readonly compatible: boolean;
  readonly reasons: readonly string[];
}

/**
 * Registers schemas and asks whether it may, for the command line. Both fail with SchemaRegistryUnavailable after one try, and throw
 * ConfigurationError when the registry refuses the credentials.
 */
export class SchemaRegistration {
  readonly #access: HttpAccess;
  readonly #http: RegistryRequests;
  readonly #versions: SubjectVersions;

  constructor(options: RegistryRequestsOptions) {
    this.#access = options.access ?? OPEN;
    this.#http = new RegistryRequests(options);
    this.#versions = new SubjectVersions(this.#http);
  }

  /** Whether the subject's compatibility rule would accept the schema as the next version. It always accepts a first version. */
  async isCompatible(subject: string, schema: RecordSchema): Promise<Compatibility> {
    const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions`;
    const whole = await this.#compatibility(`${path}?verbose=true`, schema);
    if (whole !== undefined) return whole;
    // Some registries (Karapace) can't compare with all versions at once. One by one, the comparison is at least as strict.
    const versions = await this.#versions.all(subject);
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
    if (status === 404 && [NO_SUBJECT, NO_VERSION].includes(errorCodeOf(answer)))
      return { compatible: true, reasons: [] };
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

    // A hundred files that only whoever registers needs; importing node:http loads the whole of undici.
    const { COMPATIBILITY, SchemaRegistry, SchemaType } = await import('@kafkajs/confluent-schema-registry');
    const [{ Agent: HttpAgent }, { Agent: HttpsAgent }] = await Promise.all([
      import('node:http'),
      import('node:https'),
    ]);
    const agent = this.#http.url.startsWith('https:') ? new HttpsAgent(this.#access.tls()) : new HttpAgent();
    const authorization = await this.#access.authorization();
    try {
      const client = new SchemaRegistry({
        host: this.#http.url,
        agent,
        retry: { retries: 0 },
        ...(authorization !== undefined && { middlewares: [withHeader({ authorization })] }),
        ...(authorization === undefined && this.#http.credentials && { auth: this.#http.credentials }),
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

type Middleware = NonNullable<ConstructorParameters<typeof SchemaRegistry>[0]['middlewares']>[number];

function withHeader(headers: Readonly<Record<string, string>>): Middleware {
  return () => ({ prepareRequest: async (next) => (await next()).enhance({ headers: { ...headers } }) });
}
