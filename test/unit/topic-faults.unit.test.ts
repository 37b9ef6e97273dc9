import { faultsIn } from '../../src/cli/topics.ts';
import { readConfig } from '../../src/config.ts';
import type { TopicState } from '../../src/container.ts';
import { dlqOf } from '../../src/ports/topics.ts';

const config = readConfig({
  KAFKA_BROKERS: 'broker:9092',
  SCHEMA_REGISTRY_URL: 'http://registry',
  DATABASE_URL: 'postgres://database/licensing',
});
const { commands, users, userLookUps, events, rejections } = config.topics;
const SOURCES = [commands, users, userLookUps];
const DAY = 24 * 60 * 60 * 1_000;
/** What a topic takes when nobody has said otherwise. */
const TAKES = 1_048_588;

test('topics with the defaults of the broker and of `topics create` fit', () => {
  expect(faultsWith({})).toEqual([]);
});

describe('codecs', () => {
  test.each(['uncompressed', 'gzip'])('a source topic may be %s', (compression) => {
    expect(faultsWith(Object.fromEntries(SOURCES.map((topic) => [topic, { compression }])))).toEqual([]);
  });

  test.each(['producer', 'lz4', 'snappy', 'zstd'])('a source topic must not be %s', (compression) => {
    for (const topic of SOURCES) {
      expect(faultsWith({ [topic]: { compression } })).toEqual([
        expect.stringMatching(
          new RegExp(`${topic} .*compression.type is ${compression}.*compression.type=uncompressed`),
        ),
      ]);
    }
  });

  test('what is only written may be anything', () => {
    expect(faultsWith({ [events]: { compression: 'lz4' }, [dlqOf(users)]: { compression: 'zstd' } })).toEqual([]);
  });
});

/** @param changes to topics that fit, by name */
function faultsWith(
  changes: Readonly<Record<string, Partial<TopicState>>>,
  settings: Partial<typeof config> = {},
): readonly string[] {
  const states = [...SOURCES, events, rejections, ...SOURCES.map(dlqOf)].map((topic) => ({
    topic,
    partitions: 12,
    retention: 7 * DAY,
    maxMessageBytes: topic.endsWith('.dlq') ? TAKES + 65_536 : TAKES,
    compression: SOURCES.includes(topic) ? 'uncompressed' : 'producer',
    compactedOnly: false,
    ...changes[topic],
  }));
  return faultsIn(states, { ...config, ...settings });
}
