import type { Tombstone } from '../domain/events.ts';
import { NotLoaded } from '../ports/errors.ts';
import type { RowChange, Stored } from './tables/store.ts';

/** Takes back the changes of a message that fails. So a rejected or failed command leaves no trace, and needs no savepoint. */
export class Journal {
  private readonly undos: (() => void)[] = [];
  /** How many of them count. An array that is emptied grows anew for every message. */
  private recorded = 0;

  record(undo: () => void): void {
    this.undos[this.recorded] = undo;
    this.recorded += 1;
  }

  keep(): void {
    this.recorded = 0;
  }

  rollBack(): void {
    while (this.recorded > 0) {
      this.recorded -= 1;
      this.undos[this.recorded]?.();
    }
  }
}

export interface Entry<Key, V, T extends Tombstone = Tombstone> {
  readonly key: Key;
  /** Whether the database has a row for it, living or tombstone. */
  readonly stored: boolean;
  /** The lane that wrote it last, as loaded. */
  readonly lane: string | null;
  /** Whether it is neither read nor locked, but presumed to be as this lane wrote it. */
  readonly presumed: boolean;
  readonly before: V | undefined;
  after: V | undefined;
  tombstone: T | undefined;
  dirty: boolean;
}

/** One aggregate is one value for the length of a unit: what is loaded is locked, and every reader sees the latest. */
export class IdentityMap<Key, V, T extends Tombstone = Tombstone> {
  private readonly entries = new Map<string, Entry<Key, V, T>>();
  private readonly journal: Journal;
  private presumes = false;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  has(id: string): boolean {
    return this.entries.has(id);
  }

  find(id: string): Entry<Key, V, T> | undefined {
    return this.entries.get(id);
  }

  /** Takes in a row that was read; `stored` is undefined when there is none. */
  load(id: string, key: Key, stored: Stored<V, T> | undefined): void {
    this.entries.set(id, {
      key,
      stored: stored !== undefined,
      lane: stored?.lane ?? null,
      presumed: false,
      before: stored?.value,
      after: stored?.value,
      tombstone: stored?.tombstone,
      dirty: false,
    });
  }

  /** Takes a value for what is stored, without a look. */
  presume(id: string, key: Key, value: V, lane: string): void {
    this.entries.set(id, {
      key,
      stored: true,
      lane,
      presumed: true,
      before: value,
      after: value,
      tombstone: undefined,
      dirty: false,
    });
    this.presumes = true;
  }

  /** Whether anything in here is presumed. */
  get hasPresumed(): boolean {
    return this.presumes;
  }

  put(id: string, value: V): void {
    this.write(this.loaded(id), value, undefined);
  }

  /** As `put`, for an entry that was found already. */
  replace(entry: Entry<Key, V, T>, value: V): void {
    this.write(entry, value, undefined);
  }

  bury(id: string, tombstone: T): void {
    this.write(this.loaded(id), undefined, tombstone);
  }

  /** @throws NotLoaded */
  loaded(id: string): Entry<Key, V, T> {
    const entry = this.entries.get(id);
    if (entry === undefined) throw new NotLoaded(`${id} was not loaded in this unit before it was needed`);
    return entry;
  }

  changes(): readonly (RowChange<V, T> & Pick<Entry<Key, V, T>, 'key' | 'lane' | 'presumed'>)[] {
    return [...this.entries.values()].filter(({ dirty }) => dirty);
  }

  /** The values that were changed, by their ids; undefined: it was buried. */
  *written(): Generator<readonly [id: string, V | undefined]> {
    for (const [id, { dirty, after }] of this.entries) if (dirty) yield [id, after];
  }

  /** What is presumed, and was not changed. */
  unchanged(): readonly Entry<Key, V, T>[] {
    if (!this.presumes) return [];
    return [...this.entries.values()].filter(({ presumed, dirty }) => presumed && !dirty);
  }

  private write(entry: Entry<Key, V, T>, after: V | undefined, tombstone: T | undefined): void {
    const { after: was, tombstone: buried, dirty } = entry;
    this.journal.record(() => {
      entry.after = was;
      entry.tombstone = buried;
      entry.dirty = dirty;
    });
    entry.after = after;
    entry.tombstone = tombstone;
    entry.dirty = true;
  }
}

/**
 * Lays the unit's own changes over a page of the database. `page` must hold as many rows more than `limit` as the unit has changes, since
 * each change may take one away.
 */
export function overlay<V>(
  page: readonly V[],
  changed: readonly { readonly id: string; readonly value: V | undefined }[],
  idOf: (value: V) => string,
  { after, limit }: { readonly after?: string; readonly limit: number },
): readonly V[] {
  const own = new Map(changed.map(({ id, value }) => [id, value]));
  const rest = page.filter((value) => !own.has(idOf(value)));
  const added = [...own.values()].filter(
    (value) => value !== undefined && (after === undefined || idOf(value) > after),
  );
  const all = [...rest, ...added.filter((value): value is NonNullable<typeof value> & V => value !== undefined)];
  return all.sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1)).slice(0, limit);
}
