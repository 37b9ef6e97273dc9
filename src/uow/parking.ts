import { NotReplayable } from '../ports/errors.ts';
import { parkableKeys } from '../ports/parked-keys.ts';
import type { DeadLetter, Following, Replay, UnitMessage } from '../ports/unit-of-work.ts';
import type { LockedLetter, ParkedKey, Store } from '../repos/tables/store.ts';
import type { Debt } from './debts.ts';
import type { Journal } from '../repos/identity-map.ts';

/** The letters that a unit replays. The unit holds the locks of their keys. */
interface TakenUp {
  readonly letterIds: readonly number[];
  readonly messages: ReadonlySet<UnitMessage>;
  /** Keys under which they wait; none of one that is in no order. */
  readonly keys: readonly string[];
}

/** Knows which keys are parked while a unit runs: those that it read, under the locks of their rows, and those that it parks itself. */
export class Parking {
  private readonly store: Store;
  private readonly journal: Journal;
  private readonly parked = new Set<string>();
  /** Keys that are free, and whose last replay this unit adopts. Their rows can be deleted. */
  private freed: readonly string[] = [];
  private readonly owing: Debt[] = [];
  private takenUp: TakenUp | undefined;

  constructor(store: Store, journal: Journal) {
    this.store = store;
    this.journal = journal;
  }

  /** Reads which keys of these messages are parked. Waits for units that are about to free one. */
  async read(messages: readonly UnitMessage[]): Promise<void> {
    const rows = await this.store.parkedKeys.lock(parkableKeys(messages.flatMap((message) => message.keys)));
    this.note(rows);
    this.freed = rows.flatMap(({ key, parked }) => (parked ? [] : [key]));
  }

  behind(message: UnitMessage): string | undefined {
    if (this.parked.size === 0 || this.takenUp?.messages.has(message) === true) return undefined;
    return message.keys.find((key) => this.parked.has(key));
  }

  add({ keys, parks }: DeadLetter): void {
    if (!parks) return;
    for (const key of keys) {
      if (this.parked.has(key)) continue;
      this.journal.record(() => this.parked.delete(key));
      this.parked.add(key);
    }
  }

  /**
   * Takes up letters for their replay: the locks of their keys first, as everybody takes them, then their own, then their identities.
   * @returns these, and those that follow
   * @throws NotReplayable
   */
  async takeUp<M extends UnitMessage>(
    asked: readonly Replay<M>[],
    lane: string,
    following?: Following<M>,
  ): Promise<readonly Replay<M>[]> {
    const { deadLetters, parkedKeys } = this.store;
    const stored = await deadLetters.keysOf(asked.map(({ letterId }) => letterId));
    const keys = parkableKeys([...stored, ...asked.flatMap(({ message }) => message.keys)]);
    // Without a row of its own, a key could be parked between the last look at what waits under it and its being freed.
    this.note(await parkedKeys.hold(keys));
    const replays = following === undefined ? asked : [...asked, ...(await this.following(asked, keys, following))];
    const letterIds = replays.map(({ letterId }) => letterId);
    const locked = new Map((await deadLetters.lock(letterIds)).map((letter) => [letter.letterId, letter]));
    const inTheWay = new Map((await parkedKeys.inTheWay(keys, letterIds)).map((one) => [one.key, one.letterId]));
    const letters = replays.map((replay) => inTurn(replay, locked.get(replay.letterId), inTheWay));
    await this.revive(replays, letters, lane);
    const waiting = letters.filter(({ parks }) => parks);
    this.takenUp = {
      letterIds,
      messages: new Set(replays.map(({ message }) => message)),
      keys: parkableKeys(waiting.flatMap((letter) => letter.keys)),
    };
    return replays;
  }

  /** Debts of lanes that replayed letters of these keys, or buried those that are replayed here: what is owed now must not overtake them. */
  debts(): readonly Debt[] {
    return this.owing;
  }

  /** Parks the keys of these letters. Comes before the letters are written, so that they get their numbers under the locks of their keys. */
  async flush(letters: readonly DeadLetter[]): Promise<void> {
    const parking = letters.filter(({ parks }) => parks).flatMap(({ keys }) => keys);
    await this.store.parkedKeys.park(parkableKeys(parking));
    await this.store.parkedKeys.forget(this.freed);
  }

  /** Resolves the letters that were replayed. `lane` owes the events of the replay. */
  async resolve(lane: string): Promise<void> {
    if (this.takenUp === undefined) return;
    const { letterIds, keys } = this.takenUp;
    await this.store.parkedKeys.leave(letterIds, keys, lane);
    await this.store.deadLetters.resolve(letterIds, { state: 'replayed', by: null, note: null });
  }

  /** As far as they wait under no other key: its lock would have to be taken out of order. */
  private async following<M extends UnitMessage>(
    asked: readonly Replay<M>[],
    held: readonly string[],
    { most, maxBytes, plan }: Following<M>,
  ): Promise<readonly Replay<M>[]> {
    const last = asked.at(-1);
    if (most === 0 || last === undefined || held.length === 0) return [];
    const { deadLetters, parkedKeys } = this.store;
    const letters = await deadLetters.stored(await parkedKeys.after(held, last.letterId, most), maxBytes);
    const replays = plan(letters);
    const own = new Set(held);
    const identities = new Set(asked.map(({ message }) => message.identity.hash));
    const isFirst = ({ message: { identity } }: Replay): boolean =>
      identities.size < identities.add(identity.hash).size;
    const end = replays.findIndex((replay, i) => {
      const keys = parkableKeys([...(letters[i]?.keys ?? []), ...replay.message.keys]);
      return !keys.every((key) => own.has(key)) || !isFirst(replay);
    });
    return end < 0 ? replays : replays.slice(0, end);
  }

  private async revive(replays: readonly Replay[], letters: readonly LockedLetter[], lane: string): Promise<void> {
    const messages = replays.map(({ message }) => message);
    const sorted = messages.toSorted((a, b) => (a.identity.hash < b.identity.hash ? -1 : 1));
    const revived = new Map((await this.store.inbox.revive(sorted, lane)).map((entry) => [entry.hash, entry]));
    for (const [i, { letterId, message }] of replays.entries()) {
      const before = revived.get(message.identity.hash);
      if (before === undefined) {
        throw new NotReplayable(
          'superseded',
          `the message of letter ${letterId} has taken effect since; discard the letter`,
        );
      }
      // What had its turn before the letter may still be owed by the lane that has buried it.
      for (const key of [...(letters[i]?.keys ?? []), ...message.keys]) this.owing.push({ lane: before.lane, key });
    }
  }

  private note(rows: readonly ParkedKey[]): void {
    for (const { key, parked } of rows) if (parked) this.parked.add(key);
    this.owing.push(...rows);
  }
}

/** @returns the letter, if it is its turn. @throws NotReplayable */
function inTurn(
  { letterId, message }: Replay,
  letter: LockedLetter | undefined,
  inTheWay: ReadonlyMap<string, number>,
): LockedLetter {
  if (letter === undefined) throw new NotReplayable('absent', `there is no letter ${letterId}`);
  if (letter.state !== 'open') throw new NotReplayable('resolved', `letter ${letterId} is ${letter.state} already`);
  const lowest = Math.min(...[...letter.keys, ...message.keys].map((key) => inTheWay.get(key) ?? Infinity));
  if (lowest < letterId) {
    throw new NotReplayable(
      'behind',
      `letter ${letterId} waits behind letter ${lowest}, which is of the same tenant or user`,
    );
  }
  return letter;
}
