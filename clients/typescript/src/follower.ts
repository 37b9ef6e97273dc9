import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Consumer, EachBatchPayload, IHeaders, Kafka } from 'kafkajs';
import { Closed } from './errors.ts';

export interface FollowedRecord {
  readonly topic: string;
  readonly key: Buffer | null;
  /** null: a tombstone. */
  readonly value: Buffer | null;
  readonly headers: IHeaders;
}

export interface Following {
  readonly topics: readonly string[];
  readonly from: 'beginning' | 'end';
  /** Of the throw-away consumer groups, which commit nothing. */
  readonly groupPrefix: string;
  /** How often the ends of the topics are asked for, in milliseconds. */
  readonly probeIntervalMs: number;
  /** One record after the other, in the order of each partition; at least once. One that it throws at is told again, after a pause. */
  readonly onRecord: (record: FollowedRecord) => void | Promise<void>;
  /** Everything that stood in the topics at `asked` has been told. */
  readonly onCaughtUp: (asked: Moment) => void;
  /** Everything is told once more from the beginning: the topic is another one, or so much time has passed that tombstones may be gone. */
  readonly onAnew: () => void;
  readonly onProblem: (problem: unknown) => void;
}

/** By both clocks: the one may be put back, the other may stand still while the machine sleeps. */
export interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

export function momentNow(): Moment {
  return { wall: Date.now(), monotonic: performance.now() };
}

/** Milliseconds since then; of two clocks that differ, by the one that makes it longer. */
export function since({ wall, monotonic }: Moment): number {
  return Math.max(Date.now() - wall, performance.now() - monotonic);
}

interface End {
  readonly low: bigint;
  readonly high: bigint;
}

/** By `topic/partition`. */
type Ends = ReadonlyMap<string, End>;

/** Brokers keep a tombstone for a day. Who was away for longer than this reads from the beginning. */
const TOO_LONG_AWAY_MS = 6 * 3_600_000;
/** kafkajs, as it comes, may stop reading in silence. */
const STALLED_MS = 30_000;
const PAUSE_MS = 1_000;
const GOODBYE_MS = 3_000;
const BEAT_EVERY = 1_000;

/** Reads whole topics outside any group of its user's, for as long as it lives, through outages of the brokers. */
export class Follower {
  readonly #kafka: Kafka;
  readonly #following: Following;
  readonly #closing = new AbortController();
  /** The next offset to be told, by `topic/partition`. */
  readonly #positions = new Map<string, bigint>();
  /** The last record that was told. It proves later that the topic is still the same. */
  readonly #last = new Map<string, { readonly offset: string; readonly timestamp: string }>();
  #goal: { readonly asked: Moment; readonly ends: Ends } | undefined;
  #caughtUp: Moment | undefined;
  /** The topic was not there when it was asked for: the next one may be another. */
  #wasMissing = false;
  /** One more each time that it begins anew. */
  #reading = 0;
  #lastSign = performance.now();
  #endReading: ((reason: Error) => void) | undefined;
  #working: Promise<unknown> = Promise.resolve();
  #admin: Admin | undefined;

  constructor(kafka: Kafka, following: Following) {
    this.#kafka = kafka;
    this.#following = following;
  }

