import type { Beginning, CommittedOffset, Consumer, TopicPartition } from '../../ports/consumer.ts';
import type { Entitlements } from '../../ports/entitlements.ts';
import type { DecidedOffset, DecidedOffsets } from '../../ports/decided-offsets.ts';
import type { Healing, Telemetry } from '../../ports/telemetry.ts';
import { untilUp } from '../backoff.ts';
import { decidedIn, Histories } from '../histories.ts';
import { idOf } from '../partition-id.ts';

interface Dependencies {
  readonly consumer: Pick<Consumer, 'committed' | 'beginnings'>;
  readonly decidedOffsets: DecidedOffsets;
  /** What readers of entitlements know may be ahead of a database that has lost something. */
  readonly entitlements: Pick<Entitlements, 'raiseEpoch'>;
  readonly telemetry: Telemetry;
  readonly newId: () => string;
}

/** What is known of partitions that are opened again within their assignment. */
export interface Before {
  readonly of: (place: TopicPartition) => DecidedOffset | undefined;
  /** Partitions that end before where they were read to, by their ids: where each begins now. */
  readonly cutOff: ReadonlyMap<string, number>;
}

/** Partitions that may be worked off. */
export interface Opened {
  readonly histories: Histories;
  /** The database that has said so. */
  readonly server: string;
  /** By the ids of partitions that don't go on where the consumer stands. */
  readonly starts: ReadonlyMap<string, Start>;
  /** By their ids those that may not be worked off yet: where they go on depends on where they begin, and nobody has told that. */
  readonly waiting: ReadonlyMap<string, Waiting>;
}

export interface Waiting extends TopicPartition {
  /** What was known of it before. */
  readonly known: DecidedOffset | undefined;
  readonly why: Error;
}

export interface Start extends TopicPartition {
  readonly offset: number;
}

/** Where partitions begin that wait for it. */
export class BeginningsUnknown extends Error {
  override readonly name = 'BeginningsUnknown';

  constructor(places: readonly Waiting[]) {
    const topics = [...Map.groupBy(places, ({ topic }) => topic)].map(
      ([topic, some]) => `${topic} ${some.map(({ partition }) => partition).join()}`,
    );
    const [first] = places;
    super(`where partitions begin is not known (${topics.join('; ')}): ${first?.why.message}`, { cause: first?.why });
  }
}

/**
 * Compares what the group has committed with what the database has decided, before a message is taken. A database that was restored, or took
 * over without all commits, has decided less: its partitions begin where its decisions end.
 */
export class Opening {
  private readonly group: string;
  private readonly d: Dependencies;

  constructor(group: string, dependencies: Dependencies) {
    this.group = group;
    this.d = dependencies;
  }

  /** Waits for broker and database. @param before undefined at an assignment @throws ConfigurationError, or the signal's reason */
  async open(partitions: readonly TopicPartition[], before: Before | undefined, signal: AbortSignal): Promise<Opened> {
    const { consumer, decidedOffsets, entitlements, telemetry } = this.d;
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    const inBroker = async <T>(ask: () => Promise<T>): Promise<T> => untilUp('broker', telemetry, signal, ask);
    const inDatabase = async <T>(ask: () => Promise<T>): Promise<T> => untilUp('database', telemetry, signal, ask);
    for (;;) {
      // In this order, so that the row of a healthy database is never behind the commit.
      const committed = topics.length === 0 ? [] : byId(await inBroker(() => consumer.committed(topics)));
      const { server, offsets } = await inDatabase(() => decidedOffsets.read(this.group));
      const [commits, rows] = [new Map(committed), new Map(byId(offsets))];
      const found = partitions.map(({ topic, partition }) => {
        const id = idOf({ topic, partition });
        return { place: { topic, partition }, committed: commits.get(id), row: rows.get(id) };
      });
      const unclear = found.filter((one) => this.compare(one, undefined, before) === undefined);
      const asked = unclear.map(({ place }) => place);
      const beginnings = new Map(asked.length === 0 ? [] : byId(await inBroker(() => consumer.beginnings(asked))));
      const compared = found.flatMap(
        (one) => this.compare(one, offsetOf(beginnings.get(idOf(one.place))), before) ?? [],
      );
      const changes = compared.flatMap(({ row, after }) => (isSame(row, after) ? [] : [{ before: row, after }]));
      // First, or a worker that ends in between would leave nothing that tells of the loss.
      if (compared.some(({ healing }) => healing !== undefined)) await inDatabase(() => entitlements.raiseEpoch());
      if (changes.length > 0 && !(await inDatabase(() => decidedOffsets.change(this.group, changes)))) continue;
      for (const { healing } of compared) if (healing !== undefined) telemetry.healing(healing);
      return {
        server,
        histories: new Histories(
          this.group,
          compared.map(({ after }) => after),
        ),
        starts: new Map(byId(compared.flatMap(({ start }) => start ?? []))),
        waiting: new Map(byId(unclear.flatMap(({ place }) => waitingIn(beginnings.get(idOf(place)), place, before)))),
      };
    }
  }

