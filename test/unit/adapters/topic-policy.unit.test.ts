import {
  adviceOn,
  replicationAdvice,
  assumedOf,
  faultsIn,
  type TopicSettings,
  type TopicState,
} from '../../../src/adapters/topic-policy.ts';
import { readConfig } from '../../../src/config.ts';
import { dlqOf } from '../../../src/ports/topics.ts';

const config = readConfig({
  KAFKA_BROKERS: 'broker:9092',
  SCHEMA_REGISTRY_URL: 'http://registry',
  DATABASE_URL: 'postgres://database/licensing',
});
const { commands, users, userLookUps, events, rejections, entitlements } = config.topics;
const SOURCES = [commands, users, userLookUps];
const DAY = 24 * 60 * 60 * 1_000;
/** What a topic takes when nobody has said otherwise. */
const TAKES = 1_048_588;

test('topics with the defaults of the broker and of `topics create` fit', () => {
  expect(faultsWith({})).toEqual([]);
});

test('a codec that the broker changes is advice, and no fault', () => {
  for (const topic of SOURCES) {
    const changes = { [topic]: { compression: 'uncompressed' } };
    expect(faultsWith(changes)).toEqual([]);
    expect(adviceOn(statesWith(changes), config)).toEqual([
      expect.stringMatching(
        new RegExp(`${topic} .*compression.type is uncompressed.*--delete-config compression.type`),
      ),
    ]);
  }
  expect(adviceOn(statesWith({ [events]: { compression: 'lz4' } }), config)).toEqual([]);
});

describe('sizes', () => {
  test.each([
    ['its source takes', TAKES, 1_000_000],
    ['MAX_MESSAGE_BYTES is', 900_000, 1_000_000],
  ])('a DLQ topic takes 64 KB more than %s', (_, takes, maxMessageBytes) => {
    const largest = Math.max(takes, maxMessageBytes);
    const withLetters = (bytes: number): readonly string[] =>
      faultsWith(
        { [commands]: { maxMessageBytes: takes }, [dlqOf(commands)]: { maxMessageBytes: bytes } },
        { maxMessageBytes },
      );
    expect(withLetters(largest + 65_536)).toEqual([]);
    expect(withLetters(largest + 65_535)).toEqual([
      expect.stringMatching(
        new RegExp(`${dlqOf(commands)} .*MAX_MESSAGE_BYTES.*${largest + 65_536}.*max.message.bytes`),
      ),
    ]);
  });

  test('MAX_MESSAGE_BYTES can be raised once events, rejections and DLQ topics take it', () => {
    const maxMessageBytes = 2_000_000;
    const dlqs = SOURCES.map((topic) => [dlqOf(topic), { maxMessageBytes: maxMessageBytes + 65_536 }]);
    const answers = [events, rejections].map((topic) => [topic, { maxMessageBytes }]);
    expect(faultsWith(Object.fromEntries([...answers, ...dlqs]), { maxMessageBytes })).toEqual([]);
    expect(faultsWith(Object.fromEntries(answers), { maxMessageBytes })).toHaveLength(3);
    expect(faultsWith(Object.fromEntries(dlqs), { maxMessageBytes })).toHaveLength(2);
  });
});

test('who dates the records of a source topic is advice, and no fault', () => {
  expect(adviceOn(statesWith({}), config)).toEqual([]);
  for (const topic of SOURCES) {
    const changes = { [topic]: { timestampType: 'CreateTime' } };
    expect(faultsWith(changes)).toEqual([]);
    expect(adviceOn(statesWith(changes), config)).toEqual([
      expect.stringMatching(new RegExp(`${topic} .*CreateTime.*message.timestamp.type=LogAppendTime`)),
    ]);
    // Of what is not there, only that is said.
    const gone = statesWith(changes).map((state) => ({ ...state, partitions: 0 }));
    expect(adviceOn(gone, config)).toEqual([]);
  }
});

describe('retention', () => {
  test('the inbox remembers longer than a record can stand in a segment that is written to for long', () => {
    const inboxRetention = 14 * DAY;
    expect(faultsWith({}, { inboxRetention: inboxRetention + 1 })).toEqual([]);
    expect(faultsWith({}, { inboxRetention })).toEqual(
      SOURCES.map((topic) =>
        expect.stringMatching(
          new RegExp(`${topic} .*retention.ms ${7 * DAY} and segment.ms ${7 * DAY}.*INBOX_RETENTION_MS is ${14 * DAY}`),
        ),
      ),
    );
  });

  test('no inbox remembers longer than for ever', () => {
    expect(faultsWith({ [users]: { retention: Number.POSITIVE_INFINITY } })).toEqual([
      expect.stringMatching(/users.*for ever \(retention\.ms -1\).*INBOX_RETENTION_MS/),
    ]);
  });

  test('what is only written may be kept for as long as one likes', () => {
    const kept = { retention: Number.POSITIVE_INFINITY };
    expect(faultsWith({ [events]: kept, [rejections]: kept, [dlqOf(commands)]: kept })).toEqual([]);
  });
});

