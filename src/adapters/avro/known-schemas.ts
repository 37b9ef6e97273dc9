import type { Resolver, Type } from 'avsc';
import type { Logger } from 'pino';
import type { Clock } from '../../ports/clock.ts';
import type { Decoded } from '../../ports/codec.ts';
import { shortReason } from '../short-reason.ts';
import type { Reader } from './readers.ts';
import type { SchemaRegistryClient, StoredSchema } from './schema-registry.ts';
import { UnknownSchemas } from './unknown-schemas.ts';
import { UnacceptableSchema, parseRecord, writerTypeOf } from './writer-schema.ts';

/** A schema of a type that is known here, as somebody wrote it; without a resolver it is the very schema of this build. */
export interface OurWriter {
  readonly is: 'ours';
  readonly reader: Reader;
  readonly type: Type;
  /** Whether its records have counts that must be checked before they are read. */
  readonly counted: boolean;
  readonly resolver: Resolver | undefined;
}

/** What a schema id stands for. */
export type Writer =
  | OurWriter
  | { readonly is: 'foreign'; readonly decoded: Decoded }
  | { readonly is: 'refused'; readonly reason: string };

export interface KnownSchemasOptions {
  readonly registry: Pick<SchemaRegistryClient, 'fetchSchema'>;
  readonly readers: ReadonlyMap<string, Reader>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The schemas behind the ids of the registry: each id is asked for once, and what it stands for is kept. */
export class KnownSchemas {
  readonly #options: KnownSchemasOptions;
  readonly #known = new Map<number, Writer>();
  readonly #unknown: UnknownSchemas;

  constructor(options: KnownSchemasOptions) {
    this.#options = options;
    this.#unknown = new UnknownSchemas(options.clock);
  }

  get(id: number): Writer | undefined {
    return this.#known.get(id);
  }

  /** Whether the registry did not know the id when it was asked last. */
  isUnknown(id: number): boolean {
    return this.#unknown.has(id);
  }

  isToBeFetched(id: number): boolean {
    return !this.#known.has(id) && !this.#unknown.isBelieved(id);
  }

  /** @param ours an id that the registry must know; while it does not, it is as good as out of reach */
  async fetch(id: number, signal: AbortSignal, ours: number | undefined): Promise<void> {
    if (this.#known.has(id)) return;
    const { registry, clock } = this.#options;
    const since = clock.now();
    // Without such an id the registry can not be put to the test; then it was only asked to show a message, and nobody acts on its answer.
    const doubt = ours === undefined ? {} : { ours, insists: this.#unknown.isWorthWaiting(id) };
    const stored = await registry.fetchSchema(id, signal, doubt);
    if (stored) this.#learn(id, stored);
    else this.#unknown.add(id, since);
  }

  #learn(id: number, stored: StoredSchema): void {
    const writer = this.#writerOf(stored);
    this.#known.set(id, writer);
    this.#unknown.delete(id);
    if (writer.is === 'refused')
      this.#options.logger.warn({ schemaId: id, reason: writer.reason }, 'schema is not acceptable');
  }

  #writerOf({ schemaType, schema: text, references }: StoredSchema): Writer {
    if (schemaType !== 'AVRO') return { is: 'refused', reason: `it is ${schemaType}, not Avro` };
    try {
      const { schema, fullName } = parseRecord(text);
      const reader = this.#options.readers.get(fullName);
      if (reader === undefined) return { is: 'foreign', decoded: { known: false, type: fullName } };
      const { type, counted } = writerTypeOf(schema, references);
      if (reader.type.equals(type)) return { is: 'ours', reader, type, counted, resolver: undefined };
      return { is: 'ours', reader, type, counted, resolver: reader.type.createResolver(type) };
    } catch (error) {
      const what = error instanceof UnacceptableSchema ? '' : 'this build can not read it: ';
      return { is: 'refused', reason: `${what}${shortReason(error)}` };
    }
  }
}
