import type { Cradle } from '../container.ts';
import { OUTSIDE_EVENT_NAMES } from '../generated/schemas.ts';
import type { MessageContext, MessageIdentity, ReceivedMessage } from '../ports/messages.ts';
import type { Place } from '../ports/record-reader.ts';
import { decodeValue, type DecodedValue } from './decode.ts';
import type { AskedRecord } from './explain-fate.ts';
import type { UnreadPartition } from './unread.ts';

/** What is asked about. */
export interface Subject {
  readonly context: MessageContext;
  readonly place: Place | undefined;
  readonly record: (AskedRecord & DecodedValue) | undefined;
}

/** Whatever has this identity. */
export function subjectOf({ cloudEvents }: Cradle, source: string, id: string): Subject {
  const [, topic, partition, offset, timestamp] = /^([^/]+)\/(\d+)\/(\d+)\/(-?\d+)$/.exec(id) ?? [];
  const headers = cloudEvents.encodeHeaders({ ce_id: id, ...(source !== '' && { ce_source: source }) });
  const message = { topic: '', partition: 0, offset: 0, timestamp: 0, key: null, value: null, headers };
  if (topic === undefined) return { context: cloudEvents.read(message), place: undefined, record: undefined };
  // The id that a message without one goes by.
  const place = { topic, partition: Number(partition), offset: Number(offset), timestamp: Number(timestamp) };
  return { context: cloudEvents.byPosition({ ...message, ...place }), place: undefined, record: undefined };
}

/** The record at a place, or the letter that it has become. @throws NoRecord */
export async function subjectAt(
  cradle: Cradle,
  place: Place,
  partitions: readonly UnreadPartition[],
): Promise<Subject> {
  const { topic, partition, offset } = place;
  const found = partitions.find((one) => one.topic === topic && one.partition === partition);
  if (found === undefined) throw new NoRecord(`topic ${topic} has no partition ${partition}`);
  if (offset >= found.end)
    throw new NoRecord(`${topic}/${partition} ends at offset ${found.end}: nothing is at ${offset} yet`);
  const received = offset < found.first ? undefined : await recordAt(cradle, place);
  if (received !== undefined) return subjectOfRecord(cradle, received, found);
  const { letters } = await cradle.messageOutcomes.know(undefined, place);
  const letter = letters.at(-1);
  if (letter === undefined) {
    throw new NoRecord(
      offset < found.first
        ? `${topic}/${partition} begins at offset ${found.first} by now: what was at ${offset} is deleted, and no dead letter keeps it; ask by --source and --id`
        : `no message is at ${topic}/${partition}/${offset}: the offset is a transaction's own, or belongs to one that was aborted or is open`,
    );
  }
  const record = { ...place, timestamp: letter.timestamp, digest: '', isDecided: true, isTaken: true };
  return {
    context: contextOf(letter.identity),
    place,
    record: { ...record, type: undefined, data: undefined },
  };
}

async function subjectOfRecord(
  cradle: Cradle,
  received: ReceivedMessage,
  { decided }: UnreadPartition,
): Promise<Subject> {
  const { cloudEvents, topics } = cradle;
  const { topic, partition, offset, timestamp, value } = received;
  const isReadable = received.unreadable === undefined;
  const decoded = isReadable ? await decodeValue(cradle, value) : { type: undefined, data: undefined };
  const isTaken =
    topic !== topics.users || decoded.type === undefined || OUTSIDE_EVENT_NAMES.some((name) => name === decoded.type);
  const place = { topic, partition, offset };
  return {
    context: cloudEvents.read(received),
    place,
    record: {
      ...place,
      timestamp,
      digest: cloudEvents.digest(value),
      isDecided: offset < decided,
      isTaken,
      ...decoded,
    },
  };
}

/** The bytes of a batch that can't be unpacked stand at its last offset, for all of its messages. */
async function recordAt({ recordReader }: Cradle, place: Place): Promise<ReceivedMessage | undefined> {
  const [fetched] = await recordReader.fetch([place], 1);
  const [first] = fetched?.records ?? [];
  return first?.offset === place.offset || first?.unreadable !== undefined ? first : undefined;
}

export function contextOf(identity: MessageIdentity): MessageContext {
  return { identity, causationId: identity.id, correlationId: null, traceparent: null, key: null };
}

/** There is no message at the position. */
class NoRecord extends Error {
  override readonly name = 'NoRecord';
}
