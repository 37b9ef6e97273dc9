import type { Committed, Step, Unit } from '../../../src/ports/unit-of-work.ts';
import { PublicationFailed } from '../../../src/ports/errors.ts';
import type { FoundStatement, LaneStatement } from '../../../src/ports/levels.ts';
import type { OutgoingMessage } from '../../../src/ports/messages.ts';
import type { OpenOfDeleted, OutboxMaintenance } from '../../../src/ports/outbox-maintenance.ts';
import { pairOf } from '../../../src/repos/cache.ts';
import { momentOf, numberKey, outboxKey, type InMemoryDatabase, type StoredOutboxRow } from './database.ts';
import type { Store } from '../../../src/repos/tables/store.ts';
import { inMemoryStore } from './store.ts';
import { eraseLetter, isAbout } from './dead-letters.ts';
import type { OpenUnit } from '../../../src/uow/unit.ts';
import { StoreUnitOfWork } from '../../../src/uow/unit-of-work.ts';

/** A unit of work for tests and trials: what it keeps lasts as long as the process. One run at a time; a run inside a run waits for ever. */
export class InMemoryUnitOfWork extends StoreUnitOfWork {
  private readonly database: InMemoryDatabase;

  constructor(database: InMemoryDatabase, newId: () => string) {
    super(newId);
    this.database = database;
  }

  protected override sessions(): number | undefined {
    return 1;
  }

  protected override async snapshot<T>(work: (store: Store) => Promise<T>): Promise<T> {
    return this.database.transaction(() => work(inMemoryStore(this.database)));
  }

  protected override async transaction<T>(
    open: (store: Store) => Promise<OpenUnit>,
    work: (unit: Unit) => Promise<T>,
    began: (step: Step) => void,
  ): Promise<Committed<T>> {
    let rehearsed: Committed<T> | undefined;
    began('begin');
    const run = this.database.transaction(async () => {
      const unit = await open(inMemoryStore(this.database));
      began('decide');
      const value = await work(unit);
      began('flush');
      const effect = await unit.flush();
      if (unit.undone) {
        rehearsed = { value, outbox: [], deleted: undefined };
        throw new Undone();
      }
      began('commit');
      return { value, ...effect };
    });
    return run.catch((error: unknown) => {
      if (rehearsed !== undefined) return rehearsed;
      throw error;
    });
  }
}

/** What has a transaction in memory undone. */
class Undone extends Error {
  override readonly name = 'Undone';
}

export class InMemoryOutboxMaintenance implements OutboxMaintenance {
  private readonly db: InMemoryDatabase;

  constructor(database: InMemoryDatabase) {
    this.db = database;
  }

  async deleteDelivered(lane: string, from: number, to: number): Promise<void> {
    await this.db.transaction(() => {
      for (let seq = from; seq < to; seq += 1) this.db.outbox.delete(outboxKey(lane, seq));
    });
  }

  async touch(lanes: readonly LaneStatement[]): Promise<void> {
    await this.db.transaction(() => {
      const seenAt = this.db.clock.now();
      for (const { lane, ...stated } of lanes) this.db.lanes.set(lane, { lane, seenAt, stated });
    });
  }

  async living(silentMs: number): Promise<readonly FoundStatement[]> {
    return this.db.transaction(() => {
      const since = this.db.clock.now() - silentMs;
      const living = this.db.lanes.filter(({ seenAt }) => seenAt > since);
      return living.map(({ stated }) => stated ?? { level: null, group: null, partitions: null });
    });
  }

  async retire(lane: string): Promise<void> {
    await this.seen([lane], -Infinity);
  }

  /** Publishes outside of the transaction: the runs of others go on meanwhile. */
  async relay(
    silentMs: number,
    limit: number,
    publish: (messages: readonly OutgoingMessage[]) => Promise<void>,
  ): Promise<number> {
    const rows = await this.db.transaction(() => this.claim(silentMs, limit));
    const [first, last] = [rows.at(0), rows.at(-1)];
    if (first === undefined || last === undefined) return 0;
    try {
      await publish(rows);
    } catch (error) {
      if (error instanceof PublicationFailed) await this.deleteAcknowledged(rows, new Set(error.acknowledged));
      throw error;
    }
    await this.deleteDelivered(first.lane, first.seq, last.seq + 1);
    await this.retire(first.lane);
    return rows.length;
  }

  async forget(silentMs: number): Promise<void> {
    await this.db.transaction(() => {
      const owing = new Set(this.db.outbox.sorted().map(({ lane }) => lane));
      for (const lane of this.silentLanes(silentMs)) if (!owing.has(lane)) this.db.lanes.delete(lane);
    });
  }

