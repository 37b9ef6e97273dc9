import type { ReceivedMessage } from '../../ports/messages.ts';

export interface Queued {
  readonly received: ReceivedMessage;
  /** The offset at which its partition goes on. */
  readonly nextOffset: number;
  readonly epoch: number;
}

export interface LaneQueueSettings {
  readonly chunkMaxMessages: number;
  /** How much may wait: messages, and their bytes. */
  readonly queueMaxMessages: number;
  readonly queueMaxBytes: number;
}

/** The messages that wait for a lane. A batch goes in as a whole, so the queue may exceed its bounds by one batch. */
export class LaneQueue {
  private readonly settings: LaneQueueSettings;
  private messages: Queued[] = [];
  private bytes = 0;
  /** Called by the next `makeRoom`, one for each call of `room` that waits. */
  private readonly waiting = new Set<(taken: boolean) => void>();

  constructor(settings: LaneQueueSettings) {
    this.settings = settings;
  }

  get length(): number {
    return this.messages.length;
  }

  get isEmpty(): boolean {
    return this.messages.length === 0;
  }

  get hasRoom(): boolean {
    return this.messages.length < this.settings.queueMaxMessages && this.bytes < this.settings.queueMaxBytes;
  }

  /** Whether a whole chunk waits: more comes in than goes out. */
  get isBehind(): boolean {
    return this.messages.length >= this.settings.chunkMaxMessages;
  }

  push(messages: readonly Queued[]): void {
    for (const message of messages) {
      this.messages.push(message);
      this.bytes += sizeOf(message.received);
    }
  }

  /** @returns true as soon as a chunk is taken, false after `within` ms */
  async room(within?: number): Promise<boolean> {
    return new Promise((resolve) => {
      // Removes the timer and the entry, whichever of them ends the wait.
      const leave = (taken: boolean): void => {
        clearTimeout(timer);
        this.waiting.delete(leave);
        resolve(taken);
      };
      const timer = within === undefined ? undefined : setTimeout(leave, within, false);
      this.waiting.add(leave);
    });
  }

  /** Takes the next chunk: everything that waits, if it is not more than a chunk. */
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

  /** Ends every wait for room, whether there is room or not. */
  makeRoom(): void {
    for (const leave of this.waiting) leave(true);
  }
}

function sizeOf({ key, value, headers }: ReceivedMessage): number {
  return 200 + (key?.length ?? 0) + (value?.length ?? 0) + headers.length;
}
