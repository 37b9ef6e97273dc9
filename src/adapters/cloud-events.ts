import { hash } from 'node:crypto';
import type { MessageName } from '../generated/messages.ts';
import { MessageTooLarge, type CloudEvents, type OutgoingEvent } from '../ports/cloud-events.ts';
import type { Codec } from '../ports/codec.ts';
import { recordSize, type MessageContext, type OutgoingMessage, type ReceivedMessage } from '../ports/messages.ts';
import { HeaderFinder } from './header-finder.ts';
import { HeaderTemplate, HeaderWriter } from './header-writer.ts';
import { spanOf, type Tracing } from './message-span.ts';
import { appendHeaders, decodeHeaders, encodeHeaders } from './record-headers.ts';
import { isTraceparent, traceparentOf } from './trace-context.ts';

const MAX_ID_LENGTH = 256;
const FRAME_HEADER_BYTES = 5;
const MAX_KEYS = 10_000;
/** The hex digit in which a UUID tells its variant, by the digit whose lower two bits it keeps. */
const VARIANTS = '89ab'.repeat(4);
/** The headers that are read of each message, by their places in the list of the finder. */
const [ID, SOURCE, CORRELATION_ID, TRACEPARENT] = [0, 1, 2, 3];
/** Room for what is hashed of nearly every message. */
const HASHED = Buffer.alloc(1_024);
/** In this order. Behind them answers have those of `ANSWER_HEADERS`, and traced messages a `traceparent`. */
const OWN_HEADERS = ['ce_id', 'ce_time', 'ce_subject', 'ce_correlationid', 'ce_causationid'];
const ANSWER_HEADERS = ['ce_causationsource', 'ce_answerindex', 'ce_answercount'];

export interface CloudEventsSettings {
  readonly source: string;
  /** The largest record that the topics take, in bytes. */
  readonly maxMessageBytes: number;
  /** Undefined: no message is traced, and `traceparent` is carried on as it came. */
  readonly tracing?: Tracing | undefined;
}

/** CloudEvents 1.0 in Kafka's binary mode: reads the identity of messages, and writes the headers of events. */
export class KafkaCloudEvents implements CloudEvents {
  private readonly codec: Codec;
  private readonly settings: CloudEventsSettings;
  private readonly headers = new HeaderWriter();
  private readonly templates = newTemplates();
  private readonly tracedTemplates = newTemplates();
  private readonly keys = new Map<string, Buffer>();
  private readonly finder = new HeaderFinder(['ce_id', 'ce_source', 'ce_correlationid'], ['traceparent']);
  private lastSource = { bytes: Buffer.alloc(0), text: '' };

  constructor(codec: Codec, settings: CloudEventsSettings) {
    this.codec = codec;
    this.settings = settings;
  }

  read(received: ReceivedMessage): MessageContext {
    const { finder } = this;
    finder.find(received.headers);
    const id = textOf(finder, ID);
    if (id === null || id.length > MAX_ID_LENGTH) return this.positionContext(received);
    const source = this.source();
    return this.context(received, source, id, this.identityHash(source !== ''));
  }

  byPosition(received: ReceivedMessage): MessageContext {
    this.finder.find(received.headers);
    return this.positionContext(received);
  }

  private positionContext(received: ReceivedMessage): MessageContext {
    const { topic, partition, offset, timestamp } = received;
    const id = `${topic}/${partition}/${offset}/${timestamp}`;
    // The source says who sent the message. A position needs none to be told from others.
    return this.context(received, this.source(), id, hashOf(`\0${id}`));
  }

  /** The header that was found, '' for none. Cached: messages of one partition have few sources. */
  private source(): string {
    const { finder, lastSource } = this;
    if (finder.holds(SOURCE, lastSource.bytes)) return lastSource.text;
    const text = textOf(finder, SOURCE) ?? '';
    if (text !== '') this.lastSource = { bytes: Buffer.from(finder.bytesOf(SOURCE)), text };
    return text;
  }

