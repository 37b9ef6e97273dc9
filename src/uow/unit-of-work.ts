import type { Knex } from 'knex';
import { setImmediate } from 'node:timers/promises';
import type { Decision } from '../ports/decided-offsets.ts';
import { StaleRead } from '../ports/errors.ts';
import type {
  Committed,
  Following,
  OutboxLane,
  Replay,
  Step,
  Reading,
  Unit,
  UnitMessage,
  UnitOfWork,
} from '../ports/unit-of-work.ts';
import { WarmSubdivisions } from '../repos/warm-subdivisions.ts';
import { postgresStore } from '../repos/tables/postgres.ts';
import { execute, hasFailed } from '../repos/tables/sql.ts';
import type { Store } from '../repos/tables/store.ts';
import { sessionsOf } from './database.ts';
import { begin, beginSnapshot, commit, rollBack } from './transaction.ts';
import { openChunk, openReplay, openReading, type OpenUnit } from './unit.ts';

/** For how many runs a lane looks after it had presumed wrongly: whoever repeats a message, or writes what is ours, often does so again. */
const RUNS_WITH_LOOK = 64;

/**
 * Nearly every message and statistic row is new, and nearly every subdivision is as the lane left it, so a lane presumes that they all are. The
 * tables refuse a run in which one is not, and it is made again, with a look.
 */
class Presumption {
  /** How many runs of a lane still look. */
  private readonly looks = new WeakMap<OutboxLane, number>();
  private warm = new WeakMap<OutboxLane, WarmSubdivisions>();
  private sessions: number | undefined;

  holds(lane: OutboxLane): boolean {
    const left = this.looks.get(lane) ?? 0;
    if (left > 0) this.looks.set(lane, left - 1);
    return left === 0;
  }

  failed(lane: OutboxLane): void {
    this.looks.set(lane, RUNS_WITH_LOOK);
  }

  /** What the lane may presume of subdivisions, in a transaction that has begun. @param sessions see `StoreUnitOfWork.sessions` */
  warmOf(lane: OutboxLane, sessions: number | undefined): WarmSubdivisions | undefined {
    if (sessions === undefined) return undefined;
    if (sessions !== this.sessions) {
      this.sessions = sessions;
      this.warm = new WeakMap();
    }
    let warm = this.warm.get(lane);
    if (warm === undefined) {
      warm = new WarmSubdivisions(lane.id);
      this.warm.set(lane, warm);
    }
    return warm;
  }

  cool(lane: OutboxLane): void {
    this.warm.delete(lane);
  }
}

/** Runs of chunks and of replays, whatever keeps the tables. How one transaction goes is left to those who know the database. */
export abstract class StoreUnitOfWork implements UnitOfWork {
  private readonly newId: () => string;
  private readonly presumption = new Presumption();

  constructor(newId: () => string) {
    this.newId = newId;
  }

  async read<T>(work: (reading: Reading) => Promise<T>): Promise<T> {
    return this.snapshot(async (store) => work(await openReading(store)));
  }

  async run<T>(
    messages: readonly UnitMessage[],
    work: (unit: Unit) => Promise<T>,
    lane: OutboxLane = laneOfOneRun(this.newId()),
    decision?: Decision,
    began: (step: Step) => void = nobodyAsks,
  ): Promise<Committed<T>> {
    const presumesNew = this.presumption.holds(lane);
    let unit: OpenUnit | undefined;
    const open = async (store: Store): Promise<OpenUnit> => {
      const warm = presumesNew ? this.presumption.warmOf(lane, this.sessions()) : undefined;
      unit = await openChunk(store, messages, lane, decision, { presumesNew, warm });
      return unit;
    };
    try {
      const committed = await this.transaction(open, work, began);
      if (unit?.undone === false) unit.committed();
      return committed;
    } catch (error) {
      this.presumption.cool(lane);
      // A unit that could not even be opened has presumed its messages to be new.
      const hasPresumed = presumesNew && (unit?.hasPresumed ?? messages.length > 0);
      if (!(error instanceof StaleRead) || !hasPresumed) throw error;
      this.presumption.failed(lane);
      return this.transaction((store) => openChunk(store, messages, lane, decision), work, began);
    }
  }

