import { hash } from 'node:crypto';
import type { MessageName } from '../generated/messages.ts';
import { MessageTooLarge, type CloudEvents, type OutgoingEvent } from '../ports/cloud-events.ts';
import type { Codec } from '../ports/codec.ts';
import {
  recordSize,
  type MessageContext,
  type MessageHeaders,
  type OutgoingMessage,
  type ReceivedMessage,
} from '../ports/messages.ts';
import { HeaderTemplate, HeaderWriter } from './header-writer.ts';
import { appendHeaders, decodeHeaders, encodeHeaders, headerList } from './record-headers.ts';

const MAX_ID_LENGTH = 256;
const FRAME_HEADER_BYTES = 5;
const MAX_KEYS = 10_000;
/** The hex digit in which a UUID tells its variant, by the digit whose lower two bits it keeps. */
const VARIANTS = '89ab'.repeat(4);
/** In this order. Traced events have a `traceparent` behind them. */
const OWN_HEADERS = ['ce_id', 'ce_time', 'ce_subject', 'ce_correlationid', 'ce_causationid'];

export interface CloudEventsSettings {
  readonly source: string;
  /** The largest record that the topics take, in bytes. */
  readonly maxMessageBytes: number;
}

/** CloudEvents 1.0 in Kafka's binary mode: reads the identity of messages, and writes the headers of events. */
export class KafkaCloudEvents implements CloudEvents {
  private readonly codec: Codec;
  private readonly settings: CloudEventsSettings;
  private readonly headers = new HeaderWriter();
  private readonly templates = new Map<string, HeaderTemplate>();
  private readonly tracedTemplates = new Map<string, HeaderTemplate>();
  private readonly keys = new Map<string, Buffer>();

  constructor(codec: Codec, settings: CloudEventsSettings) {
    this.codec = codec;
    this.settings = settings;
  }

  read(received: ReceivedMessage): MessageContext {
    const id = text(received.headers, 'ce_id');
    if (id === null || id.length > MAX_ID_LENGTH) return this.byPosition(received);
    const source = text(received.headers, 'ce_source') ?? '';
    return this.context(received, source, id, identityHash(received.headers, source, id));
  }

  byPosition(received: ReceivedMessage): MessageContext {
    const { topic, partition, offset, timestamp, headers } = received;
    const id = `${topic}/${partition}/${offset}/${timestamp}`;
    // The source says who sent the message. A position needs none to be told from others.
    return this.context(received, text(headers, 'ce_source') ?? '', id, hashOf(`\0${id}`));
  }

  digest(value: Buffer | null): string {
    return value === null ? '0'.repeat(32) : hash('sha256', value.subarray(FRAME_HEADER_BYTES), 'hex').slice(0, 32);
  }

  eventId({ identity }: MessageContext, index: number): string {
    return uuidOf(identity.hash, index);
  }

  encodeHeaders(
    { headers, rawHeaders }: Pick<ReceivedMessage, 'headers' | 'rawHeaders'>,
    added: Readonly<Record<string, string>> = {},
  ): Buffer {
    if (rawHeaders !== undefined) return appendHeaders(rawHeaders, Object.entries(added));
    return encodeHeaders([...headerList(headers), ...Object.entries(added)]);
  }

  listHeaders(headers: Buffer): ReturnType<CloudEvents['listHeaders']> {
    return decodeHeaders(headers);
  }

  decodeHeaders(headers: Buffer): MessageHeaders {
    const byName = Map.groupBy(decodeHeaders(headers), ([name]) => name);
    return Object.fromEntries(
      [...byName].map(([name, values]) => [
        name,
        values.length === 1 ? (values[0]?.[1] ?? null) : values.map(([, value]) => value ?? ''),
      ]),
    );
  }

  write<N extends MessageName>(event: OutgoingEvent<N>): OutgoingMessage {
    const key = typeof event.key === 'string' ? this.keyOf(event.key) : event.key;
    const value = this.codec.encode(event.topic, event.type, event.data);
    const headers = this.headersOf(event);
    const message = { topic: event.topic, key, value, headers };
    const size = recordSize(message);
    if (size > this.settings.maxMessageBytes) {
      throw new MessageTooLarge(
        `${event.type} has ${size} bytes, ${event.topic} takes ${this.settings.maxMessageBytes} (MAX_MESSAGE_BYTES)`,
      );
    }
    return message;
  }

  private headersOf(event: OutgoingEvent<MessageName>): Buffer {
    const { id, subject, correlationId, causationId, traceparent } = event;
    const values = [id, timeText(event.time), subject, correlationId, causationId];
    if (traceparent !== null) values.push(traceparent);
    return this.headers.write(this.templateOf(event), values);
  }

