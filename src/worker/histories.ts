import type { TopicPartition } from '../ports/consumer.ts';
import type { DecidedOffset, Decision, Step } from '../ports/decided-offsets.ts';
import type { Position } from '../ports/messages.ts';
import { idOf } from './partition-id.ts';

/** How far the partitions of one assignment are decided, as this worker knows it: by what it has read, and by its own commits since. */
export class Histories {
  private readonly group: string;
  private readonly partitions: Map<string, Known>;

  constructor(group: string, offsets: readonly DecidedOffset[]) {
    this.group = group;
    this.partitions = new Map(offsets.map((offset) => [idOf(offset), { ...offset }]));
  }

  /** What a transaction that handles these messages decides. A partition's own come in order. */
  decisionOn(messages: readonly { readonly received: Position }[]): Decision {
    const ends = new Map<Known, number>();
    let known: Known | undefined;
    let end = 0;
    for (const { received } of messages) {
      const { topic, partition, offset } = received;
      if (known === undefined || known.partition !== partition || known.topic !== topic) {
        if (known !== undefined) ends.set(known, end);
        known = this.partitions.get(idOf(received));
      }
      end = offset + 1;
    }
    if (known !== undefined) ends.set(known, end);
    // In one order, so that two workers that believe to have the same partitions don't wait for each other in a circle.
    const steps = [...ends].map(([to, offset]) => stepOf(to, offset)).sort(byPlace);
    return { group: this.group, steps };
  }

  /** A transaction with this decision is committed. */
  decided({ steps }: Decision): void {
    for (const step of steps) {
      const known = this.partitions.get(idOf(step));
      if (known !== undefined) known.decided = Math.max(known.decided, step.to);
    }
  }

  /** Partitions of the same assignment that were opened later. */
  add(later: Histories): void {
    for (const offset of later.now) this.partitions.set(idOf(offset), offset);
  }

  of(place: TopicPartition): DecidedOffset | undefined {
    return this.partitions.get(idOf(place));
  }

  /** All of it as it is now; it does not change with what is decided later. */
  get now(): readonly DecidedOffset[] {
    return [...this.partitions.values()].map((known) => ({ ...known }));
  }

  /** What the commit of an offset tells whoever reads it: how far transactions have decided what lies before it. */
  metadataOf({ offset, ...place }: TopicPartition & { readonly offset: number }): string {
    const known = this.of(place);
    return known === undefined ? '' : metadataOf({ ...known, decided: Math.min(known.decided, offset) });
  }
}

type Known = { -readonly [Field in keyof DecidedOffset]: DecidedOffset[Field] };

function stepOf({ topic, partition, history, decided }: Known, end: number): Step {
  return { topic, partition, history, from: decided, to: Math.max(decided, end) };
}

function byPlace(a: TopicPartition, b: TopicPartition): number {
  return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1;
}

/** The metadata of a commit. */
export function metadataOf({ history, decided }: Pick<DecidedOffset, 'history' | 'decided'>): string {
  return `licensing/1 decided=${decided} history=${history}`;
}

/** Undefined: the commit was not made by a worker, or by one that is older than this. */
export function decidedIn(metadata: string | null): Pick<DecidedOffset, 'history' | 'decided'> | undefined {
  const [, decided, history] = /^licensing\/1 decided=(\d{1,16}) history=([0-9a-f-]{36})$/.exec(metadata ?? '') ?? [];
  return history === undefined ? undefined : { history, decided: Number(decided) };
}
