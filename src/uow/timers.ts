import type { Knex } from 'knex';
import type { OutgoingMessage } from '../ports/messages.ts';
import type { SubdivisionKey } from '../ports/repositories.ts';
import type { DueTimer, SweepLimits, Swept, Timers } from '../ports/timers.ts';
import type { OutboxLane } from '../ports/unit-of-work.ts';
import { outboxTable } from '../repos/tables/outbox.ts';
import {
  addMissingTimers,
  beginSweep,
  dueTimers,
  parkedTenants,
  takeDue,
  takeUnanswered,
  timersUnderWay,
} from '../repos/tables/timer.ts';
import { inTransaction } from './transaction.ts';

export class KnexTimers implements Timers {
  private readonly db: Knex;

  constructor(db: Knex) {
    this.db = db;
  }

  async sweep(
    limits: SweepLimits,
    messageOf: (timer: SubdivisionKey, upTo: number) => OutgoingMessage,
    lane: OutboxLane,
  ): Promise<Swept | undefined> {
    return inTransaction(this.db, async (trx) => {
      // The lock first, by itself: what is counted behind it includes what the sweep before has marked.
      const upTo = await beginSweep(trx);
      return upTo === undefined ? undefined : sweepAlone(trx, upTo, limits, messageOf, lane);
    });
  }

  async due(): Promise<{ readonly timers: number; readonly oldestMs: number } | undefined> {
    return dueTimers(this.db);
  }

  async addMissing(after: SubdivisionKey | undefined, limit: number): Promise<SubdivisionKey | undefined> {
    return addMissingTimers(this.db, after, limit);
  }
}

async function sweepAlone(
  trx: Knex,
  upTo: number,
  { inFlight, resendMs, step }: SweepLimits,
  messageOf: (timer: SubdivisionKey, upTo: number) => OutgoingMessage,
  lane: OutboxLane,
): Promise<Swept> {
  const parked = await parkedTenants(trx);
  const underWay = await timersUnderWay(trx, parked, resendMs);
  const room = Math.min(step, Math.max(0, inFlight - underWay.firstSends));
  const changes = inOrder(await takeDue(trx, false, parked, room));
  const notices = inOrder(await takeDue(trx, true, parked, room - changes.length));
  const first = [...changes, ...notices];
  const roomLeft = Math.min(step - first.length, Math.max(0, inFlight - underWay.resends));
  const again = inOrder(await takeUnanswered(trx, resendMs, parked, roomLeft));
  const timers = [...first, ...again];
  const seq = lane.take(timers.length);
  const rows = timers.map((timer, i) => ({ ...messageOf(timer, upTo), seq: seq + i }));
  const { delivered } = lane;
  const written = { lane: lane.id, living: lane.living, delivered, rows, asChunk: lane.writesChunks };
  await outboxTable(trx).write(written);
  const oldest = Math.min(underWay.oldestDueAt ?? upTo, ...[changes, notices].map(([timer]) => timer?.dueAt ?? upTo));
  return {
    outbox: rows,
    deleted: delivered,
    firstSends: first.length,
    resends: again.length,
    isFull: first.length === room || (roomLeft > 0 && again.length === roomLeft),
    unanswered: underWay.firstSends + first.length,
    oldestMs: upTo - oldest,
  };
}

/** The database says which they are, and in no order. */
function inOrder(timers: readonly DueTimer[]): readonly DueTimer[] {
  return timers.toSorted((a, b) => a.dueAt - b.dueAt);
}
