import { madeUpProfile } from '../../stack/user-domain-stand-in.ts';
import { header, type WireRecord } from '../support/collect.ts';
import type { World } from '../support/world.ts';
import { checkEvents, checkRejections } from './check-answers.ts';
import { checkLetters, checkLookUps } from './check-letters.ts';
import { checkTables } from './check-tables.ts';
import type { Differ } from './compare.ts';
import { Model, type ModelOptions } from './model.ts';

const SHOWN = 10;
/** Longer than any test takes. */
const HOUR = 60 * 60 * 1_000;

/** How much a check has looked at. */
export interface Checked {
  readonly model: Model;
  readonly messages: number;
  /** How many events and rejections came again. */
  readonly repetitions: number;
}

export interface CheckOptions {
  readonly userDomain?: ModelOptions['userDomain'];
  readonly setAside?: ModelOptions['setAside'];
  /** The rank of a message, default 0. Between two barriers, messages take effect by rank, then by topic, partition and offset. */
  readonly rank?: (record: WireRecord) => number;
  /** Whether an event of this message would be larger than its topic takes. Default: never. */
  readonly tooLarge?: ModelOptions['tooLarge'];
  /** Whether the database has lost letters that were in their topics already. Default: no. */
  readonly databaseLost?: boolean;
  /**
   * Whether a worker of the version before time has worked, too. Its answers don't say how many they are; what it has decided has to
   * be what its own rules say. Default: no.
   */
  readonly olderWorker?: boolean;
}

/** The profile with which the stand-in answers by default. */
export function madeUp(userId: string): ReturnType<typeof madeUpProfile> {
  return madeUpProfile(userId);
}

/** Each sweep of the timers may send once more what has become due while the tables were read. */
const MOST_LOOKS = 10;

/**
 * Waits until the world has settled, and has the model handle the messages of its source topics. Compares everything with the model:
 * tables, inbox, events, rejections, dead letters, look-ups. Nothing may be owed, and the lag must be 0.
 * @throws an Error with the first ten differences
 */
export async function check(world: World, options: CheckOptions = {}): Promise<Checked> {
  for (let looks = 1; ; looks += 1) {
    const { differences, ...checked } = await look(world, options);
    if (differences.length === 0) return checked;
    if (looks < MOST_LOOKS && (await world.hasMoved())) continue;
    const more = differences.length > SHOWN ? `\n... and ${differences.length - SHOWN} more` : '';
    throw new Error(
      `${differences.length} differences from the model of ${checked.messages} messages:\n${differences.slice(0, SHOWN).join('\n')}${more}`,
    );
  }
}

async function look(
  world: World,
  { userDomain, setAside, rank = () => 0, tooLarge, databaseLost = false, olderWorker = false }: CheckOptions,
): Promise<Checked & { readonly differences: readonly string[] }> {
  await world.settled();
  const { topics, collector } = world;
  const events = collector.records(topics.events);
  const rejections = collector.records(topics.rejections);
  const differences: string[] = [];
  const differ = (what: string): void => void differences.push(what);
  const now = Date.now();
  const decided = decisionTimes([...events, ...rejections]);
  const older = olderWorker ? olderAnswers([...events, ...rejections]) : new Set<string>();
  const model = new Model({
    ...{ topics, userDomain, setAside, tooLarge },
    now: () => now,
    decidedAt(id) {
      const time = decided.get(id);
      if (time !== undefined && !(time > now - HOUR && time <= now)) differ(`answer ${id} is dated ${time}`);
      return time;
    },
    isOlder: (id) => older.has(id),
  });
  const messages = inEffectOrder(world, rank);
  for (const message of messages) model.apply(message);
  const repetitions = checkEvents(model, events, world.partitions, differ) + checkRejections(model, rejections, differ);
  checkLetters(model, world, now, differ, databaseLost);
  checkLookUps(model, world, differ, userDomain !== undefined);
  checkAcknowledged(world, differ);
  await checkTables(model, world, differ);
  return { model, messages: messages.length, repetitions, differences };
}

