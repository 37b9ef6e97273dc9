import { NO_HEADERS } from '../../../src/adapters/record-headers.ts';
import type { ReceivedMessage } from '../../../src/ports/messages.ts';
import { LaneQueue } from '../../../src/worker/intake/lane-queue.ts';

describe('what waits for a lane', () => {
  it.each<readonly [what: string, part: Partial<ReceivedMessage>]>([
    ['value', { value: Buffer.alloc(1_000) }],
    ['key', { key: Buffer.alloc(1_000) }],
    ['headers', { headers: Buffer.alloc(1_000) }],
  ])('is bounded by its bytes, those of the %s too', (_, part) => {
    const queue = new LaneQueue({ chunkMaxMessages: 100, queueMaxMessages: 100, queueMaxBytes: 2_000 });
    queue.push([queued(part)]);
    expect(queue.hasRoom).toBe(true);
    queue.push([queued(part)]);
    expect(queue.hasRoom).toBe(false);
    queue.take();
    expect(queue.hasRoom).toBe(true);
  });
});

function queued(part: Partial<ReceivedMessage>) {
  const received = {
    topic: 't',
    partition: 0,
    offset: 0,
    timestamp: 0,
    key: null,
    value: null,
    headers: NO_HEADERS,
    ...part,
  };
  return { received, nextOffset: 1, epoch: 1 };
}
