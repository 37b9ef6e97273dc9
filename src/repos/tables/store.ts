import type { Tombstone, UserTombstone } from '../../domain/events.ts';
import type { LicenseId, StatisticRowId, SubdivisionId, TenantId, UserId } from '../../domain/ids.ts';
import type { StatisticRow } from '../../domain/statistic-row.ts';
import type { Subdivision } from '../../domain/subdivision.ts';
import type { Due } from '../../domain/due.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { User } from '../../domain/user.ts';
import type { MessageIdentity, Position } from '../../ports/messages.ts';
import type {
  ActiveLicense,
  LicenseKey,
  LicenseOfSubdivision,
  Page,
  RowSameness,
  StatisticRowKey,
  SubdivisionKey,
  UserLookUp,
} from '../../ports/repositories.ts';
import type { Decision } from '../../ports/decided-offsets.ts';
import type { LetterState, Resolution, StoredLetter } from '../../ports/dead-letters.ts';
import type { DeadLetter, Outcome, OutboxRow, OwedRow, Seen, SeqRange } from '../../ports/unit-of-work.ts';

/** An aggregate as it is stored: living, a tombstone, or neither. `lane` wrote it last. */
export interface Stored<V, T extends Tombstone = Tombstone> {
  readonly value: V | undefined;
  readonly tombstone: T | undefined;
  readonly lane: string | null;
}

/** What a unit made of an aggregate: `after` and `tombstone` exclude each other. */
export interface RowChange<V, T extends Tombstone = Tombstone> {
  readonly stored: boolean;
  readonly before: V | undefined;
  readonly after: V | undefined;
  readonly tombstone: T | undefined;
}

export interface TenantChange extends RowChange<Tenant> {
  readonly key: TenantId;
}
export interface SubdivisionChange extends RowChange<Subdivision> {
  readonly key: SubdivisionKey;
  /** Whether it was not locked: it may only be written if it is as `before` says, and this lane wrote it last. */
  readonly presumed: boolean;
}
/** What is due next in a subdivision whose timer is to be written; null: nothing. */
export interface TimerChange extends SubdivisionKey {
  readonly due: Due | null;
}
export interface UserChange extends RowChange<User, UserTombstone> {
  readonly key: UserId;
}

export interface InboxEntry extends Seen {
  readonly hash: string;
  readonly lane: string | null;
}

/** `parks`: it waits under its keys. */
export interface LockedLetter {
  readonly letterId: number;
  readonly state: LetterState;
  readonly keys: readonly string[];
  readonly parks: boolean;
}

/** What a claim found. `calm`: nothing at all is parked, and no message was taken before. */
export interface Claim {
  /** `isOld`: it was last seen more than a day ago. */
  readonly before: readonly (InboxEntry & { readonly isOld: boolean })[];
  readonly calm: boolean;
}

/** A key as its row in `parked_keys` has it; `lane` made its last replay. */
export interface ParkedKey {
  readonly key: string;
  readonly parked: boolean;
  readonly lane: string | null;
}

export interface Beginning {
  /** When the transaction began, by the database's clock: milliseconds since the epoch, rounded down. */
  readonly startedAt: number;
  /** How many steps were taken. */
  readonly steps: number;
}

/** What one transaction does to the outbox: it deletes `delivered`, a range of its lane's rows, and adds `rows`, numbered without a gap. */
export interface OutboxWrite {
  readonly lane: string;
  /** Whether somebody publishes these rows; if not, the relay does so at once. */
  readonly living: boolean;
  readonly delivered: SeqRange | undefined;
  readonly rows: readonly OutboxRow[];
  /** Whether they go into the table in one row, or in one row each. */
  readonly asChunk: boolean;
}

/**
 * The tables, one transaction wide. The PostgreSQL one is put together from the files of this folder, the in-memory one
 * is its twin; the unit of work above them is the same, and one contract suite runs against both.
 * `lock` reads and locks, sorted by id, so that lanes can't deadlock; what is absent is left out of its answer. In a transaction that only
 * reads it locks nothing.
 */
