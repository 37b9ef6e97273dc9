import type { MessageName, Messages } from '../generated/messages.ts';
import type { ReceivedMessage } from './messages.ts';

/** The frame can't be read as a message: truncated, not Avro, an unknown or unacceptable schema. */
export class UndecodableMessage extends Error {
  override readonly name = 'UndecodableMessage';
}

/** What a frame turned out to be. A type that is not ours comes without data: it may be skipped or be a dead letter. */
export type Decoded =
  | { readonly known: true; readonly type: MessageName; readonly data: unknown }
  | { readonly known: false; readonly type: string };

export interface Codec {
  /** The schema id that must be fetched before `decode` can read this value; undefined when it is known or unreadable. */
  missingSchema(value: Buffer | null): number | undefined;
  /**
   * Fetches a schema and waits while the registry is out of reach. Asks again, for some seconds, for an id that the registry does not
   * know, unless such ids have cost too much waiting of late; then remembers the id as unknown for a while.
   */
  fetchSchema(id: number, signal: AbortSignal): Promise<void>;
  /** Decodes a Confluent frame to the reader schema of this build. @throws UndecodableMessage */
  decode(value: Buffer | null): Decoded;
  /** Why `decode` refused a message, where that can be told, and what its producer has to change. */
  mistakeIn(message: Pick<ReceivedMessage, 'value' | 'headers'>): string | undefined;
  /** Encodes with the schema registered for (topic, type), which `prepareWriters` looked up. */
  encode<N extends MessageName>(topic: string, type: N, data: Messages[N]): Buffer;
}
