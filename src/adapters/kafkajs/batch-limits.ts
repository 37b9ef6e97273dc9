import type { Message } from 'kafkajs';
import type { Share } from './acknowledgements.ts';
import { mostBytesOf, recordBytes, type EncodableRecord } from './record-encoder.ts';

/**
 * How many bytes of a topic go into one batch. Brokers compare `max.message.bytes` with the whole batch, and do not tell it: so a topic is
 * without a limit until it refuses a batch, and then has one for as long as this object lives.
 */
export class BatchLimits {
  private readonly limits = new Map<string, number>();

  /** @returns the first messages of the share that fit into one batch: at least one */
  firstBatchOf(share: Share): Share {
    const limit = this.limits.get(share.topic);
    if (limit === undefined) return share;
    let bytes = 0;
    const end = share.messages.findIndex((message, i) => (bytes += sizeOf(message)) > limit && i > 0);
    return end < 0 ? share : { ...share, messages: share.messages.slice(0, end) };
  }

  /**
   * The topic has refused this batch as too large: from now on it gets half of those bytes at most. So the limit stays above half of what the
   * topic takes.
   * @returns the limit; undefined for a single message, which can't be divided
   */
  lowerBelow({ topic, messages }: Share): number | undefined {
    if (messages.length < 2) return undefined;
    const bytes = messages.reduce((sum, message) => sum + sizeOf(message), 0);
    const limit = Math.min(Math.floor(bytes / 2), this.limits.get(topic) ?? Infinity);
    this.limits.set(topic, limit);
    return limit;
  }
}

function sizeOf(message: Message & EncodableRecord): number {
  return mostBytesOf(recordBytes(message));
}
