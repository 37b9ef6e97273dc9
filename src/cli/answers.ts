import { dlqOf, type Topics } from '../ports/topics.ts';
import type { TopicRecord } from './topic-reader.ts';

export type Outcome = 'accepted' | 'rejected' | 'dead';

/** All that came of a message. */
export interface Answer<Tag> {
  readonly outcome: Outcome;
  /** Its events and its rejection, in their order; or the one dead letter. */
  readonly records: readonly TopicRecord[];
  readonly tag: Tag;
}

interface Waiting<Tag> {
  /** One for each time that the message was sent: twice in one file, say. */
  readonly tags: { readonly tag: Tag; readonly number: number }[];
  /** By `ce_answerindex`. */
  readonly parts: Map<number, TopicRecord>;
}

/**
 * Puts the answers of messages together, by the contract: an event or a rejection names its cause by `ce_causationid` and `ce_causationsource`,
 * and the answer is whole when `ce_answercount` of them are there; a dead letter has the headers of its message.
 * @typeParam Tag what the caller knows a message by
 */
export class Answers<Tag> {
  private readonly topics: Pick<Topics, 'events' | 'rejections'>;
  private readonly deadLetters: readonly string[];
  /** By identity, in the order in which they were expected. */
  private readonly waiting = new Map<string, Waiting<Tag>>();
  private count = 0;

  /** @param sources the topics to which the messages are sent */
  constructor({ events, rejections }: Pick<Topics, 'events' | 'rejections'>, sources: readonly string[]) {
    this.topics = { events, rejections };
    this.deadLetters = sources.map(dlqOf);
  }

  /** The topics in which answers are. */
  get read(): readonly string[] {
    return [this.topics.events, this.topics.rejections, ...this.deadLetters];
  }

  /** How many messages have no whole answer yet. */
  get open(): number {
    return this.waiting.size;
  }

  /** Of the message that was expected last; from 1. */
  get last(): number {
    return this.count;
  }

  expect(source: string, id: string, tag: Tag): void {
    this.count += 1;
    const identity = identityOf(source, id);
    const one: Waiting<Tag> = this.waiting.get(identity) ?? { tags: [], parts: new Map() };
    one.tags.push({ tag, number: this.count });
    this.waiting.set(identity, one);
  }

  /** @returns the whole answer when this record completes it. Repetitions, and answers to others, change nothing */
  take(record: TopicRecord): Answer<Tag> | undefined {
    const { topic, headers } = record;
    if (this.deadLetters.includes(topic)) {
      // The letter of a message that came under the id of another one is about the later of the two.
      const which = headers['dlq-reason'] === 'IdReused' ? -1 : 0;
      return this.answered(identityOf(headers['ce_source'] ?? '', headers['ce_id'] ?? ''), 'dead', [record], which);
    }
    const identity = identityOf(headers['ce_causationsource'] ?? '', headers['ce_causationid'] ?? '');
    const one = this.waiting.get(identity);
    if (one === undefined) return undefined;
    one.parts.set(Number(headers['ce_answerindex'] ?? 0), record);
    if (one.parts.size < Number(headers['ce_answercount'] ?? 1)) return undefined;
    const records = [...one.parts].sort(([a], [b]) => a - b).map(([, part]) => part);
    const isRejected = records.some((part) => part.topic === this.topics.rejections);
    return this.answered(identity, isRejected ? 'rejected' : 'accepted', records, 0);
  }

  /** Gives up on the messages up to a number that have no whole answer. @returns them, with the parts that there are */
  giveUp(upTo = this.count): readonly { readonly tag: Tag; readonly records: readonly TopicRecord[] }[] {
    const left: { tag: Tag; records: readonly TopicRecord[] }[] = [];
    for (const [identity, { tags, parts }] of this.waiting) {
      const [first] = tags;
      // The rest was expected later still.
      if (first === undefined || first.number > upTo) break;
      const records = [...parts.values()];
      left.push(...tags.filter(({ number }) => number <= upTo).map(({ tag }) => ({ tag, records })));
      const later = tags.filter(({ number }) => number > upTo);
      this.waiting.delete(identity);
      if (later.length > 0) this.waiting.set(identity, { tags: later, parts: new Map() });
    }
    return left;
  }

  private answered(
    identity: string,
    outcome: Outcome,
    records: readonly TopicRecord[],
    which: 0 | -1,
  ): Answer<Tag> | undefined {
    const one = this.waiting.get(identity);
    const [answered] = one?.tags.splice(which, 1) ?? [];
    if (one === undefined || answered === undefined) return undefined;
    one.parts.clear();
    if (one.tags.length === 0) this.waiting.delete(identity);
    return { outcome, records, tag: answered.tag };
  }
}

/** Neither of the two holds a U+0000: the worker would not take it for an id. */
function identityOf(source: string, id: string): string {
  return `${source}\0${id}`;
}
