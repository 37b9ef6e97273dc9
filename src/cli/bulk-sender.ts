import { setTimeout as sleep } from 'node:timers/promises';
import type { Cradle } from '../container.ts';
import { ConfigurationError, PublicationFailed } from '../ports/errors.ts';
import { recordSize, type OutgoingMessage } from '../ports/messages.ts';

/** What becomes one send of the producer's: that many keep its requests full, and are what is sent again after a fault. */
const MAX_MESSAGES = 2_000;
const MAX_BYTES = 900_000;
const PAUSE_MS = 500;
/** For how long the brokers may take nothing until it is given up. */
const PATIENCE_MS = 30_000;

export interface ComposedLine {
  readonly line: number;
  readonly message: OutgoingMessage;
}

export interface BulkSenderOptions {
  /** The messages of a chunk are about to be sent. What it waits for holds back the chunk, and in the end the reading. */
  readonly onSending: (chunk: readonly ComposedLine[]) => Promise<void>;
  /** They have arrived, on all in-sync replicas. */
  readonly onSent: (chunk: readonly ComposedLine[]) => void;
  readonly onTrouble: (sentence: string) => void;
}

/** Kafka has taken nothing for too long, or will never take this. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken';
}

/**
 * Sends many messages, one chunk at a time: so those of a partition keep their order, also when some have to be sent again. While a chunk is
 * under way, the next one fills.
 */
export class BulkSender {
  private readonly cradle: Pick<Cradle, 'producer' | 'steadyClock'>;
  private readonly options: BulkSenderOptions;
  private chunk: ComposedLine[] = [];
  private bytes = 0;
  private sending: Promise<void> | undefined;
  private failure: { readonly error: unknown } | undefined;

  constructor(cradle: Pick<Cradle, 'producer' | 'steadyClock'>, options: BulkSenderOptions) {
    this.cradle = cradle;
    this.options = options;
  }

  /** Resolves when there is room for more. @throws NotTaken, ConfigurationError, what `onSending` throws */
  async add(one: ComposedLine): Promise<void> {
    const size = recordSize(one.message);
    while (this.chunk.length === MAX_MESSAGES || (this.chunk.length > 0 && this.bytes + size > MAX_BYTES)) {
      this.pump();
      await this.sent();
    }
    this.chunk.push(one);
    this.bytes += size;
  }

  /** Sends what is there, unless something is under way: then it goes when that has arrived. */
  pump(): void {
    if (this.sending === undefined && this.failure === undefined && this.chunk.length > 0) this.send();
  }

  /** Resolves when all has arrived. @throws as `add` does */
  async finish(): Promise<void> {
    do {
      this.pump();
      await this.sent();
    } while (this.sending !== undefined || this.chunk.length > 0);
  }

  private async sent(): Promise<void> {
    await this.sending;
    if (this.failure !== undefined) throw this.failure.error;
  }

  private send(): void {
    const { chunk } = this;
    this.chunk = [];
    this.bytes = 0;
    this.sending = this.deliver(chunk)
      .catch((error: unknown) => {
        this.failure = { error };
      })
      .finally(() => {
        this.sending = undefined;
        // Nothing more may come for a while.
        this.pump();
      });
  }

  private async deliver(chunk: readonly ComposedLine[]): Promise<void> {
    const { producer, steadyClock } = this.cradle;
    await this.options.onSending(chunk);
    let left = chunk.map(({ message }) => message);
    let lastTaken = steadyClock.now();
    while (left.length > 0) {
      try {
        await producer.publish(left);
        left = [];
      } catch (error) {
        if (error instanceof ConfigurationError) throw error;
        const before = left.length;
        if (error instanceof PublicationFailed) {
          const acknowledged = new Set(error.acknowledged);
          left = left.filter((message) => !acknowledged.has(message));
        }
        if (left.length < before) lastTaken = steadyClock.now();
        const reason = error instanceof Error ? error.message : String(error);
        if (isFinal(error) || steadyClock.now() - lastTaken > PATIENCE_MS) throw new NotTaken(reason, { cause: error });
        this.options.onTrouble(`${reason}; trying again`);
        await sleep(PAUSE_MS);
      }
    }
    this.options.onSent(chunk);
  }
}

/** Whether the broker has refused a message for good: a larger one than the topic takes, say. */
export function isFinal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'KafkaJSProtocolError' && 'retriable' in error) return error.retriable === false;
  return isFinal(error.cause);
}
