import fc from 'fast-check';
import type { Message, TopicMessages } from 'kafkajs';
import { acknowledgedOf } from '../../../src/adapters/kafkajs/acknowledgements.ts';
import { GivenCluster, NOT_ENOUGH_REPLICAS, NOT_LEADER, TOO_LARGE, toPartition } from './given-cluster.ts';

const ALL = -1;

function events(...messages: readonly Message[]): readonly TopicMessages[] {
  return [{ topic: 'e', messages: [...messages] }];
}

/** Partition 0 is led by node 1, and partition 1 by node 2 until node 1 has answered. */
function leadershipMoves(): GivenCluster {
  const cluster = new GivenCluster();
  cluster.leaders.set('e/1', 2);
  cluster.onProduce = (node) => {
    if (node === 1) cluster.leaders.set('e/1', 1);
  };
  return cluster;
}

test('a partition whose leadership moves to a broker that has answered is sent to it', async () => {
  const cluster = leadershipMoves();
  await cluster.sender()({ acks: ALL, topicMessages: events(...toPartition(0, 'a'), ...toPartition(1, 'b')) });
  expect(cluster.taken).toEqual(['1: e/0 a', '1: e/1 b']);
});

test('of an answer in which one partition is refused, the others are not sent again', async () => {
  const cluster = new GivenCluster();
  cluster.refusals.set('e/1', [NOT_ENOUGH_REPLICAS, NOT_ENOUGH_REPLICAS]);
  const topicMessages = events(...toPartition(0, 'a', 'b'), ...toPartition(1, 'c', 'd'));
  await cluster.sender()({ acks: ALL, topicMessages });
  expect(cluster.taken).toEqual(['1: e/0 a b', '1: e/1 c d']);
});

test('a send that fails tells what was acknowledged nevertheless', async () => {
  const cluster = new GivenCluster();
  cluster.refusals.set('e/1', [TOO_LARGE]);
  const topicMessages = events(...toPartition(0, 'a'), ...toPartition(1, 'b'));
  const failure: unknown = await cluster
    .sender()({ acks: ALL, topicMessages })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ type: 'MESSAGE_TOO_LARGE' });
  expect(acknowledgedOf(failure)).toMatchObject([{ topic: 'e', partition: 0, messages: [{ value: 'a' }] }]);
});

test('a partition that nobody leads holds back no other one, and is sent once somebody does', async () => {
  const cluster = new GivenCluster();
  cluster.leaders.set('e/1', -1);
  const topicMessages = events(...toPartition(0, 'a'), ...toPartition(1, 'b'));
  const failure: unknown = await cluster
    .sender({ retries: 2 })({ acks: ALL, topicMessages })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ cause: { type: 'LEADER_NOT_AVAILABLE' } });
  expect(cluster.taken).toEqual(['1: e/0 a']);
  cluster.leaders.set('e/1', 2);
  await cluster.sender()({ acks: ALL, topicMessages: events(...toPartition(1, 'b')) });
  expect(cluster.taken).toEqual(['1: e/0 a', '2: e/1 b']);
});

test('a partition that the answer leaves out is not acknowledged', async () => {
  const cluster = new GivenCluster();
  cluster.silentOn.add('e/1');
  const topicMessages = events(...toPartition(0, 'a'), ...toPartition(1, 'b'));
  const sent = cluster.sender({ retries: 1 })({ acks: ALL, topicMessages });
  await expect(sent).rejects.toThrow("the broker's answer leaves out partition 1 of e");
});

/** More than what is not the value of a record. */
const LARGE = 1_000;

/** Messages of this many bytes each, told apart by their beginning. */
function large(partition: number, ...texts: readonly string[]): readonly Message[] {
  return toPartition(partition, ...texts.map((text) => `${text.padEnd(8)}${'.'.repeat(LARGE - 8)}`));
}

function textsOf({ taken }: GivenCluster, place: string): readonly (readonly string[])[] {
  const batches = taken.map((one) => one.split(/ +/)).filter(([, where]) => where === place);
  return batches.map(([, , ...texts]) => texts.filter((text) => text !== ''));
}