describe('cleanup', () => {
  test.each([
    ['compact', ['compact'], /cleanup.policy is compact\).*must be delete/],
    ['compact,delete', ['compact', 'delete'], /cleanup.policy is compact,delete\).*must be delete/],
    ['delete,compact', ['delete', 'compact'], /cleanup.policy is delete,compact\).*must be delete/],
    ['empty', [], /for ever \(cleanup.policy is empty\).*must be delete/],
  ])('a source topic must not be %s', (_, cleanup, said) => {
    for (const topic of SOURCES) expect(faultsWith({ [topic]: { cleanup } })).toEqual([expect.stringMatching(said)]);
  });

  test('what is only written may be compacted', () => {
    expect(faultsWith({ [events]: { cleanup: ['compact'] }, [dlqOf(users)]: { cleanup: [] } })).toEqual([]);
  });
});

test.each([[['delete']], [['compact', 'delete']], [[]]])(
  'the topic of entitlements is compacted and nothing else, not %j',
  (cleanup) => {
    expect(faultsWith({ [entitlements]: { cleanup } })).toEqual([
      expect.stringMatching(new RegExp(`^topic ${entitlements} .*cleanup.policy must be compact$`)),
    ]);
  },
);

test('of settings that can not be read, it is said what is assumed; the others are checked', () => {
  const states = statesWith({ [users]: { cleanup: ['compact'] } }).map((state) =>
    state.topic === commands || state.topic === dlqOf(commands) ? { ...state, settings: 'not authorized' } : state,
  );
  expect(faultsIn(states, config)).toEqual([expect.stringContaining(users)]);
  expect(adviceOn(states, config)).toEqual([]);
  expect(assumedOf(states, config)).toEqual([
    expect.stringMatching(
      new RegExp(
        `^the settings of ${commands}, ${dlqOf(commands)} can't be read \\(not authorized\\): assumed .*INBOX_RETENTION_MS`,
      ),
    ),
  ]);
  expect(assumedOf(statesWith({}), config)).toEqual([]);
});

describe('of a topic that takes nothing without all replicas', () => {
  const strict = (inSyncReplicas: number, replicas = 3): readonly TopicState[] =>
    statesWith({ [events]: { minInSyncReplicas: 3 } }).map((state) => ({ ...state, replicas, inSyncReplicas }));

  test('it is said what is to come, and when a broker is missing, that it takes nothing', () => {
    expect(replicationAdvice(statesWith({}))).toEqual([]);
    expect(replicationAdvice(strict(3))).toEqual([
      expect.stringMatching(`^topic ${events} takes nothing as soon as one broker is down: .*min.insync.replicas=2`),
    ]);
    expect(replicationAdvice(strict(2))).toEqual([
      expect.stringMatching(
        `^topic ${events} takes nothing at the moment: 2 of its 3 replicas are in sync, and min.insync.replicas is 3`,
      ),
    ]);
  });

  test('on one broker nothing is said', () => {
    expect(replicationAdvice(strict(1, 1))).toEqual([]);
  });
});

/** @param changes to topics that fit, by name */
function faultsWith(
  changes: Readonly<Record<string, Partial<TopicSettings>>>,
  settings: Partial<typeof config> = {},
): readonly string[] {
  return faultsIn(statesWith(changes), { ...config, ...settings });
}

function statesWith(changes: Readonly<Record<string, Partial<TopicSettings>>>): readonly TopicState[] {
  return [...SOURCES, events, rejections, entitlements, ...SOURCES.map(dlqOf)].map((topic) => ({
    topic,
    partitions: 12,
    replicas: 3,
    inSyncReplicas: 3,
    settings: {
      minInSyncReplicas: 2,
      retention: 7 * DAY,
      segmentTime: 7 * DAY,
      maxMessageBytes: topic.endsWith('.dlq') ? TAKES + 65_536 : TAKES,
      compression: 'producer',
      timestampType: SOURCES.includes(topic) ? 'LogAppendTime' : 'CreateTime',
      cleanup: [topic === entitlements ? 'compact' : 'delete'],
      ...changes[topic],
    },
  }));
}
