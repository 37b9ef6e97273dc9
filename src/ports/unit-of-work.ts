import type { LicenseId, StatisticRowId, SubdivisionId, TenantId, UserId } from '../domain/ids.ts';
import type { Decision } from './decided-offsets.ts';
import type { DeadLetterReason, StoredLetter } from './dead-letters.ts';
import type { MessageIdentity, OutgoingMessage, Position, ReceivedMessage } from './messages.ts';
import type {
  ActiveLicenseRepository,
  LicenseRepository,
  RowSameness,
  StatisticRowRepository,
  SubdivisionRepository,
  TenantRepository,
  TimerRepository,
  UserLookUpRepository,
  UserRepository,
} from './repositories.ts';

/** Where a message declares what it will ask for, so that a chunk reads it all in one query a table. */
export interface Loads {
  tenant(id: TenantId): void;
  tenantName(name: string): void;
  /** The tenant with all its subdivisions and users. */
  wholeTenant(id: TenantId): void;
  subdivision(tenantId: TenantId, id: SubdivisionId): void;
  licenseId(tenantId: TenantId, id: LicenseId): void;
  /** One that is to be added. */
  statisticRow(row: RowSameness): void;
  /** One that is there. */
  statisticRowId(tenantId: TenantId, id: StatisticRowId): void;
  user(id: UserId): void;
}

export type Outcome = 'accepted' | 'rejected' | 'dead';

/** What the inbox remembers of a message: how it ended, and a digest of its bytes (32 hex digits). */
export interface Seen {
  readonly outcome: Outcome;
  readonly digest: string;
}

/** A message as the unit of work sees it: who it is, what it carries, what it will load. */
export interface UnitMessage {
  readonly identity: MessageIdentity;
  /** Where it stands: the same identity at the same place is a redelivery, at another one it was sent again. */
  readonly received: Position;
  /** The first 128 bits of SHA-256 over the bytes behind the frame's schema id, as 32 hex digits. */
  readonly digest: string;
  /** Keys that its events may go under. If another lane has handled the message before, what that lane still owes under them is adopted. */
  readonly keys: readonly string[];
  declare(loads: Loads): void;
}

export interface DeadLetter {
  readonly received: ReceivedMessage;
  readonly identity: MessageIdentity;
  readonly reason: DeadLetterReason;
  readonly message: string;
  readonly exception: string;
  /** When it was written off: the start of the transaction that did so. Milliseconds since the epoch. */
  readonly time: number;
  /** The tenant and the user that it names, as far as they are UUIDs. */
  readonly keys: readonly string[];
  /** Whether it parks these keys: later messages that name one of them become letters behind it. */
  readonly parks: boolean;
}

/** A dead letter with its message, which is to run in its turn. */
export interface Replay<M extends UnitMessage = UnitMessage> {
  readonly letterId: number;
  readonly message: M;
}

/**
 * Lets a replay take up the letters, too, that wait next under the keys of its own. They are looked for under the locks of these keys, where
 * nothing more comes in behind them, so the last letter of a key that is under load is found.
 */
export interface Following<M extends UnitMessage> {
  /** How many, and how many bytes of them. */
  readonly most: number;
  readonly maxBytes: number;
  /** @returns the first of these letters, as many as can be replayed without waiting for anybody */
  plan(letters: readonly StoredLetter[]): readonly Replay<M>[];
}

export interface OutboxWriter {
  add(message: OutgoingMessage): void;
}

export interface DeadLetterWriter {
  /** Whether the message at this position has a letter already: a redelivery must not make a second one. */
  has(position: Position): Promise<boolean>;
  add(letter: DeadLetter): void;
}

/** One transaction, as those inside see it. */
export interface Unit {
  /** When it began, by the database's clock: milliseconds since the epoch, rounded down. All workers share that one. */
  readonly startedAt: number;
  readonly tenants: TenantRepository;
  readonly subdivisions: SubdivisionRepository;
  readonly licenses: LicenseRepository;
  readonly statisticRows: StatisticRowRepository;
  readonly users: UserRepository;
  readonly activeLicenses: ActiveLicenseRepository;
  readonly userLookUps: UserLookUpRepository;
  readonly timers: TimerRepository;
  readonly outbox: OutboxWriter;
  readonly deadLetters: DeadLetterWriter;
  /**
   * How an earlier message of this identity ended, in the database or earlier in this unit. Undefined for the first message; undefined, too,
   * for a message that was sent again after its earlier copies became dead letters that park nothing: it is handled, and resolves them.
   */
  seen(message: UnitMessage): Seen | undefined;
  /** The parked key behind which a message has to wait. Undefined when there is none, and for the replay, whose turn it is. */
  parked(message: UnitMessage): string | undefined;
  /** Records how a message ended. Every message of the unit that was not seen ends exactly once. */
  settle(message: UnitMessage, outcome: Outcome): void;
  /** An attempt begins: all that changes from here on is taken back by `undoAttempt`. Attempts do not nest. */
  beginAttempt(): void;
  undoAttempt(): void;
  /** Makes the run a rehearsal: it goes to its end, so that the database can refuse what it does not take, and is then undone. */
  undo(): void;
}

