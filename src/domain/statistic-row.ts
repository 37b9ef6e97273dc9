import type { AddStatisticRow } from './commands.ts';
import type { License } from './license.ts';
import type { LicenseId, StatisticRowId, SubdivisionId, TenantId } from './ids.ts';

export type StatisticRow = {
  readonly tenantId: TenantId;
  readonly subdivisionId: SubdivisionId;
  /** the license that it counts for */
  readonly licenseId: LicenseId;
  readonly statisticRowId: StatisticRowId;
  /** when the requests were made, by the sender's clock; milliseconds since the epoch, UTC */
  readonly created: number;
  readonly countRequests: number;
  /** whether `countRequests` went into the license's usage */
  readonly counted: boolean;
  /** the license's count that it went into; null: the first, or none */
  readonly countNumber: number | null;
};

/** How far a sender's clock may be ahead of ours. */
export const MAX_AHEAD_MS = 5 * 60 * 1_000;

/** @param countNumber the count that it goes into; undefined: that is kept no more, and the row counts nothing */
export function newStatisticRow(
  command: AddStatisticRow,
  license: License,
  countNumber: number | undefined,
): StatisticRow {
  return {
    tenantId: command.tenantId,
    subdivisionId: command.subdivisionId,
    licenseId: license.licenseId,
    statisticRowId: command.statisticRowId,
    created: command.created,
    countRequests: command.countRequests,
    counted: countNumber !== undefined && isOf(license, command.created),
    // Most rows are of the first count: a null takes no room in the table.
    countNumber: countNumber === 0 ? null : (countNumber ?? null),
  };
}

/** Whether a row of this time comes after the first activation; what time has activated has begun at that very time. */
function isOf({ activatedAt, progress }: License, created: number): boolean {
  return activatedAt !== null && (created > activatedAt || (created === activatedAt && progress.startedByTime));
}
