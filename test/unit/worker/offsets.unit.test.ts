import type { Batch, Consumer, TopicPartition } from '../../../src/ports/consumer.ts';
import type { Telemetry } from '../../../src/ports/telemetry.ts';
import type { Queued } from '../../../src/worker/lane.ts';
import { Offsets } from '../../../src/worker/offsets.ts';

const PLACE: TopicPartition = { topic: 't', partition: 0 };

/** Offsets over a group that remembers what is committed. */
function given(): { offsets: Offsets; committed: number[]; fail: (error: Error | undefined) => void } {
  const committed: number[] = [];
  let failure: Error | undefined;
  const consumer: Consumer = {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    pause: () => undefined,
    resume: () => undefined,
    commit: (all) => {
      if (failure) return Promise.reject(failure);
      committed.push(...all.map(({ offset }) => offset));
      return Promise.resolve();
    },
  };
  const silent: Telemetry = {
    count: () => undefined,
    deadLetter: () => undefined,
    userUnknown: () => undefined,
    waiting: () => undefined,
    recovered: () => undefined,
  };
  const offsets = new Offsets(consumer, silent);
  offsets.assigned();
  return { offsets, committed, fail: (error) => (failure = error) };
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