  /** Resolves when it is settled from where on everything will be told. @throws what kafkajs throws; may be called again then */
  async start(): Promise<void> {
    const ends = await this.#askEnds();
    if (this.#isClosed()) throw new Closed('closed');
    if (this.#following.from === 'end') {
      for (const [place, { high }] of ends) this.#positions.set(place, high);
    }
    this.#working = Promise.all([this.#read(), this.#probe()]);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#endReading?.(new Closed('closed'));
    await this.#working;
    await atMost(GOODBYE_MS, this.#admin?.disconnect());
  }

  #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  async #read(): Promise<void> {
    while (!this.#isClosed()) {
      try {
        await this.#readUntilFault();
      } catch (problem) {
        if (this.#isClosed()) return;
        this.#following.onProblem(problem);
      }
      await pause(this.#closing.signal);
    }
  }

  /** Ends by throwing. Each time a consumer and a group of its own: what kafkajs still has on its hands goes nowhere. */
  async #readUntilFault(): Promise<void> {
    const { topics, groupPrefix } = this.#following;
    const fault = Promise.withResolvers<never>();
    fault.promise.catch(() => undefined); // it may come before it is awaited
    const consumer = this.#kafka.consumer({
      groupId: `${groupPrefix}${randomUUID()}`,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: 500,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 5, restartOnFailure: async () => false },
    });
    this.#endReading = fault.reject;
    this.#lastSign = performance.now();
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => this.#seek(consumer, payload.memberAssignment));
    consumer.on(consumer.events.CRASH, ({ payload }) => fault.reject(payload.error));
    // It also tells of batches in which there is nothing to be told, such as the marker of a transaction.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
      if (this.#endReading === fault.reject) this.#advance(`${topic}/${partition}`, BigInt(lastOffset) + 1n);
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatch: (payload) => this.#take(payload, () => this.#endReading === fault.reject),
      });
      await fault.promise;
    } finally {
      this.#endReading = undefined;
      await atMost(GOODBYE_MS, consumer.disconnect());
    }
  }

  /** Once more the last record that was told, to see whether it is still there. */
  #seek(consumer: Consumer, assigned: Readonly<Record<string, readonly number[]>>): void {
    for (const [topic, partitions] of Object.entries(assigned)) {
      for (const partition of partitions) {
        const place = `${topic}/${partition}`;
        const offset = this.#last.get(place)?.offset ?? this.#positions.get(place)?.toString();
        if (offset !== undefined) consumer.seek({ topic, partition, offset });
      }
    }
  }

  async #take({ batch, heartbeat, resolveOffset }: EachBatchPayload, isCurrent: () => boolean): Promise<void> {
    const { topic, partition } = batch;
    const place = `${topic}/${partition}`;
    let told: string | undefined;
    let untilBeat = BEAT_EVERY;
    try {
      for (const { offset, timestamp, key, value, headers = {} } of batch.messages) {
        const last = this.#last.get(place);
        if (last !== undefined && BigInt(offset) <= BigInt(last.offset)) {
          if (offset === last.offset && timestamp === last.timestamp) continue;
          this.#anew(`${place} is not what it was`, [place]);
          return;
        }
        await this.#tell({ topic, key, value, headers }, heartbeat, isCurrent);
        if (!isCurrent()) return;
        this.#last.set(place, { offset, timestamp });
        told = offset;
        if (--untilBeat === 0) {
          untilBeat = BEAT_EVERY;
          this.#lastSign = performance.now();
          await heartbeat();
        }
      }
    } finally {
      // Should this batch end in the middle, nothing that was told comes again: it would look like another topic.
      if (told !== undefined) resolveOffset(told);
    }
  }

  async #tell(record: FollowedRecord, heartbeat: () => Promise<void>, isCurrent: () => boolean): Promise<void> {
    const { onRecord, onProblem } = this.#following;
    while (isCurrent()) {
      try {
        const telling = onRecord(record);
        if (telling !== undefined) await telling;
        return;
      } catch (problem) {
        onProblem(problem);
        this.#lastSign = performance.now();
        await heartbeat();
        await pause(this.#closing.signal);
      }
    }
  }

  #advance(place: string, next: bigint): void {
    this.#lastSign = performance.now();
    if (next > (this.#positions.get(place) ?? 0n)) this.#positions.set(place, next);
    this.#judge();
  }

  async #probe(): Promise<void> {
    while (!this.#isClosed()) {
      try {
        const [reading, positions, asked] = [this.#reading, new Map(this.#positions), momentNow()];
        const ends = await this.#askEnds();
        if (reading === this.#reading) this.#compare(positions, asked, ends);
      } catch (problem) {
        this.#wasMissing ||= isMissingTopic(problem);
        if (!this.#isClosed()) this.#following.onProblem(problem);
      }
      await pause(this.#closing.signal, this.#following.probeIntervalMs);
    }
  }

  /** @param before the positions, from before the ends were asked for */
  #compare(before: ReadonlyMap<string, bigint>, asked: Moment, ends: Ends): void {
    const seen = [...before, ...[...(this.#goal?.ends ?? [])].map(([place, { high }]) => [place, high] as const)];
    const shrunk = seen.filter(([place, high]) => high > (ends.get(place)?.high ?? 0n)).map(([place]) => place);
    if (shrunk.length > 0) this.#anew(`${shrunk.join()} was made anew`, shrunk);
    else if (this.#following.from === 'beginning' && this.#mayHaveMissed()) {
      this.#anew('the topic was not there, or not within reach for hours', []);
    } else {
      this.#goal ??= { asked, ends };
      this.#judge();
      this.#watch();
    }
  }

  #watch(): void {
    if (this.#goal === undefined || performance.now() - this.#lastSign < STALLED_MS) return;
    this.#endReading?.(new Error('nothing comes from the brokers, although there is more'));
  }

  #mayHaveMissed(): boolean {
    return this.#wasMissing || (this.#caughtUp !== undefined && since(this.#caughtUp) > TOO_LONG_AWAY_MS);
  }

  #judge(): void {
    if (this.#goal === undefined) return;
    for (const [place, { low, high }] of this.#goal.ends) {
      const position = this.#positions.get(place) ?? 0n;
      if (position < high && low < high) return;
    }
    const { asked } = this.#goal;
    this.#goal = undefined;
    this.#caughtUp = asked;
    this.#following.onCaughtUp(asked);
  }

  /** @param places where something else stands now; who wants the whole of a topic reads all of it again */
  #anew(why: string, places: readonly string[]): void {
    const whole = this.#following.from === 'beginning';
    for (const place of whole ? [...this.#positions.keys()] : places) {
      this.#positions.delete(place);
      this.#last.delete(place);
    }
    this.#reading += 1;
    this.#wasMissing = false;
    this.#caughtUp = undefined;
    this.#goal = undefined;
    const end = this.#endReading;
    this.#endReading = undefined;
    this.#following.onAnew();
    end?.(new Error(`reading from the beginning: ${why}`));
  }

  async #askEnds(): Promise<Ends> {
    // One after a fault is a new one: kafkajs may cling to a connection on which nobody answers.
    const admin = (this.#admin ??= this.#kafka.admin({ retry: { initialRetryTime: 100, retries: 1 } }));
    try {
      await admin.connect();
      const ends = new Map<string, End>();
      for (const topic of this.#following.topics) {
        for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
          ends.set(`${topic}/${partition}`, { low: BigInt(low), high: BigInt(high) });
        }
      }
      return ends;
    } catch (error) {
      this.#admin = undefined;
      await atMost(GOODBYE_MS, admin.disconnect());
      throw error;
    }
  }
}

function isMissingTopic(problem: unknown): boolean {
  if (!(problem instanceof Error)) return false;
  return ('type' in problem && problem.type === 'UNKNOWN_TOPIC_OR_PARTITION') || isMissingTopic(problem.cause);
}

async function pause(signal: AbortSignal, ms = PAUSE_MS): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // aborted
}

async function atMost(limit: number, work: Promise<unknown> | undefined): Promise<void> {
  const late = new AbortController();
  await Promise.race([
    work?.catch(() => undefined),
    sleep(limit, undefined, { signal: late.signal }).catch(() => undefined),
  ]);
  late.abort();
}
