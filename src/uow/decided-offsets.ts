import type { Knex } from 'knex';
import type { DecidedChange, DecidedOffsets } from '../ports/decided-offsets.ts';
import { changeDecidedOffsets, readDecidedOffsets } from '../repos/tables/decided-offset.ts';

export class KnexDecidedOffsets implements DecidedOffsets {
  private readonly db: Knex;

  constructor(db: Knex) {
    this.db = db;
  }

  async read(group: string): ReturnType<DecidedOffsets['read']> {
    return readDecidedOffsets(this.db, group);
  }

  async change(group: string, changes: readonly DecidedChange[]): Promise<boolean> {
    return (await changeDecidedOffsets(this.db, group, changes)) === changes.length;
  }
}
