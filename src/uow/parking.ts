import { NotReplayable } from '../ports/errors.ts';
import { parkableKeys } from '../ports/parked-keys.ts';
import type { DeadLetter, Replay, UnitMessage } from '../ports/unit-of-work.ts';
import type { ParkedKey, Store } from '../repos/tables/store.ts';
import type { Debt } from './debts.ts';
import type { Journal } from '../repos/identity-map.ts';

/** The letter that a unit replays. The unit holds the locks of its keys. */
interface TakenUp extends Replay {
  /** Keys under which it waits; none when it is in no order. */
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
  private replay: TakenUp | undefined;

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
    if (this.parked.size === 0 || message === this.replay?.message) return undefined;
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
   * Takes up a letter for its replay: the locks of its keys first, as everybody takes them, then its own, then its identity.
   * @throws NotReplayable
   */
  async takeUp({ letterId, message }: Replay, lane: string): Promise<void> {
    const { deadLetters, parkedKeys, inbox } = this.store;
    const stored = await deadLetters.keysOf(letterId);
    const keys = parkableKeys([...(stored ?? []), ...message.keys]);
    // Without a row of its own, a key could be parked between the last look at what waits under it and its being freed.
    this.note(await parkedKeys.hold(keys));
    const letter = await deadLetters.lock(letterId);
    if (letter === undefined) throw new NotReplayable('absent', `there is no letter ${letterId}`);
    if (letter.state !== 'open') throw new NotReplayable('resolved', `letter ${letterId} is ${letter.state} already`);
    const lowest = await parkedKeys.lowest(keys);
    if (lowest !== undefined && lowest < letterId) {
      throw new NotReplayable(
        'behind',
        `letter ${letterId} waits behind letter ${lowest}, which is of the same tenant or user`,
      );
    }
    const revived = await inbox.revive(message, lane);
    if (revived === undefined) {
      throw new NotReplayable(
        'superseded',
        `the message of letter ${letterId} has taken effect since; discard the letter`,
      );
    }
    // What had its turn before the letter may still be owed by the lane that has buried it.
    for (const key of [...letter.keys, ...message.keys]) this.owing.push({ lane: revived.lane, key });
    this.replay = { message, letterId, keys: letter.parks ? parkableKeys(letter.keys) : [] };
  }

  /** Debts of lanes that replayed letters of these keys, or buried the one that is replayed here: what is owed now must not overtake them. */
  debts(): readonly Debt[] {
    return this.owing;
  }

  /** Parks the keys of these letters. Comes before the letters are written, so that they get their numbers under the locks of their keys. */
  async flush(letters: readonly DeadLetter[]): Promise<void> {
    const parking = letters.filter(({ parks }) => parks).flatMap(({ keys }) => keys);
    await this.store.parkedKeys.park(parkableKeys(parking));
    await this.store.parkedKeys.forget(this.freed);
  }

  /** Resolves the letter that was replayed. `lane` owes the events of the replay. */
  async resolve(lane: string): Promise<void> {
    if (this.replay === undefined) return;
    const { letterId, keys } = this.replay;
    await this.store.parkedKeys.leave(letterId, keys, lane);
    await this.store.deadLetters.resolve(letterId, { state: 'replayed', by: null, note: null });
  }

  private note(rows: readonly ParkedKey[]): void {
    for (const { key, parked } of rows) if (parked) this.parked.add(key);
    this.owing.push(...rows);
  }
}
