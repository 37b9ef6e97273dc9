import type { Knex } from 'knex';
import { PublicationFailed } from '../ports/errors.ts';
import type { FoundStatement, LaneStatement } from '../ports/levels.ts';
import type { OutgoingMessage } from '../ports/messages.ts';
import type { OpenOfDeleted, OutboxMaintenance } from '../ports/outbox-maintenance.ts';
import { pruneDeadLetters } from '../repos/tables/dead-letter.ts';
import { eraseOfDeleted, noteErased, openOfDeleted } from '../repos/tables/erasure.ts';
import { pruneInbox } from '../repos/tables/inbox.ts';
import {
  claimSilentLane,
  forgetLanes,
  livingLanes,
  recallLanes,
  retireLane,
  touchLanes,
} from '../repos/tables/lane.ts';
import { deleteAcknowledged, deleteDelivered, owedBy } from '../repos/tables/outbox.ts';
import { forgetFreedKeys } from '../repos/tables/parked-key.ts';
import { removeOrphanedRows } from '../repos/tables/statistic-row.ts';
import { inTransaction } from './transaction.ts';

export class KnexOutboxMaintenance implements OutboxMaintenance {
  private readonly db: Knex;

  constructor(db: Knex) {
    this.db = db;
  }

  async deleteDelivered(lane: string, from: number, to: number): Promise<void> {
    await deleteDelivered(this.db, lane, from, to);
  }

  async touch(lanes: readonly LaneStatement[]): Promise<void> {
    await touchLanes(this.db, lanes);
  }

  async living(silentMs: number): Promise<readonly FoundStatement[]> {
    return livingLanes(this.db, silentMs);
  }

  async retire(lane: string): Promise<void> {
    await retireLane(this.db, lane);
  }

  async relay(
    silentMs: number,
    limit: number,
    publish: (messages: readonly OutgoingMessage[]) => Promise<void>,
  ): Promise<number> {
    // Nothing is held while Kafka takes its time. If this ends in between, the rows are published once more: they keep their ids.
    const lane = await claimSilentLane(this.db, silentMs);
    if (lane === undefined) return 0;
    const owed = await owedBy(this.db, lane, limit);
    const { messages } = owed;
    const [first, last] = [messages.at(0), messages.at(-1)];
    if (first === undefined || last === undefined) return 0;
    try {
      await publish(messages);
    } catch (error) {
      if (error instanceof PublicationFailed) await deleteAcknowledged(this.db, owed, new Set(error.acknowledged));
      throw error;
    }
    await deleteDelivered(this.db, lane, first.seq, last.seq + 1);
    await retireLane(this.db, lane);
    return messages.length;
  }

  async forget(silentMs: number): Promise<void> {
    await recallLanes(this.db);
    await inTransaction(this.db, (trx) => forgetLanes(trx, silentMs));
  }

  async pruneInbox(retentionMs: number, step: number): Promise<number> {
    return pruneInbox(this.db, retentionMs, step);
  }

  async removeOrphanedRows(step: number): Promise<number> {
    return inTransaction(this.db, (trx) => removeOrphanedRows(trx, step));
  }

  async pruneDeadLetters(retentionMs: number, step: number): Promise<number> {
    return pruneDeadLetters(this.db, retentionMs, step);
  }

  async eraseOfDeleted(step: number): Promise<number> {
    // Nearly all deleted users have no letters, an update from the version before may find a million of them, and whoever looks for letters
    // looks at each: so these are put aside first.
    const noted = await noteErased(this.db, step);
    if (noted === step) return noted;
    const erased = await inTransaction(this.db, (trx) => eraseOfDeleted(trx, step));
    return Math.max(erased, noted + (erased === 0 ? 0 : await noteErased(this.db, step)));
  }

  async openOfDeleted(limit: number): Promise<readonly OpenOfDeleted[]> {
    return openOfDeleted(this.db, limit);
  }

  async forgetFreedKeys(): Promise<void> {
    await inTransaction(this.db, forgetFreedKeys);
  }
}