  async pruneInbox(retentionMs: number, step: number): Promise<number> {
    return this.db.transaction(() => {
      const oldest = this.db.clock.now() - retentionMs;
      const pruned = this.db.inbox.filter(({ receivedAt }) => receivedAt < oldest).slice(0, step);
      for (const { hash } of pruned) this.db.inbox.delete(hash);
      return pruned.length;
    });
  }

  async pruneDeadLetters(retentionMs: number, step: number): Promise<number> {
    return this.db.transaction(() => {
      const oldest = this.db.clock.now() - retentionMs;
      const pruned = this.db.deadLetters
        .filter(({ resolution }) => resolution !== null && resolution.at < oldest)
        .slice(0, step);
      for (const { letterId } of pruned) this.db.deadLetters.delete(numberKey(letterId));
      return pruned.length;
    });
  }

  /** All tombstones are looked at, each time. */
  async eraseOfDeleted(step: number): Promise<number> {
    return this.db.transaction(() => {
      const letters = this.ofDeleted()
        .filter(({ letter }) => letter.state !== 'open')
        .slice(0, step);
      for (const { letter } of letters)
        eraseLetter(this.db, letter.letterId, { by: null, why: 'the user was deleted' });
      return letters.length;
    });
  }

  async openOfDeleted(limit: number): Promise<readonly OpenOfDeleted[]> {
    return this.db.transaction(() => {
      const open = this.ofDeleted().filter(({ letter }) => letter.state === 'open');
      const users = Map.groupBy(open, ({ userId }) => userId);
      return [...users].map(([userId, letters]) => ({ userId, letters: letters.length })).slice(0, limit);
    });
  }

  async forgetFreedKeys(): Promise<void> {
    await this.db.transaction(() => {
      const owing = new Set(this.db.outbox.sorted().map(({ lane }) => lane));
      for (const { key } of this.db.parkedKeys.filter(({ parked, lane }) => !parked && !owing.has(lane ?? ''))) {
        this.db.parkedKeys.delete(key);
      }
    });
  }

  async removeOrphanedRows(step: number): Promise<number> {
    const { statisticRows, statisticRowsByMoment, statisticRowRemovals } = this.db;
    return this.db.transaction(() => {
      const [next] = statisticRowRemovals.sorted();
      if (next === undefined) return 0;
      const { tenantId, subdivisionId } = next;
      const removed = statisticRows
        .filter((row) => row.tenantId === tenantId && row.subdivisionId === subdivisionId)
        .slice(0, step);
      for (const row of removed) {
        statisticRows.delete(pairOf(tenantId, row.statisticRowId));
        statisticRowsByMoment.delete(momentOf(row));
      }
      if (removed.length < step) statisticRowRemovals.delete(pairOf(tenantId, subdivisionId));
      return Math.max(removed.length, 1);
    });
  }

  private ofDeleted() {
    const deleted = this.db.users.filter(({ tombstone }) => tombstone !== undefined).map(({ key }) => key);
    const letters = this.db.deadLetters.sorted();
    return deleted.flatMap((userId) =>
      letters.filter((letter) => isAbout(letter, userId)).map((letter) => ({ userId, letter })),
    );
  }

  private async deleteAcknowledged(
    rows: readonly StoredOutboxRow[],
    acknowledged: ReadonlySet<OutgoingMessage>,
  ): Promise<void> {
    await this.db.transaction(() => {
      for (const row of rows) if (acknowledged.has(row)) this.db.outbox.delete(outboxKey(row.lane, row.seq));
    });
  }

  private async seen(lanes: readonly string[], seenAt: number): Promise<void> {
    await this.db.transaction(() => {
      for (const lane of lanes) {
        const there = this.db.lanes.get(lane);
        if (there !== undefined) this.db.lanes.set(lane, { ...there, seenAt });
      }
    });
  }

  /** Longest silent first. */
  private silentLanes(silentMs: number): readonly string[] {
    const since = this.db.clock.now() - silentMs;
    return this.db.lanes
      .filter(({ seenAt }) => seenAt < since)
      .sort((a, b) => (a.seenAt < b.seenAt ? -1 : 1))
      .map(({ lane }) => lane);
  }

  private claim(silentMs: number, limit: number) {
    const owed = Map.groupBy(this.db.outbox.sorted(), ({ lane }) => lane);
    const claimed = this.silentLanes(silentMs).find((lane) => owed.has(lane));
    if (claimed === undefined) return [];
    // Counts as a sign of life: for as long again no other relay takes it, and it keeps no other lane waiting.
    const stated = this.db.lanes.get(claimed)?.stated;
    const seenAt = this.db.clock.now();
    this.db.lanes.set(claimed, { lane: claimed, seenAt, ...(stated && { stated: { ...stated, partitions: null } }) });
    return owed.get(claimed)?.slice(0, limit) ?? [];
  }
}
