import type { MessageHeaders, ReceivedMessage } from '../../ports/messages.ts';

export interface Queued {
  readonly received: ReceivedMessage;
  /** Where its partition goes on after it. */
  readonly nextOffset: number;
  readonly epoch: number;
}

export interface LaneQueueSettings {
  readonly chunkMaxMessages: number;
  /** How many messages may wait, in number and in bytes. */
  readonly queueMaxMessages: number;
  readonly queueMaxBytes: number;
}

/** What waits for a lane. It has room or has not: a batch goes in whole, so it may hold more than its bounds by one batch. */
export class LaneQueue {
  private readonly settings: LaneQueueSettings;
  private messages: Queued[] = [];
  private bytes = 0;
  /** Those who wait for room. */
  private readonly waiting = new Set<(taken: boolean) => void>();

  constructor(settings: LaneQueueSettings) {
    this.settings = settings;
  }

  get isEmpty(): boolean {
    return this.messages.length === 0;
  }

  get hasRoom(): boolean {
    return this.messages.length < this.settings.queueMaxMessages && this.bytes < this.settings.queueMaxBytes;
  }

  /** Whether the next chunk would be as large as chunks get: more comes in than goes out. */
  get isBehind(): boolean {
    return this.messages.length >= this.settings.chunkMaxMessages;
  }

  push(messages: readonly Queued[]): void {
    for (const message of messages) {
      this.messages.push(message);
      this.bytes += sizeOf(message.received);
    }
  }

  /** @returns whether a chunk has been taken, which it resolves at, or so many milliseconds have passed without */
  async room(within?: number): Promise<boolean> {
    return new Promise((resolve) => {
      // Whoever stops waiting leaves nothing behind.
      const leave = (taken: boolean): void => {
        clearTimeout(timer);
        this.waiting.delete(leave);
        resolve(taken);
      };
      const timer = within === undefined ? undefined : setTimeout(leave, within, false);
      this.waiting.add(leave);
    });
  }

  /** What waits, up to a chunk of it. */
  take(): readonly Queued[] {
    const { chunkMaxMessages } = this.settings;
    const { messages } = this;
    const chunk = messages.length <= chunkMaxMessages ? messages.splice(0) : messages.splice(0, chunkMaxMessages);
    for (const { received } of chunk) this.bytes -= sizeOf(received);
    if (chunk.length > 0) this.makeRoom();
    return chunk;
  }

  clear(): void {
    this.messages = [];
    this.bytes = 0;
    this.makeRoom();
  }

  /** Lets those go who wait for room, whether there is any or not. */
  makeRoom(): void {
    for (const leave of this.waiting) leave(true);
  }
}

function sizeOf({ key, value, headers }: ReceivedMessage): number {
  let bytes = 200 + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers) bytes += name.length + lengthOf(headers[name]);
  return bytes;
}

function lengthOf(header: MessageHeaders[string]): number {
  if (header === undefined || header === null) return 0;
  if (typeof header === 'string' || Buffer.isBuffer(header)) return header.length;
  return header.reduce((sum, one) => sum + lengthOf(one), 0);
}