  async replay<T, M extends UnitMessage>(
    replays: readonly Replay<M>[],
    work: (unit: Unit, taken: readonly Replay<M>[]) => Promise<T>,
    lane: OutboxLane = laneOfOneRun(this.newId()),
    following?: Following<M>,
  ): Promise<Committed<T>> {
    let taken: readonly Replay<M>[] = [];
    const open = async (store: Store): Promise<OpenUnit> => {
      const opened = await openReplay(store, replays, lane, following);
      taken = opened.taken;
      return opened.unit;
    };
    return this.transaction(open, (unit) => work(unit, taken), nobodyAsks);
  }

  /**
   * A number that changes whenever another server may be asked from now on; undefined: that would not be noticed. A server that has lost
   * commits may give the versions that it has lost to other values.
   */
  protected abstract sessions(): number | undefined;

  /** Lets `work` read in a transaction of its own, which sees one moment and changes nothing. */
  protected abstract snapshot<T>(work: (store: Store) => Promise<T>): Promise<T>;

  /** Opens a unit in a transaction of its own, lets `work` fill it, flushes it, and commits unless the unit is to be undone. */
  protected abstract transaction<T>(
    open: (store: Store) => Promise<OpenUnit>,
    work: (unit: Unit) => Promise<T>,
    began: (step: Step) => void,
  ): Promise<Committed<T>>;
}

function nobodyAsks(): void {
  // Which step has begun is of no interest to whoever runs this.
}

/** One knex transaction a run: READ COMMITTED, each step a statement of its own, always in the same order. */
export class KnexUnitOfWork extends StoreUnitOfWork {
  private readonly db: Knex;

  constructor(db: Knex, newId: () => string) {
    super(newId);
    this.db = db;
  }

  protected override sessions(): number | undefined {
    return sessionsOf(this.db);
  }

  protected override async snapshot<T>(work: (store: Store) => Promise<T>): Promise<T> {
    const trx = await beginSnapshot(this.db);
    try {
      return await work(postgresStore(trx, { locks: false }));
    } finally {
      await rollBack(trx);
    }
  }

  protected override async transaction<T>(
    open: (store: Store) => Promise<OpenUnit>,
    work: (unit: Unit) => Promise<T>,
    began: (step: Step) => void,
  ): Promise<Committed<T>> {
    began('begin');
    const trx = await begin(this.db);
    try {
      const unit = await open(postgresStore(trx));
      began('decide');
      const begun = performance.now();
      const value = await work(unit);
      if (performance.now() - begun > LONG_WORK_MS) await socketsRead();
      began('flush');
      const effect = await unit.flush();
      if (hasFailed(trx)) throw new StaleRead('a statement failed and its error was not passed on');
      if (unit.undone) {
        // What is checked at the COMMIT is checked now, since none comes.
        await execute(trx, 'SET CONSTRAINTS ALL IMMEDIATE', []);
        await rollBack(trx);
        return { value, outbox: [], deleted: undefined };
      }
      began('commit');
      await commit(trx);
      return { value, ...effect };
    } catch (error) {
      if (!trx.isCompleted()) await rollBack(trx);
      throw error;
    }
  }
}

/** Of the work of a unit: long before a session may be ended for saying nothing. */
const LONG_WORK_MS = 100;

/**
 * Resolves when what has come in by now is read. A session that the server has ended says why to whoever reads first; whoever writes first
 * only hears that the connection is broken.
 */
async function socketsRead(): Promise<void> {
  // Sockets are read between the one and the other, but perhaps not before the first.
  await setImmediate();
  await setImmediate();
}

/** The lane of a run that nobody publishes for: its rows go to the relay at once. It remembers nothing, since no other run follows. */
export function laneOfOneRun(id: string): OutboxLane {
  return {
    id,
    living: false,
    writesChunks: false,
    delivered: undefined,
    take: () => 0,
    isPublished: () => false,
    hasAdopted: () => false,
  };
}