  /** @returns undefined where it depends on where the partition begins, and that is not known */
  private compare(
    { place, committed, row }: Found,
    beginning: number | undefined,
    before: Before | undefined,
  ): Compared | undefined {
    const { topic, partition } = place;
    const cutOff = before?.cutOff.get(idOf(place));
    const known = before?.of(place);
    const commit = cutOff === undefined ? toldBy(committed) : undefined;
    // A commit of another history is older than the one that this worker has begun since, when the partition was cut off.
    const told = commit !== undefined && known !== undefined && known.history !== commit.history ? known : commit;
    const stands = cutOff ?? (told === commit ? committed?.offset : known?.decided);
    // At an assignment the consumer finds out by itself where a partition begins of which nothing was read, and nothing of it is decided.
    const goesOn = stands ?? (before === undefined ? NOTHING_DECIDED : beginning);
    if (goesOn === undefined) return undefined;
    if (told === undefined) {
      // Nothing was committed yet, or an operator has moved the offset, or the topic is another one: there is nothing to compare with. A
      // history that somebody else has begun meanwhile is as good as one of our own. Ours, if it stands beyond where the partition goes on, may
      // be of a topic before: an older copy of the database would seem to have decided what it has never seen.
      const isOfNow =
        row !== undefined && known !== undefined && (row.history !== known.history || row.decided <= goesOn);
      const after = before !== undefined && cutOff === undefined && isOfNow ? row : this.anew(place, goesOn);
      return { row, after, start: before && { ...place, offset: goesOn }, healing: undefined };
    }
    if (row?.history !== told.history) {
      if (beginning === undefined) return undefined;
      const healing = { topic, partition, from: beginning, messages: Math.max(0, told.decided - beginning) };
      return {
        row,
        after: { ...place, history: told.history, decided: beginning },
        start: { ...place, offset: beginning },
        healing,
      };
    }
    // What this worker knows to be decided may not have been committed yet.
    const counted = known?.history === told.history ? Math.max(told.decided, known.decided) : told.decided;
    const offset = Math.min(goesOn, told.decided > row.decided ? row.decided : goesOn);
    const healing =
      counted > row.decided ? { topic, partition, from: row.decided, messages: counted - row.decided } : undefined;
    const moves = before !== undefined || offset !== goesOn;
    return { row, after: row, start: moves ? { ...place, offset } : undefined, healing };
  }

  private anew({ topic, partition }: TopicPartition, decided: number): DecidedOffset {
    return { topic, partition, history: this.d.newId(), decided };
  }
}

const NOTHING_DECIDED = 0;

interface Found {
  readonly place: TopicPartition;
  readonly committed: CommittedOffset | undefined;
  readonly row: DecidedOffset | undefined;
}

interface Compared {
  /** As it was, and as it has to be. */
  readonly row: DecidedOffset | undefined;
  readonly after: DecidedOffset;
  readonly start: Start | undefined;
  readonly healing: Healing | undefined;
}

/**
 * What a commit tells of the place at which it stands. No worker tells of more than lies before its offset: a commit that does was taken
 * over from another cluster (MirrorMaker copies the text, and translates the offset), where the same offset is another message.
 */
function toldBy(committed: CommittedOffset | undefined): ReturnType<typeof decidedIn> {
  if (committed?.offset === undefined) return undefined;
  const told = decidedIn(committed.metadata);
  return told !== undefined && told.decided <= committed.offset ? told : undefined;
}

function offsetOf(beginning: Beginning | undefined): number | undefined {
  return beginning !== undefined && 'offset' in beginning ? beginning.offset : undefined;
}

/** What is not known is no beginning: whoever took it for 0 would begin a history that nobody has decided. */
function waitingIn(beginning: Beginning | undefined, place: TopicPartition, before: Before | undefined): Waiting[] {
  if (offsetOf(beginning) !== undefined) return [];
  const why = beginning !== undefined && 'unknown' in beginning ? beginning.unknown : new Error('nobody tells');
  return [{ ...place, known: before?.of(place), why }];
}

function isSame(row: DecidedOffset | undefined, after: DecidedOffset): boolean {
  return row?.history === after.history && row.decided === after.decided;
}

function byId<Place extends TopicPartition>(places: readonly Place[]): (readonly [string, Place])[] {
  return places.map((place) => [idOf(place), place] as const);
}

/** Whether a database has decided less than was known of it. @param known read before `found` */
export function hasLost(known: readonly DecidedOffset[], found: readonly DecidedOffset[]): boolean {
  const rows = new Map(byId(found));
  return known.some((offset) => {
    const row = rows.get(idOf(offset));
    return row?.history !== offset.history || row.decided < offset.decided;
  });
}
