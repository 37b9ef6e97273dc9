import type { Cradle } from '../container.ts';
import type { MessageContext, OutgoingMessage, ReceivedMessage } from '../ports/messages.ts';
import type { PartitionRange } from '../ports/record-reader.ts';
import { decodeValue } from './decode.ts';

/** An event or rejection that follows from a message. */
export interface FoundAnswer {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly key: string | null;
  readonly id: string;
  /** From 0. */
  readonly index: number;
  /** Full name. Undefined when the value can't be decoded; then there is no data either. */
  readonly type: string | undefined;
  readonly data: Readonly<Record<string, unknown>> | undefined;
}

interface Sought {
  readonly context: MessageContext;
  readonly topics: readonly string[];
  /** Under which answers are expected; empty: it is not known. */
  readonly keys: readonly Buffer[];
  /** Where in time to look, the likeliest first. Milliseconds since the epoch. */
  readonly times: readonly number[];
}

export interface Searched {
  /** By index, each once. */
  readonly answers: readonly FoundAnswer[];
  /** How many there are of this message; undefined as long as none was found. */
  readonly count: number | undefined;
  /** How many records were read. */
  readonly read: number;
  /** Whether retention has deleted records of the time in question, where answers can be. */
  readonly isCutOff: boolean;
}

/** The clocks of database, workers and brokers differ. */
const MARGIN_MS = 1_000;
/** How many records are read in all. What is published lies behind its decision by seconds, unless Kafka was away. */
const MOST_RECORDS = 200_000;
/** Of each partition in one look. */
const LOOK_BYTES = 1 << 20;
/** The index of an event goes into the end of its id, see `eventId`. */
const COMMON_LENGTH = 'xxxxxxxx-xxxx-xxxx-xxxx-xxxx'.length;

type Parts = Pick<Cradle, 'recordReader' | 'cloudEvents' | 'codec' | 'config'>;

/**
 * Finds the answers to a message by their ids, which follow from its identity, and by time: reads topics from there on, first the partitions where
 * its keys belong, then the others, then what lies before. Ends as soon as it has all answers that one of them tells of, or has read enough.
 */
export class AnswerSearch {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  async find({ context, topics, keys, times }: Sought): Promise<Searched> {
    const { recordReader } = this.parts;
    const found = new Map<number, FoundAnswer>();
    const progress = { count: undefined, left: MOST_RECORDS };
    const search: Search = { sought: this.idsOf(context), found, progress };
    let isCutOff = false;
    for (const topic of topics) {
      const ranges = await recordReader.ranges(topic);
      const likely = new Set(keys.map((key) => recordReader.partitionOf(key, ranges.length)));
      const [first = 0] = times;
      for (const time of times) {
        const starts = await recordReader.offsetsAt(topic, time - MARGIN_MS);
        const stretches = ranges.map((range) => stretchFrom(topic, range, starts));
        const expected = stretches.filter(({ partition }) => likely.size === 0 || likely.has(partition));
        if (time === first) isCutOff ||= expected.some(({ from, range }) => range.first > 0 && from <= range.first);
        await this.scan(expected, search);
        await this.scan(
          stretches.filter((stretch) => !expected.includes(stretch)),
          search,
        );
      }
      // A repetition renews the time of a decision, so that the answers may be older.
      const starts = await recordReader.offsetsAt(topic, first - MARGIN_MS);
      const share = Math.floor(progress.left / Math.max(1, ranges.length));
      await this.scan(
        ranges.map((range) => stretchBefore(topic, range, starts, share)),
        search,
      );
    }
    const answers = [...found.values()].sort((a, b) => a.index - b.index);
    return { answers, count: progress.count, read: MOST_RECORDS - progress.left, isCutOff };
  }

  /** Which of these are answers to the message, as indexes. */
  among(context: MessageContext, messages: readonly OutgoingMessage[]): readonly number[] {
    const sought = this.idsOf(context);
    return messages.flatMap(({ headers }) => this.answerIn(sought, headers)?.index ?? []);
  }

  /** Once a search: an id is a hash. */
  private idsOf(context: MessageContext): SoughtIds {
    return { context, common: this.parts.cloudEvents.eventId(context, 0).slice(0, COMMON_LENGTH) };
  }

  private async scan(stretches: readonly Stretch[], search: Search): Promise<void> {
    const { recordReader } = this.parts;
    const { found, progress } = search;
    let open = stretches.filter(({ from, to }) => from < to);
    while (open.length > 0 && progress.left > 0 && found.size !== progress.count) {
      const places = open.map(({ topic, partition, from }) => ({ topic, partition, offset: from }));
      const looks = await recordReader.fetch(places, LOOK_BYTES);
      for (const { records } of looks) {
        progress.left -= records.length;
        for (const record of records) {
          const answer = this.answerIn(search.sought, record.headers);
          if (answer === undefined) continue;
          progress.count = answer.count;
          if (!found.has(answer.index)) found.set(answer.index, await this.told(record, answer));
        }
      }
      open = open.flatMap((stretch) => {
        const { next = stretch.from } =
          looks.find(({ topic, partition }) => topic === stretch.topic && partition === stretch.partition) ?? {};
        return next === stretch.from || next >= stretch.to ? [] : [{ ...stretch, from: next }];
      });
    }
  }

  /** A glance at the bytes first: nearly all records are answers to other messages. */
  private answerIn({ context, common }: SoughtIds, headers: Buffer): Told | undefined {
    const { cloudEvents } = this.parts;
    if (!headers.includes(common, 0, 'latin1')) return undefined;
    const texts = new Map(cloudEvents.decodeHeaders(headers).map(([name, value]) => [name, value?.toString() ?? '']));
    const [index, count] = [Number(texts.get('ce_answerindex') ?? NaN), Number(texts.get('ce_answercount') ?? NaN)];
    const id = texts.get('ce_id') ?? '';
    if (!Number.isSafeInteger(index) || index < 0 || id !== cloudEvents.eventId(context, index)) return undefined;
    return { id, index, count };
  }

  private async told(record: ReceivedMessage, { id, index }: Told): Promise<FoundAnswer> {
    const { topic, partition, offset, timestamp, key, value } = record;
    const { type, data } = await decodeValue(this.parts, value);
    return { topic, partition, offset, timestamp, key: key?.toString() ?? null, id, index, type, data };
  }
}

interface Told {
  readonly id: string;
  readonly index: number;
  readonly count: number;
}

interface SoughtIds {
  readonly context: MessageContext;
  /** What the ids of all its answers begin with. */
  readonly common: string;
}

interface Search {
  readonly sought: SoughtIds;
  readonly found: Map<number, FoundAnswer>;
  readonly progress: { count: number | undefined; left: number };
}

/** Offsets to be read, without `to`. */
interface Stretch {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly range: PartitionRange;
}

function stretchFrom(topic: string, range: PartitionRange, starts: ReadonlyMap<number, number>): Stretch {
  const { partition, first, end } = range;
  return { topic, partition, from: Math.max(first, starts.get(partition) ?? end), to: end, range };
}

function stretchBefore(
  topic: string,
  range: PartitionRange,
  starts: ReadonlyMap<number, number>,
  share: number,
): Stretch {
  const { partition, first, end } = range;
  const to = Math.max(first, starts.get(partition) ?? end);
  return { topic, partition, from: Math.max(first, to - share), to, range };
}
