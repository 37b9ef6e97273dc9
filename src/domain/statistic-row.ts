import type { AddStatisticRow } from './commands.ts';
import type { License } from './license.ts';
import type { LicenseId, StatisticRowId, SubdivisionId, TenantId } from './ids.ts';

export type StatisticRow = {
  readonly tenantId: TenantId;
  readonly subdivisionId: SubdivisionId;
  /** the license that was active when the row arrived */
  readonly licenseId: LicenseId;
  readonly statisticRowId: StatisticRowId;
  /** when the requests were made, by the sender's clock; milliseconds since the epoch, UTC */
  readonly created: number;
  readonly countRequests: number;
  /** whether `countRequests` went into the license's usage */
  readonly counted: boolean;
};

/** How far a sender's clock may be ahead of ours. */
export const MAX_AHEAD_MS = 5 * 60 * 1_000;

export function newStatisticRow(command: AddStatisticRow, license: License): StatisticRow {
  return {
    tenantId: command.tenantId,
    subdivisionId: command.subdivisionId,
    licenseId: license.licenseId,
    statisticRowId: command.statisticRowId,
    created: command.created,
    countRequests: command.countRequests,
    counted: license.activatedAt !== null && command.created > license.activatedAt,
  };
}
