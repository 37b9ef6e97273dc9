import { encodeHeaders } from '../../../src/adapters/record-headers.ts';
import { KeyPlacement } from '../../../src/adapters/key-placement.ts';
import type { ReceivedMessage } from '../../../src/ports/messages.ts';
import { partitionOf } from '../../oracle/identity.ts';
import { until } from './given.ts';

const KEYS = Array.from({ length: 100 }, (_, i) => `key ${i}`);

test('what lies where murmur2 puts its key is right, and what has no key lies anywhere', async () => {
  const { placement, asked, misplaced } = given([12]);
  placement.check(KEYS.map((key) => message(key, partitionOf(key, 12))));
  placement.check([message(null, 5)]);
  await until(() => asked.length > 0);
  placement.check(KEYS.map((key) => message(key, partitionOf(key, 12))));
  expect(misplaced()).toEqual([]);
  expect(asked).toEqual(['commands']);
});

test('what lies elsewhere is told by its source, in number and where it belongs', async () => {
  const { placement, misplaced } = given([12]);
  const elsewhere = (partitionOf('key 1', 12) + 1) % 12;
  placement.check([
    message('key 1', elsewhere, 7),
    message('key 1', elsewhere, 8),
    message('key 2', partitionOf('key 2', 12)),
  ]);
  await until(() => misplaced().length > 0);
  const where = { topic: 'commands', partition: elsewhere, belongsTo: partitionOf('key 1', 12) };
  expect(misplaced()).toEqual([{ ...where, offset: 7, id: '7', source: 'shop', traceparent: null, messages: 2 }]);
});

test('partitions that were added meanwhile are no mistake of a producer, nor is what was written before', async () => {
  const { placement, asked, misplaced } = given([12, 18]);
  placement.check(KEYS.map((key) => message(key, partitionOf(key, 12))));
  await until(() => asked.length === 1);
  placement.check(KEYS.map((key) => message(key, partitionOf(key, 18))));
  await until(() => asked.length === 2);
  placement.check(KEYS.map((key) => message(key, partitionOf(key, 12))));
  await until(() => asked.length === 3);
  expect(misplaced()).toEqual([]);
});

test('a broker that does not say leaves nobody accused', async () => {
  const { placement, asked, misplaced } = given([new Error('away'), 12]);
  const wrong = message('key 1', (partitionOf('key 1', 12) + 1) % 12);
  placement.check([wrong]);
  await until(() => asked.length === 1);
  expect(misplaced()).toEqual([]);
  placement.check([wrong]);
  await until(() => misplaced().length === 1);
});

/** @param counts what the broker says, one answer after the other; the last one from then on */
function given(counts: readonly (number | Error)[]) {
  const asked: string[] = [];
  const told: unknown[] = [];
  let time = 0;
  const placement = new KeyPlacement({
    // Each look at it is half a minute later.
    now: () => (time += 30_000),
    partitionsOf: async (topic) => {
      asked.push(topic);
      const answer = counts[Math.min(asked.length, counts.length) - 1] ?? 0;
      if (answer instanceof Error) throw answer;
      return answer;
    },
    aboutOf: ({ offset }) => ({ id: `${offset}`, source: 'shop', traceparent: null }),
    telemetry: { misplaced: (messages) => void told.push(messages) },
  });
  return { placement, asked, misplaced: () => told };
}

function message(key: string | null, partition: number, offset = 0): ReceivedMessage {
  const at = { topic: 'commands', partition, offset, timestamp: 0 };
  return {
    ...at,
    key: key === null ? null : Buffer.from(key),
    value: null,
    headers: encodeHeaders([['ce_source', 'shop']]),
  };
}