/** What is stored, as of one moment, for whoever only reads it. */
export interface Reading {
  /** That moment, by the database's clock: milliseconds since the epoch, rounded down. */
  readonly startedAt: number;
  readonly tenants: Pick<TenantRepository, 'get' | 'exists' | 'holderOfName' | 'list'>;
  readonly subdivisions: Pick<SubdivisionRepository, 'get' | 'exists' | 'list' | 'ofTenant'>;
  readonly licenses: LicenseRepository;
  readonly statisticRows: Pick<StatisticRowRepository, 'get' | 'exists' | 'list'>;
  readonly users: Pick<UserRepository, 'get' | 'tombstone' | 'list' | 'ofTenant'>;
  readonly activeLicenses: Pick<ActiveLicenseRepository, 'list'>;
  readonly userLookUps: Pick<UserLookUpRepository, 'list'>;
}

/** The views that handlers ask for: no handler sees more of the unit than it needs. */
export type TenantUnitOfWork = Pick<Unit, 'tenants' | 'subdivisions' | 'users'>;
export type SubdivisionUnitOfWork = Pick<Unit, 'tenants' | 'subdivisions'>;
export type LicenseUnitOfWork = Pick<Unit, 'subdivisions' | 'licenses'>;
export type TimerUnitOfWork = Pick<Unit, 'subdivisions' | 'timers'>;
export type UsageUnitOfWork = Pick<Unit, 'subdivisions' | 'statisticRows'>;
export type UserUnitOfWork = Pick<Unit, 'users' | 'userLookUps'>;
export type OutboxUnitOfWork = Pick<Unit, 'outbox'>;
export type UserLookUpUnitOfWork = Pick<Unit, 'outbox' | 'userLookUps'>;
export type ActiveLicenseUnitOfWork = Pick<Unit, 'activeLicenses'>;

/**
 * The writer of outbox rows: one ordered chain of transactions. Rows carry (lane, seq), so whoever wrote them can delete
 * its own range, and whoever comes after can tell what is still owed.
 */
export interface OutboxLane {
  /** A UUID; a new one after every assignment and after a COMMIT whose outcome is unknown. */
  readonly id: string;
  /** Whether somebody publishes what it writes; if not, the relay does so at once. */
  readonly living: boolean;
  /** Whether what a transaction owes may go into one row, which workers of the version before can't read. */
  readonly writesChunks: boolean;
  /** Takes the next `count` numbers and returns the first. */
  take(count: number): number;
  /** Whether this process knows that a lane's row has reached Kafka. Such a row need not be adopted. */
  isPublished(lane: string, seq: number): boolean;
  /** Whether this lane has adopted this row before. Its copy then stands ahead of whatever the lane writes now, or is published already. */
  hasAdopted(row: OwedRow): boolean;
  /** Rows that are published and still stored: the next transaction deletes them. Undefined when there are none. */
  readonly delivered: SeqRange | undefined;
}

/** Rows of one lane, by their numbers: `from` and what follows it, `to` excluded. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

/** The lane that wrote a message first, and its number there: the same in every copy, however often it is adopted. */
export interface Origin {
  readonly lane: string;
  readonly seq: number;
}

/** A row that a lane has written and not deleted. */
export interface OwedRow extends OutgoingMessage {
  readonly lane: string;
  readonly seq: number;
  readonly origin: Origin;
}

export interface OutboxRow extends OutgoingMessage {
  readonly seq: number;
  /** Of an adopted row. */
  readonly origin?: Origin | undefined;
}

/** What a transaction did to its lane's outbox. */
export interface OutboxEffect {
  /** What it owes to Kafka, in order. */
  readonly outbox: readonly OutboxRow[];
  /** Which delivered rows it deleted. */
  readonly deleted: SeqRange | undefined;
}

export interface Committed<T> extends OutboxEffect {
  readonly value: T;
}

/**
 * The steps of a transaction, in their order. `begin` waits for a connection, claims the messages and loads what they declare; `decide` is the
 * work.
 */
export type Step = 'begin' | 'decide' | 'flush' | 'commit';

export interface UnitOfWork {
  /**
   * Reads as of one moment, in a transaction of its own. It waits for nobody, and nobody waits for it: no row is locked, and the right to SELECT
   * is enough.
   * @throws DatabaseUnavailable, or what `work` threw
   */
  read<T>(work: (reading: Reading) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in one transaction, after everything that the messages declare was loaded and locked. If the database refuses it, `work` may be
   * called once more, in a transaction of its own.
   * Without a lane the rows of the outbox are left to the relay. A run that undoes itself owes nothing.
   * @param decision how far these messages take their partitions; without it the database is not asked what they build on
   * @param began told as each step begins; a run that is made again tells of `begin` again
   * @throws DatabaseUnavailable StaleRead TooMuchAtOnce HistoryLost CommitOutcomeUnknown, or what `work` threw; only after
   * CommitOutcomeUnknown may anything have taken effect
   */
  run<T>(
    messages: readonly UnitMessage[],
    work: (unit: Unit) => Promise<T>,
    lane?: OutboxLane,
    decision?: Decision,
    began?: (step: Step) => void,
  ): Promise<Committed<T>>;
  /**
   * Runs `work` for the messages of dead letters, as `run` does. The same transaction resolves the letters, and frees their keys when no
   * other letter waits under them. @throws NotReplayable when it is not the turn of one of them, else as `run`
   * @param replays sorted by number, each identity once
   * @param work is told which letters were taken up: these, and then those that follow
   */
  replay<T, M extends UnitMessage>(
    replays: readonly Replay<M>[],
    work: (unit: Unit, taken: readonly Replay<M>[]) => Promise<T>,
    lane?: OutboxLane,
    following?: Following<M>,
  ): Promise<Committed<T>>;
}