  /** Cached: there are two for each type and each of the few suffixes. */
  private templateOf({ type, sourceSuffix = '', traceparent }: OutgoingEvent<MessageName>): HeaderTemplate {
    const isTraced = traceparent !== null;
    const templates = isTraced ? this.tracedTemplates : this.templates;
    const known = templates.get(type + sourceSuffix);
    if (known !== undefined) return known;
    const fixed = [
      ['ce_specversion', '1.0'],
      ['ce_type', type],
      ['ce_source', this.settings.source + sourceSuffix],
      ['content-type', 'application/avro'],
    ] as const;
    const template = new HeaderTemplate(fixed, isTraced ? [...OWN_HEADERS, 'traceparent'] : OWN_HEADERS);
    templates.set(type + sourceSuffix, template);
    return template;
  }

  /** Cached, because a chunk has many messages of few keys. */
  private keyOf(text: string): Buffer {
    const known = this.keys.get(text);
    if (known !== undefined) return known;
    if (this.keys.size === MAX_KEYS) this.keys.clear();
    const key = Buffer.from(text);
    this.keys.set(text, key);
    return key;
  }

  private context(received: ReceivedMessage, source: string, id: string, hash: string): MessageContext {
    return {
      identity: { source, id, hash },
      causationId: id,
      correlationId: text(received.headers, 'ce_correlationid'),
      traceparent: text(received.headers, 'traceparent'),
      key: received.key,
    };
  }
}

/** @returns a header as text; null when it is absent, empty, or holds U+0000, which the database can't store and no sensible id has */
function text(headers: MessageHeaders, name: string): string | null {
  const one = firstOf(headers, name);
  if (one === null) return null;
  const read = String(one);
  return read === '' || read.includes('\0') ? null : read;
}

function firstOf(headers: MessageHeaders, name: string): Buffer | string | null {
  const value = headers[name];
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === 'string' || Buffer.isBuffer(one) ? one : null;
}

/** Hashes the bytes of the headers. As texts, ids that are no UTF-8 could be equal, since U+FFFD stands for any such byte. */
function identityHash(headers: MessageHeaders, source: string, id: string): string {
  const together = `${source}\0${id}`;
  if (!together.includes('\uFFFD')) return hashOf(together);
  const bytes = (name: string, read: string) => (read === '' ? Buffer.alloc(0) : bytesOf(firstOf(headers, name) ?? ''));
  return hashOf(Buffer.concat([bytes('ce_source', source), Buffer.alloc(1), bytes('ce_id', id)]));
}

function bytesOf(value: Buffer | string): Buffer {
  return typeof value === 'string' ? Buffer.from(value) : value;
}

/** The first 128 bits of SHA-256, as hex digits. */
function hashOf(data: Buffer | string): string {
  return hash('sha256', data, 'hex').slice(0, 32);
}

/** A UUID of version 8, into which digits are written: putting it together from texts leaves a dozen of them behind. */
const uuid = Buffer.from('00000000-0000-8000-0000-000000000000');
const [VERSION_AT, VARIANT_AT, LAST_32_BITS_AT] = [14, 19, 28];
const VERSION = '8'.charCodeAt(0);
const DASH = '-'.charCodeAt(0);

/**
 * The index goes into the last 32 bits: each event of a message has its own id, without the cost of a second hash.
 * @param hash 32 hex digits
 */
function uuidOf(hash: string, index: number): string {
  let at = 0;
  for (let i = 0; i < hash.length; i += 1) {
    if (uuid[at] === DASH) at += 1;
    uuid[at++] = hash.charCodeAt(i);
  }
  uuid[VERSION_AT] = VERSION;
  uuid[VARIANT_AT] = VARIANTS.charCodeAt(Number.parseInt(hash.charAt(16), 16));
  if (index > 0) {
    const low = (Number.parseInt(hash.slice(24), 16) ^ index) >>> 0;
    uuid.write(low.toString(16).padStart(8, '0'), LAST_32_BITS_AT);
  }
  return uuid.toString('latin1');
}

/** The time that was written last, and its second: records of one batch often share the first, those of a chunk the second. */
let lastTime = { time: Number.NaN, text: '' };
let lastSecond = { second: Number.NaN, text: '' };

/** The same text as of `Date.toISOString`, at a lower cost a message. @param time not before 1970 */
function timeText(time: number): string {
  if (lastTime.time === time) return lastTime.text;
  const millisecond = time % 1_000;
  const second = time - millisecond;
  if (lastSecond.second !== second) {
    lastSecond = { second, text: new Date(second).toISOString().slice(0, -'000Z'.length) };
  }
  lastTime = { time, text: `${lastSecond.text}${String(millisecond).padStart(3, '0')}Z` };
  return lastTime.text;
}
