import type { Knex } from 'knex';
import { MOST_COUNTED, type Backlog, type BacklogReader, type Waiting } from '../ports/backlog.ts';
import { REASONS } from '../ports/dead-letters.ts';
import {
  answerWithin,
  entitlementsOwed,
  openLetters,
  owedByLanes,
  parkedKeys,
  timersDue,
  type LaneOwes,
} from '../repos/tables/backlog.ts';
import { together } from '../repos/tables/sql.ts';
import { inTransaction } from './transaction.ts';

/** Of one statement. Milliseconds; the gauges of a moment are not worth more of a busy database. */
const ANSWER_WITHIN = 2_000;

export class KnexBacklog implements BacklogReader {
  private readonly db: Knex;
  private readonly now: () => number;
  /** The first row that each lane has been seen to owe, and since when. */
  private firsts = new Map<string, { readonly first: number; readonly since: number }>();

  /** @param now a clock that only goes forward, in milliseconds */
  constructor(db: Knex, now: () => number) {
    this.db = db;
    this.now = now;
  }

  async read(): Promise<Backlog> {
    return inTransaction(this.db, async (trx) => {
      const [, owed, letters, keys, timers, entitlements] = await together([
        answerWithin(trx, ANSWER_WITHIN),
        owedByLanes(trx),
        openLetters(trx, [...NO_LETTERS.keys()]),
        parkedKeys(trx),
        timersDue(trx),
        entitlementsOwed(trx),
      ]);
      return {
        outbox: this.outbox(owed),
        deadLetters: new Map([...NO_LETTERS, ...letters.map(({ reason, ...waiting }) => [reason, waiting] as const)]),
        parkedKeys: keys,
        timers,
        entitlements,
      };
    });
  }

  /** Rows come and go within a moment, so one that was there the last time, too, is worth telling. */
  private outbox(owed: readonly LaneOwes[]): Waiting {
    const now = this.now();
    const before = this.firsts;
    this.firsts = new Map(
      owed.map(({ lane, first }) => {
        const known = before.get(lane);
        return [lane, known?.first === first ? known : { first, since: now }];
      }),
    );
    const oldest = [...this.firsts.values()].reduce((min, { since }) => Math.min(min, since), now);
    const count = owed.reduce((sum, { messages }) => sum + messages, 0);
    return { count: Math.min(count, MOST_COUNTED), oldestMs: now - oldest };
  }
}

const NO_LETTERS = new Map(Object.keys(REASONS).map((reason) => [reason, { count: 0, oldestMs: 0 }] as const));