export interface Store {
  /** To be called once, before everything else. Takes those steps of a decision that the database has the ground for. */
  readonly begin: (decision?: Decision) => Promise<Beginning>;
  readonly inbox: {
    /**
     * Takes the identities (sorted by hash); returns those that were taken before, with how they ended.
     * @param presumedNew nobody is expected to have taken them: @throws StaleRead if somebody has
     */
    claim(
      messages: readonly { identity: MessageIdentity; digest: string }[],
      lane: string,
      presumedNew: boolean,
    ): Promise<Claim>;
    /**
     * Takes identities (sorted by hash, each once) that were dead, or that are no longer remembered.
     * @returns the lanes that had them; what has taken effect is left out
     */
    revive(
      messages: readonly { identity: MessageIdentity; digest: string }[],
      lane: string,
    ): Promise<readonly Pick<InboxEntry, 'hash' | 'lane'>[]>;
    /** Remembers these from now on, as they ended (sorted by hash, each once). */
    renew(entries: readonly InboxEntry[]): Promise<void>;
    /** Locks these and says how they ended (sorted by hash); what is not remembered is left out. */
    hold(hashes: readonly string[]): Promise<readonly (InboxEntry & { readonly isOld: boolean })[]>;
    /** Remembers these from now on as they ended this time (sorted by hash, each once). */
    replace(entries: readonly InboxEntry[]): Promise<void>;
    settle(outcomes: readonly { readonly hash: string; readonly outcome: Outcome }[]): Promise<void>;
  };
  readonly tenants: {
    lock(ids: readonly TenantId[]): Promise<readonly (Stored<Tenant> & { readonly key: TenantId })[]>;
    holders(names: readonly string[]): Promise<readonly { readonly name: string; readonly tenantId: TenantId }[]>;
    list(page: Page<TenantId>): Promise<readonly Tenant[]>;
    flush(changes: readonly TenantChange[], lane: string): Promise<void>;
  };
  readonly subdivisions: {
    /** @throws TooMuchAtOnce when they are more than `most` */
    idsOf(tenants: readonly TenantId[], most: number): Promise<readonly SubdivisionKey[]>;
    /** @throws TooMuchAtOnce when they have more than `most` licenses */
    lock(
      keys: readonly SubdivisionKey[],
      most: number,
    ): Promise<readonly (Stored<Subdivision> & { readonly key: SubdivisionKey })[]>;
    /** Locks these, and says whether each has this version, by this lane. */
    areUnchanged(
      presumed: readonly { readonly key: SubdivisionKey; readonly version: number }[],
      lane: string,
    ): Promise<boolean>;
    list(tenantId: TenantId, page: Page<SubdivisionId>): Promise<readonly Subdivision[]>;
    /** @throws StaleRead when one is not as it was presumed to be. `buried`: licenses that came and went within the unit; they leave a tombstone all the same. */
    flush(
      changes: readonly SubdivisionChange[],
      buried: readonly (LicenseKey & SubdivisionKey)[],
      lane: string,
    ): Promise<void>;
  };
  readonly licenses: {
    /** Which of these ids are taken in their tenant, deleted licenses included, and by which subdivision. */
    taken(
      keys: readonly LicenseKey[],
    ): Promise<readonly (LicenseKey & SubdivisionKey & { readonly deleted: boolean })[]>;
    list(tenantId: TenantId, page: Page<LicenseId>): Promise<readonly LicenseOfSubdivision[]>;
  };
  readonly timers: {
    /** Each as it is from now on, not sent for yet. */
    flush(timers: readonly TimerChange[]): Promise<void>;
  };
  readonly entitlements: {
    /** Has these published (sorted, each once): whoever has claimed one has claimed it no more. */
    owe(keys: readonly SubdivisionKey[]): Promise<void>;
  };
  readonly statisticRows: {
    /** The stored rows that are the same as one of these, by id or by subdivision and `created`. */
    same(rows: readonly RowSameness[]): Promise<readonly RowSameness[]>;
    /** Those of these that are there. */
    find(keys: readonly StatisticRowKey[]): Promise<readonly StatisticRow[]>;
    list(
      tenantId: TenantId,
      subdivisionId: SubdivisionId,
      page: Page<StatisticRowId>,
    ): Promise<readonly StatisticRow[]>;
    flush(
      added: readonly StatisticRow[],
      removed: readonly StatisticRow[],
      corrected: readonly StatisticRow[],
    ): Promise<void>;
  };
  readonly users: {
    /** @throws TooMuchAtOnce when they are more than `most` */
    idsOf(
      tenants: readonly TenantId[],
      most: number,
    ): Promise<readonly { readonly tenantId: TenantId; readonly userId: UserId }[]>;
    lock(ids: readonly UserId[]): Promise<readonly (Stored<User, UserTombstone> & { readonly key: UserId })[]>;
    list(page: Page<UserId> & { readonly tenantId?: TenantId }): Promise<readonly User[]>;
    flush(changes: readonly UserChange[], lane: string): Promise<void>;
  };
  readonly activeLicenses: {
    list(tenantId: TenantId): Promise<readonly ActiveLicense[]>;
    flush(put: readonly ActiveLicense[], dropped: readonly LicenseKey[]): Promise<void>;
  };
  readonly userLookUps: {
    list(page: Page<UserId>): Promise<readonly UserLookUp[]>;
    flush(put: readonly UserLookUp[], dropped: readonly UserId[]): Promise<void>;
  };
  readonly outbox: {
    /** What lanes still owe under these keys, in the order of (lane, seq). */
    owed(debts: readonly { readonly lane: string; readonly key: string }[]): Promise<readonly OwedRow[]>;
    write(written: OutboxWrite): Promise<void>;
  };
  readonly deadLetters: {
    has(position: Position): Promise<boolean>;
    /** Those that park wait under their keys from here on, in the order of their numbers, which is this one. */
    add(letters: readonly DeadLetter[]): Promise<void>;
    /** The keys of these letters. Those of an open one never change; an erased one has none. */
    keysOf(letterIds: readonly number[]): Promise<readonly string[]>;
    /** Locks these letters and says in what state they are; what is absent is left out. */
    lock(letterIds: readonly number[]): Promise<readonly LockedLetter[]>;
    /** See `DeadLetters.getMany`. */
    stored(letterIds: readonly number[], maxBytes: number): Promise<readonly StoredLetter[]>;
    resolve(letterIds: readonly number[], resolution: Resolution): Promise<void>;
    /** The letters of these identities, in whatever state, by their number. @param options.lock locks them */
    ofIdentities(
      hashes: readonly string[],
      options: { readonly lock: boolean },
    ): Promise<readonly { readonly hash: string; readonly position: Position; readonly parks: boolean }[]>;
    /** Resolves the open letters of these identities that park nothing; with `leavesNewest` the newest stays open. */
    supersede(
      superseded: readonly { readonly hash: string; readonly leavesNewest: boolean; readonly note: string }[],
    ): Promise<void>;
  };
  /** Keys sorted, so that nobody waits in a circle for rows that are there; who makes one may (40P01), and tries again. */
  readonly parkedKeys: {
    /** Reads and locks the rows of these keys; what has no row is left out. */
    lock(keys: readonly string[]): Promise<readonly ParkedKey[]>;
    /** As `lock`, with rows for all: what has none gets one, not parked, so that nobody parks the key meanwhile. */
    hold(keys: readonly string[]): Promise<readonly ParkedKey[]>;
    /** Parks these keys, under the locks of their rows, which this makes when they are not there. */
    park(keys: readonly string[]): Promise<void>;
    /** The lowest open letter that waits under one of these keys. */
    lowest(keys: readonly string[]): Promise<number | undefined>;
    /** By key: the lowest letter that waits under it, below the last of these, and is none of these. */
    inTheWay(
      keys: readonly string[],
      letterIds: readonly number[],
    ): Promise<readonly { readonly key: string; readonly letterId: number }[]>;
    /** The next letters that wait under any of these keys, by number. */
    after(keys: readonly string[], letterId: number, limit: number): Promise<readonly number[]>;
    /** These letters wait no more. With a lane, which has replayed them: a key under which none is left is free. */
    leave(letterIds: readonly number[], keys: readonly string[], lane: string | undefined): Promise<void>;
    /** @returns how many of them were parked */
    free(keys: readonly string[]): Promise<number>;
    /** Removes the rows of these keys unless they are parked. */
    forget(keys: readonly string[]): Promise<void>;
  };
}
