import type { ReceivedMessage } from '../ports/messages.ts';
import type { Placement } from '../ports/placement.ts';
import type { About, Telemetry } from '../ports/telemetry.ts';
import { hashOfKey } from './partitioner.ts';
import { firstHeader } from './record-headers.ts';

/** While messages seem to lie in a wrong partition, the number of partitions is asked for this often. Milliseconds. */
const ASK_EVERY = 30_000;
/** How many keys are kept until the number of partitions is known. Messages of further keys are not counted. */
const MAX_SUSPECTS = 10_000;

/** The first of some messages that lie alike. */
interface Suspect extends About {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly hash: number;
  messages: number;
}

export interface KeyPlacementOptions {
  readonly aboutOf: (message: ReceivedMessage) => About;
  /** @throws when the broker does not answer */
  readonly partitionsOf: (topic: string) => Promise<number>;
  readonly telemetry: Pick<Telemetry, 'misplaced'>;
  /** A clock that only goes forward. Milliseconds. */
  readonly now: () => number;
}

/**
 * Compares the partitions of messages with those that murmur2 gives for their keys. Partitions may be added at any time, so a message is judged
 * only by a number of partitions that was asked for after it came.
 */
export class KeyPlacement implements Placement {
  readonly #options: KeyPlacementOptions;
  /** The numbers of partitions that the topic has had since this process began; the last one is the present one. */
  readonly #counts: number[] = [];
  #suspects = new Map<string, Suspect>();
  #asked = -Infinity;
  #isAsking = false;

  constructor(options: KeyPlacementOptions) {
    this.#options = options;
  }

  check(messages: readonly ReceivedMessage[]): void {
    const count = this.#counts.at(-1);
    for (const message of messages) {
      if (message.key === null) continue;
      const hash = hashOfKey(message.key);
      if (count === undefined || hash % count !== message.partition) this.#suspect(message, hash);
    }
  }

  #suspect(message: ReceivedMessage, hash: number): void {
    const { topic, partition, offset, headers } = message;
    const source = firstHeader(headers, 'ce_source') ?? '';
    const key = `${partition}/${hash}/${source}`;
    const known = this.#suspects.get(key);
    if (known !== undefined) known.messages += 1;
    else if (this.#suspects.size < MAX_SUSPECTS) {
      this.#suspects.set(key, { topic, partition, offset, ...this.#options.aboutOf(message), hash, messages: 1 });
    }
    if (this.#isAsking) return;
    this.#isAsking = true;
    const wait = Math.max(0, this.#asked + ASK_EVERY - this.#options.now());
    setTimeout(() => void this.#ask(topic), wait).unref();
  }

  async #ask(topic: string): Promise<void> {
    const suspects = [...this.#suspects.values()];
    this.#suspects = new Map();
    this.#asked = this.#options.now();
    try {
      const count = await this.#options.partitionsOf(topic);
      if (count !== this.#counts.at(-1)) this.#counts.push(count);
      for (const suspect of suspects) this.#judge(suspect, count);
    } catch {
      // Others tell of a broker that is away. These suspects are dropped: their producer will send more like them.
    } finally {
      this.#isAsking = false;
    }
  }

  #judge({ hash, ...messages }: Suspect, count: number): void {
    if (this.#counts.some((one) => hash % one === messages.partition)) return;
    this.#options.telemetry.misplaced({ ...messages, belongsTo: hash % count });
  }
}
