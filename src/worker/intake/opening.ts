import type { CommittedOffset, Consumer, TopicPartition } from '../../ports/consumer.ts';
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
  readonly histories: Histories;
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
}

export interface Start extends TopicPartition {
  readonly offset: number;
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
      const found = partitions.map((place) => ({
        place,
        committed: commits.get(idOf(place)),
        row: rows.get(idOf(place)),
      }));
      const needsBeginnings = topics.length > 0 && (before !== undefined || found.some(isOfAnotherHistory));
      const beginnings = new Map(needsBeginnings ? byId(await inBroker(() => consumer.beginnings(topics))) : []);
      const compared = found.map((one) => this.compare(one, beginnings.get(idOf(one.place))?.offset ?? 0, before));
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
      };
    }
  }

  private compare({ place, committed, row }: Found, beginning: number, before: Before | undefined): Compared {
    const { topic, partition } = place;
    const cutOff = before?.cutOff.get(idOf(place));
    const known = before?.histories.of(place);
    const commit = cutOff === undefined ? toldBy(committed) : undefined;
    // A commit of another history is older than the one that this worker has begun since, when the partition was cut off.
    const told = commit !== undefined && known !== undefined && known.history !== commit.history ? known : commit;
    const goesOn = cutOff ?? (told === commit ? (committed?.offset ?? beginning) : (known?.decided ?? beginning));
    if (told === undefined) {
      // Nothing was committed yet, or an operator has moved the offset, or the topic is another one: there is nothing to compare with. A
      // history that somebody else has begun meanwhile is as good as one of our own. Ours, if it stands beyond where the partition goes on, may
      // be of a topic before: an older copy of the database would seem to have decided what it has never seen.
      const isOfNow = row !== undefined && (row.history !== known?.history || row.decided <= goesOn);
      const after = before !== undefined && cutOff === undefined && isOfNow ? row : this.anew(place, goesOn);
      return { row, after, start: before && { ...place, offset: goesOn }, healing: undefined };
    }
    if (row?.history !== told.history) {
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

function isOfAnotherHistory({ committed, row }: Found): boolean {
  const told = toldBy(committed);
  return told !== undefined && told.history !== row?.history;
}

/**
 * What a commit tells of the place at which it stands. No worker tells of more than lies before its offset: a commit that does was taken
 * over from another cluster (MirrorMaker copies the text, and translates the offset), where the same offset is another message.
 */
function toldBy(committed: CommittedOffset | undefined): ReturnType<typeof decidedIn> {
  const told = decidedIn(committed?.metadata ?? null);
  return told !== undefined && told.decided <= (committed?.offset ?? 0) ? told : undefined;
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
