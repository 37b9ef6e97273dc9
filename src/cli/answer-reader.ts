import { setTimeout as sleep } from 'node:timers/promises';
import type { Cradle } from '../container.ts';
import { handledUpTo, type GroupProgress } from '../ports/consumer-group.ts';
import { Answers, type Answer } from './answers.ts';
import { TopicReader, type Positions, type ReadMessage, type TopicRecord } from './topic-reader.ts';

/** What a message has come to, as far as it can be known. */
export type Known<Tag> = Answer<Tag> | Unanswered<Tag>;

/** `handled`: the workers are past it and no answer came, so it was known already, or changes nothing. `late`: nobody knows. */
export interface Unanswered<Tag> {
  readonly outcome: 'handled' | 'late';
  /** The part of its answer that has come. */
  readonly records: readonly TopicRecord[];
  readonly tag: Tag;
}

export interface AnswerReaderOptions<Tag> {
  /** The topics to which the messages are sent. */
  readonly sources: readonly string[];
  /** Called for one message after the other. */
  readonly onKnown: (known: Known<Tag>) => void | Promise<void>;
  /** How long to wait without a sign of any answer. Milliseconds. */
  readonly timeout: number;
}

/** Of the questions to the brokers how far the workers have come. */
const ASK_EVERY_MS = 500;
const LOOK_EVERY_MS = 50;

type Needs = Pick<
  Cradle,
  'kafka' | 'kafkaFaults' | 'codec' | 'newId' | 'config' | 'topics' | 'consumerGroup' | 'steadyClock'
>;

/**
 * Reads the answers to what this process sends. A message that nothing comes of is told once the workers' group has committed offsets beyond
 * it: they do so after its answer was published, so everything that they answer has been read by then.
 */
export class AnswerReader<Tag> {
  private readonly cradle: Needs;
  private readonly options: AnswerReaderOptions<Tag>;
  private readonly answers: Answers<Tag>;
  private readonly topicReader: TopicReader;
  private readonly ending = new AbortController();
  private positions = new Map<string, bigint>();
  /** The number of the last message that the brokers have acknowledged. */
  private acknowledged = 0;
  private lastSign = 0;
  /** Of the messages of which it is known, how many are being told. */
  private telling = 0;
  private working: Promise<unknown> = Promise.resolve();
  private failure: { readonly error: unknown } | undefined;

  constructor(cradle: Needs, options: AnswerReaderOptions<Tag>) {
    this.cradle = cradle;
    this.options = options;
    this.answers = new Answers(cradle.topics, options.sources);
    this.topicReader = new TopicReader(cradle);
  }

  /** How many messages are not told yet what they have come to. */
  get open(): number {
    return this.answers.open + this.telling;
  }

  /** Settles from where on answers are read: when it resolves, none to what is sent from then on is missed. @throws what TopicReader does */
  async start(): Promise<void> {
    const from = await this.topicReader.positions(this.answers.read, 'end');
    this.positions = new Map(from);
    this.sign();
    this.working = Promise.all([this.follow(from), this.sweep()]).catch((error: unknown) => {
      this.failure = { error };
    });
  }

  /** To be called before the message is sent: its answer may come before the broker's acknowledgement does. */
  expect(source: string, id: string, tag: Tag): void {
    this.answers.expect(source, id, tag);
  }

  /** All that was expected so far has arrived in its topic. */
  sent(): void {
    this.acknowledged = this.answers.last;
    this.sign();
  }

  /**
   * Waits until at most so many messages are open. After the time-out without a sign, those that are open then are told to be late.
   * @returns false after the time-out, or when the signal came first. @throws what reading has failed with
   */
  async until(open: number, signal?: AbortSignal): Promise<boolean> {
    const { steadyClock } = this.cradle;
    while (this.open > open) {
      if (this.failure !== undefined) throw this.failure.error;
      if (signal?.aborted === true || steadyClock.now() - this.lastSign > this.options.timeout) {
        for (const one of this.answers.giveUp()) await this.tell({ ...one, outcome: 'late' });
        return false;
      }
      await sleep(LOOK_EVERY_MS);
    }
    return true;
  }

  async read(record: TopicRecord): Promise<ReadMessage> {
    return this.topicReader.read(record);
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.working;
    await this.cradle.consumerGroup.stop();
  }

  private sign(): void {
    this.lastSign = this.cradle.steadyClock.now();
  }

  /** One whose telling fails stays open, so that whoever waits for it hears of the failure. */
  private async tell(known: Known<Tag>): Promise<void> {
    this.telling += 1;
    await this.options.onKnown(known);
    this.telling -= 1;
  }

  private async follow(from: Positions): Promise<void> {
    await this.topicReader.follow({
      topics: this.answers.read,
      from,
      signal: this.ending.signal,
      onRecord: async (record) => {
        const answer = this.answers.take(record);
        if (answer === undefined) return;
        this.sign();
        await this.tell(answer);
      },
      onPosition: (place, next) => {
        if (next > (this.positions.get(place) ?? 0n)) this.positions.set(place, next);
      },
    });
  }

  /** Round after round: what was acknowledged before, and the workers are past, and has no answer by then, gets none. */
  private async sweep(): Promise<void> {
    const { signal } = this.ending;
    while (!signal.aborted) {
      await sleep(ASK_EVERY_MS, undefined, { signal }).catch(() => undefined); // aborted
      const { acknowledged } = this;
      if (this.open === 0 || acknowledged === 0) continue;
      try {
        await this.handledUpToNow();
        await this.readUpToNow();
      } catch {
        // The brokers are away, or this user may not see the group. Without this question, the time-out tells.
        continue;
      }
      const left = this.answers.giveUp(acknowledged);
      if (left.length > 0) this.sign();
      for (const one of left) await this.tell({ ...one, outcome: 'handled' });
    }
  }

  private async handledUpToNow(): Promise<void> {
    const before = await this.progress();
    const ends = new Map(before.map(({ topic, partition, end }) => [`${topic}/${partition}`, end]));
    let now = before;
    while (now.some((one) => handledUpTo(one) < (ends.get(`${one.topic}/${one.partition}`) ?? 0))) {
      await sleep(ASK_EVERY_MS, undefined, { signal: this.ending.signal });
      now = await this.progress();
    }
  }

  /** Of all partitions, or there would be messages of which nobody knows whether they are handled. */
  private async progress(): Promise<readonly GroupProgress[]> {
    const { partitions, leaderless } = await this.cradle.consumerGroup.progress(this.options.sources);
    if (leaderless.length > 0) throw new ProgressUnknown(`nobody leads ${leaderless.length} partitions of the sources`);
    return partitions;
  }

  private async readUpToNow(): Promise<void> {
    const ends = await this.topicReader.positions(this.answers.read, 'end');
    while ([...ends].some(([place, end]) => (this.positions.get(place) ?? 0n) < end)) {
      await sleep(LOOK_EVERY_MS, undefined, { signal: this.ending.signal });
    }
  }
}

class ProgressUnknown extends Error {
  override readonly name = 'ProgressUnknown';
}
