import fc from 'fast-check';
import type { AbortedTransaction } from '../../../src/adapters/kafkajs/aborted-records.ts';
import type { BatchContext } from '../../../src/adapters/kafkajs/record-decoder.ts';
import { mendedModule } from './given-kafkajs.ts';

interface FetchedRecord {
  readonly offset: string;
  readonly key: Buffer | null;
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;
}

const FetchedBatch = mendedModule<
  new (
    topic: string,
    fetchedOffset: string,
    partition: {
      readonly partition: number;
      readonly highWatermark: string;
      readonly abortedTransactions: readonly AbortedTransaction[];
      readonly messages: readonly FetchedRecord[];
    },
  ) => { readonly messages: readonly FetchedRecord[] }
>('src/consumer/batch.js');

const MARKERS: Readonly<Record<'abort' | 'commit', Buffer>> = {
  abort: Buffer.from([0, 0, 0, 0]),
  commit: Buffer.from([0, 0, 0, 1]),
};
const PLAIN = -1;

/** What the producers do to a partition, one after the other; a key may look like a marker. */
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('send' as const),
      by: fc.integer({ min: PLAIN, max: 2 }),
      keys: fc.array(fc.constantFrom<Buffer | null>(null, MARKERS.abort, MARKERS.commit, Buffer.from('key')), {
        minLength: 1,
        maxLength: 3,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('abort' as const, 'commit' as const), by: fc.nat(2) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

describe('a fetch without the records of aborted transactions', () => {
  it('has those of committed ones and of plain producers, wherever it begins and ends', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(60), fc.nat(60), (steps, one, other) => {
        const log = written(steps);
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const delivered = log.fetch(from, to).messages.map(({ offset }) => Number(offset));
        expect(delivered).toEqual(log.readable.filter((offset) => offset >= from && offset < log.endOf(to)));
      }),
      { numRuns: 3_000 },
    );
  });

  it('leaves out both of two that overlap, of which the later one is aborted first', () => {
    const log = written([send(0), send(1), send(1), end('abort', 1), send(0), end('abort', 0), send(PLAIN)]);
    expect(log.fetch(0, 7).messages.map(({ offset }) => offset)).toEqual(['6']);
  });

  it('takes no record for an abort marker, whatever its key is', () => {
    const log = written([send(0, MARKERS.abort), send(0), end('abort', 0)]);
    expect(log.fetch(0, 3).messages).toEqual([]);
  });

  it('is the list itself where nothing was aborted', () => {
    const log = written([send(0), end('commit', 0), send(PLAIN, MARKERS.abort)]);
    expect(log.fetch(0, 3).messages.map(({ offset }) => offset)).toEqual(['0', '2']);
  });
});

function send(by: number, key: Buffer | null = null): Step {
  return { what: 'send', by, keys: [key] };
}

function end(what: 'abort' | 'commit', by: number): Step {
  return { what, by };
}

/** A partition after these steps, every transaction ended, as a broker would keep and serve it. */
function written(steps: readonly Step[]) {
  const batches: FetchedRecord[][] = [];
  const readable: number[] = [];
  const aborted: { readonly producerId: string; readonly first: number; readonly marker: number }[] = [];
  const open = new Map<number, { readonly first: number; readonly offsets: number[] }>();
  let next = 0;
  const append = (by: number, keys: readonly (Buffer | null)[], isControlBatch: boolean): number[] => {
    const first = next;
    const batchContext = {
      ...{ firstOffset: String(first), firstTimestamp: '0', maxTimestamp: '0', timestampType: 0, magicByte: 2 },
      ...{ isControlBatch, inTransaction: by !== PLAIN, producerId: String(by), lastOffsetDelta: keys.length - 1 },
    };
    batches.push(keys.map((key) => ({ offset: String(next++), key, isControlRecord: isControlBatch, batchContext })));
    return keys.map((_, i) => first + i);
  };
  const finish = (by: number, how: 'abort' | 'commit'): void => {
    const transaction = open.get(by);
    const [marker = 0] = append(by, [MARKERS[how]], true);
    open.delete(by);
    if (transaction === undefined) return;
    if (how === 'commit') readable.push(...transaction.offsets);
    else aborted.push({ producerId: String(by), first: transaction.first, marker });
  };
  for (const one of steps) {
    if (one.what !== 'send') {
      finish(one.by, one.what);
      continue;
    }
    const offsets = append(one.by, one.keys, false);
    if (one.by === PLAIN) readable.push(...offsets);
    else {
      const transaction = open.get(one.by) ?? { first: offsets[0] ?? 0, offsets: [] };
      transaction.offsets.push(...offsets);
      open.set(one.by, transaction);
    }
  }
  for (const by of [...open.keys()]) finish(by, 'abort');
  const endOf = (to: number): number =>
    Math.max(
      0,
      ...batches.filter(([first]) => Number(first?.offset) < to).map((batch) => Number(batch.at(-1)?.offset) + 1),
    );
  return {
    readable: readable.sort((a, b) => a - b),
    /** A broker serves whole batches. */
    endOf,
    fetch: (from: number, to: number) =>
      new FetchedBatch('t', String(from), {
        partition: 0,
        highWatermark: String(next),
        // In the order of their ends, as they stand in the broker's index.
        abortedTransactions: aborted
          .filter(({ first, marker }) => marker >= from && first < endOf(to))
          .map(({ producerId, first }) => ({ producerId, firstOffset: String(first) })),
        messages: batches
          .filter((batch) => Number(batch.at(-1)?.offset) >= from && Number(batch[0]?.offset) < to)
          .flat(),
      }),
  };
}
