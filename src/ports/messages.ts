/** Where a message stands. `offset` is exact up to 2^53; `timestamp` is in milliseconds since the epoch, and tells a topic from its successor. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
}

/** A message as it was consumed. */
export interface ReceivedMessage extends Position {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** As the record has them, see adapters/record-headers.ts. */
  readonly headers: Buffer;
  /** Set: it stands for all messages of a batch that can't be unpacked, `value` is the batch, packed, and this tells why and which. */
  readonly unreadable?: string | undefined;
}

/** A message on its way out: already encoded, so that what was committed is what is published. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** As its record will have them, see adapters/record-headers.ts. */
  readonly headers: Buffer;
}

/** What a record costs besides its key, value and headers: lengths, timestamps, its share of the batch around it. Generous. */
const RECORD_OVERHEAD_BYTES = 128;

/** How many bytes the record of a message takes: never fewer than it turns out to have. */
export function recordSize({ key, value, headers }: OutgoingMessage): number {
  return RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + headers.length;
}

/**
 * Who a message is. Source + id decide (CloudEvents); a producer that sends no id is known by the position of its message.
 * `hash` is the first 128 bits of SHA-256 over both, 32 hex digits: the inbox key, and what event ids are derived from.
 */
export interface MessageIdentity {
  readonly source: string;
  readonly id: string;
  readonly hash: string;
}

/** The span of a message that is traced, in hex digits. */
export interface MessageSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** The span that has sent the message. Undefined: the trace begins with the message. */
  readonly parentId: string | undefined;
}

/** What a message says about itself, read from its headers and position. */
export interface MessageContext {
  readonly identity: MessageIdentity;
  /** What events that follow from this message name as their cause: its id. */
  readonly causationId: string;
  readonly correlationId: string | null;
  /** What everything that follows from this message carries: that of its own span where it is traced, else the one it came with. */
  readonly traceparent: string | null;
  /** Undefined: it is not traced. */
  readonly span?: MessageSpan | undefined;
  /** Answers to a command go under the key it came with. */
  readonly key: Buffer | null;
}
