import { dlqOf, type Topics } from '../ports/topics.ts';
import { toJson, toLine } from './message-text.ts';
import { typesNamed } from './message-types.ts';
import { openContainer } from './open-container.ts';
import { reachKafka, reachRegistry } from './reachable.ts';
import { configFor } from './settings.ts';
import { TopicReader, type ReadMessage } from './topic-reader.ts';
import { printPatiently, UsageError, type Call, type Verb } from './verb.ts';

const CHOICES = ['events', 'rejections', 'entitlements', 'dead-letters', 'commands', 'users', 'all'] as const;
type Choice = (typeof CHOICES)[number];

export const tail: Verb = {
  help: `
licensing tail [--topic TOPIC]... [--from beginning|end] [--key KEY] [--type TYPE] [--count N] [--json]

Without options: events, rejections and dead letters from now on, until Ctrl-C. Reads as nobody: no offsets are committed.

  --topic   ${CHOICES.join(', ')}; may be given several times
  --from    beginning: all that the topics still keep; end (default): what comes from now on
  --key     only messages with this key: the tenant's id, for users the user's, for entitlements TENANT/SUBDIVISION
  --type    only messages of this type, by its full or its short name
  --count   ends after so many messages
  --json    one JSON object a line: topic, partition, offset, timestamp, key, headers, type, data; what can't be decoded has
            value (base64) in place of data

Needs KAFKA_BROKERS and SCHEMA_REGISTRY_URL.`,
  options: {
    topic: { type: 'string', multiple: true },
    from: { type: 'string' },
    key: { type: 'string' },
    type: { type: 'string' },
    count: { type: 'string' },
    json: { type: 'boolean' },
  },

  async run(call) {
    const wanted = wantedOf(call);
    const config = configFor(call.environment, ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL']);
    const { cradle } = openContainer(config);
    await Promise.all([reachKafka(cradle), reachRegistry(cradle)]);
    const stop = new AbortController();
    const end = (): void => stop.abort();
    process.once('SIGINT', end).once('SIGTERM', end);
    process.stdout.once('error', end); // `| head` has seen enough
    let left = wanted.count;
    const reader = new TopicReader(cradle);
    await reader.follow({
      topics: wanted.topics(config.topics),
      from: wanted.from,
      signal: stop.signal,
      onRecord: async (record) => {
        const message = await reader.read(record);
        if (!wanted.matches(message)) return;
        await printPatiently(wanted.json ? toJson(message) : toLine(message, config.topics));
        left -= 1;
        if (left === 0) stop.abort();
      },
    });
    return 0;
  },
};

interface Wanted {
  readonly topics: (topics: Topics) => readonly string[];
  readonly from: 'beginning' | 'end';
  readonly matches: (message: ReadMessage) => boolean;
  readonly count: number;
  readonly json: boolean;
}

function wantedOf({ positionals, values }: Call): Wanted {
  if (positionals.length > 0) throw new UsageError(`expected options only, got '${positionals.join(' ')}'`);
  const { topic, from = 'end', key, type, count, json } = values;
  const choices = Array.isArray(topic) ? topic.map((one) => oneOf('--topic', String(one), CHOICES)) : undefined;
  const types = typeof type === 'string' ? typesNamed(type) : undefined;
  const wantedKey = typeof key === 'string' ? key.toLowerCase() : undefined;
  return {
    topics: (topics) => [
      ...new Set((choices ?? ['events', 'rejections', 'dead-letters']).flatMap((choice) => topicsOf(choice, topics))),
    ],
    from: oneOf('--from', String(from), ['beginning', 'end']),
    matches: (message) =>
      (types === undefined || (message.type !== undefined && types.includes(message.type))) &&
      (wantedKey === undefined || message.key?.toLowerCase() === wantedKey),
    count: count === undefined ? Number.POSITIVE_INFINITY : positive('--count', String(count)),
    json: json === true,
  };
}

function topicsOf(choice: Choice, topics: Topics): readonly string[] {
  const { commands, users, userLookUps, events, rejections, entitlements } = topics;
  const deadLetters = [commands, users, userLookUps].map(dlqOf);
  switch (choice) {
    case 'dead-letters':
      return deadLetters;
    case 'all':
      return [commands, users, userLookUps, events, rejections, entitlements, ...deadLetters];
    default:
      return [topics[choice]];
  }
}

function oneOf<Word extends string>(option: string, value: string, words: readonly Word[]): Word {
  const word = words.find((one) => one === value);
  if (word === undefined) throw new UsageError(`${option} is '${value}'; expected one of: ${words.join(', ')}`);
  return word;
}

function positive(option: string, value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new UsageError(`${option} is '${value}'; expected a whole number from 1`);
  }
  return number;
}
