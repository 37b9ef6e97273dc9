import type { License } from './license.ts';

/** Something that time alone changes. */
export type Due = {
  /** milliseconds since the epoch, UTC */
  readonly at: number;
  /** Whether it is only told, and changes no state. */
  readonly isNotice: boolean;
};

/** The first thing of these licenses that is due, whenever that is. */
export function firstDue(licenses: readonly License[]): Due | null {
  let first: Due | null = null;
  for (const license of licenses) {
    if (license.status !== 'active' || license.expiresAt === null) continue;
    if (first === null || license.expiresAt < first.at) first = { at: license.expiresAt, isNotice: false };
  }
  return first;
}

/** When time last ended one of these licenses. */
export function lastEndByTime(licenses: readonly License[]): number | null {
  let last: number | null = null;
  for (const { endReason, deactivatedAt } of licenses) {
    if (endReason === 'expired' && deactivatedAt !== null && (last === null || deactivatedAt > last))
      last = deactivatedAt;
  }
  return last;
}
