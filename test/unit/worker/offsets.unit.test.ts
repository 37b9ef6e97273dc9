import type { Batch, Consumer, TopicPartition } from '../../../src/ports/consumer.ts';
import type { Telemetry } from '../../../src/ports/telemetry.ts';
import type { Queued } from '../../../src/worker/lane-queue.ts';
import { Offsets } from '../../../src/worker/offsets.ts';
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

function batch(from: number, to: number): Batch {
  return { ...PLACE, messages: [], fetchedOffset: from, nextOffset: to };
}

function queued(nextOffset: number, epoch: number): Queued {
  const received = { ...PLACE, offset: nextOffset - 1, timestamp: 0, key: null, value: null, headers: {} };
  return { received, nextOffset, epoch };
}

test('a late answer to a fetch from before the join is refused: taking it would skip what the join dropped', () => {
  const { offsets } = given();
  offsets.take(batch(0, 150));
  offsets.finish([queued(50, offsets.currentEpoch)]);
  offsets.assigned();
  expect(offsets.admits(batch(150, 200))).toBe(false);
  expect(offsets.admits(batch(50, 150))).toBe(true);
  offsets.take(batch(50, 150));
  expect(offsets.admits(batch(150, 200))).toBe(true);
});

test('it is refused once only: another worker may have gone on to there meanwhile', () => {
  const { offsets } = given();
  offsets.take(batch(0, 150));
  offsets.assigned();
  expect(offsets.admits(batch(150, 200))).toBe(false);
  expect(offsets.admits(batch(150, 200))).toBe(true);
});

test('when all that was taken is finished, fetching goes on where it was', () => {
  const { offsets } = given();
  offsets.take(batch(0, 150));
  offsets.finish([queued(150, offsets.currentEpoch)]);
  offsets.assigned();
  expect(offsets.admits(batch(150, 200))).toBe(true);
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
