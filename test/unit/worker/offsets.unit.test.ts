import { NO_HEADERS } from '../../../src/adapters/record-headers.ts';
import fc from 'fast-check';
import type { Batch, Consumer, TopicPartition } from '../../../src/ports/consumer.ts';
import type { Telemetry } from '../../../src/ports/telemetry.ts';
import type { Queued } from '../../../src/worker/intake/lane-queue.ts';
import { Offsets } from '../../../src/worker/intake/offsets.ts';
import { Gate } from '../../support/faults.ts';
import { silentTelemetry } from '../../support/telemetry.ts';

const PLACE: TopicPartition = { topic: 't', partition: 0 };

/** Offsets over a group that remembers what is committed. */
function given(heard: Partial<Telemetry> = {}): {
  readonly offsets: Offsets;
  readonly committed: number[];
  readonly fail: (error: Error | undefined) => void;
  /** Commits get no answer from now on, until the gate opens. */
  readonly hang: () => Gate;
} {
  const committed: number[] = [];
  let failure: Error | undefined;
  let gate: Gate | undefined;
  const consumer: Consumer = {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    pause: () => undefined,
    resume: () => undefined,
    seek: () => undefined,
    committed: async () => [],
    beginnings: async () => [],
    commit: async (all) => {
      if (failure) throw failure;
      committed.push(...all.map(({ offset }) => offset));
      await gate?.pass();
    },
  };
  const offsets = new Offsets(consumer, silentTelemetry(heard));
  offsets.assigned();
  return { offsets, committed, fail: (error) => (failure = error), hang: () => (gate = new Gate()) };
}

function batch(nextOffset: number): Batch {
  return { ...PLACE, messages: [], nextOffset, stableOffset: nextOffset, endOffset: nextOffset };
}

function queued(nextOffset: number, epoch: number): Queued {
  const received = { ...PLACE, offset: nextOffset - 1, timestamp: 0, key: null, value: null, headers: NO_HEADERS };
  return { received, nextOffset, epoch };
}

test('a stretch without messages is committed at once when nothing is pending, and each position once', async () => {
  const { offsets, committed } = given();
  offsets.pass(batch(0));
  await offsets.commit();
  offsets.pass(batch(0));
  await offsets.commit();
  offsets.pass(batch(3));
  await offsets.commit();
  expect(committed).toEqual([0, 3]);
});

test('a stretch without messages waits for what is pending before it: it is committed when the next fetch tells of it', async () => {
  const { offsets, committed } = given();
  offsets.take(batch(150));
  offsets.pass(batch(151));
  offsets.finish([queued(50, offsets.currentEpoch)]);
  offsets.pass(batch(151));
  await offsets.commit();
  offsets.finish([queued(150, offsets.currentEpoch)]);
  offsets.pass(batch(151));
  await offsets.commit();
  expect(committed).toEqual([50, 151]);
});

test('a position is committed anew after a join, where nobody knows what the group has', async () => {
  const { offsets, committed } = given();
  offsets.pass(batch(7));
  offsets.assigned();
  await offsets.commit();
  expect(committed).toEqual([]);
  offsets.pass(batch(7));
  await offsets.commit();
  expect(committed).toEqual([7]);
});

test('what is pending at a join holds nothing back afterwards: it comes again', async () => {
  const { offsets, committed } = given();
  offsets.take(batch(150));
  offsets.assigned();
  offsets.pass(batch(50));
  await offsets.commit();
  expect(committed).toEqual([50]);
});

/** What may happen to a partition that is written as numbers from 0 on: `m` a message, `c` a control record. */
const event = fc.oneof(
  fc.record({ what: fc.constant('fetch' as const), length: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ what: fc.constant('finish' as const), length: fc.integer({ min: 1, max: 5 }) }),
  fc.constant({ what: 'commit' as const, length: 0 }),
  fc.constant({ what: 'join' as const, length: 0 }),
);

test('nothing is committed that a lane has not finished, nothing goes back, and in the end all is', async () => {
  const records = fc.array(fc.constantFrom('m', 'c'), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(records, fc.array(event, { maxLength: 40 }), async (partition, events) => {
      const { offsets, committed } = given();
      let [position, waiting]: [number, Queued[]] = [0, []];
      const fetch = (length: number): void => {
        const stretch = partition.slice(position, position + length).map((kind, i) => ({ kind, offset: position + i }));
        position += stretch.length;
        const messages = stretch.filter(({ kind }) => kind === 'm');
        if (messages.length === 0) {
          offsets.pass(batch(position));
          return;
        }
        offsets.take(batch(position));
        waiting.push(...messages.map((_, i) => queued(messages[i + 1]?.offset ?? position, offsets.currentEpoch)));
      };
      const finish = (length: number): void => {
        const some = waiting.splice(0, length);
        offsets.finish(some);
      };
      const commit = async (): Promise<void> => {
        const before = committed.at(-1) ?? 0;
        await offsets.commit();
        const after = committed.at(-1) ?? 0;
        expect(after).toBeGreaterThanOrEqual(before);
        for (const { nextOffset } of waiting) expect(after).toBeLessThan(nextOffset);
      };
      for (const { what, length } of events) {
        if (what === 'fetch') fetch(length);
        else if (what === 'finish') finish(length);
        else if (what === 'commit') await commit();
        else {
          offsets.assigned();
          [position, waiting] = [committed.at(-1) ?? 0, []];
        }
      }
      fetch(partition.length);
      finish(partition.length);
      fetch(0);
      await commit();
      expect(committed.at(-1)).toBe(partition.length);
    }),
    { numRuns: 1_000 },
  );
});

test('a commit that failed is not waited for any longer when the assignment is over', async () => {
  const told: string[] = [];
  const { offsets, fail } = given({
    waiting: (what) => void told.push(`waiting ${what}`),
    waitEnded: (what) => void told.push(`ended ${what}`),
  });
  told.length = 0;
  offsets.finish([queued(10, offsets.currentEpoch)]);
  fail(new Error('no coordinator'));
  await offsets.commit();
  offsets.assigned();
  expect(told).toEqual(['waiting offset commit', 'ended offset commit']);
});

test('what was finished under an assignment before is not committed under the next', async () => {
  const { offsets, committed } = given();
  const before = offsets.currentEpoch;
  offsets.assigned();
  offsets.finish([queued(10, before)]);
  await offsets.commit();
  expect(committed).toEqual([]);
});

test('a commit that fails is made again, and never goes back behind what is finished since', async () => {
  const { offsets, committed, fail } = given();
  offsets.finish([queued(10, offsets.currentEpoch)]);
  fail(new Error('no coordinator'));
  await offsets.commit();
  fail(undefined);
  await offsets.commit();
  offsets.finish([queued(20, offsets.currentEpoch)]);
  await offsets.commit();
  await offsets.commit();
  expect(committed).toEqual([10, 20]);
});

test('while one commit hangs, all who ask wait for one more, which takes all that is finished by then', async () => {
  const { offsets, committed, hang } = given();
  const gate = hang();
  offsets.finish([queued(10, offsets.currentEpoch)]);
  const first = offsets.commit();
  await gate.reached;
  const others: Promise<void>[] = [];
  for (const offset of [20, 30, 40]) {
    offsets.finish([queued(offset, offsets.currentEpoch)]);
    others.push(offsets.commit());
  }
  expect(committed).toEqual([10]);
  gate.open();
  await Promise.all([first, ...others]);
  expect(committed).toEqual([10, 40]);
});
