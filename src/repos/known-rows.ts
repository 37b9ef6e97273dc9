import type { SubdivisionId, TenantId } from '../domain/ids.ts';
import type { StatisticRow } from '../domain/statistic-row.ts';
import type { RowSameness } from '../ports/repositories.ts';
import { PairMap } from './pair-map.ts';

/** One id of a row within a tenant, as the unit sees it. */
export interface RowId {
  isTaken: boolean;
  /** The row of this id that the unit has added, or the stored one that it has removed. */
  added: StatisticRow | undefined;
  removed: StatisticRow | undefined;
  /** The row of this id as it was read, null: there is none; undefined: it was not. And as the unit has changed it. */
  found: StatisticRow | null | undefined;
  corrected: StatisticRow | undefined;
}

/** One time of a subdivision, as the unit sees it. */
export interface RowMoment {
  readonly created: number;
  isTaken: boolean;
}

/** Two rows are the same when they share one of these: the id in the tenant, or the subdivision and the time. */
export interface RowNames {
  readonly id: RowId;
  readonly moment: RowMoment;
}

/** Above this, the times of a subdivision are looked up. Below it, going through them costs less. */
const FEW = 16;

/**
 * The statistic rows that a unit knows of. Each row is looked up by its ids once, when it is declared: from then on whoever has the row has
 * what is known of it.
 */
export class KnownRows {
  /** Whether declared rows are taken for new ones without a look. The flush fails if one of them is not. */
  readonly presumedNew: boolean;
  /** Rows that were looked up, or presumed to be new, as the objects that asked for them. */
  readonly looked = new Map<RowSameness, RowNames>();
  readonly added = new Set<RowId>();
  readonly removed = new Set<RowId>();
  readonly corrected = new Set<RowId>();
  private readonly ids = new PairMap<TenantId, string, RowId>();
  private readonly moments = new PairMap<TenantId, SubdivisionId, Moments>();

  constructor(presumedNew: boolean) {
    this.presumedNew = presumedNew;
  }

  /** To be told, from now on, as what is known of this row. */
  look(row: RowSameness): void {
    this.looked.set(row, this.namesOf(row));
  }

  namesOf({ tenantId, statisticRowId, subdivisionId, created }: RowSameness): RowNames {
    return {
      id: this.ids.at(tenantId, statisticRowId, newId),
      moment: this.moments.at(tenantId, subdivisionId, newMoments).at(created),
    };
  }

  idOf(tenantId: TenantId, statisticRowId: string): RowId {
    return this.ids.at(tenantId, statisticRowId, newId);
  }
}

class Moments {
  private readonly few: RowMoment[] = [];
  private many: Map<number, RowMoment> | undefined;

  at(created: number): RowMoment {
    const known = this.many === undefined ? this.few.find((one) => one.created === created) : this.many.get(created);
    if (known !== undefined) return known;
    const moment = { created, isTaken: false };
    if (this.many !== undefined) this.many.set(created, moment);
    else if (this.few.push(moment) > FEW) this.many = new Map(this.few.map((one) => [one.created, one]));
    return moment;
  }
}

function newId(): RowId {
  return { isTaken: false, added: undefined, removed: undefined, found: undefined, corrected: undefined };
}

function newMoments(): Moments {
  return new Moments();
}
