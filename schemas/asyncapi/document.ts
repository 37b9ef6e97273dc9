// docs/asyncapi.yaml: topics, messages, keys and headers for machines, seen from the worker.
import { newTopicSettings } from '../../src/adapters/topic-policy.ts';
import { SETTINGS } from '../../src/config.ts';
import { dlqOf, sourcesOf, type Topics } from '../../src/ports/topics.ts';
import { CONTRACT_VERSION } from '../../src/version.ts';
import type { Group } from '../groups.ts';
import { SchemaRuleError } from '../rules.ts';
import { exampleOf } from './examples.ts';
import { HEADERS } from './headers.ts';
import { renderYaml, type Yaml } from './yaml.ts';

const AVRO = 'application/vnd.apache.avro;version=1.9.0';
const BINDING = '0.5.0';

/** By their default names. */
const TOPICS: Topics = {
  commands: SETTINGS.topics.commands.default,
  users: SETTINGS.topics.users.default,
  events: SETTINGS.topics.events.default,
  rejections: SETTINGS.topics.rejections.default,
  userLookUps: SETTINGS.topics.userLookUps.default,
  entitlements: SETTINGS.topics.entitlements.default,
};
/** The names of the channels. */
const IDS = [
  'commands',
  'users',
  'events',
  'rejections',
  'userLookUps',
  'entitlements',
] as const satisfies readonly (keyof Topics)[];
const CHANNELS = IDS.map((id) => ({ id, topic: TOPICS[id] }));
const SOURCES = CHANNELS.filter(({ topic }) => sourcesOf(TOPICS).includes(topic));

type Action = 'send' | 'receive';

interface Role {
  /** Which of the traits its messages have. */
  readonly trait: 'read' | 'written' | 'answer';
  readonly does: readonly Action[];
}

/** What the worker does with the messages of a namespace. */
const ROLES = new Map<string, Role>([
  ['licensing.commands', { trait: 'read', does: ['receive'] }],
  ['users.events', { trait: 'read', does: ['receive'] }],
  ['licensing.internal', { trait: 'written', does: ['send', 'receive'] }],
  ['licensing.events', { trait: 'answer', does: ['send'] }],
  ['licensing.rejections', { trait: 'answer', does: ['send'] }],
  ['licensing.entitlements', { trait: 'written', does: ['send'] }],
]);

function roleOf({ namespace }: Group): Role {
  const role = ROLES.get(namespace);
  if (role === undefined)
    throw new SchemaRuleError(`${namespace}: schemas/asyncapi/document.ts does not say who sends it`);
  return role;
}

export function renderAsyncapi(groups: readonly Group[], header: string): string {
  return `# ${header}\n${renderYaml({
    asyncapi: '3.0.0',
    info: {
      title: 'Licensing',
      version: CONTRACT_VERSION,
      description:
        'A worker that decides who may use what: commands in, events and rejections out. Topic names are the defaults. In words: docs/messages.md; ' +
        'how to send and to match answers: docs/clients.md.',
    },
    defaultContentType: 'application/avro',
    servers: {
      kafka: {
        host: '{brokers}',
        protocol: 'kafka',
        description:
          'Whoever runs the worker knows the brokers and the schema registry; those here are of a machine of your own. The registry has the ' +
          'Confluent API, FULL_TRANSITIVE compatibility, and subjects TOPIC-TYPE.',
        variables: { brokers: { default: 'localhost:9092', description: 'KAFKA_BROKERS' } },
        bindings: {
          kafka: {
            schemaRegistryUrl: 'http://localhost:8081',
            schemaRegistryVendor: 'confluent',
            bindingVersion: BINDING,
          },
        },
      },
    },
    channels: { ...channelsOf(groups), [ANSWERS]: answerChannel(groups), ...letterChannels() },
    operations: { ...operationsOf(groups), ...letterOperations() },
    components: {
      schemas: headerSchemas(),
      messageTraits: traits(),
      messages: { ...messagesOf(groups), deadLetter: letterMessage() },
    },
  })}`;
}

function channelsOf(groups: readonly Group[]): Record<string, Yaml> {
  return Object.fromEntries(
    CHANNELS.map(({ id, topic }) => {
      const carried = groups.filter((group) => group.topic === topic);
      const names = carried.flatMap((group) => group.records.map(({ name }) => `${group.namespace}.${name}`));
      const messages = Object.fromEntries(names.map((name) => [name, ref(`components/messages/${name}`)]));
      const description = carried.map(({ about }) => about).join(' ');
      return [id, { address: topic, description, messages, bindings: topicBinding(topic) }];
    }),
  );
}

const ANSWERS = 'answers';

/** An operation has one channel for its reply, and a command has its answer on either of two. */
function answerChannel(groups: readonly Group[]): Yaml {
  const [events, rejections] = [TOPICS.events, TOPICS.rejections];
  return {
    address: null,
    title: 'Answers',
    description:
      `No topic of its own. The answer to a command is its events, on ${events}, or its rejection, on ${rejections}, under the command's key. They tell ` +
      'by `ce_causationid` and `ce_causationsource` which message they answer, and by `ce_answercount` how many they are.',
    messages: Object.fromEntries(answersIn(groups).map((name) => [name, ref(`components/messages/${name}`)])),
  };
}

