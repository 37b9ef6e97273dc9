import type { UserTombstone } from '../../../src/domain/events.ts';
import type { TenantId, UserId } from '../../../src/domain/ids.ts';
import type { StatisticRow } from '../../../src/domain/statistic-row.ts';
import type { Subdivision } from '../../../src/domain/subdivision.ts';
import type { Due } from '../../../src/domain/due.ts';
import type { Tenant } from '../../../src/domain/tenant.ts';
import type { User } from '../../../src/domain/user.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { DecidedOffset } from '../../../src/ports/decided-offsets.ts';
import type { FoundStatement } from '../../../src/ports/levels.ts';
import type {
  RowSameness,
  ActiveLicense,
  LicenseKey,
  SubdivisionKey,
  UserLookUp,
} from '../../../src/ports/repositories.ts';
import type { DeadLetter, OutboxRow } from '../../../src/ports/unit-of-work.ts';
import type { LetterState, LetterSummary } from '../../../src/ports/dead-letters.ts';
import type { InboxEntry, ParkedKey, Stored } from '../../../src/repos/tables/store.ts';
import { Journal } from '../../../src/repos/identity-map.ts';

export type StoredLicenseId = LicenseKey & SubdivisionKey & { readonly deleted: boolean };
export type StoredTimer = SubdivisionKey & { readonly due: Due; readonly isQueued: boolean };
export type StoredInboxEntry = InboxEntry & { readonly receivedAt: number };
export type StoredOutboxRow = OutboxRow & { readonly lane: string };
export type StoredDeadLetter = DeadLetter & {
  readonly letterId: number;
  readonly state: LetterState;
  readonly resolution: LetterSummary['resolution'];
  readonly erasure: LetterSummary['erasure'];
};
export type StoredParkedKey = ParkedKey & { readonly parkedAt: number };
export type ParkedLetter = { readonly key: string; readonly letterId: number };
/** `seenAt` is in milliseconds since the epoch; -Infinity: nobody publishes for it, or nobody any more. */
export type StoredLane = {
  readonly lane: string;
  readonly seenAt: number;
  readonly stated?: FoundStatement | undefined;
};

/** Everything that is stored, each table in the order of its keys. */
export interface Snapshot {
  readonly tenants: readonly Stored<Tenant>[];
  readonly tenantNames: readonly { readonly name: string; readonly tenantId: TenantId }[];
  readonly subdivisions: readonly Stored<Subdivision>[];
  readonly licenseIds: readonly StoredLicenseId[];
  readonly statisticRows: readonly StatisticRow[];
  readonly statisticRowRemovals: readonly SubdivisionKey[];
  readonly timers: readonly StoredTimer[];
  readonly users: readonly Stored<User, UserTombstone>[];
  readonly activeLicenses: readonly ActiveLicense[];
  readonly userLookUps: readonly UserLookUp[];
  readonly inbox: readonly StoredInboxEntry[];
  readonly lanes: readonly StoredLane[];
  readonly outbox: readonly StoredOutboxRow[];
  readonly deadLetters: readonly StoredDeadLetter[];
  readonly parkedKeys: readonly StoredParkedKey[];
}

/** Rows by their key. Every write is recorded, so that a transaction that fails leaves nothing. */
export class Table<Row> {
  private readonly rows = new Map<string, Row>();
  private readonly journal: Journal;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  get(key: string): Row | undefined {
    return this.rows.get(key);
  }

  has(key: string): boolean {
    return this.rows.has(key);
  }

  set(key: string, row: Row): void {
    const was = this.rows.get(key);
    this.journal.record(() => (was === undefined ? this.rows.delete(key) : this.rows.set(key, was)));
    this.rows.set(key, row);
  }

  delete(key: string): void {
    const was = this.rows.get(key);
    if (was === undefined) return;
    this.journal.record(() => this.rows.set(key, was));
    this.rows.delete(key);
  }

  filter(wanted: (row: Row) => boolean): Row[] {
    return [...this.rows.values()].filter(wanted);
  }