/** Checks that the topics hold every message that the broker has acknowledged to the test's producer. */
function checkAcknowledged({ acknowledged, collector, sources }: World, differ: Differ): void {
  const records = sources.flatMap((topic) => collector.records(topic));
  const ids = new Set(records.map((record) => header(record, 'ce_id')));
  for (const id of acknowledged) if (id !== null && !ids.has(id)) differ(`message ${id} was acknowledged and is gone`);
  if (records.length < acknowledged.length)
    differ(`${acknowledged.length} messages were acknowledged, and there are ${records.length}`);
}

/** The messages in the order of their effect: first by the stretch between two barriers, then by rank, topic (commands, users, look-ups), partition and offset. */
function inEffectOrder(world: World, rank: (record: WireRecord) => number): readonly WireRecord[] {
  const { sources, collector, barriers } = world;
  const stretchOf = ({ topic, partition, index }: WireRecord): number => {
    const found = barriers.findIndex((barrier) => index < (barrier.get(`${topic}/${partition}`) ?? 0));
    return found === -1 ? barriers.length : found;
  };
  const sorted = sources
    .flatMap((topic, i) =>
      collector.records(topic).map((record) => ({ record, order: [stretchOf(record), rank(record), i] as const })),
    )
    .sort(
      (a, b) =>
        a.order[0] - b.order[0] ||
        a.order[1] - b.order[1] ||
        a.order[2] - b.order[2] ||
        a.record.partition - b.record.partition ||
        a.record.index - b.record.index,
    )
    .map(({ record }) => record);
  return withLookUpsInPlace(sorted, world);
}

/** A look-up may be answered at any time: it took effect ahead of the first message that found its user in a later version. */
function withLookUpsInPlace(sorted: readonly WireRecord[], { topics, collector }: World): readonly WireRecord[] {
  const places = new Map<string, number>();
  for (const [place, record] of sorted.entries()) {
    const id = header(record, 'ce_id') ?? '';
    if (!places.has(id)) places.set(id, place);
  }
  const told = collector.records(topics.events).flatMap((event) => {
    const place = places.get(header(event, 'ce_causationid') ?? '');
    const version = Number(event.decoded?.data['version']);
    const isOfUser = event.decoded?.type.startsWith('licensing.events.User') === true;
    return isOfUser && place !== undefined ? [{ place, version, user: String(event.key) }] : [];
  });
  const ofUsers = Map.groupBy(told, ({ user }) => user);
  const ahead = new Map<number, number>();
  for (const { place, version, user } of told) {
    if (sorted[place]?.topic !== topics.userLookUps) continue;
    const later = ofUsers.get(user)?.filter((one) => one.version > version) ?? [];
    ahead.set(place, Math.min(place, ...later.map((one) => one.place - 0.5)));
  }
  return [...sorted.entries()]
    .sort(([a], [b]) => (ahead.get(a) ?? a) - (ahead.get(b) ?? b))
    .map(([, record]) => record);
}

/** The ids of answers whose first occurrence does not say how many there are. */
function olderAnswers(answers: readonly WireRecord[]): ReadonlySet<string> {
  const first = Map.groupBy(answers, (answer) => header(answer, 'ce_id') ?? '');
  return new Set(
    [...first].flatMap(([id, [answer]]) =>
      answer !== undefined && header(answer, 'ce_answercount') === undefined ? [id] : [],
    ),
  );
}

/** By id, the time at which the message was decided, as the first occurrence of its answer tells. */
function decisionTimes(answers: readonly WireRecord[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const { headers, decoded } of answers) {
    const id = headers['ce_id']?.[0]?.toString();
    const time = decoded?.data['occurredAt'] ?? decoded?.data['rejectedAt'];
    if (id !== undefined && typeof time === 'number' && !times.has(id)) times.set(id, time);
  }
  return times;
}