/** The names of what answers. */
function answersIn(groups: readonly Group[]): readonly string[] {
  const answering = groups.filter((group) => roleOf(group).trait === 'answer');
  return answering.flatMap(({ namespace, records }) => records.map(({ name }) => `${namespace}.${name}`));
}

function letterChannels(): Record<string, Yaml> {
  return Object.fromEntries(
    SOURCES.map(({ id, topic }) => [
      `${id}DeadLetters`,
      {
        address: dlqOf(topic),
        description: `What came by ${topic} and could not be handled, under its original key.`,
        messages: { deadLetter: ref('components/messages/deadLetter') },
        bindings: topicBinding(dlqOf(topic)),
      },
    ]),
  );
}

/** As `licensing topics create` makes it. */
function topicBinding(topic: string): Yaml {
  const settings = newTopicSettings(topic, TOPICS, Number(SETTINGS.topicRetention.default));
  const compacted = settings.some(([name]) => name === 'cleanup.policy');
  return {
    kafka: {
      topicConfiguration: { ...Object.fromEntries(settings), 'cleanup.policy': [compacted ? 'compact' : 'delete'] },
      bindingVersion: BINDING,
    },
  };
}

/** One of each channel and direction: what the worker's internal messages share a topic with is another operation. */
function operationsOf(groups: readonly Group[]): Record<string, Yaml> {
  return Object.fromEntries(
    groups.flatMap((group) => {
      const { namespace, topic, about, records } = group;
      const { id = '' } = CHANNELS.find((one) => one.topic === topic) ?? {};
      return roleOf(group).does.map((action): [string, Yaml] => [
        `${action}${capital(id)}${group.title === undefined ? '' : 'Internal'}`,
        {
          action,
          channel: ref(`channels/${id}`),
          summary: about,
          ...(action === 'receive' && { bindings: groupBinding() }),
          messages: records.map(({ name }) => ref(`channels/${id}/messages/${namespace}.${name}`)),
          ...(namespace === 'licensing.commands' && {
            reply: {
              channel: ref(`channels/${ANSWERS}`),
              messages: answersIn(groups).map((name) => ref(`channels/${ANSWERS}/messages/${name}`)),
            },
          }),
        },
      ]);
    }),
  );
}

function letterOperations(): Record<string, Yaml> {
  return Object.fromEntries(
    SOURCES.map(({ id }) => [
      `send${capital(id)}DeadLetters`,
      {
        action: 'send',
        channel: ref(`channels/${id}DeadLetters`),
        messages: [ref(`channels/${id}DeadLetters/messages/deadLetter`)],
      },
    ]),
  );
}

function groupBinding(): Yaml {
  return { kafka: { groupId: { type: 'string', default: SETTINGS.kafkaGroupId.default }, bindingVersion: BINDING } };
}

function messagesOf(groups: readonly Group[]): Record<string, Yaml> {
  return Object.fromEntries(
    groups.flatMap((group) =>
      group.records.map((schema): [string, Yaml] => [
        `${group.namespace}.${schema.name}`,
        {
          name: `${group.namespace}.${schema.name}`,
          title: schema.name,
          summary: schema.doc,
          traits: [ref(`components/messageTraits/${roleOf(group).trait}`)],
          payload: { schemaFormat: AVRO, schema },
          examples: [{ payload: exampleOf(schema) }],
          bindings: { kafka: { key: keyOf(group, schema.fields[0]?.name), bindingVersion: BINDING } },
        },
      ]),
    ),
  );
}

/** @param first the field that a record begins with, which is its key nearly everywhere */
function keyOf({ namespace }: Group, first = ''): Yaml {
  if (namespace === 'licensing.entitlements') return { type: 'string', description: 'tenantId/subdivisionId' };
  if (namespace === 'licensing.rejections') return { type: 'string', description: 'The key of the command.' };
  return {
    type: 'string',
    format: 'uuid',
    description: `${first}, in lower case; partitioned by murmur2, as Java does`,
  };
}

function letterMessage(): Yaml {
  return {
    name: 'dead letter',
    title: 'Dead letter',
    summary: 'A message that could not be handled: key, value and headers as they came, and headers that say why.',
    contentType: 'application/octet-stream',
    headers: ref('components/schemas/letterHeaders'),
    payload: { type: 'string', format: 'binary' },
  };
}

function headerSchemas(): Record<string, Yaml> {
  return Object.fromEntries(Object.entries(HEADERS).map(([name, schema]) => [`${name}Headers`, schema]));
}

/** What the messages of one role share. */
function traits(): Record<string, Yaml> {
  return Object.fromEntries(
    (['read', 'written', 'answer'] as const).map((name) => [
      name,
      {
        contentType: 'application/avro',
        headers: ref(`components/schemas/${name}Headers`),
        correlationId: { location: '$message.header#/ce_correlationid' },
        bindings: {
          kafka: {
            schemaIdLocation: 'payload',
            schemaIdPayloadEncoding: 'confluent',
            schemaLookupStrategy: 'TopicRecordNameStrategy',
            bindingVersion: BINDING,
          },
        },
      },
    ]),
  );
}

function ref(path: string): Yaml {
  return { $ref: `#/${path}` };
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