test('what a topic refuses as too large goes in smaller batches, in order, once; and so does what comes later, at once', async () => {
  const cluster = new GivenCluster();
  cluster.takes.set('e', 3 * LARGE);
  const send = cluster.sender();
  const texts = Array.from({ length: 10 }, (_, i) => `a${i}`);
  const topicMessages = [
    { topic: 'e', messages: [...large(0, ...texts), ...large(1, 'b0', 'b1')] },
    { topic: 'f', messages: [...large(0, ...texts)] },
  ];
  const told = await send({ acks: ALL, topicMessages });
  expect(textsOf(cluster, 'e/0').flat()).toEqual(texts);
  expect([textsOf(cluster, 'e/1'), textsOf(cluster, 'f/0')]).toEqual([[['b0', 'b1']], [texts]]);
  expect(acknowledgedOf(told).flatMap(({ messages }) => messages)).toHaveLength(22);
  const { tooLarge } = cluster;
  cluster.taken.length = 0;
  await send({ acks: ALL, topicMessages });
  expect(cluster.tooLarge).toBe(tooLarge);
  expect(textsOf(cluster, 'e/0').flat()).toEqual(texts);
  expect(textsOf(cluster, 'e/0').length).toBeLessThan(10);
});

test('a single message that is too large is refused when those before it have arrived, and none overtakes it', async () => {
  const cluster = new GivenCluster();
  cluster.takes.set('e', 3 * LARGE);
  const [huge] = toPartition(0, '!'.repeat(4 * LARGE));
  const messages = [...large(0, 'a', 'b', 'c'), ...(huge ? [huge] : []), ...large(0, 'd'), ...large(1, 'e', 'f')];
  const failure: unknown = await cluster
    .sender()({ acks: ALL, topicMessages: events(...messages) })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ type: 'MESSAGE_TOO_LARGE', retriable: false });
  expect([textsOf(cluster, 'e/0').flat(), textsOf(cluster, 'e/1').flat()]).toEqual([
    ['a', 'b', 'c'],
    ['e', 'f'],
  ]);
  expect(acknowledgedOf(failure).flatMap((share) => share.messages)).toHaveLength(5);
});

test('whatever moves and whatever is refused, a send that resolves has put each message into its partition, once, in order', async () => {
  const node = fc.integer({ min: 1, max: 3 });
  const place = fc.constantFrom('e/0', 'e/1', 'e/2', 'f/0', 'f/1');
  const moves = fc.array(fc.tuple(place, node), { maxLength: 12 });
  const refusals = fc.array(fc.tuple(place, fc.constantFrom(NOT_LEADER, NOT_ENOUGH_REPLICAS)), { maxLength: 6 });
  const partitions = fc.array(fc.tuple(fc.constantFrom('e', 'f'), fc.integer({ min: 0, max: 2 })), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(moves, refusals, partitions, async (moving, refused, places) => {
      const cluster = new GivenCluster();
      cluster.takes.set('f', 2);
      for (const [where, code] of refused) {
        cluster.refusals.set(where, [...(cluster.refusals.get(where) ?? []), code]);
      }
      cluster.onProduce = () => {
        const [where, to] = moving.shift() ?? [];
        if (where !== undefined && to !== undefined) cluster.leaders.set(where, to);
      };
      const messages = places.map(([topic, partition], i) => ({ topic, message: { partition, value: String(i) } }));
      const topicMessages = [...Map.groupBy(messages, ({ topic }) => topic)].map(([topic, some]) => ({
        topic,
        messages: some.map(({ message }) => message),
      }));
      const told = await cluster.sender({ retries: 100 })({ acks: ALL, topicMessages });
      const expected = Map.groupBy(messages, ({ topic, message }) => `${topic}/${message.partition}`);
      for (const [name, some] of expected) {
        expect(textsOf(cluster, name).flat()).toEqual(some.map(({ message }) => message.value));
      }
      expect(acknowledgedOf(told).flatMap((share) => share.messages)).toHaveLength(messages.length);
    }),
  );
});
