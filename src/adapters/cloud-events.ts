import { hash } from 'node:crypto';
import type { MessageName } from '../generated/messages.ts';
import { MessageTooLarge, type CloudEvents, type OutgoingEvent } from '../ports/cloud-events.ts';
import type { Codec } from '../ports/codec.ts';
import type { MessageContext, MessageHeaders, OutgoingMessage, ReceivedMessage } from '../ports/messages.ts';

const MAX_ID_LENGTH = 256;
const FRAME_HEADER_BYTES = 5;
/** What a record costs beside its key, value and headers: lengths, timestamps, the batch around it. Generous. */
const RECORD_OVERHEAD_BYTES = 128;

const SPEC_VERSION = Buffer.from('1.0');
const AVRO = Buffer.from('application/avro');

export interface CloudEventsSettings {
  readonly source: string;
  /** The largest record that the topics take, in bytes. */
  readonly maxMessageBytes: number;
}

/** CloudEvents 1.0 in Kafka binary mode: identity in, envelope out. */
export class KafkaCloudEvents implements CloudEvents {
  private readonly codec: Codec;
  private readonly settings: CloudEventsSettings;
  private readonly source: Buffer;
  private readonly types = new Map<string, Buffer>();

  constructor(codec: Codec, settings: CloudEventsSettings) {
    this.codec = codec;
    this.settings = settings;
    this.source = Buffer.from(settings.source);
  }

  read(received: ReceivedMessage): MessageContext {
    const id = text(received.headers, 'ce_id');
    if (id === null || id.length > MAX_ID_LENGTH) return this.byPosition(received);
    return this.context(received, text(received.headers, 'ce_source') ?? '', id);
  }

  byPosition(received: ReceivedMessage): MessageContext {
    const { topic, partition, offset, timestamp } = received;
    return this.context(received, '', `${topic}/${partition}/${offset}/${timestamp}`);
  }

  digest(value: Buffer | null): string {
    return value === null ? '0'.repeat(32) : hash('sha256', value.subarray(FRAME_HEADER_BYTES), 'hex').slice(0, 32);
  }

  eventId({ identity }: MessageContext, index: number): string {
    const { hash: hex } = identity;
    // The index goes into the last 32 bits: different for each event of a message, and no second hash to pay for.
    const last = ((Number.parseInt(hex.slice(24), 16) ^ index) >>> 0).toString(16).padStart(8, '0');
    const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 24)}${last}`;
  }

  write<N extends MessageName>(event: OutgoingEvent<N>): OutgoingMessage {
    const key = typeof event.key === 'string' ? Buffer.from(event.key) : event.key;
    const value = this.codec.encode(event.topic, event.type, event.data);
    const headers: Record<string, Buffer> = {
      ce_specversion: SPEC_VERSION,
      ce_id: Buffer.from(event.id),
      ce_type: this.typeHeader(event.type),
      ce_source:
        event.sourceSuffix === undefined ? this.source : Buffer.from(this.settings.source + event.sourceSuffix),
      ce_time: Buffer.from(new Date(event.time).toISOString()),
      ce_subject: Buffer.from(event.subject),
      ce_correlationid: Buffer.from(event.correlationId),
      ce_causationid: Buffer.from(event.causationId),
      'content-type': AVRO,
    };
    if (event.traceparent !== null) headers['traceparent'] = Buffer.from(event.traceparent);
    const message = { topic: event.topic, key, value, headers };
    const size = sizeOf(message);
    if (size > this.settings.maxMessageBytes) {
      throw new MessageTooLarge(
        `${event.type} has ${size} bytes, ${event.topic} takes ${this.settings.maxMessageBytes} (MAX_MESSAGE_BYTES)`,
      );
    }
    return message;
  }

  private context(received: ReceivedMessage, source: string, id: string): MessageContext {
    return {
      identity: { source, id, hash: hash('sha256', `${source}\0${id}`, 'hex').slice(0, 32) },
      causationId: id,
      correlationId: text(received.headers, 'ce_correlationid'),
      traceparent: text(received.headers, 'traceparent'),
      key: received.key,
    };
  }

  private typeHeader(type: string): Buffer {
    const known = this.types.get(type);
    if (known) return known;
    const header = Buffer.from(type);
    this.types.set(type, header);
    return header;
  }
}

/** A header as text; null when it is absent, empty, or holds U+0000, which no id of good will does and no database takes. */
function text(headers: MessageHeaders, name: string): string | null {
  const value = headers[name];
  const one: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof one !== 'string' && !Buffer.isBuffer(one)) return null;
  const read = String(one);
  return read === '' || read.includes('\0') ? null : read;
}

function sizeOf({
  key,
  value,
  headers,
}: {
  key: Buffer | null;
  value: Buffer;
  headers: Record<string, Buffer>;
}): number {
  let size = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + value.length;
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0) + 4;
  return size;
}
