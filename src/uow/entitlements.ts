import type { Knex } from 'knex';
import type { Claimable, Claimed, ClaimedState, ClaimLimits, Entitlements, Repetition } from '../ports/entitlements.ts';
import type { SubdivisionKey } from '../ports/repositories.ts';
import {
  addMissingEntitlements,
  claimEntitlements,
  entitlementsPublished,
  entitlementsPublishedTo,
  raiseEntitlementEpoch,
  readClaimed,
  releaseEntitlements,
} from '../repos/tables/entitlement.ts';
import { execute } from '../repos/tables/sql.ts';
import { inTransaction } from './transaction.ts';

export class KnexEntitlements implements Entitlements {
  private readonly db: Knex;
  private readonly topic: string;

  /** @param topic where whoever uses this publishes */
  constructor(db: Knex, topic: string) {
    this.db = db;
    this.topic = topic;
  }

  async claim(claim: string, limits: ClaimLimits, which: Claimable): Promise<Claimed> {
    return claimEntitlements(this.db, this.topic, claim, limits, which);
  }

  async read(claim: string, keys: readonly SubdivisionKey[]): Promise<ClaimedState> {
    return inTransaction(this.db, async (trx) => {
      // Subdivisions and licenses of one moment.
      await execute(trx, 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY', []);
      return readClaimed(trx, claim, keys);
    });
  }

  async published(
    claim: string,
    keys: readonly (SubdivisionKey & { readonly isDeleted: boolean })[],
    epoch: number,
    repetition: Repetition,
  ): Promise<number> {
    return entitlementsPublished(this.db, this.topic, claim, keys, epoch, repetition);
  }

  async release(claim: string, keys: readonly SubdivisionKey[]): Promise<void> {
    await releaseEntitlements(this.db, claim, keys);
  }

  async raiseEpoch(): Promise<void> {
    await raiseEntitlementEpoch(this.db);
  }

  async publishedTo(partitions: number): Promise<number> {
    return entitlementsPublishedTo(this.db, this.topic, partitions);
  }

  async addMissing(after: SubdivisionKey | undefined, limit: number): Promise<SubdivisionKey | undefined> {
    return addMissingEntitlements(this.db, after, limit);
  }
}
