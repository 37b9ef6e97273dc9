import { hash } from 'node:crypto';
import type { Type } from 'avsc';
import { decodeHeaders, encodeHeaders } from '../src/adapters/record-headers.ts';
import { idOfSchema, typeOf } from './registry.ts';
import type { Config } from '../src/config.ts';

/** AddStatisticRow as it arrives. */
export interface Row {
  readonly tenantId: string;
  readonly subdivisionId: string;
  readonly statisticRowId: string;
  readonly created: number;
  readonly countRequests: number;
}

/** The result of deciding a row. */
export interface Decided {
  readonly licenseId: string;
  readonly counted: boolean;
  readonly usedRequests: number;
  readonly requestsLimit: number;
  readonly version: number;
}

/** A message as stock kafkajs takes it. */
export interface Event {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: Record<string, string>;
}

/** The identity of a command, made as the worker makes it: 128 bits of SHA-256 over source and id, in hex; and the digest of its bytes. */
export interface Identity {
  readonly id: string;
  readonly hash: string;
  readonly digest: string;
}

const SLAB_BYTES = 1 << 18;
const FRAME_BYTES = 5;

/** Decodes AddStatisticRow and encodes StatisticRowAdded, for the baseline. Written by hand, without the worker's codec. */
export class Events {
  private readonly row: Type;
  private readonly event: Type;
  private readonly schemaId: number;
  private slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  private used = 0;
  private time = { at: Number.NaN, text: '' };

  private constructor(row: Type, event: Type, schemaId: number) {
    this.row = row;
    this.event = event;
    this.schemaId = schemaId;
  }

  static async create(config: Config): Promise<Events> {
    const { commands, events } = config.topics;
    return new Events(
      await typeOf(config, commands, 'licensing.commands.AddStatisticRow'),
      await typeOf(config, events, 'licensing.events.StatisticRowAdded'),
      await idOfSchema(config, events, 'licensing.events.StatisticRowAdded'),
    );
  }

  read(value: Buffer | null): Row {
    return this.row.decode(value ?? Buffer.alloc(0), FRAME_BYTES).value as Row;
  }

  write(row: Row, { licenseId, counted, usedRequests, requestsLimit, version }: Decided, cause: Identity): Event {
    const { tenantId, subdivisionId, statisticRowId, created, countRequests } = row;
    const now = Date.now();
    const about = { tenantId, subdivisionId, licenseId, statisticRowId, created, countRequests };
    const value = this.encode({ ...about, counted, usedRequests, requestsLimit, version, occurredAt: now });
    return {
      key: Buffer.from(tenantId),
      value,
      headers: {
        ce_specversion: '1.0',
        ce_id: eventIdOf(cause.hash),
        ce_type: 'licensing.events.StatisticRowAdded',
        ce_source: 'licensing',
        ce_time: this.timeText(now),
        ce_subject: subdivisionId,
        ce_correlationid: cause.id,
        ce_causationid: cause.id,
        ce_causationsource: 'bench',
        ce_answerindex: '0',
        ce_answercount: '1',
        'content-type': 'application/avro',
      },
    };
  }

  /** Encodes into one buffer, behind the Confluent frame. */
  private encode(data: object): Buffer {
    for (;;) {
      const start = this.used;
      const end = start + FRAME_BYTES > SLAB_BYTES ? -1 : this.event.encode(data, this.slab, start + FRAME_BYTES);
      if (end > 0 && end <= SLAB_BYTES) {
        this.slab[start] = 0;
        this.slab.writeInt32BE(this.schemaId, start + 1);
        this.used = end;
        return this.slab.subarray(start, end);
      }
      this.slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.used = 0;
    }
  }

  private timeText(at: number): string {
    if (this.time.at !== at) this.time = { at, text: new Date(at).toISOString() };
    return this.time.text;
  }
}

export function identityOf(id: string, value: Buffer | null): Identity {
  return {
    id,
    hash: hash('sha256', `bench\0${id}`, 'hex').slice(0, 32),
    digest: hash('sha256', value?.subarray(FRAME_BYTES) ?? '', 'hex').slice(0, 32),
  };
}

/** An event id that is derived from the command, so that a repetition has the same one. */
function eventIdOf(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** Headers as bytes, for the outbox: after a crash they are published as they are. */
export function headerBytes({ headers }: Event): Buffer {
  return encodeHeaders(Object.entries(headers));
}

export function headersOf(bytes: Buffer): Record<string, Buffer> {
  return Object.fromEntries(decodeHeaders(bytes).map(([name, value]) => [name, value ?? Buffer.alloc(0)]));
}
