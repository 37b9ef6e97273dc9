import { header, type WireRecord } from '../support/collect.ts';
import type { World } from '../support/world.ts';
import { at, compareFields, firstOccurrences, once, sameBytes, textHeaders, type Differ } from './compare.ts';
import { identity } from './identity.ts';
import type { Model } from './model.ts';

/** MAX_MESSAGE_BYTES and 64 KB: a larger value stands in the table alone. */
const LARGEST_LETTER = 1_065_536;

/** Checks the records of the DLQ topics: the original bytes and headers, and who set the message aside, when and why. */
export function checkLetters(
  model: Model,
  { collector, sources, groups }: World,
  now: number,
  differ: Differ,
  isLost: boolean,
): void {
  const records = sources.flatMap((topic) => collector.records(`${topic}.dlq`));
  const { first } = firstOccurrences(records, originOf, differ, isLost ? sameButForWhen : sameBytes);
  const expected = new Map(model.letters.map((letter) => [once(letter.record), letter]));
  for (const [origin, { record, reason }] of expected) {
    const letter = first.get(origin);
    if (letter === undefined) {
      differ(`dead letter ${reason} of ${origin} is missing`);
      continue;
    }
    const what = `dead letter of ${origin}`;
    const { about, original } = split(letter);
    const { 'dlq-message': message, 'dlq-exception': exception, 'dlq-time': time, ...said } = about;
    const { 'dlq-omitted-bytes': omitted, 'dlq-group': group, ...rest } = said;
    const isOmitted = (record.value?.length ?? 0) > LARGEST_LETTER;
    if (isOmitted && !(Number(omitted) > (record.value?.length ?? 0))) differ(`${what} does not say what was left out`);
    compareFields(
      what,
      {
        ...{ 'dlq-reason': reason, 'dlq-topic': record.topic, 'dlq-partition': String(record.partition) },
        ...{ 'dlq-offset': String(record.offset), 'dlq-timestamp': String(record.timestamp) },
        topic: `${record.topic}.dlq`,
      },
      { ...rest, topic: letter.topic },
      differ,
    );
    compareFields(
      `${what}, what was sent`,
      { key: record.key, value: isOmitted ? null : record.value, ...record.headers },
      { key: letter.key, value: letter.value, ...original },
      differ,
    );
    if (group === undefined || !groups.has(group)) differ(`${what} was written off by the group ${group}`);
    if (!message || !exception) differ(`${what} does not say why: '${message}', '${exception}'`);
    // A letter is dated by the database's clock, not by its message's time.
    const since = Date.parse(time ?? '');
    if (!(since <= now) || (record.timestamp <= now && since < record.timestamp)) {
      differ(`${what} was written off at ${time}`);
    }
  }
  for (const [origin, letter] of first) {
    if (!expected.has(origin)) differ(`${at(letter)} is a dead letter of ${origin}: ${header(letter, 'dlq-message')}`);
  }
}

/** A letter that the database has lost is written once more: later, and maybe by another group. */
function sameButForWhen(a: WireRecord, b: WireRecord): boolean {
  const before = { 'dlq-time': a.headers['dlq-time'] ?? [], 'dlq-group': a.headers['dlq-group'] ?? [] };
  return sameBytes(a, { ...b, headers: { ...b.headers, ...before } });
}

/** Checks the look-ups: each follows from a UserCreated without a profile, and no such user is forgotten. */
export function checkLookUps(model: Model, { collector, topics }: World, differ: Differ, asked: boolean): void {
  const records = collector
    .records(topics.userLookUps)
    .filter((record) => header(record, 'ce_source') === 'licensing/user-lookups');
  const { first } = firstOccurrences(records, (record) => header(record, 'ce_id') ?? at(record), differ);
  for (const [id, record] of first) {
    const lookUp = model.lookUps.get(id);
    if (lookUp === undefined) {
      differ(`${at(record)} looks up ${JSON.stringify(record.decoded?.data)}, which nothing asks for`);
      continue;
    }
    const { userId, cause } = lookUp;
    const { ce_time: _, ...headers } = textHeaders(record);
    compareFields(
      `look-up ${at(record)}`,
      {
        ...{ userId, key: userId, ce_id: id, ce_type: 'licensing.internal.LookUpUser', ce_subject: userId },
        ...{ ce_specversion: '1.0', ce_source: 'licensing/user-lookups', ce_causationid: id },
        ...{ ce_correlationid: cause.correlationId ?? cause.id, 'content-type': 'application/avro' },
        ...(cause.traceparent !== null && { traceparent: cause.traceparent }),
      },
      { ...record.decoded?.data, key: record.key?.toString(), ...headers },
      differ,
    );
  }
  if (!asked) return;
  for (const { userId, causeId } of model.state.lookUps.values()) {
    if (!first.has(causeId)) differ(`user ${userId} waits for a look-up that nobody was asked for (${causeId})`);
  }
  // What an answer has changed is compared as an event; here only that the look-up has ended.
  for (const id of model.lookUps.keys()) {
    if (first.has(id) && !model.inbox.has(identity('licensing/user-lookups', id).hash))
      differ(`look-up ${id} has no end`);
  }
}

function originOf(letter: WireRecord): string {
  const [topic = '?', ...numbers] = ['topic', 'partition', 'offset', 'timestamp'].map((name) =>
    header(letter, `dlq-${name}`),
  );
  const [partition = -1, offset = -1, timestamp = -1] = numbers.map(Number);
  return once({ topic, partition, offset, timestamp });
}

function split({ headers }: WireRecord): {
  readonly about: Record<string, string>;
  readonly original: Record<string, readonly Buffer[]>;
} {
  const entries = Object.entries(headers);
  const isOurs = ([name]: readonly [string, unknown]): boolean => name.startsWith('dlq-');
  return {
    about: Object.fromEntries(entries.filter(isOurs).map(([name, values]) => [name, values.map(String).join(' | ')])),
    original: Object.fromEntries(entries.filter((entry) => !isOurs(entry))),
  };
}
