import { stepsOf, type DueStep } from '../domain/due.ts';
import { endOf, phaseOf, type License } from '../domain/license.ts';
import type { Subdivision } from '../domain/subdivision.ts';
import { hardLimitOf } from '../domain/terms.ts';
import type { LookedAtLicense, LookedAtMoment } from '../ports/looks.ts';

/** A license as people look at it. @param now by the database's clock */
export function lookedAtLicense(subdivision: Subdivision, license: License, now: number): LookedAtLicense {
  const { licenseId, name, type, status, usedRequests, requestsLimit, terms, termsVersion, progress } = license;
  const { subdivisionId, name: named, workStatus, suspended, version } = subdivision;
  return {
    ...{ licenseId, name, type, status, phase: phaseOf(license, now) },
    subdivision: { subdivisionId, name: named, workStatus, suspended, version },
    ...{ usedRequests, requestsLimit, hardLimit: hardLimitOf(requestsLimit, terms), termsVersion },
    terms: Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== null)),
    closedCounts: progress.closedCounts.map(({ startsAt, endsAt, usedRequests: used }) => ({
      ...{ startsAt, endsAt, usedRequests: used },
    })),
    timeline: timelineOf(subdivision, license, now),
    now,
  };
}

/** What has happened, what is due, and what is to come. */
function timelineOf({ settledAt }: Subdivision, license: License, now: number): readonly LookedAtMoment[] {
  const { createdAt, activatedAt, deactivatedAt, endReason, expiresAt, terms, progress, status } = license;
  const end = endOf(license);
  const isIdle = status === 'inactive';
  const facts: readonly (readonly [number | null, string])[] = [
    [createdAt, 'created'],
    [activatedAt, 'activated for the first time'],
    [progress.periodStartsAt, 'the present period began'],
    [deactivatedAt, `deactivated${endReason === null ? '' : `: ${endReason}`}`],
    [settledAt, 'the last that time has changed in the subdivision'],
    [isIdle && !progress.scheduled ? terms.startsAt : null, 'its start, if it is activated before'],
    [isIdle ? expiresAt : null, 'its expiry'],
    [isIdle && end !== expiresAt ? end : null, 'the end of its grace'],
  ];
  const moments = facts.flatMap(([at, what]): LookedAtMoment[] =>
    at === null ? [] : [{ at, what, state: at <= now ? 'past' : 'ahead' }],
  );
  const steps = stepsOf(license, Infinity, 'all').map((step): LookedAtMoment => ({
    ...{ at: step.at, what: textOf(step) },
    state: step.at <= now ? 'due' : 'ahead',
  }));
  return [...moments, ...steps].toSorted((a, b) => a.at - b.at);
}

function textOf({ kind, noticeMs }: DueStep): string {
  switch (kind) {
    case 'start':
      return 'it starts, as booked';
    case 'notice':
      return `notice, ${noticeMs} ms before its expiry`;
    case 'grace':
      return 'it expires, and its grace begins';
    case 'end':
      return 'it ends';
    case 'period':
      return 'its period ends, and the next one begins';
  }
}
