import { dlqOf, type Topics } from '../ports/topics.ts';
import { toJson, toLine } from './message-text.ts';
import { typesNamed } from './message-types.ts';
import { openContainer } from './open-container.ts';
import { reachKafka, reachRegistry } from './reachable.ts';
import { configFor } from './settings.ts';
import { stopSignal, unlessStopped } from './stop.ts';
import { TopicReader, type ReadMessage } from './topic-reader.ts';
import { complain, printPatiently, UsageError, type Call, type Verb } from './verb.ts';

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

What can't be decoded has no type: --type leaves it out, and in the end its number is told on stderr.
Needs KAFKA_BROKERS and SCHEMA_REGISTRY_URL.

Examples:
  licensing tail --from beginning --type TenantCreated --count 1
  licensing tail --topic commands --topic events --from beginning --count 3 --json > first.ndjson`,
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
    const stopped = stopSignal();
    if (!(await unlessStopped(stopped, Promise.all([reachKafka(cradle), reachRegistry(cradle)])))) return 0;
    const enough = new AbortController();
    let [left, untold] = [wanted.count, 0];
    const reader = new TopicReader(cradle);
    await reader.follow({
      topics: wanted.topics(config.topics),
      from: wanted.from,
      signal: AbortSignal.any([stopped, enough.signal]),
      onRecord: async (record) => {
        const message = await reader.read(record);
        if (!wanted.matches(message)) {
          if (wanted.mayMatch(message)) untold += 1;
          return;
        }
        await printPatiently(wanted.json ? toJson(message) : toLine(message, config.topics));
        left -= 1;
        if (left === 0) enough.abort();
      },
    });
    if (untold > 0) {
      complain(`licensing tail: left out, since their type can't be told: ${untold} that can't be decoded`);
    }
    return 0;
  },
};

interface Wanted {
  readonly topics: (topics: Topics) => readonly string[];
  readonly from: 'beginning' | 'end';
  readonly matches: (message: ReadMessage) => boolean;
  /** Whether one that does not match would if its type could be told. */
  readonly mayMatch: (message: ReadMessage) => boolean;
  readonly count: number;
  readonly json: boolean;
}

function wantedOf({ positionals, values }: Call): Wanted {
  if (positionals.length > 0) throw new UsageError(`expected options only, got '${positionals.join(' ')}'`);
  const { topic, from = 'end', key, type, count, json } = values;
  const choices = Array.isArray(topic) ? topic.map((one) => oneOf('--topic', String(one), CHOICES)) : undefined;
  const types = typeof type === 'string' ? typesNamed(type) : undefined;
  const wantedKey = typeof key === 'string' ? key.toLowerCase() : undefined;
  const hasKey = (message: ReadMessage): boolean => wantedKey === undefined || message.key?.toLowerCase() === wantedKey;
  return {
    topics: (topics) => [
      ...new Set((choices ?? ['events', 'rejections', 'dead-letters']).flatMap((choice) => topicsOf(choice, topics))),
    ],
    from: oneOf('--from', String(from), ['beginning', 'end']),
    matches: (message) =>
      (types === undefined || (message.type !== undefined && types.includes(message.type))) && hasKey(message),
    mayMatch: (message) => message.type === undefined && message.value !== null && hasKey(message),
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
