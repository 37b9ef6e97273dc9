import { lagReport, type Look } from '../../../src/cli/lag-report.ts';
import { durationText, lagJson, lagLines } from '../../../src/cli/lag-text.ts';
import type { GroupDescription, GroupProgress } from '../../../src/ports/consumer-group.ts';

const TOPIC = 'licensing.commands.v1';
const MEMBER = {
  ...{ memberId: 'licensing-0190b4a5-7f65-7000-8000-000000000001', clientId: 'licensing', host: '10.0.0.7' },
  partitions: [{ topic: TOPIC, partition: 0 }],
};
const STABLE: GroupDescription = { state: 'stable', members: [MEMBER] };

function look(at: number, progress: readonly Partial<GroupProgress>[], group = STABLE): Look {
  return {
    ...{ at, group, leaderless: [] },
    progress: progress.map((one, partition) => ({
      ...{ topic: TOPIC, partition, begin: 0, end: 0, committed: undefined },
      ...one,
    })),
  };
}

test('lag is what is kept and not handled', () => {
  const { partitions, lag } = lagReport(
    look(0, [
      { end: 10, committed: 4 },
      { begin: 3, end: 10 },
      { begin: 6, end: 10, committed: 4 },
      { end: 10, committed: 12 },
    ]),
  );
  expect(partitions.map((one) => one.lag)).toEqual([6, 7, 4, 0]);
  expect(lag).toBe(17);
  expect(partitions.map(({ deletedUnread }) => deletedUnread)).toEqual([0, 0, 2, 0]);
  expect(partitions.map(({ isOfAnotherTopic }) => isOfAnotherTopic)).toEqual([false, false, false, true]);
});

test('a partition is held by the member that it was assigned to, or by nobody', () => {
  const { partitions } = lagReport(look(0, [{}, {}]));
  expect(partitions.map(({ heldBy }) => heldBy?.memberId)).toEqual([MEMBER.memberId, undefined]);
});

test('two looks tell the pace, and how long it takes until nothing waits', () => {
  const before = look(1_000, [
    { end: 1_000, committed: 0 },
    { end: 10, committed: 10 },
  ]);
  const after = look(3_000, [
    { end: 1_200, committed: 400 },
    { end: 30, committed: 10 },
  ]);
  const { partitions, pace } = lagReport(after, before);
  expect(partitions.map((one) => one.pace)).toEqual([
    { done: 200, come: 100, secondsToZero: 8 },
    { done: 0, come: 10, secondsToZero: null },
  ]);
  expect(pace).toMatchObject({ done: 200, come: 110 });
  expect(pace?.secondsToZero).toBeCloseTo(820 / 90);
});

test('one look tells no pace, and neither does a partition that is new', () => {
  expect(lagReport(look(0, [{ end: 5 }])).pace).toBeUndefined();
  const { partitions, pace } = lagReport(look(2_000, [{ end: 5 }, { end: 7 }]), look(0, [{ end: 5 }]));
  expect([partitions[0]?.pace, partitions[1]?.pace, pace]).toEqual([
    { done: 0, come: 0, secondsToZero: null },
    undefined,
    undefined,
  ]);
});

test('what retention deletes unread is not done by anybody', () => {
  const report = lagReport(look(1_000, [{ begin: 50, end: 100, committed: 0 }]), look(0, [{ end: 100, committed: 0 }]));
  expect(report.partitions[0]).toMatchObject({ lag: 50, deletedUnread: 50 });
});

test('a person reads who holds what, and what is out of the ordinary', () => {
  const report = lagReport(
    look(2_000, [
      { begin: 3, end: 30, committed: 1 },
      { end: 4, committed: 9 },
    ]),
    look(0, [{ begin: 3, end: 10, committed: 1 }, { end: 4 }]),
  );
  expect(lagLines('worker', report)).toEqual([
    'group worker: stable, 1 member, lag 27',
    '',
    'TOPIC                  PARTITION  COMMITTED  END  LAG  DONE/S  IN/S  TO ZERO  HELD BY',
    'licensing.commands.v1  0          1          30   27   0       10    never    licensing 0190b4a5 at 10.0.0.7',
    'licensing.commands.v1  1          9          4    0    5       0     0 s      nobody',
    'total                                             27   5       10    never',
    '',
    'licensing.commands.v1/0: retention has deleted 2 messages that were not handled.',
    'licensing.commands.v1/1 ends at 4, before the committed 9: the topic was made anew.',
  ]);
});

test.each([
  ['empty', /^group worker: empty, 0 members, lag 5[^]*No worker is in the group/],
  ['dead', /There is no such group/],
  ['rebalancing', /nobody reads until all of its members have joined again/],
] as const)('a group that is %s is told so', (state, says) => {
  expect(lagLines('worker', lagReport(look(0, [{ end: 5 }], { state, members: [] }))).join('\n')).toMatch(says);
});

test('a program reads the same, with null where nothing is known', () => {
  const report = lagReport(look(2_000, [{ end: 30 }, { end: 4, committed: 4 }]), look(0, [{ end: 10 }, { end: 4 }]));
  expect(JSON.parse(lagJson('worker', Date.UTC(2027, 0, 1), report))).toEqual({
    ...{ time: '2027-01-01T00:00:00.000Z', group: 'worker', state: 'stable', lag: 30 },
    ...{ donePerSecond: 2, inPerSecond: 10, secondsToZero: null },
    members: [{ memberId: MEMBER.memberId, clientId: 'licensing', host: '10.0.0.7', partitions: 1 }],
    partitions: [
      {
        ...{ topic: TOPIC, partition: 0, begin: 0, end: 30, committed: null, lag: 30, deletedUnread: 0 },
        ...{ memberId: MEMBER.memberId, donePerSecond: 0, inPerSecond: 10, secondsToZero: null },
      },
      {
        ...{ topic: TOPIC, partition: 1, begin: 0, end: 4, committed: 4, lag: 0, deletedUnread: 0 },
        ...{ memberId: null, donePerSecond: 2, inPerSecond: 0, secondsToZero: 0 },
      },
    ],
    leaderless: [],
  });
});

test('a partition that nobody leads is told, and counts nowhere', () => {
  const report = lagReport({ ...look(0, [{ end: 5 }]), leaderless: [{ topic: TOPIC, partition: 1 }] });
  expect(lagLines('worker', report)).toEqual([
    'group worker: stable, 1 member, lag 5',
    '',
    ...[
      expect.stringMatching(/^TOPIC/),
      expect.stringMatching(/^licensing.commands.v1 +0/),
      expect.stringMatching(/^total/),
    ],
    '',
    'licensing.commands.v1/1: nobody leads it, so its lag is not known.',
  ]);
  expect(JSON.parse(lagJson('worker', 0, report))).toMatchObject({
    ...{ lag: 5, partitions: [{ partition: 0 }], leaderless: [{ topic: TOPIC, partition: 1 }] },
  });
});

test.each([
  [0, '0 s'],
  [0.2, '1 s'],
  [59, '59 s'],
  [61, '1 min 1 s'],
  [7_260, '2 h 1 min'],
  [90_000, '1 d 1 h'],
  [null, 'never'],
])('%s seconds are told as %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});