  sorted(): Row[] {
    return [...this.rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }
}

/** No two rows share it. */
export function momentOf({ tenantId, subdivisionId, created }: Omit<RowSameness, 'statisticRowId'>): string {
  return `${tenantId}${subdivisionId}@${created}`;
}

/** The tables in memory: what PostgreSQL is to the other unit of work. One transaction at a time, so nobody ever waits for a lock. */
export class InMemoryDatabase {
  readonly clock: Clock;
  private readonly journal = new Journal();
  readonly tenants = new Table<Stored<Tenant> & { readonly key: TenantId }>(this.journal);
  readonly tenantNames = new Table<{ readonly name: string; readonly tenantId: TenantId }>(this.journal);
  readonly subdivisions = new Table<Stored<Subdivision> & { readonly key: SubdivisionKey }>(this.journal);
  readonly licenseIds = new Table<StoredLicenseId>(this.journal);
  readonly statisticRows = new Table<StatisticRow>(this.journal);
  /** The rows once more, by `momentOf`: two of one subdivision never have the same `created`. */
  readonly statisticRowsByMoment = new Table<StatisticRow>(this.journal);
  readonly statisticRowRemovals = new Table<SubdivisionKey>(this.journal);
  readonly timers = new Table<StoredTimer>(this.journal);
  readonly owedEntitlements = new Table<SubdivisionKey>(this.journal);
  readonly users = new Table<Stored<User, UserTombstone> & { readonly key: UserId }>(this.journal);
  readonly activeLicenses = new Table<ActiveLicense>(this.journal);
  readonly userLookUps = new Table<UserLookUp>(this.journal);
  readonly inbox = new Table<StoredInboxEntry>(this.journal);
  readonly lanes = new Table<StoredLane>(this.journal);
  readonly outbox = new Table<StoredOutboxRow>(this.journal);
  readonly deadLetters = new Table<StoredDeadLetter>(this.journal);
  readonly parkedKeys = new Table<StoredParkedKey>(this.journal);
  /** By group, topic and partition. */
  readonly decidedOffsets = new Table<DecidedOffset & { readonly group: string }>(this.journal);
  readonly parkedLetters = new Table<ParkedLetter>(this.journal);
  private letters = 0;
  private previous: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** A transaction that fails leaves a gap. */
  nextLetterId(): number {
    return ++this.letters;
  }

  /** Runs `work` after the transactions before it have ended. It must not begin another one and wait for it. */
  async transaction<T>(work: () => Promise<T> | T): Promise<T> {
    const { previous } = this;
    let resolve = (): void => undefined;
    this.previous = new Promise((end) => (resolve = end));
    await previous;
    try {
      const done = await work();
      this.journal.keep();
      return done;
    } catch (error) {
      this.journal.rollBack();
      throw error;
    } finally {
      resolve();
    }
  }

  /** What is stored between two transactions. */
  async snapshot(): Promise<Snapshot> {
    return this.transaction(() => ({
      tenants: this.tenants.sorted(),
      tenantNames: this.tenantNames.sorted(),
      subdivisions: this.subdivisions.sorted(),
      licenseIds: this.licenseIds.sorted(),
      statisticRows: this.statisticRows.sorted(),
      statisticRowRemovals: this.statisticRowRemovals.sorted(),
      timers: this.timers.sorted(),
      users: this.users.sorted(),
      activeLicenses: this.activeLicenses.sorted(),
      userLookUps: this.userLookUps.sorted(),
      inbox: this.inbox.sorted(),
      lanes: this.lanes.sorted(),
      outbox: this.outbox.sorted(),
      deadLetters: this.deadLetters.sorted(),
      parkedKeys: this.parkedKeys.sorted(),
    }));
  }
}

/** Sorts as (lane, seq) does. */
export function outboxKey(lane: string, seq: number): string {
  return `${lane}/${numberKey(seq)}`;
}

/** Sorts as the number does. */
export function numberKey(number: number): string {
  return String(number).padStart(16, '0');
}
