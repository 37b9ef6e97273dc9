import type { Knex } from 'knex';
import type { KnownMessage, MessageOutcomes } from '../ports/message-outcomes.ts';
import { lettersAbout } from '../repos/tables/dead-letter-queries.ts';
import { readInbox } from '../repos/tables/inbox.ts';
import { allOwedBy } from '../repos/tables/outbox.ts';

/** On PostgreSQL. */
export class KnexMessageOutcomes implements MessageOutcomes {
  private readonly db: Knex;

  constructor(db: Knex) {
    this.db = db;
  }

  async know(...[hash, place]: Parameters<MessageOutcomes['know']>): Promise<KnownMessage> {
    const entry = hash === undefined ? undefined : await readInbox(this.db, hash);
    // Behind the entry: a replay that ends in between is told by its letter, and the answer is looked for all the same.
    const letters = await lettersAbout(this.db, hash, place);
    const lane = entry?.lane ?? undefined;
    return { entry, letters, owed: lane === undefined ? [] : await allOwedBy(this.db, lane) };
  }
}
