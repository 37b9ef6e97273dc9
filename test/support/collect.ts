import type { HeadersByName } from '../../src/adapters/record-headers.ts';
import type { Consumer, Kafka } from 'kafkajs';
import { UndecodableMessage, type Codec } from '../../src/ports/codec.ts';
import { unlessNotYet } from './world-offsets.ts';
import { until } from './world-until.ts';

export type Data = Readonly<Record<string, unknown>>;

/** A record as it stands in Kafka, and what its value says; `decoded` undefined: nobody can read it. */
export interface WireRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, readonly Buffer[]>>;
  /** Its place in its partition, also when the topic was deleted and made again: then offsets begin anew. */
  readonly index: number;
  /** A type without data is one that this build does not know. */
  decoded?: { readonly type: string; readonly data: Data } | undefined;
}

interface Tail {
  readonly records: WireRecord[];
  /** Where the present life of the topic begins. */
  start: number;
}

/** Reads topics from their beginning, for as long as it lives, each record once. */
export class Collector {
  private readonly kafka: Kafka;
  private readonly codec: Codec;
  private readonly consumer: Consumer;
  private readonly tails = new Map<string, Tail>();
  private readonly undecoded: WireRecord[] = [];
  private decoding: Promise<void> = Promise.resolve();

  constructor(kafka: Kafka, codec: Codec, groupId: string) {
    this.kafka = kafka;
    this.codec = codec;
    this.consumer = kafka.consumer({
      groupId,
      maxWaitTimeInMs: 100,
      sessionTimeout: 10_000,
      heartbeatInterval: 1_000,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 50, restartOnFailure: async () => true },
    });
  }

  async start(topics: readonly string[]): Promise<void> {
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await this.consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 8,
      eachBatch: async ({ batch }) => {
        for (const { offset, timestamp, key, value, headers } of batch.messages) {
          this.take({
            topic: batch.topic,
            partition: batch.partition,
            offset: Number(offset),
            timestamp: Number(timestamp),
            key,
            value,
            headers: asBuffers(headers ?? {}),
          });
        }
      },
    });
  }

  async stop(): Promise<void> {
    await this.consumer.disconnect();
  }

  /** What has come in so far, by partition and offset; not decoded unless `decode` was awaited since. */
  records(topic: string): readonly WireRecord[] {
    return [...this.tails].flatMap(([name, { records }]) => (name.startsWith(`${topic}/`) ? records : []));
  }

  /** Resolves when all that stands in these topics now, as far as they exist, has come in and is decoded. */
  async caughtUp(topics: readonly string[]): Promise<void> {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      const existing = new Set(await admin.listTopics());
      for (const topic of topics.filter((one) => existing.has(one))) {
        const ends = await until(`the ends of ${topic}`, () => unlessNotYet(admin.fetchTopicOffsets(topic)));
        for (const { partition, high } of ends) {
          const name = `${topic}/${partition}`;
          const last = Number(high) - 1;
          await until(
            `the collector has read ${name} to ${last}`,
            () => this.indexOf(name, last + 1) <= (this.tails.get(name)?.records.length ?? 0),
          );
        }
      }
    } finally {
      await admin.disconnect();
    }
    await this.decode();
  }

  /** The place of an offset of the topic's present life. @param name `topic/partition` */
  indexOf(name: string, offset: number): number {
    return (this.tails.get(name)?.start ?? 0) + offset;
  }

  /** Decodes what came in since the last time; needs the registry for what was never seen. */
  async decode(): Promise<void> {
    // One after the other: whoever asks second waits for what the first has taken.
    this.decoding = this.decoding.then(() => this.decodeNew());
    return this.decoding;
  }

  private async decodeNew(): Promise<void> {
    for (const record of this.undecoded.splice(0)) {
      const missing = this.codec.missingSchema(record.value);
      if (missing !== undefined) await this.codec.fetchSchema(missing, AbortSignal.timeout(20_000));
      try {
        const decoded = this.codec.decode(record.value);
        record.decoded = { type: decoded.type, data: decoded.known ? { ...(decoded.data as Data) } : {} };
      } catch (error) {
        if (!(error instanceof UndecodableMessage)) throw error;
      }
    }
  }

  /** A consumer that had to start again reads from the beginning: what is known is passed over. */
  private take(record: Omit<WireRecord, 'index'>): void {
    const name = `${record.topic}/${record.partition}`;
    const tail = this.tails.get(name) ?? { records: [], start: 0 };
    this.tails.set(name, tail);
    const known = tail.records[tail.start + record.offset];
    if (known?.timestamp === record.timestamp) return;
    // Another message at an offset that was there before: the topic was deleted and made again.
    if (known !== undefined) tail.start = tail.records.length;
    const taken = { ...record, index: tail.start + record.offset };
    tail.records.push(taken);
    this.undecoded.push(taken);
  }
}

export function asBuffers(headers: HeadersByName): Record<string, readonly Buffer[]> {
  const buffers: Record<string, readonly Buffer[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || value === null) continue;
    const several = typeof value === 'string' || Buffer.isBuffer(value) ? [value] : value;
    buffers[name] = several.map((one) => Buffer.from(one ?? ''));
  }
  return buffers;
}

/** A header as text; undefined when it is not there. */
export function header(record: Pick<WireRecord, 'headers'>, name: string): string | undefined {
  return record.headers[name]?.[0]?.toString();
}
