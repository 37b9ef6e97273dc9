import { SCHEMAS } from '../generated/schemas.ts';
import { dlqOf, type Topics } from '../ports/topics.ts';
import { timeText } from './dlq-words.ts';
import { kindOf, shortName } from './message-types.ts';
import type { ReadMessage } from './topic-reader.ts';

const KIND_WIDTH = 11;
const TYPE_WIDTH = 27;
const KEY_WIDTH = 36;
const VERSION_WIDTH = 4;
/** Told by the columns already. */
const TOLD = ['version', 'occurredAt'];

/** One line for a person: when, what, which, whose, and what it says. */
export function toLine(message: ReadMessage, topics: Topics): string {
  const { timestamp, type, key, data } = message;
  return [
    timeText(timestamp).slice(-13, -1),
    kindOfTopic(message.topic, topics).padEnd(KIND_WIDTH),
    (type === undefined ? '?' : shortName(type)).padEnd(TYPE_WIDTH),
    (key ?? '-').padEnd(KEY_WIDTH),
    (typeof data?.['version'] === 'number' ? `v${data['version']}` : '').padEnd(VERSION_WIDTH),
    contentOf(message),
  ].join('  ');
}

/** One JSON object, on one line. What can't be decoded comes as `value`, in base64. */
export function toJson({ topic, partition, offset, timestamp, key, headers, type, data, value }: ReadMessage): string {
  const content = data === undefined ? { value: value?.toString('base64') ?? null } : { data };
  return JSON.stringify({
    topic,
    partition,
    offset: Number(offset),
    timestamp,
    key,
    headers,
    type: type ?? null,
    ...content,
  });
}

/** What a person calls the messages of a topic. */
export function kindOfTopic(topic: string, topics: Topics): string {
  switch (topic) {
    case topics.commands:
      return 'command';
    case topics.users:
      return 'user event';
    case topics.events:
      return 'event';
    case topics.rejections:
      return 'rejection';
    case topics.userLookUps:
      return 'look-up';
    case topics.entitlements:
      return 'entitlement';
    default:
      return [topics.commands, topics.users, topics.userLookUps].map(dlqOf).includes(topic) ? 'dead letter' : topic;
  }
}

function contentOf({ headers, type, data, key, value }: ReadMessage): string {
  const reason = headers['dlq-reason'];
  if (reason !== undefined) {
    const from = `${headers['dlq-topic']}/${headers['dlq-partition']}@${headers['dlq-offset']}`;
    return `${reason}: ${headers['dlq-message']} (${from}, id ${headers['ce_id'] ?? 'none'})`;
  }
  if (data === undefined) return `${value?.length ?? 0} bytes that are not decoded`;
  if (type === 'licensing.rejections.CommandRejected') {
    const { code, message, commandType, commandId } = data;
    return `${String(code)}: ${String(message)} (${shortName(String(commandType))}, id ${String(commandId)})`;
  }
  return Object.entries(data)
    .filter(([name, content]) => !TOLD.includes(name) && content !== null && content !== key && content !== '')
    .map(([name, content]) => `${name}=${textOf(type, name, content)}`)
    .join(' ');
}

function textOf(type: string | undefined, name: string, content: unknown): string {
  const known = Object.entries(SCHEMAS).find(([one]) => one === type)?.[1];
  const field = known?.fields.find((one) => one.name === name);
  if (Array.isArray(content)) return `[${content.map((item) => textOf(type, name, item)).join(',')}]`;
  if (field !== undefined && kindOf(field) === 'time' && typeof content === 'number') {
    return timeText(content);
  }
  return typeof content === 'string' && !/^[\w.@-]+$/.test(content) ? JSON.stringify(content) : String(content);
}
