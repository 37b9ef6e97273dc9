import type { MessageName, Messages } from '../generated/messages.ts';
import type { MessageContext, OutgoingMessage, ReceivedMessage } from './messages.ts';

/** A waiter has its whole answer when it has `count` of them. */
export interface Answer {
  /** `ce_source` of the cause; '' for none. */
  readonly causationSource: string;
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/** What a message on its way out says about itself, beside its data. Written as CloudEvents 1.0 headers, Kafka binary mode. */
export interface OutgoingEvent<N extends MessageName> {
  readonly topic: string;
  readonly key: Buffer | string | null;
  readonly type: N;
  readonly data: Messages[N];
  readonly id: string;
  /** Appended to this service's own source; '' for everything but internal messages. */
  readonly sourceSuffix?: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly subject: string;
  readonly causationId: string;
  /** Which of how many events and rejections of its cause this is. Absent in internal messages, which answer nobody. */
  readonly answer?: Answer;
  readonly correlationId: string;
  readonly traceparent: string | null;
}

/** An outgoing message is larger than its topic takes. */
export class MessageTooLarge extends Error {
  override readonly name = 'MessageTooLarge';
}

export interface CloudEvents {
  /** Reads identity, correlation and trace from a message's headers, or its identity from its position when it carries no id. */
  read(received: ReceivedMessage): MessageContext;
  /** The identity by position alone, for a message without a readable id, or with an id that belongs to another message. */
  byPosition(received: ReceivedMessage): MessageContext;
  /** 128 bits of SHA-256 over the bytes behind the frame's schema id, as 32 hex digits. */
  digest(value: Buffer | null): string;
  /** The id of the `index`-th message that follows from this one: a UUID (version 8), the same whenever it is asked for. */
  eventId(context: MessageContext, index: number): string;
  /** Headers as a record has them. @param before those of a message, which stay in front, as they came */
  encodeHeaders(headers: Readonly<Record<string, string>>, before?: Buffer): Buffer;
  /** In order, repetitions included. */
  decodeHeaders(headers: Buffer): readonly (readonly [name: string, value: Buffer | null])[];
  /** @throws MessageTooLarge */
  write<N extends MessageName>(event: OutgoingEvent<N>): OutgoingMessage;
}