  /** Over the bytes of the headers that were found. As texts, ids that are no UTF-8 could be equal, since U+FFFD stands for any such byte. */
  private identityHash(hasSource: boolean): string {
    const { finder } = this;
    const source = hasSource ? finder.lengthOf(SOURCE) : 0;
    const length = source + 1 + finder.lengthOf(ID);
    const bytes = length <= HASHED.length ? HASHED : Buffer.allocUnsafe(length);
    if (hasSource) finder.copy(SOURCE, bytes, 0);
    bytes[source] = 0;
    finder.copy(ID, bytes, source + 1);
    return hashOf(bytes.subarray(0, length));
  }

  digest(value: Buffer | null): string {
    return value === null ? '0'.repeat(32) : hash('sha256', value.subarray(FRAME_HEADER_BYTES), 'hex').slice(0, 32);
  }

  eventId({ identity }: MessageContext, index: number): string {
    return uuidOf(identity.hash, index);
  }

  encodeHeaders(headers: Readonly<Record<string, string>>, before?: Buffer): Buffer {
    const added = Object.entries(headers);
    return before === undefined ? encodeHeaders(added) : appendHeaders(before, added);
  }

  decodeHeaders(headers: Buffer): ReturnType<CloudEvents['decodeHeaders']> {
    return decodeHeaders(headers);
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
    const { id, subject, correlationId, causationId, answer, traceparent } = event;
    const values = [id, timeText(event.time), subject, correlationId, causationId];
    if (answer !== undefined) values.push(answer.causationSource, String(answer.index), String(answer.count));
    if (traceparent !== null) values.push(traceparent);
    return this.headers.write(this.templateOf(event), values);
  }

  /** Cached: there are a few for each type and each of the few suffixes. */
  private templateOf({ type, sourceSuffix = '', answer, traceparent }: OutgoingEvent<MessageName>): HeaderTemplate {
    const isTraced = traceparent !== null;
    const isAnswer = answer !== undefined;
    const { answers, others } = isTraced ? this.tracedTemplates : this.templates;
    const templates = isAnswer ? answers : others;
    const known = templates.get(type + sourceSuffix);
    if (known !== undefined) return known;
    const fixed = [
      ['ce_specversion', '1.0'],
      ['ce_type', type],
      ['ce_source', this.settings.source + sourceSuffix],
      ['content-type', 'application/avro'],
    ] as const;
    const names = [...OWN_HEADERS, ...(isAnswer ? ANSWER_HEADERS : []), ...(isTraced ? ['traceparent'] : [])];
    const template = new HeaderTemplate(fixed, names);
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

  /** Of a message whose headers were found. */
  private context(received: ReceivedMessage, source: string, id: string, hash: string): MessageContext {
    const came = traceparentIn(this.finder);
    const { tracing } = this.settings;
    const span = tracing && spanOf(received, came, hash, tracing);
    return {
      identity: { source, id, hash },
      causationId: id,
      correlationId: textOf(this.finder, CORRELATION_ID),
      traceparent: span === undefined ? came : traceparentOf(span.traceId, span.spanId, came ?? undefined),
      span,
      key: received.key,
    };
  }
}

/** By type and suffix. */
interface Templates {
  readonly answers: Map<string, HeaderTemplate>;
  readonly others: Map<string, HeaderTemplate>;
}

function newTemplates(): Templates {
  return { answers: new Map(), others: new Map() };
}

/** @returns a header as text; null when it is absent, empty, or holds U+0000, which the database can't store and no sensible id has */
function textOf(finder: HeaderFinder, header: number): string | null {
  const text = finder.textOf(header);
  return text === '' || text.includes('\0') ? null : text;
}

/** Python's instrumentation appends its header to a list that the producer may use again: the last one is of this message. @returns null when it is absent or malformed */
function traceparentIn(finder: HeaderFinder): string | null {
  const text = finder.textOf(TRACEPARENT);
  return text !== '' && isTraceparent(text) ? text : null;
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
